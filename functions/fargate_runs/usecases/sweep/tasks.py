"""The cluster's tasks against the records: lost events, records without a task, tasks without a record."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final, TypeVar

from fargate_runs.errors import MalformedTaskError
from fargate_runs.ports import Cluster, OpenRun, OpenTask, RunStore, TaskList
from fargate_runs.task import EcsTask
from fargate_runs.usecases.record_task_state import RecordTaskState, Settlement
from fargate_runs.usecases.sweep.memory import Memory
from fargate_runs.usecases.sweep.overdue import StopOverdue
from fargate_runs.usecases.sweep.report import SweepReport
from fargate_runs.usecases.sweep.turn import Go

# A task may be MISSING for a moment (fact B12). Counted and not timed, so that no wrong clock gives a task up.
MISSING_SWEEPS: Final = 10
MOST_DESCRIBED: Final = 100  # fact B34

T = TypeVar("T")


class SweepTasks:
    """One part of the sweep. It may be made for one process: it remembers which stopped tasks need nothing more."""

    def __init__(
        self, store: RunStore, cluster: Cluster, settle: RecordTaskState, token_variables: Sequence[str]
    ) -> None:
        self._store = store
        self._cluster = cluster
        self._settle = settle
        self._token_variables = token_variables
        self._overdue = StopOverdue(cluster)
        self._done: Memory[str] = Memory()
        self._looked_after: Memory[tuple[str, str | None]] = Memory()

    def __call__(
        self, open_tasks: Mapping[str, OpenTask], open_runs: Sequence[OpenRun], report: SweepReport, go_on: Go
    ) -> None:
        """Settle what differs. Raises ClusterUnavailableError where ECS gives no lists, and what `go_on` raises."""
        runs = {each.run_id: each for each in open_runs}
        for task in open_tasks.values():
            go_on()
            report.attempt(lambda task=task: self._carry_on(task, runs.get(task.run_id), report))  # type: ignore[misc]
        for run in self._behind(open_tasks, open_runs):
            go_on()
            report.attempt(lambda run=run: self._show(run))  # type: ignore[misc]
        # In this order: a task that is told to stop between the two lists is in both. The other way it is in none.
        listed = self._running(open_tasks, report, go_on) | self._stopped(open_tasks, report, go_on)
        unseen = (each for arn, each in open_tasks.items() if arn not in listed and not each.has_outcome)
        for batch in _batches(unseen):
            go_on()
            report.attempt(lambda batch=batch: self._look_for(batch, report))  # type: ignore[misc]

    @staticmethod
    def _behind(open_tasks: Mapping[str, OpenTask], open_runs: Sequence[OpenRun]) -> Iterator[OpenRun]:
        """Runs that end with their task, and are open without it: its end was recorded and not shown.

        Those of this application's executions are shown again when their execution has ended (SweepExecutions).
        """
        tasks = {(each.run_id, each.task_id) for each in open_tasks.values()}
        return (
            each for each in open_runs if each.execution_arn is None and (each.run_id, each.newest_task_id) not in tasks
        )

    def _show(self, run: OpenRun) -> None:
        self._settle.show(run.run_id)

    def _running(self, open_tasks: Mapping[str, OpenTask], report: SweepReport, go_on: Go) -> set[str]:
        """Those with a record need no look: what is meant to run has not ended."""
        listed: set[str] = set()
        for page in self._cluster.listed(TaskList.RUNNING):
            go_on()
            listed.update(page)
            self._take_in([arn for arn in page if arn not in open_tasks], report)
            self._find(page, open_tasks, report)
            self._overdue((open_tasks[arn] for arn in page if arn in open_tasks), report, go_on)
        return listed

    def _stopped(self, open_tasks: Mapping[str, OpenTask], report: SweepReport, go_on: Go) -> set[str]:
        listed: set[str] = set()
        for page in self._cluster.listed(TaskList.STOPPED):
            go_on()
            listed.update(page)
            self._find(page, open_tasks, report)
            self._take_in([arn for arn in page if arn not in self._done], report)
        return listed

    def _find(self, arns: Iterable[str], open_tasks: Mapping[str, OpenTask], report: SweepReport) -> None:
        """ECS knows these: whichever was missing is counted anew."""
        for task in (open_tasks[arn] for arn in arns if arn in open_tasks):
            if task.missing_sweeps:
                report.attempt(lambda task=task: self._store.mark_missing(task, 0))  # type: ignore[misc]

    def _take_in(self, arns: Sequence[str], report: SweepReport) -> None:
        for batch in _batches(iter(arns)):
            report.attempt(lambda batch=batch: self._describe(batch, report))  # type: ignore[misc]

    def _describe(self, arns: Sequence[str], report: SweepReport) -> None:
        for detail in self._cluster.describe(arns).tasks:
            report.attempt(lambda detail=detail: self._settle_one(detail, report))  # type: ignore[misc]

    def _look_for(self, batch: Sequence[OpenTask], report: SweepReport) -> None:
        by_arn = {task.task_arn: task for task in batch}
        described = self._cluster.describe(tuple(by_arn))
        self._find((str(detail.get("taskArn")) for detail in described.tasks), by_arn, report)
        for detail in described.tasks:
            report.attempt(lambda detail=detail: self._settle_one(detail, report))  # type: ignore[misc]
        for arn in (arn for arn in by_arn if arn in described.missing):
            report.attempt(lambda arn=arn: self._miss(by_arn[arn], report))  # type: ignore[misc]

    def _settle_one(self, detail: Mapping[str, object], report: SweepReport) -> None:
        report.described += 1
        try:
            task = EcsTask.from_detail(detail, token_variables=self._token_variables)
        except MalformedTaskError:
            report.unreadable += 1
            return
        done = self._settle(task)
        self._count(done, report)
        self._overdue.look_at(task, report)
        if task.has_ended and not done.record.is_open:
            self._done.add(task.task_arn)

    def _carry_on(self, task: OpenTask, run: OpenRun | None, report: SweepReport) -> None:
        if task.has_outcome:
            self._deliver(task, report)
        self._look_after(task, run, report)

    def _look_after(self, task: OpenTask, run: OpenRun | None, report: SweepReport) -> None:
        """A task that its run does not show: it was not shown yet, or there is a newer one and this one was given up.

        Each once for each newest task: whether the token is closed is asked by a heartbeat, and that has an effect.
        What an index or a run's item says of the newest task is only where to look: it may be behind, and what is
        remembered is what was compared. A run that is not in the open index has ended or is not there yet.
        """
        shows = run or self._store.find_run(task.run_id)
        newest = shows.newest_task_id if shows else None
        if task.task_id == newest or not self._is_due(task.task_id, newest):
            return
        looked = self._settle.look_after(task.run_id, self._is_due)
        report.stopped += looked.stopped
        for task_id in looked.task_ids:
            self._looked_after.add((task_id, looked.newest))

    def _is_due(self, task_id: str, newest: str | None) -> bool:
        return (task_id, newest) not in self._looked_after

    def _deliver(self, task: OpenTask, report: SweepReport) -> None:
        done = self._settle.deliver(task.run_id, task.task_id)
        if done:
            self._count(done, report)

    def _miss(self, task: OpenTask, report: SweepReport) -> None:
        """ECS does not know the task: waited for at first, because it may be too young or the answer a partial one."""
        if task.missing_sweeps + 1 < MISSING_SWEEPS:
            self._store.mark_missing(task, task.missing_sweeps + 1)
            report.missing += 1
            return
        done = self._settle.lose(task.run_id, task.task_id, task.missing_sweeps)
        if done:
            report.lost += int(done.decided)
            self._count(done, report)

    @staticmethod
    def _count(done: Settlement, report: SweepReport) -> None:
        report.recovered += int(done.decided)
        report.delivered += int(done.delivery is not None and not done.decided)
        report.stopped += done.stopped
        report.refused += int(done.refused)


def _batches(items: Iterator[T]) -> Iterator[Sequence[T]]:
    while batch := tuple(islice(items, MOST_DESCRIBED)):
        yield batch
