"""What `make verify` does not look at of `ecs:runTask`: failures, and tokens that a container gets."""

from __future__ import annotations

import json

import pytest

from local.faults_client import arm
from tests.contract.conftest import LOG_GROUP, Aws, Json, state
from tests.waiting import eventually

RUN_TASK = "arn:aws:states:::ecs:runTask"
EXIT_0 = ("python", "-c", "print('fine')")
SAY_TOKEN = ("python", "-c", "import os; print(os.environ['TASK_TOKEN'], flush=True)")
AWS_LOGS = {
    "logConfiguration": {
        "logDriver": "awslogs",
        "options": {"awslogs-group": LOG_GROUP, "awslogs-region": "us-east-1", "awslogs-stream-prefix": "p"},
    }
}


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


def test_b16_a_program_that_is_not_on_the_path(aws: Aws) -> None:
    end = aws.run(state(RUN_TASK + ".sync", aws.parameters(aws.task_definition({}), "no-such-program")))
    task = json.loads(str(end["cause"]))
    assert 'exec: "no-such-program": executable file not found in $PATH' in task["StoppedReason"]


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
