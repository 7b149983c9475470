"""Attempts that a retry gave up on, and tasks that their runs do not show: of one run there may be thousands."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from fargate_runs.ports import OpenRun, OpenTask, RunStore, UnreadableRecordError
from fargate_runs.runs.record import TaskRecord
from fargate_runs.usecases.record_task_state import Beside, RecordTaskState
from fargate_runs.usecases.stop_abandoned import Asking
from fargate_runs.usecases.sweep.memory import Memory
from fargate_runs.usecases.sweep.places import Places
from fargate_runs.usecases.sweep.report import SweepReport
from fargate_runs.usecases.sweep.turn import Go

RUNS: Final = "attempts"
WITHIN: Final = "attempt"  # the task of that run

Compared = tuple[str, str | None]  # a task and the newest one of its run, by their ids
Asked = tuple[str, Beside]


@dataclass(frozen=True, slots=True)
class Visit:
    """A run whose tasks are looked at: those whose ids come after one, or all of them after ""."""

    run_id: str
    after: str = ""


class SweepAttempts:
    """One part of the sweep. It may be made for one process: it remembers what it has compared with what."""

    def __init__(self, store: RunStore, settle: RecordTaskState) -> None:
        self._store = store
        self._settle = settle
        self._compared: Memory[Compared] = Memory()
        self._asked: Memory[Asked] = Memory()

    def __call__(
        self, open_tasks: Collection[OpenTask], open_runs: Iterable[OpenRun], report: SweepReport, go_on: Go
    ) -> None:
        """Look after the runs of these tasks and those that the report has as news. Raises what `go_on` raises."""
        open_ids = {each.task_id for each in open_tasks}
        self._compared.keep(lambda compared: compared[0] in open_ids)
        self._asked.keep(lambda asked: asked[0] in open_ids)
        runs = {each.run_id: each for each in open_runs}
        tasks: dict[str, list[OpenTask]] = {each: [] for each in report.news}
        for each in open_tasks:
            tasks.setdefault(each.run_id, []).append(each)
        for visit in visits(report.places, tasks):
            go_on()
            _come_to(visit, report.places)
            run = runs.get(visit.run_id)
            report.attempt(lambda visit=visit, run=run: self._look_at(visit, tasks[visit.run_id], run, report, go_on))  # type: ignore[misc]
        report.places.leave(RUNS)
        report.places.leave(WITHIN)

    def _look_at(
        self, visit: Visit, tasks: Sequence[OpenTask], run: OpenRun | None, report: SweepReport, go_on: Go
    ) -> None:
        """A task that its run does not show: it was not shown yet, or there is a newer one and this one was given up.

        Each once beside the same tasks: whether the token is closed is asked by a heartbeat, and that has an effect.
        What an index or a run's item says of the newest task is only where to look: it may be behind, and what is
        remembered is what was compared. A run that is not in the open index has ended or is not there yet.
        """
        if visit.run_id in report.news or self._has_more(tasks, self._newest_shown(visit.run_id, run)):
            self._look_after(visit, report, go_on)

    def _has_more(self, tasks: Iterable[OpenTask], newest: str | None) -> bool:
        """Whether one of these is not the newest task, and was not compared with it."""
        return any(each.task_id != newest and (each.task_id, newest) not in self._compared for each in tasks)

    def _newest_shown(self, run_id: str, run: OpenRun | None) -> str | None:
        """None also of a run that cannot be read: its tasks are looked at."""
        try:
            shows = run or self._store.find_run(run_id)
        except UnreadableRecordError:
            return None
        return shows.newest_task_id if shows else None

    def _look_after(self, visit: Visit, report: SweepReport, go_on: Go) -> None:
        def asking_beside(beside: Beside) -> Asking:
            report.places.come_to(WITHIN, visit.after)
            return AskingOnce(go_on, after=visit.after, beside=beside, asked=self._asked, places=report.places)

        looked = self._settle.look_after(visit.run_id, asking_beside)
        report.stopped += looked.stopped
        report.withheld += looked.withheld
        if looked.unreadable_run:
            report.unreadable_record(visit.run_id, None)
        if not visit.after:
            self._compared.update((task_id, looked.beside.newest) for task_id in looked.task_ids)
            self._asked.update((task_id, looked.beside) for task_id in looked.task_ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskingOnce(Asking):
    """Tasks by their ids, from where an earlier sweep was, each once beside these."""

    after: str
    beside: Beside
    asked: Memory[Asked]
    places: Places

    def due(self, tasks: Iterable[TaskRecord]) -> Iterable[TaskRecord]:
        """See Asking."""
        found = (each for each in tasks if each.task_id > self.after)
        return sorted(
            (each for each in found if (each.task_id, self.beside) not in self.asked), key=lambda each: each.task_id
        )

    def begin(self, task: TaskRecord) -> None:
        """See Asking. What was not begun is where the next sweep begins."""
        self.go_on()
        self.places.come_to(WITHIN, task.task_id)

    def end(self, task: TaskRecord) -> None:
        """See Asking. One that could not be asked for is asked for again."""
        self.asked.add((task.task_id, self.beside))


def visits(places: Places, run_ids: Iterable[str]) -> Iterator[Visit]:
    """All of these runs, from where an earlier sweep has left off.

    One that was left half-way is gone on with, and comes once more after all the others, for the tasks before that.
    """
    ordered = places.ordered(RUNS, run_ids)
    left, after = places.at(RUNS), places.at(WITHIN)
    if left is not None and after is not None and left in ordered:
        yield Visit(left, after)
    yield from map(Visit, ordered)


def _come_to(visit: Visit, places: Places) -> None:
    """Without a task as long as its tasks are not read: a run whose reading lets a process die is not begun with."""
    places.come_to(RUNS, visit.run_id)
    places.leave(WITHIN)
