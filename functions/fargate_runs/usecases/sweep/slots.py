"""Compares the gates of jobs with the runs: gives back what ended runs hold, and tells runs that nobody has told."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

from fargate_runs.jobs.gate import Gate, Position
from fargate_runs.jobs.slots import Standing, standing_of
from fargate_runs.ports import Clock, ExecutionNotShownError, ExecutionStates, OpenRun, RunStore, UnreadableRecordError
from fargate_runs.ports.jobs import Gates, JobStore
from fargate_runs.runs.run_folding import may_have_unseen_task
from fargate_runs.runs.run_state import RunRecord
from fargate_runs.usecases.slots.slot_keeper import Kept, SlotKeeper
from fargate_runs.usecases.slots.wait_for_slot import StopReplaced
from fargate_runs.usecases.sweep.report import SweepReport
from fargate_runs.usecases.sweep.turn import Go

PART: Final = "slots"
NOT_KNOWN_AFTER: Final = timedelta(minutes=10)
SEEN_AFTER: Final = timedelta(minutes=2)  # an event has told of a task by then, or an earlier part of a sweep has

Runs = Mapping[str, OpenRun]


class SweepSlots:
    """One part of the sweep."""

    def __init__(
        self,
        store: RunStore,
        jobs: JobStore,
        gates: Gates,
        keeper: SlotKeeper,
        replaces: StopReplaced,
        states: ExecutionStates,
        clock: Clock,
    ) -> None:
        self._store = store
        self._jobs = jobs
        self._gates = gates
        self._keeper = keeper
        self._replaces = replaces
        self._states = states
        self._clock = clock

    def __call__(self, open_runs: Iterable[OpenRun], report: SweepReport, go_on: Go) -> None:
        """Look at the gates of all jobs. One that has no limit any more may still have runs and tickets there.

        Raises StoreUnavailableError if the jobs cannot be read, and every error of `go_on`.
        """
        runs: dict[str, dict[str, OpenRun]] = {}
        for each in open_runs:
            if each.job and each.takes_slot:
                runs.setdefault(each.job, {})[each.run_id] = each
        # A deleted job keeps its limit for the runs that are left. A job that cannot be read keeps that of its gate.
        limits = {each.job.name: each.job.concurrency for each in self._jobs.all_jobs()}
        looked_at = {name: name for name in (*runs, *limits)}
        for job in report.places.walk(PART, looked_at, go_on):
            if job in limits:
                concurrency = limits[job]
                report.attempt(self._limit, job, concurrency.limit if concurrency else None, report)
            report.attempt(self._look_at, job, runs.get(job, {}), report, go_on)

    def _limit(self, job: str, limit: int | None, report: SweepReport) -> None:
        gate = self._gates.find_gate(job)
        if gate.revision and gate.limit != limit:
            _count(report, self._keeper.limit(job, limit))

    def _look_at(self, job: str, open_runs: Runs, report: SweepReport, go_on: Go) -> None:
        gate = self._gates.find_gate(job)
        if not (gate.revision or open_runs):
            return  # nobody has ever been there
        self._give_back(gate, open_runs, report, go_on)
        self._take_again(gate, open_runs, report, go_on)
        gate = self._gates.find_gate(job)
        for run_id in self._gates.ticket_holders(job):
            if standing_of(gate, run_id) is not Standing.WAITING:
                go_on()
                _count(report, self._keeper.answer(job, [run_id]))
        report.replaced += self._replaces(gate)

    def _give_back(self, gate: Gate, open_runs: Runs, report: SweepReport, go_on: Go) -> None:
        """Let runs go that have ended, or of which nothing is known. A run in the index of open items has not ended."""
        here: dict[str, Position | None] = {**gate.holders, **gate.waiting, **dict.fromkeys(gate.withdrawn)}
        suspects = {run_id: position for run_id, position in here.items() if run_id not in open_runs}
        records = self._store.find_runs(suspects)
        for run_id, position in suspects.items():
            go_on()
            record = records.get(run_id)
            if self._is_over(record) if record else self._is_gone(position, report):
                kept = self._keeper.ended(gate.job, run_id)
                report.slots_released += kept.changed
                _count(report, kept)

    def _is_over(self, run: RunRecord) -> bool:
        """Return whether a run has ended for good: a task that it may have started would have been seen by now."""
        if not run.has_ended or not may_have_unseen_task(run):
            return run.has_ended
        ended_at = run.execution.stopped_at if run.execution else None
        return ended_at is None or self._clock.now() - ended_at >= SEEN_AFTER

    def _is_gone(self, position: Position | None, report: SweepReport) -> bool:
        """Return whether a run without a readable record is over: so its execution says, or there has been none."""
        if position is None:
            return True  # it was withdrawn, and there is nothing left to learn that
        try:
            execution = self._states.describe(position.execution_arn)
        except ExecutionNotShownError:
            report.not_shown += 1
            return False
        if execution is None:
            return self._clock.now() - position.since >= NOT_KNOWN_AFTER
        return execution.is_closed

    def _take_again(self, gate: Gate, open_runs: Runs, report: SweepReport, go_on: Go) -> None:
        """Count runs that were let in and go on, and hold no slot: a redrive, or a task that came after their end."""
        here = {*gate.holders, *gate.waiting, *gate.withdrawn}
        for run_id in open_runs.keys() - here:
            go_on()
            try:
                run = self._store.find_run(run_id)
            except UnreadableRecordError:
                continue  # it was counted where the open items were read
            if run and not run.has_ended:
                kept = self._keeper.opened_again(run)
                report.slots_taken += kept.changed
                _count(report, kept)


def _count(report: SweepReport, kept: Kept) -> None:
    report.tickets_answered += kept.answered
    report.withheld += kept.unanswered
