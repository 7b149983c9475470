"""What is remembered of an attempt is what it was compared with, and not what an index said of its run before."""

import pytest

from fargate_runs.ports import StoreUnavailableError
from tests.fakes.attempts import SECOND, SECOND_ID, SECOND_TOKEN, running
from tests.fakes.ecs import TOKEN, overrides, task_arn
from tests.fakes.sweeping import SweepingTasks

LATER = {
    "taskArn": task_arn("a" * 32),
    "createdAt": "2025-05-06T11:09:00Z",
    "overrides": overrides(token="third-token"),
}


@pytest.fixture
def world() -> SweepingTasks:
    return SweepingTasks()


def test_an_attempt_that_was_the_newest_is_asked_for_when_a_newer_one_is_first_read(
    world: SweepingTasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweep that took the third attempt in could not read the run after it; the next one does both."""
    world.callbacks.close(TOKEN)
    world.callbacks.open.add(SECOND_TOKEN)
    for each in (running(), running(**SECOND)):
        world.record(each)
        world.cluster.show(each)
    world.sweep_tasks()
    assert task_arn() in world.stopped()
    world.sweep_tasks()
    world.cluster.stops.clear()
    world.callbacks.close(SECOND_TOKEN)
    world.callbacks.open.add("third-token")
    world.cluster.show(running(**LATER))
    with monkeypatch.context() as patched:
        patched.setattr(world.store, "load_run", fails)
        assert world.sweep_tasks().failures == 1
    assert world.stopped() == []
    world.sweep_tasks()
    assert task_arn(SECOND_ID) in world.stopped()


def fails(_run_id: str) -> None:
    raise StoreUnavailableError("throttled")
