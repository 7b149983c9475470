"""Execution histories and "Step Functions Execution Status Change" events (facts B20, B21, B27)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
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


@pytest.fixture
def status_queue(aws: Aws) -> Iterator[str]:
    """A queue that gets every status change of executions; gives its URL."""
    name = f"statuses-{uuid.uuid4().hex[:8]}"
    url = aws.sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"source": ["aws.states"], "detail-type": ["Step Functions Execution Status Change"]}
    aws.events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    aws.events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    yield url
    aws.events.remove_targets(Rule=name, Ids=["queue"])
    aws.events.delete_rule(Name=name)


def statuses(aws: Aws, url: str, execution: str, last: str) -> list[Json]:
    """The details of an execution's status changes, up to the last."""
    seen: list[Json] = []

    def probe() -> list[Json] | None:
        for message in aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            aws.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            event = json.loads(message["Body"])
            if event["resources"] == [execution]:
                seen.append(event["detail"])
        return seen if seen and seen[-1]["status"] == last else None

    return eventually(probe, f"{last} of {execution}")


@pytest.mark.parametrize(
    ("command", "more", "last"),
    [
        (EXIT_0, {}, "SUCCEEDED"),
        (EXIT_3, {}, "FAILED"),
        (STAY, {"TimeoutSeconds": 1}, "TIMED_OUT"),
    ],
)
def test_executions_tell_how_they_stand(
    aws: Aws, status_queue: str, command: tuple[str, ...], more: Json, last: str
) -> None:
    machine = {**state(RUN_TASK + ".sync", aws.parameters(aws.task_definition({}), *command)), **more}
    execution = aws.start(machine, {"some": "input"})
    first, end = statuses(aws, status_queue, execution, last)
    assert (first["status"], first["stopDate"], json.loads(str(first["input"]))) == ("RUNNING", None, {"some": "input"})
    assert isinstance(end["stopDate"], int)
    assert (end["error"] is not None) == (last in {"FAILED", "TIMED_OUT"})
    assert (end["output"] is not None) == (last == "SUCCEEDED")


def test_an_aborted_execution_tells_so_too(aws: Aws, status_queue: str) -> None:
    execution = aws.start(state(RUN_TASK + ".sync", aws.parameters(aws.task_definition({}), *STAY)))
    aws.running_task(execution)
    aws.sfn.stop_execution(executionArn=execution, error="Why", cause="not")
    end = statuses(aws, status_queue, execution, "ABORTED")[-1]
    assert (end["error"], end["cause"]) == ("Why", "not")
