"""RedriveExecution (fact B32; "Redriving executions" of the developer guide, RedriveExecution of the API reference)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.conftest import Aws, Json, prepared, state
from tests.contract.running import STAY, python
from tests.contract.statuses import by_execution, deleted, queue_of_statuses
from tests.runtimes import bare_runtime
from tests.waiting import eventually

RUN_TASK = "arn:aws:states:::ecs:runTask"


@pytest.fixture
def statuses(aws: Aws) -> Iterator[str]:
    """A queue that gets every status change of executions; gives its URL."""
    name, url = queue_of_statuses(aws)
    yield url
    deleted(aws, name)


def failing_until_told(path: Path) -> list[str]:
    """The command of a container that fails until a file is there."""
    return python(f"import pathlib; raise SystemExit(0 if pathlib.Path({str(path)!r}).exists() else 3)")


def types(aws: Aws, execution: str) -> list[object]:
    """The types of the history's events."""
    return [event["type"] for event in aws.history(execution)]


def redriven(aws: Aws, execution: str) -> Json:
    """DescribeExecution once a redriven execution has ended again."""
    aws.sfn.redrive_execution(executionArn=execution)
    return aws.ended(execution)


def in_jsonpath(parameters: Json) -> Json:
    """What comes before the Task state is kept; the Task state fails."""
    first = {"Type": "Pass", "Result": {"kept": True}, "ResultPath": "$.before", "Next": "Run"}
    run = {"Type": "Task", "Resource": RUN_TASK + ".sync", "Parameters": parameters, "ResultPath": None, "End": True}
    return {"StartAt": "First", "States": {"First": first, "Run": run}}


def in_jsonata(parameters: Json) -> Json:
    """The same with a variable."""
    first = {"Type": "Pass", "Assign": {"before": {"kept": True}}, "Next": "Run"}
    output = "{% $merge([$states.input, {'before': $before}]) %}"
    run = {"Type": "Task", "Resource": RUN_TASK + ".sync", "Arguments": parameters, "Output": output, "End": True}
    return {"QueryLanguage": "JSONata", "StartAt": "First", "States": {"First": first, "Run": run}}


