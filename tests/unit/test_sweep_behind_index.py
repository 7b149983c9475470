"""An index that is behind never decides: what it tells is asked of the record before anything is done for good."""

import pytest

from fargate_runs.usecases.sweep.report import SweepReport
from fargate_runs.usecases.sweep.tasks import MISSING_SWEEPS
from tests.fakes.ecs import RUN_ID, TASK_ID, task_arn
from tests.fakes.sweeping import GoOn, SweepingTasks, counts


@pytest.fixture
def world() -> SweepingTasks:
    return SweepingTasks()


def test_an_old_count_of_missing_sweeps_loses_no_task(world: SweepingTasks) -> None:
    """Nine sweeps miss it, the tenth sees it; ECS is behind once more, and so is the index of the eleventh."""
    world.miss(MISSING_SWEEPS - 1)
    behind = world.open_tasks()
    world.store.mark_missing(behind[task_arn()], 0)
    report = SweepReport()
    world.part(behind, world.open_runs(), report, GoOn())
    assert world.store.tasks[RUN_ID, TASK_ID].outcome is None
    assert counts(report) == {}
    world.miss(MISSING_SWEEPS)
    assert world.failure() == "Task.Lost"
