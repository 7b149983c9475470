"""Attempts of one run, two with tokens of their own, and the stops of a cluster."""

from collections.abc import Sequence

from fargate_runs.runs.record import TaskRecord
from tests.fakes.ecs import RUN_ID, TASK_ID, TOKEN, Detail, life, overrides, task_arn
from tests.fakes.settling import World

SECOND_ID = "f" * 32


def running(task_id: str = TASK_ID, *, token: str | None = TOKEN, **changes: object) -> Detail:
    """A task of our run that runs."""
    return {**life()[2], "taskArn": task_arn(task_id), "overrides": overrides(token=token), **changes}


def second(**changes: object) -> Detail:
    """The attempt after it."""
    return running(SECOND_ID, **{"token": "second-token", "createdAt": "2025-05-06T11:05:00Z", **changes})  # type: ignore[arg-type]


def stops(world: World) -> list[str]:
    return [arn.rpartition("/")[2] for arn, _ in world.cluster.stops]


def attempts(world: World, *details: Detail) -> Sequence[TaskRecord]:
    """Records of these, without anything being stopped."""
    for each in details:
        world.settle(each)
    world.cluster.stops.clear()
    world.callbacks.calls = 0
    return world.store.load_run(RUN_ID).tasks
