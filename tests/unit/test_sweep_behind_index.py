"""An index that is behind never decides: what it tells is asked of the record before anything is done for good."""

from collections.abc import Callable

import pytest

from fargate_runs.reading.execution import ExecutionStatus
from fargate_runs.runs.abandoned import reason_of_end
from fargate_runs.runs.record import TaskRecord
from fargate_runs.usecases.sweep.report import SweepReport
from fargate_runs.usecases.sweep.tasks import MISSING_SWEEPS
from tests.fakes.ecs import EXECUTION_ARN, RUN_ID, TASK_ID, detail, task_arn
from tests.fakes.sweeping import OTHERS_ARN, GoOn, SweepingExecutions, SweepingTasks, counts, of_execution


def shows(*tasks: TaskRecord) -> Callable[..., tuple[TaskRecord, ...]]:
    """In place of an index: it shows these, whatever it is asked for."""
    return lambda *_args: tasks


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


@pytest.mark.parametrize("arn", [EXECUTION_ARN, OTHERS_ARN])
@pytest.mark.parametrize("shown_besides", [(), ("a" * 32,)], ids=["shows none", "shows another"])
def test_what_one_index_shows_open_is_stopped_although_the_other_is_behind(
    arn: str, shown_besides: tuple[str, ...]
) -> None:
    world = SweepingExecutions()
    for each in (TASK_ID, *shown_besides):
        world.settle(of_execution(arn, each))
    ended = world.close(ExecutionStatus.FAILED, arn)
    world.store.live_tasks = shows(*(world.store.tasks[RUN_ID, each] for each in shown_besides))  # type: ignore[method-assign]
    report = world.sweep_executions()
    assert sorted(world.cluster.stops) == sorted(
        (task_arn(each), reason_of_end(ended)) for each in (TASK_ID, *shown_besides)
    )
    assert report.stopped == len(world.cluster.stops)


def test_what_an_index_shows_open_and_has_ended_since_is_not_stopped() -> None:
    world = SweepingExecutions()
    world.settle(of_execution(OTHERS_ARN))
    behind = world.open_tasks()
    world.settle(of_execution(OTHERS_ARN, lastStatus="STOPPED", version=6, containers=detail()["containers"]))
    world.close(ExecutionStatus.FAILED, OTHERS_ARN)
    world.part(behind.values(), world.open_runs(), SweepReport(), GoOn())
    assert world.cluster.stops == []


def test_what_an_index_shows_open_and_is_gone_keeps_nobody() -> None:
    world = SweepingExecutions()
    world.settle(of_execution(OTHERS_ARN))
    behind = world.open_tasks()
    world.store.tasks.clear()
    world.close(ExecutionStatus.FAILED, OTHERS_ARN)
    report = SweepReport()
    world.part(behind.values(), world.open_runs(), report, GoOn())
    assert counts(report) == {"noted": 1}
