"""A task that ECS forgets untold: the fault `task-forgotten` (fact B12)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local import faults_client
from local.faults_client import arm
from tests.contract.conftest import Aws, state
from tests.contract.running import EXIT_0, STAY, run, steps
from tests.waiting import eventually

RUN_TASK = "arn:aws:states:::ecs:runTask"


@pytest.fixture(autouse=True)
def _no_fault_is_left(aws: Aws) -> Iterator[None]:
    """Nor a task of an earlier test, which could meet a fault that is armed for another."""
    faults_client.clear(aws.endpoint)
    aws.at_rest()
    yield
    faults_client.clear(aws.endpoint)


def described(aws: Aws, task: str) -> dict[str, Any]:
    """DescribeTasks of one task: its tasks and failures."""
    answer = aws.ecs.describe_tasks(cluster=aws.cluster, tasks=[task])
    return {"tasks": answer["tasks"], "failures": answer["failures"]}


def test_b12_a_task_is_forgotten(aws: Aws) -> None:
    """Its last event says that it runs; then it is in no list, MISSING, and cannot be stopped."""
    arm(aws.endpoint, "task-forgotten", after=0.2)
    task = run(aws, aws.task_definition({}), STAY)
    eventually(lambda: described(aws, task)["failures"] or None, "the end of the task")
    assert described(aws, task) == {"tasks": [], "failures": [{"arn": task, "reason": "MISSING"}]}
    for status in ("RUNNING", "STOPPED"):
        pages = aws.ecs.get_paginator("list_tasks").paginate(cluster=aws.cluster, desiredStatus=status)
        assert task not in [arn for page in pages for arn in page["taskArns"]]
    with pytest.raises(aws.ecs.exceptions.InvalidParameterException, match="The referenced task was not found"):
        aws.ecs.stop_task(cluster=aws.cluster, task=task)
    aws.task_events(run(aws, aws.task_definition({}), EXIT_0))
    seen = [event for event in aws.seen if event["resources"] == [task]]
    assert steps(seen) == [(1, "PROVISIONING"), (2, "PENDING"), (3, "RUNNING")]


def test_a_task_that_ended_at_once_is_forgotten_too(aws: Aws) -> None:
    arm(aws.endpoint, "task-forgotten")
    task = run(aws, aws.task_definition({}), EXIT_0)
    eventually(lambda: described(aws, task)["failures"] or None, "the end of the task")


@pytest.mark.parametrize("pattern", [".sync", ".waitForTaskToken"])
def test_who_waits_for_a_forgotten_task_waits_until_the_time_out(aws: Aws, pattern: str) -> None:
    """No end is ever told of it, and nobody answers its token."""
    arm(aws.endpoint, "task-forgotten")
    machine = state(RUN_TASK + pattern, aws.parameters(aws.task_definition({}), *STAY), TimeoutSeconds=3)
    end = aws.run(machine)
    assert (end["status"], end["error"]) == ("FAILED", "States.Timeout")
