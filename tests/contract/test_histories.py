"""Execution histories (facts B20, B21, B27)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.contract.conftest import Aws, Json, state
from tests.waiting import eventually

RUN_TASK = "arn:aws:states:::ecs:runTask"
EXIT_0 = ("python", "-c", "pass")
EXIT_3 = ("python", "-c", "raise SystemExit(3)")
STAY = ("python", "-c", "import time; time.sleep(600)")


def details(aws: Aws, end: Json, event_type: str) -> Json:
    """The details of the only event of a type, under the key that AWS has for it."""
    events = [event for event in aws.history(end["executionArn"]) if event["type"] == event_type]
    assert len(events) == 1
    key = f"{event_type[0].lower()}{event_type[1:]}EventDetails"
    found = events[0][key]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("suffix", "name"), [("", "runTask"), (".sync", "runTask.sync"), (".waitForTaskToken", "runTask.waitForTaskToken")]
)
def test_b20_task_scheduled_has_the_resource_and_the_parameters(aws: Aws, suffix: str, name: str) -> None:
    parameters = aws.parameters(aws.task_definition({}), *EXIT_0)
    execution = aws.start(state(RUN_TASK + suffix, parameters, TimeoutSeconds=300, HeartbeatSeconds=200))
    eventually(lambda: [e for e in aws.history(execution) if e["type"] == "TaskStarted"] or None, "the task's start")
    scheduled = details(aws, {"executionArn": execution}, "TaskScheduled")
    assert json.loads(str(scheduled.pop("parameters"))) == parameters
    assert scheduled == {
        "resourceType": "ecs",
        "resource": name,
        "region": "us-east-1",
        "timeoutInSeconds": 300,
        "heartbeatInSeconds": 200,
    }
    assert details(aws, {"executionArn": execution}, "TaskStarted") == {"resourceType": "ecs", "resource": name}
    aws.sfn.stop_execution(executionArn=execution)


def test_b20_task_submitted_and_succeeded_have_outputs(aws: Aws) -> None:
    end = aws.run(state(RUN_TASK + ".sync", aws.parameters(aws.task_definition({}), *EXIT_0)))
    submitted = json.loads(str(details(aws, end, "TaskSubmitted")["output"]))
    succeeded = json.loads(str(details(aws, end, "TaskSucceeded")["output"]))
    assert submitted["Tasks"][0]["TaskArn"] == succeeded["TaskArn"]
    assert (submitted["Tasks"][0]["LastStatus"], succeeded["LastStatus"]) == ("PROVISIONING", "STOPPED")


def test_b21_task_failed_and_execution_failed_have_error_and_cause(aws: Aws) -> None:
    end = aws.run(state(RUN_TASK + ".sync", aws.parameters(aws.task_definition({}), *EXIT_3)))
    failed = details(aws, end, "TaskFailed")
    assert (failed["resourceType"], failed["resource"], failed["error"]) == ("ecs", "runTask.sync", "States.TaskFailed")
    assert details(aws, end, "ExecutionFailed") == {"error": failed["error"], "cause": failed["cause"]}


def test_b27_task_timed_out_names_the_error(aws: Aws) -> None:
    end = aws.run(state(RUN_TASK + ".sync", aws.parameters(aws.task_definition({}), *STAY), TimeoutSeconds=1))
    assert details(aws, end, "TaskTimedOut") == {
        "resourceType": "ecs",
        "resource": "runTask.sync",
        "error": "States.Timeout",
    }


def test_every_event_follows_one_before_it(aws: Aws) -> None:
    end = aws.run(state(RUN_TASK + ".sync", aws.parameters(aws.task_definition({}), *EXIT_0)))
    history: list[Any] = aws.history(end["executionArn"])
    assert [event["id"] for event in history] == list(range(1, len(history) + 1))
    assert all(event["previousEventId"] == event["id"] - 1 for event in history[1:])
