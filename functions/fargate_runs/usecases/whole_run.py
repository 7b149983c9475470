"""A run and its attempts, as they are shown."""

from typing import NamedTuple

from fargate_runs.errors import RunNotFoundError
from fargate_runs.ports import LoadedRun, RunStore, Unreadable, UnreadableRecordError
from fargate_runs.reading.patterns import StateMachines
from fargate_runs.runs.record import TaskRecord
from fargate_runs.runs.run_folding import is_attempt, order_of, with_tasks
from fargate_runs.runs.run_state import RunRecord


class WholeRun(NamedTuple):
    """A run with its attempts, oldest first, and what cannot be read of it."""

    run: RunRecord
    attempts: tuple[TaskRecord, ...]
    unreadable: tuple[Unreadable, ...]


def whole_run(store: RunStore, run_id: str, machines: StateMachines) -> WholeRun:
    """Load a run. Raises RunNotFoundError, UnreadableRecordError or StoreUnavailableError."""
    loaded = store.load_run(run_id)
    _refuse_unreadable(loaded)
    run = loaded.run
    attempts = sorted(loaded.tasks, key=order_of)
    if attempts:
        # A task may be written, and its run not yet: both are shown in the same state.
        run = with_tasks(run, machines, *attempts)
        attempts = [each for each in attempts if is_attempt(run, each)]
    if run is None:
        raise RunNotFoundError(run_id)
    return WholeRun(run, tuple(attempts), loaded.unreadable)


def _refuse_unreadable(loaded: LoadedRun) -> None:
    """Raise UnreadableRecordError if the run's record is unreadable, or if it is missing and a task's is unreadable."""
    for each in loaded.unreadable:
        if each.task_id is None or loaded.run is None:
            raise UnreadableRecordError(each.run_id, each.task_id, each.problem)
