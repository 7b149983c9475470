"""Compares executions with the records: closes runs that ended unseen, stops tasks that outlive their execution."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from fargate_runs.ports import (
    Clock,
    ExecutionLists,
    ExecutionNotShownError,
    ExecutionStates,
    OpenRun,
    OpenTask,
    RunStore,
)
from fargate_runs.reading.execution import Execution, ExecutionStatus
from fargate_runs.reading.patterns import Pattern, SweptMachines
from fargate_runs.runs.abandoned import VERDICTS, Verdict
from fargate_runs.runs.run_state import GivenUp, RunRecord
from fargate_runs.usecases.folding import fold_run
from fargate_runs.usecases.record_execution_state import RecordExecutionState
from fargate_runs.usecases.record_task_state import Beside, RecordTaskState
from fargate_runs.usecases.stop_abandoned import Asking
from fargate_runs.usecases.sweep.listing import Listing
from fargate_runs.usecases.sweep.memory import Memory
from fargate_runs.usecases.sweep.report import SweepReport
from fargate_runs.usecases.sweep.turn import Go

NEVER_STARTED_AFTER: Final = timedelta(minutes=10)
NEVER_SEEN_AFTER: Final = timedelta(hours=2)  # ECS has forgotten a task then (fact B12)
MOST_OF_OTHERS: Final = 200  # executions of other machines that one sweep describes, in turn


class SweepExecutions:
    """One part of the sweep. One instance may serve all sweeps of a process: it remembers finished executions."""

    def __init__(
        self,
        store: RunStore,
        states: ExecutionStates,
        lists: ExecutionLists,
        note: RecordExecutionState,
        settle: RecordTaskState,
        clock: Clock,
        machines: SweptMachines,
    ) -> None:
        self._store = store
        self._states = states
        self._note = note
        self._settle = settle
        self._clock = clock
        self._machines = machines
        self._listing = Listing(store, lists, clock, machines.ours)
        self._left_alone: Memory[tuple[str | None, Pattern | None]] = Memory()

    def __call__(
        self, open_tasks: Iterable[OpenTask], open_runs: Sequence[OpenRun], report: SweepReport, go_on: Go
    ) -> None:
        """Do both halves. Raises ExecutionsUnavailableError if a list fails, and every error of `go_on`."""
        open_tasks = tuple(open_tasks)
        self.ours(open_tasks, open_runs, report, go_on)
        self.others(open_tasks, report, go_on)

    def ours(
        self, open_tasks: Iterable[OpenTask], open_runs: Sequence[OpenRun], report: SweepReport, go_on: Go
    ) -> None:
        """Record executions that differ from their records. Raises ExecutionsUnavailableError if a list fails."""
        failures = report.failures
        live_tasks = {each.task_id: each for each in open_tasks if not each.has_outcome}
        runs = {each.execution_arn: each for each in open_runs if each.execution_arn}
        listed = self._listing.read(runs.keys(), report.seen_until, report, go_on)
        for execution in report.places.walk("unknown", {each.arn: each for each in listed.unknown}, go_on):
            report.attempt(self._take_in, execution, (), report, go_on)
        self._leave_alone(runs, live_tasks.values())
        live = self._live(live_tasks.values())
        resting = {arn for arn, run in runs.items() if self._rests(live_tasks.get(run.newest_task_id or ""))}
        suspects = ({*live, *runs} - listed.running - resting) | listed.ended
        for arn in report.places.walk(
            "executions", {each: each for each in suspects if self._machines.are_ours(each)}, go_on
        ):
            report.attempt(self._look_at, arn, live.get(arn, ()), runs.get(arn), report, go_on)
        if report.failures == failures:
            report.seen_until = listed.newest

    def others(self, open_tasks: Iterable[OpenTask], report: SweepReport, go_on: Go) -> None:
        """The same for executions of other machines. No list shows them, so each sweep describes some, in turn."""
        live = self._live(each for each in open_tasks if not each.has_outcome)
        theirs = {arn: arn for arn in live if self._machines.are_followed(arn)}
        for arn in islice(report.places.walk("others", theirs, go_on), MOST_OF_OTHERS):
            report.attempt(self._look_at, arn, live.get(arn, ()), None, report, go_on)

    def _leave_alone(self, runs: Mapping[str, OpenRun], live_tasks: Iterable[OpenTask]) -> None:
        """Skip executions recorded as SUCCEEDED. They stay so: only a failed execution can be redriven (fact B32).

        A run that somebody asked to stop is looked at by each sweep until its task has ended.
        """
        live_tasks = [each for each in live_tasks if not _is_to_stop(runs.get(each.execution_arn or ""))]
        self._left_alone.keep({(each.execution_arn, each.pattern) for each in live_tasks}.__contains__)
        for each in live_tasks:
            run = runs.get(each.execution_arn or "")
            if run and run.has_succeeded and VERDICTS[each.pattern, ExecutionStatus.SUCCEEDED] is Verdict.LEAVE:
                self._left_alone.add((each.execution_arn, each.pattern))

    def _live(self, live_tasks: Iterable[OpenTask]) -> dict[str, list[OpenTask]]:
        """Return the tasks that are not left alone, by execution."""
        live: dict[str, list[OpenTask]] = {}
        for each in live_tasks:
            if each.execution_arn and not self._rests(each):
                live.setdefault(each.execution_arn, []).append(each)
        return live

    def _rests(self, task: OpenTask | None) -> bool:
        """Return whether the task may run on although its execution has succeeded."""
        return task is not None and (task.execution_arn, task.pattern) in self._left_alone

    def _take_in(self, execution: Execution, live: Sequence[OpenTask], report: SweepReport, go_on: Go) -> None:
        noted = self._note(execution, live, go_on)
        report.noted += 1
        report.stopped += noted.stopped
        if noted.unreadable_run:
            report.unreadable_record(execution.name, None)

    def _look_at(self, arn: str, live: Sequence[OpenTask], run: OpenRun | None, report: SweepReport, go_on: Go) -> None:
        try:
            execution = self._states.describe(arn)
        except ExecutionNotShownError as error:
            if error.is_denied and self._machines.are_ours(arn):
                raise  # a permission is missing, so every other execution of ours will be denied too
            report.not_shown += 1
            return
        if execution is None:
            self._give_up(run, GivenUp.NOT_STARTED, run.created_at if run else None, NEVER_STARTED_AFTER)
            return
        if not execution.is_closed:
            return
        self._take_in(execution, live, report, go_on)
        if run:
            self._show_tasks(run, report, go_on)
        if execution.status is ExecutionStatus.SUCCEEDED:
            self._give_up(run, GivenUp.TASK_LOST, execution.stopped_at, NEVER_SEEN_AFTER)
            if run and run.is_to_stop:
                report.stopped += self._settle.stop_as_asked(run.run_id, go_on)
                return
            for pattern in {each.pattern for each in live}:
                if VERDICTS[pattern, execution.status] is Verdict.LEAVE:
                    self._left_alone.add((arn, pattern))

    def _show_tasks(self, run: OpenRun, report: SweepReport, go_on: Go) -> None:
        """Show tasks that are recorded, but not on their run: the handler died in between, or a redrive was not known.

        If the run shows a newer task only now, the earlier attempts have been compared with no newer one. They are
        checked now.
        """

        def asking(beside: Beside) -> Asking:
            return Asking(go_on, lambda _each: beside.newest != run.newest_task_id)

        looked = self._settle.look_after(run.run_id, asking)
        report.stopped += looked.stopped
        report.withheld += looked.withheld

    def _give_up(self, run: OpenRun | None, why: GivenUp, since: datetime | None, after: timedelta) -> None:
        """Give up a run whose task was never seen and never will be."""
        if run and not run.newest_task_id and since and self._clock.now() - since >= after:
            self._note.slots(fold_run(self._store, run.run_id, lambda stands: _given_up(stands, run, why)))


def _is_to_stop(run: OpenRun | None) -> bool:
    return run is not None and run.is_to_stop


def _given_up(stands: RunRecord | None, run: OpenRun, why: GivenUp) -> RunRecord:
    record = stands or RunRecord(run.run_id, execution_arn=run.execution_arn, follows=True)
    return record if record.task else replace(record, given_up=why)
