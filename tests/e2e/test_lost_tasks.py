"""A task that ends untold and that ECS forgets: its token is answered all the same, and its run has an end."""

from __future__ import annotations

from typing import cast

from local import faults_client
from tests.e2e.conftest import Json, Stack
from tests.waiting import eventually

STAY = ("python", "-c", "import time; time.sleep(600)")


def is_missing(stack: Stack, task: str) -> bool:
    """Whether ECS has forgotten a task."""
    answer = stack.ecs.describe_tasks(cluster=stack.status.outputs["ClusterArn"], tasks=[task])
    return [each.get("reason") for each in answer["failures"]] == ["MISSING"]


def forgotten(stack: Stack, pattern: str) -> tuple[str, str]:
    """The id of a run whose task ECS has forgotten, and the task's ARN as an event told it."""
    faults_client.arm(stack.status.endpoint, "task-forgotten")
    run_id = stack.start(pattern, *STAY)
    (attempt,) = eventually(lambda: attempts(stack, run_id) or None, "the first event of the task")
    task = str(attempt["taskArn"])
    eventually(lambda: is_missing(stack, task), "the task forgotten")
    return run_id, task


def attempts(stack: Stack, run_id: str) -> list[Json]:
    """As the API shows them."""
    return cast("list[Json]", stack.api.get_run(run_id)["attempts"])


def swept(stack: Stack, run_id: str) -> Json:
    """The run once sweeps have ended it: ten of them find its task missing."""

    def probe() -> Json | None:
        stack.sweep()
        run = dict(stack.api.get_run(run_id))
        return None if run["status"] in {"PENDING", "RUNNING"} else run

    return eventually(probe, "the end of the run by the sweep", limit_seconds=240)


def test_its_token_is_answered_by_the_sweep(stack: Stack) -> None:
    run_id, task = forgotten(stack, "callback")
    run = swept(stack, run_id)
    assert (run["status"], run["error"]) == ("FAILED", "Task.Lost")
    stack.await_delivery(run_id, "DELIVERED")
    execution = stack.ended_execution(str(run["executionArn"]))
    assert (execution["status"], execution["error"]) == ("FAILED", "Task.Lost")
    assert task in str(execution["cause"])
    again = stack.sweep()
    assert (again["missing"], again["lost"]) == (0, 0)


def test_a_request_response_run_has_an_end_too(stack: Stack) -> None:
    run_id, _ = forgotten(stack, "request-response")
    run = swept(stack, run_id)
    assert (run["status"], run["error"]) == ("FAILED", "Task.Lost")