@pytest.mark.parametrize("machine", [in_jsonpath, in_jsonata])
def test_b32_a_redriven_execution_goes_on_from_the_state_that_failed(
    aws: Aws, tmp_path: Path, statuses: str, machine: Callable[[Json], Json]
) -> None:
    parameters = aws.parameters(aws.task_definition({}), *failing_until_told(tmp_path / "well"))
    execution = aws.start(machine(parameters), {"some": "input"})
    assert aws.ended(execution)["status"] == "FAILED"
    before = aws.history(execution)
    (tmp_path / "well").touch()
    answer = aws.sfn.redrive_execution(executionArn=execution)
    end = aws.ended(execution)
    assert (end["status"], end["redriveCount"], end["redriveDate"]) == ("SUCCEEDED", 1, answer["redriveDate"])
    assert json.loads(str(end["output"])) == {"some": "input", "before": {"kept": True}}
    assert (end.get("error"), end.get("cause")) == (None, None)
    history = aws.history(execution)
    assert history[: len(before)] == before
    again = history[len(before) :]
    assert [event["type"] for event in again] == [
        "ExecutionRedriven",
        "TaskScheduled",
        "TaskStarted",
        "TaskSubmitted",
        "TaskSucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ]
    assert again[0]["executionRedrivenEventDetails"] == {"redriveCount": 1}
    assert [event["previousEventId"] for event in again] == [event["id"] for event in history[len(before) - 1 : -1]]
    assert aws.submitted_task(execution, attempt=1) != aws.submitted_task(execution, attempt=2)
    details = [event["detail"] for event in by_execution(aws, statuses, execution, "SUCCEEDED")]
    assert [(each["status"], each["redriveCount"], each["stopDate"] is None) for each in details] == [
        ("RUNNING", 0, True),
        ("FAILED", 0, False),
        ("RUNNING", 1, True),
        ("SUCCEEDED", 1, False),
    ]
    when = round(answer["redriveDate"].timestamp() * 1000)
    assert [each["redriveDate"] for each in details] == [None, None, when, when]


def test_b32_b28_a_redriven_callback_has_a_new_task_and_a_new_token(aws: Aws) -> None:
    parameters = aws.parameters(aws.task_definition({}), *STAY)
    override = parameters["Overrides"]["ContainerOverrides"][0]  # type: ignore[index]
    override["Environment"] = [{"Name": "TASK_TOKEN", "Value.$": "$$.Task.Token"}]
    execution = aws.start(state(RUN_TASK + ".waitForTaskToken", parameters))

    def token(task: str) -> str:
        entry: Any = aws.until_status(task, "RUNNING")["overrides"]
        return str(entry["containerOverrides"][0]["environment"][0]["value"])

    first = token(aws.running_task(execution))
    aws.sfn.stop_execution(executionArn=execution)
    aws.sfn.redrive_execution(executionArn=execution)
    task = eventually(lambda: aws.submitted_task(execution, attempt=2), "the second task")
    second = token(task)
    with pytest.raises(ClientError, match="TaskTimedOut"):
        aws.sfn.send_task_success(taskToken=first, output="1")
    aws.sfn.send_task_success(taskToken=second, output="2")
    end = aws.ended(execution)
    assert (end["status"], end["output"], end["redriveCount"]) == ("SUCCEEDED", "2", 1)
    for each in (aws.submitted_task(execution, attempt=1), task):
        aws.ecs.stop_task(cluster=aws.cluster, task=str(each))


def test_b32_a_timed_out_execution_gets_its_time_again_and_retries_start_anew(aws: Aws) -> None:
    task: Json = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": True}
    task["Parameters"] = {"QueueUrl": "none", "MessageBody": "none"}
    task["Retry"] = [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1, "IntervalSeconds": 0}]
    execution = aws.start({"StartAt": "Ask", "States": {"Ask": task}})
    assert aws.ended(execution)["status"] == "FAILED"
    assert types(aws, execution).count("TaskScheduled") == 2
    assert redriven(aws, execution)["status"] == "FAILED"
    assert types(aws, execution).count("TaskScheduled") == 4

    wait = {"Type": "Wait", "Seconds": 600, "End": True}
    slow = aws.start({"TimeoutSeconds": 1, "StartAt": "W", "States": {"W": wait}})
    assert aws.ended(slow)["status"] == "TIMED_OUT"
    end = redriven(aws, slow)
    assert (end["status"], end["redriveCount"]) == ("TIMED_OUT", 1)
    assert end["stopDate"] - end["redriveDate"] >= timedelta(seconds=0.9)  # type: ignore[operator]


def test_b32_a_fail_state_fails_again(aws: Aws) -> None:
    fail = {"Type": "Fail", "Error": "Own.Error", "Cause": "because"}
    execution = aws.start({"StartAt": "F", "States": {"F": fail}})
    aws.ended(execution)
    for count in (1, 2):
        end = redriven(aws, execution)
        assert (end["status"], end["error"], end["redriveCount"]) == ("FAILED", "Own.Error", count)
    assert types(aws, execution) == [
        "ExecutionStarted",
        "FailStateEntered",
        "ExecutionFailed",
        *(["ExecutionRedriven", "FailStateEntered", "ExecutionFailed"] * 2),
    ]


def test_b32_the_definition_is_that_of_the_first_attempt_and_the_context_tells_the_redrive(aws: Aws) -> None:
    execution_context = "$states.context.Execution"
    url = f"{{% {execution_context}.RedriveCount = 0 ? 'none' : $error('at ' & {execution_context}.RedriveTime) %}}"
    ask: Json = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": True}
    ask["Arguments"] = {"QueueUrl": url, "MessageBody": "none"}
    machine: Json = {"QueryLanguage": "JSONata", "StartAt": "Ask", "States": {"Ask": ask}}
    execution = aws.start(machine)
    assert aws.ended(execution)["error"] != "States.QueryEvaluationError"
    arn = aws.sfn.describe_execution(executionArn=execution)["stateMachineArn"]
    other = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    aws.sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(other))
    end = redriven(aws, execution)
    assert end["error"] == "States.QueryEvaluationError"
    redriven_at = end["redriveDate"]
    assert isinstance(redriven_at, datetime)
    assert f"at {redriven_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}" in str(end["cause"])


