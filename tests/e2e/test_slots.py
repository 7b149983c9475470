"""The slots of a job, through the real local runtime: whatever the door and the machine, never more than the limit."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any, cast

import boto3
import pytest

from fargate_runs.aws.attributes import serialized
from fargate_runs.aws.job_items import job_item
from fargate_runs.jobs.job import Concurrency, Job, Policy, StoredJob
from fargate_runs.reading import lenient
from tests.e2e.conftest import Stack
from tests.fakes.clock import NOON
from tests.programs import once
from tests.runtimes import client_settings
from tests.waiting import eventually


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    return tmp_path / "goes-on"


def apply(stack: Stack, policy: Policy, command: list[str]) -> str:
    """A job with one slot, as it stands in the table; gives its name."""
    name = f"slots-{uuid.uuid4().hex[:6]}"
    job = Job(name, "tests", command=tuple(command), concurrency=Concurrency(1, policy))
    item = serialized(job_item(StoredJob(job, NOON, NOON), expires_at=1))
    table = boto3.client("dynamodb", **client_settings(stack.status.endpoint))
    table.put_item(TableName=stack.status.outputs["JobsTableName"], Item=item)
    return name


def start(stack: Stack, job: str, pattern: str = "callback") -> str:
    """By StartExecution; gives the run's id."""
    machines = {"callback": "RunTaskCallbackStateMachineArn", "sync": "RunTaskSyncStateMachineArn"}
    started = stack.sfn.start_execution(
        stateMachineArn=stack.status.outputs[machines[pattern]], input=f'{{"job": "{job}"}}'
    )
    return started["executionArn"].rpartition(":")[2]


def until(stack: Stack, run_id: str, *statuses: str) -> dict[str, Any]:
    """GET /runs/{id}, once it has one of these statuses."""

    def probe() -> dict[str, Any] | None:
        try:
            found = dict(stack.api.get_run(run_id))
        except Exception:  # noqa: BLE001 - not recorded yet
            return None
        return found if found["status"] in statuses else None

    return eventually(probe, f"{statuses} of {run_id}")


def test_runs_of_two_machines_wait_for_one_slot_in_their_order(stack: Stack, mark: Path) -> None:
    job = apply(stack, Policy.QUEUE, once(mark, "print('done')"))
    first = start(stack, job)
    until(stack, first, "RUNNING")
    second = start(stack, job, "sync")
    assert until(stack, second, "QUEUED")["queue"]["place"] == 1
    third = start(stack, job)
    assert until(stack, third, "QUEUED")["queue"]["place"] == 2
    mark.touch()
    ended = [stack.ended_run(each) for each in (first, second, third)]
    assert [each["status"] for each in ended] == ["SUCCEEDED"] * 3
    times = [
        lenient.time(cast("dict[str, Any]", attempt["timeline"])[name])
        for each in ended
        for attempt in cast("list[dict[str, Any]]", each["attempts"])
        for name in ("createdAt", "stoppedAt")
    ]
    assert times == sorted(time for time in times if time)


def test_an_abort_of_the_run_that_holds_the_slot_and_of_one_that_waits(stack: Stack, mark: Path) -> None:
    job = apply(stack, Policy.QUEUE, once(mark, "print('done')"))
    first = start(stack, job)
    until(stack, first, "RUNNING")
    second = start(stack, job)
    until(stack, second, "QUEUED")
    third = start(stack, job)
    until(stack, third, "QUEUED")
    stack.api.stop_run(second, "not needed")
    assert until(stack, second, "STOPPED")["error"] == "Run.Stopped"
    stack.api.stop_run(first, "not needed")
    until(stack, third, "RUNNING")
    mark.touch()
    assert stack.ended_run(third)["status"] == "SUCCEEDED"


def test_a_run_that_finds_no_slot_is_skipped(stack: Stack, mark: Path) -> None:
    job = apply(stack, Policy.SKIP, once(mark, "print('done')"))
    first = start(stack, job)
    until(stack, first, "RUNNING")
    second = start(stack, job)
    skipped = until(stack, second, "SKIPPED")
    assert skipped["blockedBy"] == first
    assert stack.ended_execution(str(skipped["executionArn"]))["status"] == "SUCCEEDED"
    mark.touch()
    assert stack.ended_run(first)["status"] == "SUCCEEDED"


def test_a_run_replaces_the_one_before(stack: Stack, mark: Path) -> None:
    job = apply(stack, Policy.REPLACE, once(mark, "print('done')"))
    first = start(stack, job)
    until(stack, first, "RUNNING")
    second = start(stack, job)
    stopped = stack.ended_run(first)
    assert (stopped["status"], cast("dict[str, Any]", stopped["stopRequest"])["reason"]) == (
        "STOPPED",
        f"replaced by run {second}",
    )
    until(stack, second, "RUNNING")
    mark.touch()
    assert stack.ended_run(second)["status"] == "SUCCEEDED"
