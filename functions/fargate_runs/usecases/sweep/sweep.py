"""One sweep: take the turn, read all open items, compare them with ECS and Step Functions, return a report.

A sweep does not depend on an earlier one. Two may run at once, and a sweep may die anywhere. It leaves the work that it
has no time for to the next one.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from fargate_runs.ports import Clock, OpenRun, OpenTask, RunStore
from fargate_runs.usecases.sweep.executions import SweepExecutions
from fargate_runs.usecases.sweep.report import SweepReport
from fargate_runs.usecases.sweep.tasks import SweepTasks
from fargate_runs.usecases.sweep.turn import Go, OutOfTurnError, Turn, take_turn

if TYPE_CHECKING:
    from fargate_runs.usecases.sweep.late_jobs import SweepLateJobs
    from fargate_runs.usecases.sweep.slots import SweepSlots

ASKED_EVERY: Final = 500  # open items: about a page
EXECUTIONS: Final = "executions"
MARK: Final = "the sweep's mark"  # its name among the unreadable records


@dataclass(slots=True)
class Found:
    """The open items: tasks by their ARN, and runs."""

    tasks: dict[str, OpenTask] = field(default_factory=dict)
    runs: list[OpenRun] = field(default_factory=list)


Part = Callable[[Found, SweepReport, Go], None]


class Sweep:
    """The use case."""

    def __init__(
        self,
        store: RunStore,
        tasks: SweepTasks,
        executions: SweepExecutions,
        clock: Clock,
        slots: "SweepSlots | None" = None,
        late_jobs: "SweepLateJobs | None" = None,
    ) -> None:
        self._store = store
        self._tasks = tasks
        self._executions = executions
        self._clock = clock
        self._slots = slots
        self._late_jobs = late_jobs

    def __call__(self, owner: str, seconds: float) -> SweepReport:
        """Sweep for at most `seconds`.

        Raises StoreUnavailableError at the beginning, before any work. Raises an unexpected error at the end, after all
        other work.
        """
        turn = take_turn(self._store, self._clock, owner, seconds)
        if turn is None:
            return SweepReport(is_skipped=True)
        report = SweepReport(seen_until=turn.seen_until, places=turn.places)
        if turn.began_without_mark:
            report.unreadable_record(MARK, None)
        with suppress(OutOfTurnError):
            report.attempt(self._sweep, turn, report)
        report.attempt(turn.end, report.seen_until)
        if report.unforeseen:
            raise report.unforeseen
        return report

    def _sweep(self, turn: Turn, report: SweepReport) -> None:
        found = self._read(turn, report)
        report.open_tasks, report.open_runs = len(found.tasks), len(found.runs)
        for name, share, work in self._parts():
            if name == EXECUTIONS and (report.recovered or report.delivered):
                found = self._read_again(found, turn, report)
            report.do_part(name, work, found, report, turn.share(share))
        report.is_complete = not report.cut_short

    def _parts(self) -> tuple[tuple[str, float, Part], ...]:
        """Return each part with its share of the time that is left when it begins.

        If ECS's lists fail, or tokens accept no answers, the other parts continue.
        """
        slots, late_jobs = self._slots, self._late_jobs
        return (
            ("answers", 1 / 4, lambda found, *more: self._tasks.carry_on(found.tasks, found.runs, *more)),
            ("tasks", 1 / 2, lambda found, *more: self._tasks.compare(found.tasks, *more)),
            ("attempts", 1 / 4, lambda found, *more: self._tasks.look_after(found.tasks, found.runs, *more)),
            (EXECUTIONS, 2 / 3, lambda found, *more: self._executions.ours(found.tasks.values(), found.runs, *more)),
            *((("slots", 1 / 2, lambda found, *more: slots(found.runs, *more)),) if slots else ()),
            *((("late jobs", 1 / 2, lambda _found, *more: late_jobs(*more)),) if late_jobs else ()),
            ("executions of others", 1.0, lambda found, *more: self._executions.others(found.tasks.values(), *more)),
        )

    def _read(self, turn: Turn, report: SweepReport) -> Found:
        found = Found()
        for number, item in enumerate(self._store.open_items(), 1):
            if number % ASKED_EVERY == 0:
                turn.go_on()
            if isinstance(item, OpenTask):
                found.tasks[item.task_arn] = item
            elif isinstance(item, OpenRun):
                found.runs.append(item)
            else:
                report.unreadable_record(item.run_id, item.task_id)
        return found

    def _read_again(self, found: Found, turn: Turn, report: SweepReport) -> Found:
        """Read the open items again: tasks were settled, so their machines have continued and runs have ended."""
        again = [found]
        report.attempt(lambda: again.append(self._read(turn, report)))
        return again[-1]
