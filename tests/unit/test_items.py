"""The stored form of records. Items of earlier versions are in tables, so what is here never changes."""

from contextlib import suppress
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any, Final

import pytest

from fargate_runs.aws.items import run_item, run_of, task_item, task_of
from fargate_runs.aws.projections import OPEN_ATTRIBUTES, TASK_ATTRIBUTES, open_item_of
from fargate_runs.ports import UnreadableRecordError
from fargate_runs.runs.record import Delivery
from tests.fakes.clock import NOON
from tests.fakes.ecs import CLUSTER_ARN, EXECUTION_ARN, MACHINES, RUN_ID, TASK_DEFINITION_ARN, TASK_ID, TOKEN, task_arn
from tests.fakes.records import ended_task, full_run, full_task, open_task, pending_run

TWELVE: Final = "2025-05-06T12:00:00.000Z"
LOG: Final = {"logGroup": "/jobs/tasks", "logStream": "runs/main/0", "logRegion": "eu-west-1"}
OUTCOME: Final = {
    "status": "FAILED",
    "error": "Task.SidecarFailed",
    "transient": True,
    "summary": "Container main exited with code 3.",
    "advice": "Your own program ended with this code: read its last log lines. The same input will most likely end the"
    " same way.",
    "container": "main",
    "culprit": "proxy",
    "exitCode": 3,
    "stopCode": "x",
    "stoppedReason": "y",
}
TASK: Final = {
    "pk": f"RUN#{RUN_ID}",
    "sk": f"TASK#{TASK_ID}",
    "runId": RUN_ID,
    "taskId": TASK_ID,
    "taskArn": task_arn(),
    "clusterArn": CLUSTER_ARN,
    "taskDefinitionArn": TASK_DEFINITION_ARN,
    "pattern": "callback",
    "executionArn": EXECUTION_ARN,
    "timeoutSeconds": 3_600,
    "attempt": 1,
    "startedBy": "somebody",
    "version": 5,
    "lastStatus": "STOPPED",
    "desiredStatus": "STOPPED",
    "stopCode": "EssentialContainerExited",
    "stoppedReason": "Essential container in task exited",
    "capacityProviderName": "FARGATE_SPOT",
    "cpu": "256",
    "memory": "512",
    "mainContainer": "main",
    **LOG,
    "culpritLog": LOG,
    "outcome": {**OUTCOME, "result": '{"rows":3,"ratio":0.1}', "resultNote": "a note"},
    "lastLogLines": ["at work", " ", "가 \t<end>"],
    "logNote": "a note",
    "delivery": "PENDING",
    "missingSweeps": 1,
    "taskToken": TOKEN,
    "taskCreatedAt": TWELVE,
    "pullStartedAt": TWELVE,
    "pullStoppedAt": TWELVE,
    "startedAt": TWELVE,
    "stoppingAt": TWELVE,
    "executionStoppedAt": TWELVE,
    "stoppedAt": TWELVE,
    "openShard": "OPEN#6",
    "openSince": TWELVE,
}
RUN: Final = {
    "pk": f"RUN#{RUN_ID}",
    "sk": "RUN",
    "runId": RUN_ID,
    "status": "FAILED",
    "listStatus": "FAILED",
    "listJob": "nightly",
    "list": "RUN",
    "error": "Task.SidecarFailed",
    "summary": "Container main exited with code 3.",
    "exitCode": 3,
    "createdAt": TWELVE,
    "pattern": "callback",
    "executionArn": EXECUTION_ARN,
    "stateMachineArn": MACHINES.callback,
    "followsExecution": True,
    "input": {"commands": ["job"], "environmentNames": ["A"], "retries": 2, "retryOnExitCodes": [75]},
    "givenUp": "Task.Lost",
    "billed": {TASK_ID: {"seconds": 60, "cpu": 256, "memory": 512, "spot": True}},
    "attemptCount": 1,
    "stopRequest": {"at": TWELVE, "by": "arn:aws:iam::123456789012:user/jane", "reason": "wrong input"},
    "rerunOf": "another-run",
    "deadline": "2025-05-06T15:00:00.000Z",
    "job": "nightly",
    "schedule": "weekdays",
    "scheduledTime": TWELVE,
    "takesSlot": True,
    "queuedAt": TWELVE,
    "admittedAt": TWELVE,
    "forced": True,
    "turnedAway": {"status": "SKIPPED", "reason": "a reason", "by": "a-run"},
    "revision": 2,
    "expiresAt": 1,
    "taskOrder": f"{TWELVE}#{TASK_ID}#1#0000000005",
    "outcome": OUTCOME,
    "startedAt": TWELVE,
    "stoppedAt": TWELVE,
    "executionStatus": "FAILED",
    "executionError": "States.TaskFailed",
    "executionCause": "a cause",
    "executionStartedAt": TWELVE,
    "executionStoppedAt": "2025-05-06T12:03:00.000Z",
    "redriveCount": 1,
}
PARTS: Final = {
    "task": full_task(),
    "state": full_task().task,
    "timeline": full_task().task.timeline,
    "outcome": full_task().outcome,
    "result": full_task().result,
    "log": full_task().log,
    "run": full_run(),
    "billed": full_run().attempts[TASK_ID],
    "stop request": full_run().stop_request,
    "turned away": full_run().turned_away,
    "view": full_run().task,
    "execution": full_run().execution,
}


@pytest.mark.parametrize("part", PARTS)
def test_a_full_record_leaves_no_field_out(part: str) -> None:
    record: Any = PARTS[part]
    assert not [each.name for each in fields(record) if not getattr(record, each.name)]


def test_a_task() -> None:
    assert task_item(full_task(), now=NOON, expires_at=1) == TASK
    assert task_of(_as_it_comes(TASK)) == full_task()


