"""Ask whether a run may begin, before its task is started. `prepare_run` asks, for a run of a job with a limit.

The order is the protocol. The run's record says that it takes a slot, then the gate is written, then the record is
written again. If the run has ended by then, its end may have come to the gate before it: so it gives its slot back.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil
from typing import Final

from fargate_runs.errors import QueueFullError, RunHasEndedError, RunSkippedError, SlotTakenError
from fargate_runs.jobs.job import Concurrency
from fargate_runs.jobs.slots import MOST_WAITING, Ask, Ended, Passage, Standing, Step
from fargate_runs.ports import Clock, RunStore, UnreadableRecordError
from fargate_runs.ports.jobs import Gates
from fargate_runs.reading.execution import Execution
from fargate_runs.runs.run_folding import may_have_unseen_task
from fargate_runs.runs.run_state import RunRecord
from fargate_runs.runs.run_status import RunStatus, TurnedAway
from fargate_runs.usecases.folding import fold_run
from fargate_runs.usecases.slots.gatekeeper import Gatekeeper

LONGEST_WAIT_SECONDS: Final = 86_400  # of a run that has no total time-out


@dataclass(frozen=True, slots=True)
class _Asking:
    execution: Execution
    job: str
    deadline: datetime | None


class Admission:
    """The use case. Every call may be repeated: a run that was let in is let in again."""

    def __init__(self, gates: Gates, store: RunStore, clock: Clock) -> None:
        self._arrive = Gatekeeper(gates, clock)
        self._store = store
        self._clock = clock

    def __call__(
        self, execution: Execution, job: str, concurrency: Concurrency, *, is_forced: bool, deadline: datetime | None
    ) -> None:
        """Return if the run of an execution may begin. Its record must have been written, with `takes_slot`.

        Raises SlotTakenError if it has to wait, RunSkippedError, QueueFullError, RunHasEndedError if nothing is to
        begin any more, StoreUnavailableError or UnreadableJobError.
        """
        run_id = execution.name
        with suppress(UnreadableRecordError):  # as for every run: such a record keeps nobody from beginning
            _still_wanted(self._store.find_run(run_id))
        ask = Ask(run_id, execution.arn, self._clock.now(), concurrency.limit, concurrency.policy, is_forced)
        found, asks = self._arrive(job, ask), _Asking(execution, job, deadline)
        if found.step is Step.REFUSE:
            raise QueueFullError(job, MOST_WAITING)
        match found.standing:
            case Standing.HOLDING:
                self._hold(asks, found)
            case Standing.WAITING:
                self._wait(asks, found)
            case _:
                self._turn_away(asks, found)

    def _hold(self, asks: _Asking, found: Passage) -> None:
        position = found.gate.holders[asks.execution.name]

        def admitted(run: RunRecord) -> RunRecord:
            return replace(run, admitted_at=run.admitted_at or self._clock.now(), is_forced=position.is_forced)

        self._note(asks, admitted)

    def _wait(self, asks: _Asking, found: Passage) -> None:
        run_id = asks.execution.name
        since = found.gate.waiting[run_id].since
        self._note(asks, lambda run: replace(run, queued_at=since, admitted_at=None))
        rest = LONGEST_WAIT_SECONDS
        if asks.deadline is not None:
            rest = max(ceil((asks.deadline - self._clock.now()).total_seconds()), 1)
        raise SlotTakenError(asks.job, found.gate.place_of(run_id), rest)

    def _turn_away(self, asks: _Asking, found: Passage) -> None:
        run_id, by = asks.execution.name, found.blocker
        reason = f"All slots of job {asks.job} were taken, the first one by run {by}."
        if found.standing is Standing.WITHDRAWN:
            reason = f"Run {by} of job {asks.job} began later, and replaced this one while it waited."
        away = TurnedAway(RunStatus.SKIPPED, reason, by)
        self._note(asks, lambda run: replace(run, turned_away=away), ends=True)
        self._arrive(asks.job, Ended(run_id))  # it has learnt it
        raise RunSkippedError(run_id, reason, by)

    def _note(self, asks: _Asking, change: Callable[[RunRecord], RunRecord], *, ends: bool = False) -> None:
        """Write to the run's record. Raises what has ended the run meanwhile."""
        run_id = asks.execution.name

        def noted(stands: RunRecord | None) -> RunRecord:
            run = stands or RunRecord(run_id, execution_arn=asks.execution.arn, follows=True)
            return run if run.has_ended else change(run)

        try:
            run = fold_run(self._store, run_id, noted)
        except UnreadableRecordError:
            return
        if run.has_ended and not ends:
            if not may_have_unseen_task(run):  # an earlier call may have let it in
                self._arrive(asks.job, Ended(run_id))
            _still_wanted(run)


def _still_wanted(run: RunRecord | None) -> None:
    """Raises what was decided about the run before, if the call is repeated after that."""
    if run is None or not run.has_ended:
        return
    if run.status is RunStatus.SKIPPED and run.turned_away:
        raise RunSkippedError(run.run_id, run.turned_away.reason, run.turned_away.by)
    raise RunHasEndedError(run.run_id, run.status)
