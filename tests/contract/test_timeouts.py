"""Time-outs, heartbeats and retries, in a runtime whose time runs 60 times faster (facts B26 to B28)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.conftest import Aws, Json, prepared, state
from tests.runtimes import bare_runtime

RUN_TASK = "arn:aws:states:::ecs:runTask"
TIME_SCALE = 60
# So long that even a machine that stands still for a while sees what is to come first come first: real minutes.
LONG = 36_000
# Real seconds: a container lives in the machine's own time.
STAY = ("python", "-c", "import time; time.sleep(600)")


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """A bare runtime in fast time."""
    with bare_runtime(tmp_path_factory.mktemp("fast"), time_scale=TIME_SCALE) as endpoint:
        yield prepared(endpoint)


def with_token(aws: Aws) -> Json:
    """Parameters of a callback task that stays and never answers."""
    overrides = {
        "ContainerOverrides": [
            {"Name": "main", "Command": list(STAY), "Environment": [{"Name": "T", "Value.$": "$$.Task.Token"}]}
        ]
    }
    return aws.parameters(aws.task_definition({}), Overrides=overrides)


def jsonata(resource: str, arguments: Json, **more: object) -> Json:
    """A machine of one JSONata Task state."""
    task = {"Type": "Task", "Resource": resource, "Arguments": arguments, "End": True, **more}
    return {"QueryLanguage": "JSONata", "StartAt": "Run", "States": {"Run": task}}


def named(history: list[Json], event_type: str) -> Json:
    """The details of the first event of a type."""
    event = next(event for event in history if event["type"] == event_type)
    details = next(value for name, value in event.items() if name.endswith("EventDetails"))
    assert isinstance(details, dict)
    return details


@pytest.mark.parametrize(
    ("field", "value", "data"),
    [("TimeoutSeconds", 30, {}), ("TimeoutSecondsPath", "$.limit", {"limit": 30})],
)
def test_b27_timeout_of_a_jsonpath_state_has_no_cause(aws: Aws, field: str, value: object, data: Json) -> None:
    machine = state(RUN_TASK + ".waitForTaskToken", with_token(aws), **{field: value})
    end = aws.run(machine, data)
    assert (end["status"], end["error"], end.get("cause")) == ("FAILED", "States.Timeout", None)
    assert named(aws.history(end["executionArn"]), "TaskTimedOut")["error"] == "States.Timeout"


def test_b27_timeout_as_jsonata(aws: Aws) -> None:
    machine = jsonata(
        RUN_TASK + ".sync",
        aws.parameters(aws.task_definition({}), *STAY),
        TimeoutSeconds="{% $states.input.limit %}",
    )
    end = aws.run(machine, {"limit": 30})
    assert end["error"] == "States.Timeout"


def test_b27_a_missed_heartbeat_that_is_retried_by_its_name(aws: Aws) -> None:
    retry = [{"ErrorEquals": ["States.HeartbeatTimeout"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    machine = state(
        RUN_TASK + ".waitForTaskToken", with_token(aws), HeartbeatSeconds=60, TimeoutSeconds=LONG, Retry=retry
    )
    end = aws.run(machine)
    timed_out = [event for event in aws.history(end["executionArn"]) if event["type"] == "TaskTimedOut"]
    assert len(timed_out) == 2


def test_b27_heartbeat_by_path_and_as_jsonata(aws: Aws) -> None:
    by_path = state(RUN_TASK + ".waitForTaskToken", with_token(aws), HeartbeatSecondsPath="$.beat", TimeoutSeconds=LONG)
    parameters = with_token(aws)
    entry = parameters["Overrides"]["ContainerOverrides"][0]  # type: ignore[index]
    entry["Environment"] = [{"Name": "T", "Value": "{% $states.context.Task.Token %}"}]
    by_expression = jsonata(
        RUN_TASK + ".waitForTaskToken", parameters, HeartbeatSeconds="{% $states.input.beat %}", TimeoutSeconds=LONG
    )
    for machine in (by_path, by_expression):
        end = aws.run(machine, {"beat": 60})
        assert (end["status"], end["error"], end.get("cause")) == ("FAILED", "States.Timeout", None)
        history = aws.history(end["executionArn"])
        shown = {"resourceType": "ecs", "resource": "runTask.waitForTaskToken", "error": "States.Timeout"}
        assert named(history, "TaskTimedOut") == shown
        assert named(history, "ExecutionFailed") == {"error": "States.Timeout"}


def test_retries_wait_with_backoff_up_to_the_maximum_delay(aws: Aws) -> None:
    retry = [
        {
            "ErrorEquals": ["ECS.ClusterNotFoundException"],
            "IntervalSeconds": 10,
            "BackoffRate": 10,
            "MaxDelaySeconds": 30,
            "MaxAttempts": 3,
        }
    ]
    parameters = {**aws.parameters(aws.task_definition({})), "Cluster": "none"}
    end = aws.run(state(RUN_TASK, parameters, Retry=retry))
    assert end["error"] == "ECS.ClusterNotFoundException"
    started: list[Any] = [
        event["timestamp"] for event in aws.history(end["executionArn"]) if event["type"] == "TaskStarted"
    ]
    waits = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(started)]
    for least, wait in zip([10, 30, 30], waits, strict=True):
        assert least <= wait
