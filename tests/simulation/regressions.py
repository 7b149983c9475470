"""Worlds that found something, what it was, and the protocol with which it is found again.

A seed tells another story whenever the draw of worlds changes, or what the functions call. So each has the fault that
it found, to be put back in: `python -m tests.simulation.regressions` (with PYTHONPATH=functions) looks for the first
seeds whose worlds do not hold with it, thousands of them for the rare ones. Theirs is the story then, and as the
functions are they must hold.

What two more worlds found is held by unit tests alone, because no seed of the first thousands tells it any more: a
redrive whose events were lost (test_sweep_executions.py), and a run that was accepted by a clock a day ahead
(test_sweep_runs_given_up.py).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Final
from unittest.mock import patch

from fargate_runs.ports import OpenRun, OpenTask
from fargate_runs.runs.record import TaskRecord
from fargate_runs.usecases.record_task_state import RecordTaskState
from fargate_runs.usecases.stop_abandoned import StopAbandoned
from fargate_runs.usecases.sweep.attempts import SweepAttempts, Visit
from fargate_runs.usecases.sweep.executions import SweepExecutions
from fargate_runs.usecases.sweep.report import SweepReport
from fargate_runs.usecases.sweep.turn import Go
from tests.simulation.broken import compare
from tests.simulation.story import tell

_MOST_SEEDS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Found:
    """A seed, what was found, and the fault that it was."""

    seed: int
    story: str
    fault: Callable[[], AbstractContextManager[object]]


@contextmanager
def _show_nothing_again() -> Iterator[None]:
    """Nor the three parts of a sweep that do today: for runs, for executions, and for tasks that ECS lists."""
    with (
        patch.object(RecordTaskState, "show", _load),
        patch.object(SweepExecutions, "_show_tasks", _nothing),
        patch.object(RecordTaskState, "has_nothing_left", lambda _self, record, _run: not record.is_open),
    ):
        yield


def _load(self: RecordTaskState, run_id: str) -> Sequence[TaskRecord]:
    return self._store.load_run(run_id).tasks


def _nothing(_self: SweepExecutions, _run: OpenRun, _report: SweepReport, _go_on: Go) -> None:
    """Events show tasks, and nobody else."""


def _compare_with_what_the_index_shows(
    self: SweepAttempts,
    visit: Visit,
    tasks: Sequence[OpenTask],
    run: OpenRun | None,
    report: SweepReport,
    _go_on: Go,
) -> None:
    shows = run or self._store.find_run(visit.run_id)
    compare(self, visit, tasks, shows.newest_task_id if shows else None, report)


def _believe_one_index(_self: StopAbandoned, _seen_open: object, _live: object, _go_on: object) -> Iterator[TaskRecord]:
    return iter(())


FOUND: Final = (
    Found(
        2850,
        "an execution had failed, its task was open by one index and not by the other: the sweep took the other's word",
        lambda: patch.object(StopAbandoned, "_read", _believe_one_index),
    ),
    Found(
        11,
        "a task was recorded and its run was not: the table was throttled between the two, at all three tries",
        _show_nothing_again,
    ),
    Found(
        1,
        "two attempts were recorded and no more: the sweep read both, and compared the one before with none of them, "
        "because the index showed that one as the newest, and beside itself it had been looked at",
        lambda: patch.object(SweepAttempts, "_look_at", _compare_with_what_the_index_shows),
    ),
)


def first_seed(found: Found, most: int = _MOST_SEEDS) -> int | None:
    """The first seed that does not hold with the fault in, and holds without it."""
    for seed in range(most):
        with found.fault():
            is_found = not tell(seed).is_clean
        if is_found and tell(seed).is_clean:
            return seed
    return None


if __name__ == "__main__":
    for each in FOUND:
        print(each.seed, "->", first_seed(each), each.story, flush=True)  # noqa: T201
