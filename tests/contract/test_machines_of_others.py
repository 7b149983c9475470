"""State machines that this project did not write run as they stand, in both query languages."""

from __future__ import annotations

import json
from pathlib import Path

import boto3
import pytest

from tests.contract.conftest import Aws, Json
from tests.runtimes import client_settings

RUN_SYNC = "arn:aws:states:::ecs:runTask.sync"
RUN_CALLBACK = "arn:aws:states:::ecs:runTask.waitForTaskToken"


def exits(code: int) -> list[str]:
    """A command."""
    return ["python", "-c", f"raise SystemExit({code})"]


def output(end: Json) -> object:
    """A successful execution's output."""
    assert end["status"] == "SUCCEEDED", end
    return json.loads(str(end["output"]))


def sync_of_the_aws_page(aws: Aws, definition: str) -> Json:
    """The `.sync` machine of AWS's page on this integration: `commands` of the input is the command."""
    return {
        "StartAt": "Run an ECS Task and wait for it to complete",
        "States": {
            "Run an ECS Task and wait for it to complete": {
                "Type": "Task",
                "Resource": RUN_SYNC,
                "Parameters": {
                    "Cluster": aws.cluster,
                    "TaskDefinition": definition,
                    "Overrides": {"ContainerOverrides": [{"Name": "main", "Command.$": "$.commands"}]},
                },
                "End": True,
            }
        },
    }


def bridge_definition(aws: Aws) -> str:
    """A task definition without awsvpc, as that machine names no network."""
    answer = aws.ecs.register_task_definition(
        family="page", networkMode="bridge", containerDefinitions=[{"name": "main", "image": "any", "memory": 64}]
    )
    return answer["taskDefinition"]["taskDefinitionArn"]


def test_the_sync_machine_of_the_aws_page(aws: Aws) -> None:
    machine = sync_of_the_aws_page(aws, bridge_definition(aws))
    task = output(aws.run(machine, {"commands": exits(0)}))
    assert isinstance(task, dict)
    assert task["Overrides"]["ContainerOverrides"][0]["Command"] == exits(0)
    assert aws.run(machine, {"commands": exits(3)})["error"] == "States.TaskFailed"


def test_a_map_runs_a_task_for_each_item(aws: Aws) -> None:
    run = {
        "Type": "Task",
        "Resource": RUN_SYNC,
        "Parameters": {
            **aws.parameters(aws.task_definition({})),
            "Overrides": {"ContainerOverrides": [{"Name": "main", "Command.$": "$.commands"}]},
        },
        "Catch": [{"ErrorEquals": ["States.TaskFailed"], "ResultPath": "$.failure", "Next": "Failed"}],
        "ResultSelector": {"exitCode.$": "$.Containers[0].ExitCode"},
        "End": True,
    }
    failed = {"Type": "Pass", "Parameters": {"error.$": "$.failure.Error"}, "End": True}
    machine = {
        "StartAt": "Each",
        "States": {
            "Each": {
                "Type": "Map",
                "ItemsPath": "$.items",
                "MaxConcurrency": 2,
                "ItemSelector": {"commands.$": "$$.Map.Item.Value", "index.$": "$$.Map.Item.Index"},
                "ItemProcessor": {"StartAt": "Run", "States": {"Run": run, "Failed": failed}},
                "End": True,
            }
        },
    }
    end = aws.run(machine, {"items": [exits(0), exits(3), exits(0)]})
    assert output(end) == [{"exitCode": 0}, {"error": "States.TaskFailed"}, {"exitCode": 0}]
    types = [event["type"] for event in aws.history(end["executionArn"])]
    assert types.count("MapIterationStarted") == 3
    assert "MapStateSucceeded" in types


