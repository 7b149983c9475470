"""A task that ends untold and that ECS forgets: its token is answered all the same, and its run has an end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest

from local import faults_client
from tests.e2e.conftest import Json, Stack
from tests.waiting import eventually

STAY = ("python", "-c", "import time; time.sleep(600)")
#: Sweeps that find a task missing before it is given up (docs/outcomes.md).
SWEEPS = 10


@pytest.fixture(autouse=True)
def _no_fault_is_left(stack: Stack) -> Iterator[None]:
    faults_client.clear(stack.status.endpoint)
    yield
    faults_client.clear(stack.status.endpoint)


def is_missing(stack: Stack, task: str) -> bool:
    """Whether ECS has forgotten a task."""
    answer = stack.ecs.describe_tasks(cluster=stack.status.outputs["ClusterArn"], tasks=[task])
    return [each.get("reason") for each in answer["failures"]] == ["MISSING"]


def forgotten(stack: Stack, pattern: str) -> tuple[str, str]:
    """The id of a run, seen RUNNING, whose task ECS has forgotten, and the task's ARN."""
    faults_client.arm(stack.status.endpoint, "task-forgotten", after=3)
    run_id = stack.start(pattern, *STAY)
    task = stack.task_of(run_id)
    eventually(lambda: stack.api.get_run(run_id)["attempts"], "the first event of the task")
    eventually(lambda: is_missing(stack, task) or None, "the task forgotten")
    return run_id, task


def test_its_token_is_answered_after_ten_sweeps(stack: Stack) -> None:
    run_id, task = forgotten(stack, "callback")
    reports = []

    def probe() -> Json | None:
        reports.append(stack.sweep())
        run = dict(stack.api.get_run(run_id))
        return None if run["status"] in {"PENDING", "RUNNING"} else run

    run = eventually(probe, "the end of the run by the sweep")
    assert (run["status"], run["error"]) == ("FAILED", "Task.Lost")
    (attempt,) = cast("list[Json]", run["attempts"])
    assert (attempt["taskArn"], attempt["delivery"]) == (task, "DELIVERED")
    execution = stack.ended_execution(str(run["executionArn"]))
    assert (execution["status"], execution["error"]) == ("FAILED", "Task.Lost")
    assert task in str(execution["cause"])
    # The schedule sweeps too, so that not each of the ten need be one of these.
    assert sum(cast("int", each["missing"]) for each in reports) < SWEEPS
    again = stack.sweep()
    assert (again["missing"], again["lost"]) == (0, 0)


def test_a_request_response_run_has_an_end_too(stack: Stack) -> None:
    run_id, _ = forgotten(stack, "request-response")

    def probe() -> Json | None:
        stack.sweep()
        run = dict(stack.api.get_run(run_id))
        return None if run["status"] in {"PENDING", "RUNNING"} else run

    run = eventually(probe, "the end of the run by the sweep")
    assert (run["status"], run["error"]) == ("FAILED", "Task.Lost")