@pytest.mark.parametrize("kind", ["Map", "Parallel"])
def test_b32_a_map_or_parallel_state_that_failed_is_redriven(aws: Aws, tmp_path: Path, kind: str) -> None:
    parameters = aws.parameters(aws.task_definition({}), *failing_until_told(tmp_path / "well"))
    inner: Json = state(RUN_TASK + ".sync", parameters)
    outer: Json = {"Type": kind, "End": True}
    outer |= {"Branches": [inner]} if kind == "Parallel" else {"ItemProcessor": inner, "ItemsPath": "$.items"}
    execution = aws.start({"StartAt": "Outer", "States": {"Outer": outer}}, {"items": [1]})
    assert aws.ended(execution)["status"] == "FAILED"
    (tmp_path / "well").touch()
    end = redriven(aws, execution)
    assert (end["status"], len(json.loads(str(end["output"])))) == ("SUCCEEDED", 1)
    assert types(aws, execution).count(f"{kind}StateEntered") == 1


def refused(aws: Aws, execution: str) -> str:
    """The message of a redrive that is not possible."""
    with pytest.raises(ClientError) as error:
        aws.sfn.redrive_execution(executionArn=execution)
    assert error.value.response["Error"]["Code"] == "ExecutionNotRedrivable"
    return error.value.response["Error"]["Message"]


def test_b32_what_runs_or_has_succeeded_cannot_be_redriven(aws: Aws) -> None:
    done = aws.start({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})
    aws.ended(done)
    assert "Execution is SUCCEEDED and cannot be redriven" in refused(aws, done)
    running = aws.start({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}})
    assert "Execution is RUNNING and cannot be redriven" in refused(aws, running)
    aws.sfn.stop_execution(executionArn=running)


def test_b32_the_same_client_token_redrives_once(aws: Aws) -> None:
    execution = aws.start({"StartAt": "F", "States": {"F": {"Type": "Fail"}}})
    aws.ended(execution)
    token = uuid.uuid4().hex
    first = aws.sfn.redrive_execution(executionArn=execution, clientToken=token)
    aws.ended(execution)
    assert aws.sfn.redrive_execution(executionArn=execution, clientToken=token)["redriveDate"] == first["redriveDate"]
    assert aws.sfn.describe_execution(executionArn=execution)["redriveCount"] == 1


def test_b32_a_child_of_a_map_run_is_redriven_by_its_parent_only(aws: Aws) -> None:
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "F",
        "States": {"F": {"Type": "Fail", "Error": "Own.Error"}},
    }
    execution = aws.start(
        {"StartAt": "M", "States": {"M": {"Type": "Map", "ItemProcessor": processor, "End": True}}}, [1]
    )
    assert aws.ended(execution)["status"] == "FAILED"
    runs = aws.sfn.list_map_runs(executionArn=execution)["mapRuns"]
    child = aws.sfn.list_executions(mapRunArn=runs[0]["mapRunArn"])["executions"][0]["executionArn"]
    assert aws.sfn.describe_execution(executionArn=child)["redriveStatus"] == "REDRIVABLE_BY_MAP_RUN"
    refused(aws, child)
    assert redriven(aws, execution)["status"] == "FAILED"
    assert len(aws.sfn.list_map_runs(executionArn=execution)["mapRuns"]) == 2


def test_b32_after_fourteen_days_it_is_too_late(tmp_path: Path) -> None:
    with bare_runtime(tmp_path, time_scale=1_000_000) as endpoint:
        aws = prepared(endpoint)
        execution = aws.start({"StartAt": "F", "States": {"F": {"Type": "Fail"}}})
        aws.ended(execution)

        def too_late() -> bool:
            return aws.sfn.describe_execution(executionArn=execution)["redriveStatus"] == "NOT_REDRIVABLE"

        eventually(too_late, "fourteen days")
        assert "Execution redrivable period exceeded" in refused(aws, execution)