def test_a_parallel_state_fails_with_its_branch_and_stops_the_others(aws: Aws) -> None:
    def branch(*command: str) -> Json:
        task = {"Type": "Task", "Resource": RUN_SYNC, "End": True}
        return {
            "StartAt": "Run",
            "States": {"Run": {**task, "Parameters": aws.parameters(aws.task_definition({}), *command)}},
        }

    stay = ("python", "-c", "import time; time.sleep(600)")
    machine = {
        "StartAt": "Both",
        "States": {"Both": {"Type": "Parallel", "Branches": [branch(*exits(3)), branch(*stay)], "End": True}},
    }
    execution = aws.start(machine)
    end = aws.ended(execution)
    assert end["error"] == "States.TaskFailed"
    for attempt in (1, 2):
        task = aws.submitted_task(execution, attempt)
        assert task is not None
        aws.until_status(task, "STOPPED")


def test_jsonata_with_variables_choice_and_retry_count(aws: Aws) -> None:
    """A retry sees its count, a catcher assigns, a choice decides by the variable."""
    arguments = {
        **aws.parameters(aws.task_definition({})),
        "Overrides": {
            "ContainerOverrides": [
                {
                    "Name": "main",
                    "Command": "{% ['python', '-c', 'exit(' & (3 - $states.context.State.RetryCount) & ')'] %}",
                }
            ]
        },
    }
    machine = {
        "QueryLanguage": "JSONata",
        "StartAt": "Run",
        "States": {
            "Run": {
                "Type": "Task",
                "Resource": RUN_SYNC,
                "Arguments": arguments,
                "Retry": [
                    {
                        "ErrorEquals": ["States.TaskFailed"],
                        "IntervalSeconds": 1,
                        "MaxAttempts": 1,
                        "MaxDelaySeconds": 1,
                        "JitterStrategy": "FULL",
                    }
                ],
                "Catch": [
                    {
                        "ErrorEquals": ["States.ALL"],
                        "Assign": {"code": "{% $parse($states.errorOutput.Cause).Containers[0].ExitCode %}"},
                        "Next": "Which",
                    }
                ],
                "End": True,
            },
            "Which": {
                "Type": "Choice",
                "Choices": [{"Condition": "{% $code = 2 %}", "Next": "Two", "Output": {"was": "{% $code %}"}}],
                "Default": "Other",
            },
            "Two": {"Type": "Succeed"},
            "Other": {"Type": "Fail", "Error": "Other", "Cause": "{% 'it was ' & $code %}"},
        },
    }
    assert output(aws.run(machine)) == {"was": 2}


def test_a_jsonpath_choice_wait_and_context(aws: Aws) -> None:
    machine = {
        "StartAt": "Wait",
        "States": {
            "Wait": {"Type": "Wait", "SecondsPath": "$.seconds", "Next": "Which"},
            "Which": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.kind", "StringEquals": "good", "Next": "Good"}],
                "Default": "Bad",
            },
            "Good": {
                "Type": "Pass",
                "Parameters": {"id.$": "$$.Execution.Name", "joined.$": "States.Format('{}-{}', $.kind, $.seconds)"},
                "End": True,
            },
            "Bad": {"Type": "Fail", "ErrorPath": "$.kind", "Cause": "bad"},
        },
    }
    end = aws.run(machine, {"seconds": 0, "kind": "good"})
    assert output(end) == {"id": end["name"], "joined": "good-0"}
    assert aws.run(machine, {"seconds": 0, "kind": "Evil"})["error"] == "Evil"


def distributed(**more: object) -> Json:
    """A distributed Map over `$.items` whose items fail when they say so."""
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Which",
        "States": {
            "Which": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.fail", "BooleanEquals": True, "Next": "Bad"}],
                "Default": "Good",
            },
            "Good": {"Type": "Pass", "End": True},
            "Bad": {"Type": "Fail", "Error": "Bad", "Cause": "asked for"},
        },
    }
    return {
        "StartAt": "Each",
        "States": {
            "Each": {
                "Type": "Map",
                "ItemsPath": "$.items",
                "ItemProcessor": processor,
                "End": True,
                "Label": "Each",
                **more,
            }
        },
    }


