"""Execution histories (facts B20, B21, B27, B40)."""

from __future__ import annotations

import json
import uuid
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


def types(aws: Aws, execution: object) -> list[object]:
    """The types of an execution's events."""
    return [event["type"] for event in aws.history(execution)]


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


def test_b20_a_callback_of_any_service_is_submitted(aws: Aws) -> None:
    """B29: and its token is answered by SendTaskFailure, here without error and cause (B40)."""
    url = aws.sqs.create_queue(QueueName=f"tokens-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    send: Json = {"QueueUrl": url, "MessageBody": {"token.$": "$$.Task.Token"}}
    execution = aws.start(state("arn:aws:states:::sqs:sendMessage.waitForTaskToken", send))
    received = eventually(lambda: aws.sqs.receive_message(QueueUrl=url).get("Messages"), "a token")
    eventually(lambda: types(aws, execution)[-1] == "TaskSubmitted" or None, "TaskSubmitted")
    aws.sfn.send_task_failure(taskToken=json.loads(received[0]["Body"])["token"])
    end = aws.ended(execution)
    assert types(aws, execution)[2:] == [
        "TaskScheduled",
        "TaskStarted",
        "TaskSubmitted",
        "TaskFailed",
        "ExecutionFailed",
    ]
    about = {"resourceType": "sqs", "resource": "sendMessage.waitForTaskToken"}
    submitted = details(aws, end, "TaskSubmitted")
    assert json.loads(str(submitted.pop("output")))["MessageId"] == received[0]["MessageId"]
    assert submitted == about
    assert details(aws, end, "TaskFailed") == about
    assert not {"error", "cause"} & set(end)


@pytest.mark.parametrize(
    ("fail", "caught"),
    [
        ({}, {"Error": None, "Cause": None}),
        ({"Error": "E"}, {"Error": "E", "Cause": None}),
        ({"Cause": "because"}, {"Error": None, "Cause": "because"}),
    ],
)
def test_b40_a_fail_state_without_error_or_cause(aws: Aws, fail: Json, caught: Json) -> None:
    failing = {"StartAt": "Fail", "States": {"Fail": {"Type": "Fail", **fail}}}
    end = aws.run(failing)
    shown = {name.lower(): text for name, text in fail.items()}
    assert {name: end[name] for name in ("error", "cause") if name in end} == shown
    assert details(aws, end, "ExecutionFailed") == shown
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
    both = {"Type": "Parallel", "Branches": [failing], "Catch": catch, "End": True}
    end = aws.run({"StartAt": "Both", "States": {"Both": both, "Caught": {"Type": "Pass", "End": True}}})
    assert json.loads(str(end["output"])) == caught


def test_b40_a_token_failed_without_error_is_caught_as_nulls(aws: Aws) -> None:
    url = aws.sqs.create_queue(QueueName=f"tokens-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    send: Json = {"QueueUrl": url, "MessageBody": {"token.$": "$$.Task.Token"}}
    catch = [{"ErrorEquals": ["States.TaskFailed"], "ResultPath": "$.failure", "Next": "Caught"}]
    machine = state("arn:aws:states:::sqs:sendMessage.waitForTaskToken", send, Catch=catch)
    machine["States"]["Caught"] = {"Type": "Pass", "End": True}  # type: ignore[index]
    execution = aws.start(machine)
    received = eventually(lambda: aws.sqs.receive_message(QueueUrl=url).get("Messages"), "a token")
    aws.sfn.send_task_failure(taskToken=json.loads(received[0]["Body"])["token"])
    assert json.loads(str(aws.ended(execution)["output"])) == {"failure": {"Error": None, "Cause": None}}


def test_b49_every_event_but_the_first_two_follows_the_one_before_it(aws: Aws) -> None:
    end = aws.run(state(RUN_TASK + ".sync", aws.parameters(aws.task_definition({}), *EXIT_0)))
    history: list[Any] = aws.history(end["executionArn"])
    assert [event["id"] for event in history] == list(range(1, len(history) + 1))
    assert [event["previousEventId"] for event in history] == [0, 0, *range(2, len(history))]
