"""What Step Functions says of executions: by API and by event (API reference; "Automating event delivery").

The closed statuses, with and without error and cause, are also what fact B32 builds on.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local import faults_client
from local.faults_client import arm
from tests.contract.conftest import ROLE, Aws, Json
from tests.contract.statuses import by_execution, deleted, everything, queue_of_statuses
from tests.waiting import eventually

WAIT: Json = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}}
PASS: Json = {"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": {"made": 1}, "End": True}}}
FAIL: Json = {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "Own.Error", "Cause": "because"}}}
NOT_REDRIVABLE = "Execution is {} and cannot be redriven"


@pytest.fixture
def statuses(aws: Aws) -> Iterator[str]:
    """A queue that gets every status change of executions; gives its URL."""
    name, url = queue_of_statuses(aws)
    yield url
    deleted(aws, name)


def machine(aws: Aws, definition: Json) -> str:
    """A state machine; gives its ARN."""
    name = f"machine-{uuid.uuid4().hex[:8]}"
    return aws.sfn.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)["stateMachineArn"]


def ended_in(aws: Aws, status: str) -> str:
    """An execution that has come to a status; gives its ARN."""
    definition = {"SUCCEEDED": PASS, "FAILED": FAIL, "TIMED_OUT": {**WAIT, "TimeoutSeconds": 1}}.get(status, WAIT)
    execution = aws.start(definition, {"some": "input"})
    if status == "ABORTED":
        aws.sfn.stop_execution(executionArn=execution, error="Why", cause="not")
    if status != "RUNNING":
        aws.ended(execution)
    return execution


ENDS = [
    ("RUNNING", None, None),
    ("SUCCEEDED", None, None),
    ("FAILED", "Own.Error", "because"),
    ("TIMED_OUT", None, None),
    ("ABORTED", "Why", "not"),
]


@pytest.mark.parametrize(("status", "error", "cause"), ENDS)
def test_describe_execution_in_every_status(aws: Aws, status: str, error: str | None, cause: str | None) -> None:
    execution = ended_in(aws, status)
    shown: Json = dict(aws.sfn.describe_execution(executionArn=execution))
    assert (shown["status"], shown.get("error"), shown.get("cause")) == (status, error, cause)
    assert (json.loads(str(shown["input"])), shown["inputDetails"]) == ({"some": "input"}, {"included": True})
    assert (shown.get("stopDate") is None) == (status == "RUNNING")
    assert shown.get("output") == ('{"made":1}' if status == "SUCCEEDED" else None)
    assert (shown["redriveCount"], shown.get("redriveDate")) == (0, None)
    redrivable = status in {"FAILED", "TIMED_OUT", "ABORTED"}
    assert shown["redriveStatus"] == ("REDRIVABLE" if redrivable else "NOT_REDRIVABLE")
    assert shown.get("redriveStatusReason") == (None if redrivable else NOT_REDRIVABLE.format(status))
    aws.sfn.stop_execution(executionArn=execution)


@pytest.mark.parametrize(("status", "error", "cause"), ENDS)
def test_every_status_change_is_an_event(
    aws: Aws, statuses: str, status: str, error: str | None, cause: str | None
) -> None:
    execution = ended_in(aws, status)
    found = by_execution(aws, statuses, execution, status)
    expected = ["RUNNING"] if status == "RUNNING" else ["RUNNING", status]
    assert [event["detail"]["status"] for event in found] == expected
    last = found[-1]
    assert (last["source"], last["resources"]) == ("aws.states", [execution])
    shown = aws.sfn.describe_execution(executionArn=execution)
    redrivable = status in {"FAILED", "TIMED_OUT", "ABORTED"}
    output = '{"made":1}' if status == "SUCCEEDED" else None
    stopped = shown.get("stopDate")
    assert last["detail"] == {
        "executionArn": execution,
        "stateMachineArn": shown["stateMachineArn"],
        "name": shown["name"],
        "status": status,
        "startDate": round(shown["startDate"].timestamp() * 1000),
        "stopDate": round(stopped.timestamp() * 1000) if stopped else None,
        "input": '{"some": "input"}',
        "output": output,
        "inputDetails": {"included": True},
        "outputDetails": {"included": True} if output else None,
        "error": error,
        "cause": cause,
        "stateMachineVersionArn": None,
        "stateMachineAliasArn": None,
        "redriveCount": 0,
        "redriveDate": None,
        "redriveStatus": "REDRIVABLE" if redrivable else "NOT_REDRIVABLE",
        "redriveStatusReason": None if redrivable else NOT_REDRIVABLE.format(status),
    }
    aws.sfn.stop_execution(executionArn=execution)


def told(events: list[Any]) -> list[tuple[str, str]]:
    """What each event is about, and the status that it tells."""
    return [(event["resources"][0], event["detail"]["status"]) for event in events]


def test_b10_a_status_change_may_be_lost_or_come_twice(aws: Aws, statuses: str) -> None:
    arm(aws.endpoint, "event-dropped", status=["ABORTED"])
    lost = ended_in(aws, "ABORTED")
    arm(aws.endpoint, "event-doubled", status=["FAILED"])
    twice = ended_in(aws, "FAILED")
    marker = ended_in(aws, "SUCCEEDED")
    assert faults_client.armed(aws.endpoint) == []
    found: list[Any] = []

    def probe() -> bool:
        found.extend(everything(aws, statuses))
        return (marker, "SUCCEEDED") in told(found)

    eventually(probe, "the end of the last execution")
    assert told(found).count((lost, "RUNNING")) == 1
    assert told(found).count((lost, "ABORTED")) == 0
    assert told(found).count((twice, "FAILED")) == 2
    ids = [event["id"] for event in found if event["resources"] == [twice]]
    assert len(set(ids)) == 3


def test_the_event_leaves_out_an_input_that_is_too_long(aws: Aws, statuses: str) -> None:
    execution = aws.start(PASS, {"long": "x" * 256_000})
    first = by_execution(aws, statuses, execution, "SUCCEEDED")[0]["detail"]
    assert (first["input"], first["inputDetails"]) == (None, {"included": False})


def test_a_long_input_is_described_whole(aws: Aws) -> None:
    """What repeats a run reads it there: EventBridge leaves it out."""
    given = {"long": "x" * 256_000}
    execution = aws.start(PASS, given)
    assert json.loads(aws.sfn.describe_execution(executionArn=execution)["input"]) == given


@pytest.mark.parametrize(("error", "cause"), [("e" * 257, "c"), ("e", "c" * 32_769)])
def test_b30_a_reason_to_stop_has_a_length(aws: Aws, error: str, cause: str) -> None:
    execution = aws.start(WAIT)
    with pytest.raises(ClientError) as caught:
        aws.sfn.stop_execution(executionArn=execution, error=error, cause=cause)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert aws.sfn.describe_execution(executionArn=execution)["status"] == "RUNNING"
    aws.sfn.stop_execution(executionArn=execution, error=error[:256], cause=cause[:32_768])
    shown = aws.sfn.describe_execution(executionArn=execution)
    assert (shown["status"], shown["error"], shown["cause"]) == ("ABORTED", error[:256], cause[:32_768])
    last = aws.history(execution)[-1]
    assert last["executionAbortedEventDetails"] == {"error": error[:256], "cause": cause[:32_768]}


def test_stopping_twice_tells_the_first_time_and_one_event(aws: Aws, statuses: str) -> None:
    execution = ended_in(aws, "ABORTED")
    first = aws.sfn.describe_execution(executionArn=execution)
    again = aws.sfn.stop_execution(executionArn=execution, error="Other", cause="reason")
    assert again["stopDate"] == first["stopDate"]
    assert aws.sfn.describe_execution(executionArn=execution)["error"] == "Why"
    second = ended_in(aws, "ABORTED")
    found: list[Any] = []

    def probe() -> bool:
        found.extend(everything(aws, statuses))
        return (second, "ABORTED") in told(found)

    eventually(probe, "the end of the other execution, which comes after all that was told before")
    assert [status for arn, status in told(found) if arn == execution] == ["RUNNING", "ABORTED"]


def listed(aws: Aws, machine_arn: str, **more: Any) -> list[str]:
    """Names on one page."""
    answer = aws.sfn.list_executions(stateMachineArn=machine_arn, **more)
    return [execution["name"] for execution in answer["executions"]]


def test_executions_are_listed_by_machine_and_status_newest_first(aws: Aws) -> None:
    waiting, other = machine(aws, WAIT), machine(aws, PASS)
    names = [f"e{number}" for number in range(5)]
    for name in names:
        aws.sfn.start_execution(stateMachineArn=waiting, name=name)
    aws.sfn.start_execution(stateMachineArn=other, name="other")
    assert listed(aws, waiting) == names[::-1]
    assert listed(aws, waiting, statusFilter="RUNNING") == names[::-1]
    assert listed(aws, waiting, statusFilter="ABORTED") == []
    aws.sfn.stop_execution(executionArn=waiting.replace(":stateMachine:", ":execution:") + ":e2")
    assert listed(aws, waiting, statusFilter="RUNNING") == ["e4", "e3", "e1", "e0"]
    stopped = aws.sfn.list_executions(stateMachineArn=waiting, statusFilter="ABORTED")["executions"]
    assert [(each["name"], each["status"], each["redriveCount"]) for each in stopped] == [("e2", "ABORTED", 0)]
    assert "mapRunArn" not in stopped[0]
    for name in names:
        aws.sfn.stop_execution(executionArn=waiting.replace(":stateMachine:", ":execution:") + f":{name}")


def test_lists_of_executions_come_in_pages(aws: Aws) -> None:
    arn = machine(aws, PASS)
    names = [f"e{number:03d}" for number in range(103)]
    for name in names:
        aws.sfn.start_execution(stateMachineArn=arn, name=name)
    eventually(lambda: not listed(aws, arn, statusFilter="RUNNING"), "the ends")
    assert len(listed(aws, arn)) == 100, "the default"
    assert len(listed(aws, arn, maxResults=1000)) == 103
    assert len(listed(aws, arn, maxResults=0)) == 100
    pages = aws.sfn.get_paginator("list_executions").paginate(stateMachineArn=arn, PaginationConfig={"PageSize": 10})
    sizes, seen = [], []
    for page in pages:
        sizes.append(len(page["executions"]))
        seen += [each["name"] for each in page["executions"]]
    assert sizes == [10] * 10 + [3]
    assert sorted(seen) == names


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"stateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:none"}, "StateMachineDoesNotExist"),
        ({}, "ValidationException"),
        ({"stateMachineArn": "self", "maxResults": 1001}, "ValidationException"),
        ({"stateMachineArn": "self", "nextToken": "what"}, "InvalidToken"),
    ],
)
def test_lists_that_cannot_be(aws: Aws, parameters: dict[str, Any], code: str) -> None:
    if parameters.get("stateMachineArn") == "self":
        parameters = {**parameters, "stateMachineArn": machine(aws, PASS)}
    with pytest.raises(ClientError) as refused:
        aws.sfn.list_executions(**parameters)
    assert refused.value.response["Error"]["Code"] == code