def test_a_distributed_map_runs_children_with_executions_of_their_own(aws: Aws) -> None:
    items = [{"n": n, "fail": False} for n in range(5)]
    end = aws.run(distributed(MaxConcurrency=2), {"items": items})
    assert output(end) == items
    run = aws.sfn.list_map_runs(executionArn=str(end["executionArn"]))["mapRuns"][0]
    described = aws.sfn.describe_map_run(mapRunArn=run["mapRunArn"])
    assert (described["status"], described["itemCounts"]["succeeded"]) == ("SUCCEEDED", 5)
    children = aws.sfn.list_executions(mapRunArn=run["mapRunArn"])["executions"]
    assert len(children) == 5
    assert {child["status"] for child in children} == {"SUCCEEDED"}


@pytest.mark.parametrize(
    ("tolerated", "status"),
    [({}, "FAILED"), ({"ToleratedFailureCount": 1}, "SUCCEEDED"), ({"ToleratedFailurePercentage": 20}, "FAILED")],
)
def test_a_distributed_map_tolerates_what_it_is_told_to(aws: Aws, tolerated: Json, status: str) -> None:
    items = [{"fail": False}, {"fail": True}, {"fail": False}]
    end = aws.run(distributed(**tolerated), {"items": items})
    assert end["status"] == status
    if status == "FAILED":
        assert end["error"] == "States.ExceedToleratedFailureThreshold"


def test_a_distributed_map_in_jsonata_with_an_item_selector(aws: Aws) -> None:
    machine = {
        "QueryLanguage": "JSONata",
        "StartAt": "Each",
        "States": {
            "Each": {
                "Type": "Map",
                "Items": "{% $states.input.items %}",
                "MaxConcurrency": "{% $states.input.atOnce %}",
                "ToleratedFailurePercentage": "{% $states.input.tolerated %}",
                "ItemSelector": {
                    "id": "{% $states.context.Execution.Name & ':' & $states.context.Map.Item.Index %}",
                    "value": "{% $states.context.Map.Item.Value %}",
                },
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                    "StartAt": "Pass",
                    "States": {"Pass": {"Type": "Pass", "End": True}},
                },
                "End": True,
            }
        },
    }
    end = aws.run(machine, {"items": ["a", "b"], "atOnce": 1, "tolerated": 50})
    name = end["name"]
    assert output(end) == [{"id": f"{name}:0", "value": "a"}, {"id": f"{name}:1", "value": "b"}]


def read_from_s3(key: str) -> Json:
    """A distributed Map over the items of an object in S3."""
    machine = distributed()
    each = machine["States"]["Each"]  # type: ignore[index]
    each.pop("ItemsPath")
    each["ItemReader"] = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSON"},
        "Parameters": {"Bucket": "items", "Key": key},
    }
    return machine


def test_a_distributed_map_reads_its_items_from_s3(aws: Aws) -> None:
    s3 = boto3.client("s3", **client_settings(aws.endpoint))
    s3.create_bucket(Bucket="items")
    items = [{"n": n, "fail": False} for n in range(3)]
    s3.put_object(Bucket="items", Key="good.json", Body=json.dumps(items).encode())
    s3.put_object(Bucket="items", Key="bad.json", Body=b"[1, 2")
    assert output(aws.run(read_from_s3("good.json"))) == items
    for key in ("bad.json", "missing.json"):
        assert aws.run(read_from_s3(key))["error"] == "States.ItemReaderFailed"


def test_the_machines_of_this_project_are_valid_json() -> None:
    for path in sorted((Path(__file__).parents[2] / "statemachines").glob("*.asl.json")):
        assert json.loads(path.read_text())["StartAt"]


def test_an_expression_without_end_fails_its_execution_and_nothing_else(aws: Aws) -> None:
    endless = "{% ($f := function($n) { $f($n + 1) }; $f(1)) %}"
    machine = {
        "QueryLanguage": "JSONata",
        "StartAt": "Endless",
        "States": {"Endless": {"Type": "Pass", "Output": endless, "End": True}},
    }
    assert aws.run(machine)["error"] == "States.QueryEvaluationError"
    assert aws.ecs.list_clusters()["clusterArns"]