def test_a_run() -> None:
    assert run_item(full_run(), now=NOON, expires_at=1) == RUN
    assert run_of(_as_it_comes(RUN)) == full_run()
    assert run_of(_as_it_comes(RUN)).revision == RUN["revision"]


def test_what_is_not_there_is_not_stored() -> None:
    absent = {"missingSweeps", "lastLogLines", "logNote", "outcome", "logRegion", "culpritLog", "expiresAt", "attempt"}
    item = task_item(open_task(), now=NOON, expires_at=1)
    assert (absent & item.keys(), item["liveExecutionArn"]) == (set(), EXECUTION_ARN)
    run = run_item(pending_run(created_at=None), now=NOON, expires_at=1)
    assert not {"outcome", "taskOrder", "executionStatus", "error", "expiresAt", "givenUp"} & run.keys()
    assert (run["createdAt"], run["openSince"]) == (TWELVE, TWELVE)


def test_a_success_is_stored_without_an_error_and_what_is_done_in_no_index() -> None:
    item: Any = task_item(ended_task().delivered(Delivery.DELIVERED), now=NOON, expires_at=1)
    assert (item["outcome"]["transient"], item["outcome"].get("error"), item["expiresAt"]) == (False, None, 1)
    assert not {"openShard", "openSince", "liveExecutionArn", "taskToken"} & item.keys()
    assert task_of(item) == ended_task().delivered(Delivery.DELIVERED)


def test_a_task_that_ecs_does_not_date_is_open_since_it_was_written() -> None:
    assert task_item(open_task(createdAt=None), now=NOON, expires_at=1)["openSince"] == TWELVE


NEEDED: Final = {
    task_of: ("runId", "taskArn", "clusterArn", "version", "lastStatus", "delivery"),
    run_of: ("runId", "followsExecution", "revision", "redriveCount", "executionArn"),
}


@pytest.mark.parametrize(("read", "name"), [(read, name) for read, of_it in NEEDED.items() for name in of_it])
def test_a_record_without_what_every_one_has_says_what_it_lacks(read: Any, name: str) -> None:
    item = TASK if read is task_of else RUN
    with pytest.raises(UnreadableRecordError, match=f"it has no '{name}'"):
        read({key: value for key, value in item.items() if key != name})


@pytest.mark.parametrize("name", ["status", "transient", "summary", "advice"])
@pytest.mark.parametrize(("read", "item"), [(task_of, TASK), (run_of, RUN)], ids=["task", "run"])
def test_nor_can_an_outcome_be_read_without_it(read: Any, item: Any, name: str) -> None:
    outcome = {key: value for key, value in OUTCOME.items() if key != name}
    with pytest.raises(UnreadableRecordError, match=f"it has no '{name}'"):
        read({**item, "outcome": outcome})


@pytest.mark.parametrize("outcome", ["FAILED", {}, [OUTCOME]])
def test_an_outcome_that_is_none_is_not_taken_for_an_open_task(outcome: object) -> None:
    with pytest.raises(UnreadableRecordError, match="it has no 'status'"):
        task_of({**TASK, "outcome": outcome})


@pytest.mark.parametrize(
    ("attribute", "value"), [("startedBy", Decimal(7)), ("lastLogLines", "a line"), ("culpritLog", "a log")]
)
def test_what_is_of_another_kind_counts_as_absent(attribute: str, value: object) -> None:
    without = {key: each for key, each in TASK.items() if key != attribute}
    assert task_of({**TASK, attribute: value}) == task_of(without) != full_task()


@pytest.mark.parametrize("read", [task_of, run_of, open_item_of])
@pytest.mark.parametrize("odd", ["", "x", Decimal(7), Decimal("1.5"), True, None, [], [Decimal(1)], {}, {"a": ["b"]}])
def test_whatever_an_attribute_holds_the_others_are_read_or_the_record_is_named(read: Any, odd: object) -> None:
    full = [TASK, RUN] if read is open_item_of else [TASK if read is task_of else RUN]
    for item in full:
        for name in item.keys() - {"pk", "sk"}:
            with suppress(UnreadableRecordError):
                read({**item, name: odd})


@pytest.mark.parametrize("given", ["x", Decimal(7), ["a"]])
def test_an_input_that_is_none_is_empty(given: object) -> None:
    assert run_of({**RUN, "input": given}).input == {}


def test_what_is_read_of_a_task_that_is_only_looked_after() -> None:
    """All but what its container printed, what it can be made of, and what serves an index."""
    left_out = {"taskId", "lastLogLines", "logNote", "openShard", "openSince"}
    outcome = {f"outcome.{name}" for name in OUTCOME}
    assert set(TASK_ATTRIBUTES) == (TASK.keys() - left_out - {"outcome"}) | outcome
    assert len(set(TASK_ATTRIBUTES)) == len(TASK_ATTRIBUTES)


def test_what_a_sweep_reads_of_an_open_item() -> None:
    both = ("pk", "sk", "runId", "executionArn")
    of_tasks = ("taskId", "taskArn", "outcome", "pattern", "missingSweeps", "taskCreatedAt", "timeoutSeconds")
    of_runs = ("createdAt", "followsExecution", "executionStatus", "taskOrder", "stopRequest", "job", "takesSlot")
    assert sorted(OPEN_ATTRIBUTES) == sorted((*both, *of_tasks, *of_runs))


def test_a_write_is_one_revision_further() -> None:
    assert run_item(replace(full_run(), revision=6), now=NOON, expires_at=1)["revision"] == 7


def _as_it_comes(value: Any) -> Any:
    """As DynamoDB gives it: numbers are Decimal."""
    if isinstance(value, dict):
        return {name: _as_it_comes(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_as_it_comes(each) for each in value]
    return Decimal(value) if type(value) is int else value
