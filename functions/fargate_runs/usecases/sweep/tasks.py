"""Compares ECS's tasks with the records: finds lost events, records without a task, tasks without a record."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

from fargate_runs.errors import MalformedTaskError
from fargate_runs.ports import (
    Cluster,
    Described,
    OpenRun,
    OpenTask,
    RunStore,
    TaskList,
    TasksRefusedError,
)
from fargate_runs.reading.task import EcsTask
from fargate_runs.usecases.record_task_state import RecordTaskState, Settlement
from fargate_runs.usecases.sweep.attempts import SweepAttempts
from fargate_runs.usecases.sweep.memory import Memory
from fargate_runs.usecases.sweep.overdue import StopOverdue
from fargate_runs.usecases.sweep.report import SweepReport
from fargate_runs.usecases.sweep.turn import Go

# A task may be MISSING for a moment (fact B12). This is a count and not a time, so a wrong clock gives no task up.
MISSING_SWEEPS: Final = 10
MOST_DESCRIBED: Final = 100  # fact B34

T = TypeVar("T")


class SweepTasks:
    """One part of the sweep. One instance may serve all sweeps of a process: it remembers finished tasks."""

    def __init__(
        self, store: RunStore, cluster: Cluster, settle: RecordTaskState, token_variables: Sequence[str]
    ) -> None:
        self._store = store
        self._cluster = cluster
        self._settle = settle
        self._token_variables = token_variables
        self._overdue = StopOverdue(cluster)
        self._done: Memory[str] = Memory()
        self._attempts = SweepAttempts(store, settle)

    def __call__(
        self, open_tasks: Mapping[str, OpenTask], open_runs: Sequence[OpenRun], report: SweepReport, go_on: Go
    ) -> None:
        """Do all of it. Raises ClusterUnavailableError if a list of ECS fails, and every error of `go_on`."""
        self.carry_on(open_tasks, open_runs, report, go_on)
        self.compare(open_tasks, report, go_on)
        self.look_after(open_tasks, open_runs, report, go_on)

    def carry_on(
        self, open_tasks: Mapping[str, OpenTask], open_runs: Sequence[OpenRun], report: SweepReport, go_on: Go
    ) -> None:
        """Finish the work that the records show as unfinished. It needs no call to ECS."""
        waiting = {arn: each for arn, each in open_tasks.items() if each.has_outcome}
        for task in report.places.walk("answers", waiting, go_on):
            report.attempt(self._deliver, task, report)
        behind = {each.run_id: each for each in self._behind(open_tasks, open_runs)}
        for run in report.places.walk("runs", behind, go_on):
            report.attempt(self._settle.show, run.run_id)

    def look_after(
        self, open_tasks: Mapping[str, OpenTask], open_runs: Sequence[OpenRun], report: SweepReport, go_on: Go
    ) -> None:
        """Show tasks on their runs, and stop replaced attempts. There may be thousands."""
        self._attempts(open_tasks.values(), open_runs, report, go_on)

    def compare(self, open_tasks: Mapping[str, OpenTask], report: SweepReport, go_on: Go) -> None:
        """Settle every difference from ECS. Open tasks come before those that most likely need no work."""
        # A task that is told to stop between the two lists is in both. In the other order it would be in neither.
        running = self._listed(TaskList.RUNNING, go_on)
        stopped = self._listed(TaskList.STOPPED, go_on)
        listed = running | stopped
        self._find(listed, open_tasks, report, go_on)
        live = {arn: each for arn, each in open_tasks.items() if not each.has_outcome}
        # Tasks with a record and the desired status RUNNING are not described: they have not ended.
        self._take_in("new", running - open_tasks.keys(), report, go_on)
        self._take_in("ended", stopped & live.keys(), report, go_on)
        self._look_for({arn: each for arn, each in live.items() if arn not in listed}, report, go_on)
        self._overdue((live[arn] for arn in sorted(running & live.keys() - stopped)), report, go_on)
        self._done.keep(stopped.__contains__)
        self._take_in(
            "old", {arn for arn in stopped - open_tasks.keys() - running if arn not in self._done}, report, go_on
        )

    @staticmethod
    def _behind(open_tasks: Mapping[str, OpenTask], open_runs: Sequence[OpenRun]) -> Iterator[OpenRun]:
        """Return runs that end with their task and are open although the task is not: they do not show its end yet.

        Runs of this application's executions are updated when their execution has ended (SweepExecutions).
        """
        tasks = {(each.run_id, each.task_id) for each in open_tasks.values()}
        return (
            each for each in open_runs if each.execution_arn is None and (each.run_id, each.newest_task_id) not in tasks
        )

    def _listed(self, which: TaskList, go_on: Go) -> set[str]:
        listed: set[str] = set()
        for page in self._cluster.listed(which):
            go_on()
            listed.update(page)
        return listed

    def _find(self, arns: Iterable[str], open_tasks: Mapping[str, OpenTask], report: SweepReport, go_on: Go) -> None:
        """Reset the count of missing sweeps of these tasks, because ECS knows them."""
        for task in (open_tasks[arn] for arn in sorted(arns) if arn in open_tasks):
            if task.missing_sweeps:
                go_on()
                report.attempt(self._store.mark_missing, task, 0)

    def _take_in(self, part: str, arns: Iterable[str], report: SweepReport, go_on: Go) -> None:
        for batch in _batches(report.places.ordered(part, arns)):
            go_on()
            report.attempt(self._describe, part, batch, report, go_on)
        report.places.leave(part)

    def _describe(self, part: str, arns: Sequence[str], report: SweepReport, go_on: Go) -> None:
        tasks = self._read(self._ask_for(arns, report, go_on).tasks, report)
        nothing_left = self._with_nothing_left(tasks.values()) if part == "old" else frozenset()
        self._done.update(nothing_left)
        for arn in (arn for arn in arns if arn in tasks and arn not in nothing_left):
            report.places.come_to(part, arn)
            report.attempt(self._settle_one, tasks[arn], report, go_on)
            go_on()

    def _ask_for(self, arns: Sequence[str], report: SweepReport, go_on: Go) -> Described:
        """Call DescribeTasks. If ECS refuses the call because of one task, describe the others without that one.

        Raises ClusterUnavailableError, also if ECS refuses every task.
        """
        refusals: list[TasksRefusedError] = []
        described = self._halved(arns, refusals, go_on)
        if len(refusals) == len(arns) > 1:
            raise refusals[0]
        report.refused_tasks += len(refusals)
        return described

    def _halved(self, arns: Sequence[str], refusals: list[TasksRefusedError], go_on: Go) -> Described:
        try:
            return self._cluster.describe(arns)
        except TasksRefusedError as error:
            if len(arns) == 1:
                refusals.append(error)
                return Described((), frozenset())
        go_on()
        middle = len(arns) // 2
        first, second = (self._halved(half, refusals, go_on) for half in (arns[:middle], arns[middle:]))
        return Described(first.tasks + second.tasks, first.missing | second.missing)

    def _with_nothing_left(self, tasks: Collection[EcsTask]) -> frozenset[str]:
        """Return the settled and shown tasks, with two reads for all. Most tasks that stopped in the last hour are."""
        records = self._store.find_tasks([(each.run_id, each.task_id) for each in tasks])
        runs = self._store.find_runs(sorted({each.run_id for each in records.values()}))
        settled = (each for each in records.values() if self._settle.has_nothing_left(each, runs.get(each.run_id)))
        return frozenset(each.task_arn for each in settled)

    def _read(self, details: Iterable[Mapping[str, object]], report: SweepReport) -> dict[str, EcsTask]:
        """Return the readable tasks of an answer, by ARN."""
        tasks = {}
        for detail in details:
            report.described += 1
            try:
                task = EcsTask.from_detail(detail, token_variables=self._token_variables)
            except MalformedTaskError:
                report.unreadable += 1
            else:
                tasks[task.task_arn] = task
        return tasks

    def _look_for(self, unseen: Mapping[str, OpenTask], report: SweepReport, go_on: Go) -> None:
        """Describe tasks that are in neither list: ECS may show them all the same."""
        for batch in _batches(report.places.ordered("unseen", unseen)):
            go_on()
            report.attempt(self._look_for_these, batch, unseen, report, go_on)
        report.places.leave("unseen")

    def _look_for_these(
        self, arns: Sequence[str], unseen: Mapping[str, OpenTask], report: SweepReport, go_on: Go
    ) -> None:
        described = self._ask_for(arns, report, go_on)
        self._find((str(each.get("taskArn")) for each in described.tasks), unseen, report, go_on)
        tasks = self._read(described.tasks, report)
        for arn in arns:
            report.places.come_to("unseen", arn)
            if arn in tasks:
                report.attempt(self._settle_one, tasks[arn], report, go_on)
            elif arn in described.missing:
                report.attempt(self._miss, unseen[arn], report)
            go_on()

    def _settle_one(self, task: EcsTask, report: SweepReport, go_on: Go) -> None:
        done = self._settle(task, go_on, leaves_attempts=True)
        self._count(done, report)
        if done.is_new:
            report.news.add(task.run_id)
        self._overdue.look_at(task, report, go_on)
        if task.has_ended and not done.record.is_open:
            self._done.add(task.task_arn)

    def _deliver(self, task: OpenTask, report: SweepReport) -> None:
        done = self._settle.deliver(task.run_id, task.task_id)
        if done:
            self._count(done, report)

    def _miss(self, task: OpenTask, report: SweepReport) -> None:
        """Count a task that ECS does not know. It is not lost at first: it may be too new, or the answer incomplete."""
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
        report.withheld += done.withheld


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), MOST_DESCRIBED):
        yield items[start : start + MOST_DESCRIBED]
