"""The three integration patterns of `ecs:runTask` (facts B19 to B23, B26, B28, B29)."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from local.faults_client import arm
from tests.contract.conftest import LOG_GROUP, Aws, Json, state
from tests.waiting import eventually

RUN_TASK = "arn:aws:states:::ecs:runTask"
EXIT_3 = ("python", "-c", "raise SystemExit(3)")
EXIT_0 = ("python", "-c", "print('fine')")
STAY = ("python", "-c", "import time; time.sleep(600)")
SAY_TOKEN = ("python", "-c", "import os; print(os.environ['TASK_TOKEN'], flush=True)")
AWS_LOGS = {
    "logConfiguration": {
        "logDriver": "awslogs",
        "options": {"awslogs-group": LOG_GROUP, "awslogs-region": "us-east-1", "awslogs-stream-prefix": "p"},
    }
}


def types(history: list[Json]) -> list[object]:
    return [event["type"] for event in history]


def test_b19_request_response_gives_tasks_and_failures_in_pascal_case(aws: Aws) -> None:
    end = aws.run(state(RUN_TASK, aws.parameters(aws.task_definition({}), *EXIT_3)))
    assert end["status"] == "SUCCEEDED"
    output = json.loads(str(end["output"]))
    assert set(output) == {"Failures", "Tasks", "SdkHttpMetadata", "SdkResponseMetadata"}
    assert output["Failures"] == []
    assert output["Tasks"][0]["LastStatus"] == "PROVISIONING"


def test_b19_request_response_succeeds_with_failures(aws: Aws) -> None:
    arm(aws.endpoint, "no-capacity")
    end = aws.run(state(RUN_TASK, aws.parameters(aws.task_definition({}), *EXIT_0)))
    assert end["status"] == "SUCCEEDED"
    output = json.loads(str(end["output"]))
    assert output["Tasks"] == []
    assert output["Failures"][0]["Reason"] == "RESOURCE:CPU"


@pytest.mark.parametrize("suffix", [".sync", ".waitForTaskToken"])
def test_b23_failures_are_amazon_ecs_unknown(aws: Aws, suffix: str) -> None:
    arm(aws.endpoint, "no-capacity")
    end = aws.run(state(RUN_TASK + suffix, aws.parameters(aws.task_definition({}), *EXIT_0)))
    assert (end["status"], end["error"]) == ("FAILED", "AmazonECS.Unknown")


def test_b20_sync_gives_one_task_with_times_in_milliseconds(aws: Aws) -> None:
    end = aws.run(state(RUN_TASK + ".sync", aws.parameters(aws.task_definition({}), *EXIT_0)))
    task = json.loads(str(end["output"]))
    assert task["StartedBy"] == "AWS Step Functions"
    assert task["Containers"][0]["ExitCode"] == 0
    assert task["StoppedAt"] > 1_600_000_000_000
    assert task["Overrides"]["ContainerOverrides"][0]["Command"] == list(EXIT_0)
    assert types(aws.history(end["executionArn"])) == [
        "ExecutionStarted",
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskSubmitted",
        "TaskSucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ]


def test_b21_sync_fails_with_the_task_as_cause(aws: Aws) -> None:
    end = aws.run(state(RUN_TASK + ".sync", aws.parameters(aws.task_definition({}), *EXIT_3)))
    assert (end["status"], end["error"]) == ("FAILED", "States.TaskFailed")
    task = json.loads(str(end["cause"]))
    assert task["StopCode"] == "EssentialContainerExited"
    assert task["Containers"][0]["ExitCode"] == 3


def test_b21_a_failed_start_has_no_exit_code_and_no_started_at(aws: Aws) -> None:
    end = aws.run(state(RUN_TASK + ".sync", aws.parameters(aws.task_definition({}), "no-such-program")))
    task = json.loads(str(end["cause"]))
    assert task["StopCode"] == "TaskFailedToStart"
    assert "StartedAt" not in task
    assert "ExitCode" not in task["Containers"][0]
    assert 'exec: "no-such-program": executable file not found in $PATH' in task["StoppedReason"]


def test_b22_a_sidecar_that_is_not_essential_fails_sync(aws: Aws) -> None:
    # Main starts after the sidecar's end: its own end is that of the task, and the sidecar would be told to stop.
    after = [{"containerName": "sidecar", "condition": "COMPLETE"}]
    definition = aws.task_definition(
        {"command": ["python", "-c", "pass"], "dependsOn": after},
        {"name": "sidecar", "essential": False, "command": list(EXIT_3)},
    )
    end = aws.run(state(RUN_TASK + ".sync", aws.parameters(definition)))
    assert (end["status"], end["error"]) == ("FAILED", "States.TaskFailed")
    exits = {c["Name"]: c["ExitCode"] for c in json.loads(str(end["cause"]))["Containers"]}
    assert exits == {"main": 0, "sidecar": 3}


def callback(aws: Aws, definition: str, *command: str, **more: object) -> Json:
    environment = [{"Name": "TASK_TOKEN", "Value.$": "$$.Task.Token"}]
    overrides = {"ContainerOverrides": [{"Name": "main", "Command": list(command), "Environment": environment}]}
    return state(RUN_TASK + ".waitForTaskToken", aws.parameters(definition, Overrides=overrides), **more)


def test_the_tokens_answer_is_the_callback_states_output(aws: Aws) -> None:
    definition = aws.task_definition(AWS_LOGS)
    execution = aws.start(callback(aws, definition, *SAY_TOKEN))
    token = printed_token_of(aws, aws.running_or_stopped_task(execution))
    aws.sfn.send_task_success(taskToken=token, output='{"answer": 42}')
    assert json.loads(str(aws.ended(execution)["output"])) == {"answer": 42}


def printed_token_of(aws: Aws, task_arn: str) -> str:
    stream = f"p/main/{task_arn.rsplit('/', 1)[-1]}"

    def probe() -> str | None:
        events = aws.logs.get_log_events(logGroupName=LOG_GROUP, logStreamName=stream)["events"]
        return events[0]["message"] if events else None

    aws.until_status(task_arn, "STOPPED")
    return eventually(probe, "a printed token")


def test_b29_a_closed_token_is_task_timed_out(aws: Aws) -> None:
    definition = aws.task_definition(AWS_LOGS)
    execution = aws.start(callback(aws, definition, *SAY_TOKEN))
    token = printed_token_of(aws, aws.running_or_stopped_task(execution))
    aws.sfn.send_task_failure(taskToken=token, error="Mine", cause="because")
    end = aws.ended(execution)
    assert (end["error"], end["cause"]) == ("Mine", "because")
    with pytest.raises(ClientError) as refused:
        aws.sfn.send_task_success(taskToken=token, output="{}")
    assert refused.value.response["Error"] == {
        "Code": "TaskTimedOut",
        "Message": "Task Timed Out: 'Provided task does not exist anymore'",
    }


def test_b28_every_attempt_has_a_token_of_its_own(aws: Aws) -> None:
    retry = [{"ErrorEquals": ["Again"], "IntervalSeconds": 0, "MaxAttempts": 1}]
    definition = aws.task_definition(AWS_LOGS)
    execution = aws.start(callback(aws, definition, *SAY_TOKEN, Retry=retry))
    first = printed_token_of(aws, aws.running_or_stopped_task(execution))
    aws.sfn.send_task_failure(taskToken=first, error="Again", cause="")
    second_task = eventually(lambda: aws.submitted_task(execution, 2), "a second attempt")
    second = printed_token_of(aws, second_task)
    assert second != first
    aws.sfn.send_task_success(taskToken=second, output="{}")
    assert aws.ended(execution)["status"] == "SUCCEEDED"


def test_b17_b26_stopping_a_sync_execution_stops_its_task_with_this_reason(aws: Aws) -> None:
    execution = aws.start(state(RUN_TASK + ".sync", aws.parameters(aws.task_definition({}), *STAY)))
    task_arn = aws.running_task(execution)
    aws.sfn.stop_execution(executionArn=execution, error="Why", cause="not")
    task = aws.until_status(task_arn, "STOPPED")
    assert task["stopCode"] == "UserInitiated"
    assert task["stoppedReason"] == (
        f"The Task state in AWS Step Functions execution [{execution}] which was managing this resource was aborted"
    )
    assert aws.ended(execution)["status"] == "ABORTED"


def test_b26_stopping_a_callback_execution_leaves_its_task_running(aws: Aws) -> None:
    execution = aws.start(callback(aws, aws.task_definition({}), *STAY))
    task_arn = aws.running_task(execution)
    aws.sfn.stop_execution(executionArn=execution)
    aws.ended(execution)
    task = aws.ecs.describe_tasks(cluster=aws.cluster, tasks=[task_arn])["tasks"][0]
    assert (task["lastStatus"], task["desiredStatus"]) == ("RUNNING", "RUNNING")
    aws.ecs.stop_task(cluster=aws.cluster, task=task_arn)
    aws.until_status(task_arn, "STOPPED")
