"""Step Functions' executions against the records: runs that ended unseen, tasks that outlive their execution."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from fargate_runs.execution import Execution, ExecutionStatus
from fargate_runs.orphans import VERDICTS, Verdict
from fargate_runs.patterns import Pattern, StateMachines
from fargate_runs.ports import Clock, Executions, OpenRun, OpenTask, RunStore
from fargate_runs.run_state import GivenUp, RunRecord, with_task
from fargate_runs.usecases.folding import fold_run
from fargate_runs.usecases.record_execution_state import RecordExecutionState
from fargate_runs.usecases.sweep.listing import Listing
from fargate_runs.usecases.sweep.memory import Memory
from fargate_runs.usecases.sweep.report import SweepReport
from fargate_runs.usecases.sweep.turn import Go

NEVER_STARTED_AFTER: Final = timedelta(minutes=10)
NEVER_SEEN_AFTER: Final = timedelta(hours=2)  # ECS has forgotten a task then (fact B12)
MOST_OF_OTHERS: Final = 200  # executions of other machines that one sweep asks for; the next one asks for the next


class SweepExecutions:
    """One part of the sweep. It may be made for one process: it remembers which executions left nothing to be done."""

    def __init__(
        self,
        store: RunStore,
        executions: Executions,
        note: RecordExecutionState,
        clock: Clock,
        *,
        state_machines: StateMachines,
        follows_others: bool,
    ) -> None:
        self._store = store
        self._executions = executions
        self._note = note
        self._clock = clock
        self._state_machines = state_machines
        self._follows_others = follows_others
        self._listing = Listing(store, executions, clock, state_machines)
        self._left_alone: Memory[tuple[str | None, Pattern | None]] = Memory()
        self._other_asked_last: str | None = None

    def __call__(
        self, open_tasks: Iterable[OpenTask], open_runs: Sequence[OpenRun], report: SweepReport, go_on: Go
    ) -> None:
        """Take in what is not as it is recorded. Raises ExecutionsUnavailableError where there are no lists."""
        failures = report.failures
        live_tasks = {each.task_id: each for each in open_tasks if not each.has_outcome}
        runs = {each.execution_arn: each for each in open_runs if each.execution_arn}
        listed = self._listing.read(runs.keys(), report.seen_until, report, go_on)
        for execution in listed.unknown:
            go_on()
            report.attempt(lambda execution=execution: self._take_in(execution, (), report, go_on))  # type: ignore[misc]
        live = self._live(live_tasks.values())
        resting = {arn for arn, run in runs.items() if self._rests(live_tasks.get(run.newest_task_id or ""))}
        suspects = sorted(({*live, *runs} - listed.running - resting) | listed.ended)
        for arn in filter(self._is_ours, suspects):
            go_on()
            report.attempt(lambda arn=arn: self._look_at(arn, live.get(arn, ()), runs.get(arn), report, go_on))  # type: ignore[misc]
        if report.failures == failures:
            report.seen_until = listed.newest
        for arn in self._turn_of_others([arn for arn in suspects if self._is_of_others(arn)]):
            go_on()
            report.attempt(lambda arn=arn: self._look_at(arn, live.get(arn, ()), None, report, go_on))  # type: ignore[misc]

    def _live(self, live_tasks: Iterable[OpenTask]) -> dict[str, list[OpenTask]]:
        """The tasks that are not left alone, by execution."""
        live: dict[str, list[OpenTask]] = {}
        for each in live_tasks:
            if each.execution_arn and not self._rests(each):
                live.setdefault(each.execution_arn, []).append(each)
        return live

    def _rests(self, task: OpenTask | None) -> bool:
        """Its execution has succeeded, and the task works on, as it may."""
        return task is not None and (task.execution_arn, task.pattern) in self._left_alone

    def _take_in(self, execution: Execution, live: Sequence[OpenTask], report: SweepReport, go_on: Go) -> None:
        noted = self._note(execution, live, go_on)
        report.noted += 1
        report.stopped += noted.stopped

    def _look_at(self, arn: str, live: Sequence[OpenTask], run: OpenRun | None, report: SweepReport, go_on: Go) -> None:
        execution = self._executions.describe(arn)
        if execution is None:
            self._give_up(run, GivenUp.NOT_STARTED, run.created_at if run else None, NEVER_STARTED_AFTER)
            return
        if not execution.is_closed:
            return
        self._take_in(execution, live, report, go_on)
        if run:
            self._show_tasks(run)
        if execution.status is ExecutionStatus.SUCCEEDED:
            self._give_up(run, GivenUp.TASK_LOST, execution.stopped_at, NEVER_SEEN_AFTER)
            for pattern in {each.pattern for each in live}:
                if VERDICTS[pattern, execution.status] is Verdict.LEAVE:
                    self._left_alone.add((arn, pattern))

    def _show_tasks(self, run: OpenRun) -> None:
        """A task may be recorded and not yet shown by its run: the handler died between the two."""
        for task in self._store.load_run(run.run_id).tasks:
            fold_run(self._store, run.run_id, lambda stands, task=task: with_task(stands, task, follows=True))  # type: ignore[misc]

    def _give_up(self, run: OpenRun | None, why: GivenUp, since: datetime | None, after: timedelta) -> None:
        """A run of which nobody has seen a task, and nobody will."""
        if run and not run.newest_task_id and since and self._clock.now() - since >= after:
            fold_run(self._store, run.run_id, lambda stands: _given_up(stands, run, why))

    def _is_ours(self, arn: str) -> bool:
        return self._state_machines.pattern_of_execution(arn) is not None

    def _is_of_others(self, arn: str) -> bool:
        return not self._is_ours(arn) and self._state_machines.are_beside(arn)

    def _turn_of_others(self, arns: Sequence[str]) -> Iterator[str]:
        """Executions of other machines, which no list shows at once: some in each sweep, all in turn."""
        if not self._follows_others:
            return
        last = self._other_asked_last
        # A new process begins anywhere: each may be one.
        start = bisect_right(arns, last) if last else self._clock.now().microsecond % max(1, len(arns))
        for arn in (*arns[start:], *arns[:start])[:MOST_OF_OTHERS]:
            yield arn
            self._other_asked_last = arn


def _given_up(stands: RunRecord | None, run: OpenRun, why: GivenUp) -> RunRecord:
    record = stands or RunRecord(run.run_id, execution_arn=run.execution_arn, follows=True)
    return record if record.task else replace(record, given_up=why)
