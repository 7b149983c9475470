"""Runs that show a task as running whose end is recorded: the handler died between its two writes, at every try."""

import pytest

from fargate_runs.ports import StoreUnavailableError
from fargate_runs.runs.record import TaskRecord
from fargate_runs.runs.run_status import RunStatus
from tests.fakes.ecs import RUN_ID, Detail, life, task
from tests.fakes.sweeping import SweepingTasks

NO_RUN_ID: Detail = {"overrides": {"containerOverrides": [{"name": "main"}]}}
NO_EXECUTION: Detail = {
    "overrides": {"containerOverrides": [{"name": "main", "environment": [{"name": "RUN_ID", "value": RUN_ID}]}]}
}


def died_before_it_was_shown(world: SweepingTasks, more: Detail) -> str:
    """The run's id: its task's end is recorded, and the run shows the task as it was before."""
    world.settle({**life()[2], **more})
    run_id = task(**{**life()[4], **more}).run_id
    before = world.store.find_run(run_id)
    world.settle({**life()[4], **more})
    assert before is not None
    world.store.runs[run_id] = before
    return run_id


@pytest.mark.parametrize("more", [NO_RUN_ID, NO_EXECUTION], ids=["no run id", "no execution"])
def test_an_end_that_its_run_never_showed_is_shown_after_ecs_has_forgotten_the_task(more: Detail) -> None:
    world = SweepingTasks()
    run_id = died_before_it_was_shown(world, more)
    report = world.sweep_tasks()
    run = world.store.find_run(run_id)
    assert run is not None
    assert (run.status, run.has_ended) == (RunStatus.SUCCEEDED, True)
    assert (report.recovered, report.failures) == (0, 0)


def test_a_run_whose_task_is_open_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    world = SweepingTasks()
    world.settle({**life()[2], **NO_EXECUTION})
    world.cluster.show({**life()[2], **NO_EXECUTION})
    reads: list[str] = []
    monkeypatch.setattr(world.store, "tasks_of", reads.append)
    assert world.sweep_tasks().failures == 0
    assert reads == []


def test_one_that_cannot_be_read_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    world = SweepingTasks()
    run_ids = [died_before_it_was_shown(world, more) for more in (NO_RUN_ID, NO_EXECUTION)]
    tasks_of, fails = world.store.tasks_of, iter([True])

    def fails_once(run_id: str) -> tuple[TaskRecord, ...]:
        if next(fails, False):
            raise StoreUnavailableError("throttled")
        return tasks_of(run_id)

    monkeypatch.setattr(world.store, "tasks_of", fails_once)
    assert world.sweep_tasks().failures == 1
    assert [run.has_ended for run in map(world.store.find_run, run_ids) if run] in ([False, True], [True, False])
    assert world.sweep_tasks().failures == 0
    assert [run.has_ended for run in map(world.store.find_run, run_ids) if run] == [True, True]
