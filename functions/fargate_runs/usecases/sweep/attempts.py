"""Stops replaced attempts, and shows tasks on their runs. One run may have thousands of tasks."""

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
    """A run whose tasks are checked: those with an id greater than `after`. All ids are greater than ""."""

    run_id: str
    after: str = ""


class SweepAttempts:
    """One part of the sweep. One instance may serve all sweeps of a process: it remembers its comparisons."""

    def __init__(self, store: RunStore, settle: RecordTaskState) -> None:
        self._store = store
        self._settle = settle
        self._compared: Memory[Compared] = Memory()
        self._asked: Memory[Asked] = Memory()

    def __call__(
        self, open_tasks: Collection[OpenTask], open_runs: Iterable[OpenRun], report: SweepReport, go_on: Go
    ) -> None:
        """Check the runs of these tasks, and the runs in `report.news`. Raises every error of `go_on`."""
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
            report.attempt(self._look_at, visit, tasks[visit.run_id], run, report, go_on)
        report.places.leave(RUNS)
        report.places.leave(WITHIN)

    def _look_at(
        self, visit: Visit, tasks: Sequence[OpenTask], run: OpenRun | None, report: SweepReport, go_on: Go
    ) -> None:
        """Check a run with a task that it does not show: not added yet, or replaced by a newer one.

        Each task is checked once beside the same tasks, because the check is a heartbeat and has an effect. An index or
        a run's item may be stale, so it only tells where to look. The memory has the comparisons that were really made.
        A run that is not in the open index has ended or does not exist yet.
        """
        if visit.run_id in report.news or self._has_more(tasks, self._newest_shown(visit.run_id, run)):
            self._look_after(visit, report, go_on)

    def _has_more(self, tasks: Iterable[OpenTask], newest: str | None) -> bool:
        """Return whether one of these is not the newest task, and was not compared with it."""
        return any(each.task_id != newest and (each.task_id, newest) not in self._compared for each in tasks)

    def _newest_shown(self, run_id: str, run: OpenRun | None) -> str | None:
        """Return the id of the task that the run shows; None also if the run cannot be read. Then it is checked."""
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
    """Selects tasks by id, from the place of an earlier sweep. Each is checked once beside the same tasks."""

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
        """See Asking. The next sweep begins at the first task that was not begun."""
        self.go_on()
        self.places.come_to(WITHIN, task.task_id)

    def end(self, task: TaskRecord) -> None:
        """See Asking. A later sweep repeats a check that failed."""
        self.asked.add((task.task_id, self.beside))


def visits(places: Places, run_ids: Iterable[str]) -> Iterator[Visit]:
    """Yield all these runs, from the place of an earlier sweep.

    An unfinished run is continued first. It comes once more after all other runs, for the tasks before its place.
    """
    ordered = places.ordered(RUNS, run_ids)
    left, after = places.at(RUNS), places.at(WITHIN)
    if left is not None and after is not None and left in ordered:
        yield Visit(left, after)
    yield from map(Visit, ordered)


def _come_to(visit: Visit, places: Places) -> None:
    """Note a run, before its tasks are read. If reading them kills the process, the next sweep begins after it."""
    places.come_to(RUNS, visit.run_id)
    places.leave(WITHIN)
