"""Give a slot back when its run has ended, and tell the next one; take one for a run that was opened again.

An answer to a ticket says nothing: the run asks again, and the gate tells it how it stands. So an answer may come
twice, or too early. A closed token is no sign that its run has ended: an earlier try of ours may have answered it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from fargate_runs.jobs.slots import Ended, Limited, Redriven, Step
from fargate_runs.ports import CallbacksUnavailableError, Clock, RunStore, TokenCallbacks, TokenError, TokenKeyError
from fargate_runs.ports.jobs import Gates
from fargate_runs.runs.run_folding import may_have_unseen_task
from fargate_runs.runs.run_state import RunRecord
from fargate_runs.usecases.slots.gatekeeper import Gatekeeper


@dataclass(frozen=True, slots=True)
class Kept:
    """What was done: whether the run's place has changed, and how many tickets were answered.

    `unanswered` counts the tickets whose answer did not get through: the sweep answers them.
    """

    changed: bool = False
    answered: int = 0
    unanswered: int = 0


class SlotKeeper:
    """The use case. Every call may be repeated. They raise StoreUnavailableError and UnreadableJobError."""

    def __init__(self, gates: Gates, store: RunStore, callbacks: TokenCallbacks, clock: Clock) -> None:
        self._gates = gates
        self._store = store
        self._callbacks = callbacks
        self._clock = clock
        self._arrive = Gatekeeper(gates, clock)

    def __call__(self, run: RunRecord) -> Kept:
        """Do what follows from the state of a run, for its slot: its end gives it back, a redrive takes one again.

        The sweep gives back the slot of a run that may have a task which nobody has seen yet.
        """
        if run.job is None or not run.takes_slot:
            return Kept()
        if run.has_ended:
            return Kept() if may_have_unseen_task(run) else self.ended(run.job, run.run_id)
        execution = run.execution
        is_redriven = execution is not None and execution.redrive_count > 0 and not execution.is_closed
        return self.opened_again(run) if is_redriven else Kept()

    def look_at(self, run_id: str) -> Kept:
        """Do the same for a run as its record stands. Raises UnreadableRecordError too."""
        run = self._store.find_run(run_id)
        return self(run) if run else Kept()

    def ended(self, job: str, run_id: str) -> Kept:
        """Give the slot of a run back, or its place among those that wait, and tell those that hold one now."""
        found = self._arrive(job, Ended(run_id))
        return replace(self.answer(job, found.to_answer), changed=found.step is Step.LEAVE)

    def opened_again(self, run: RunRecord) -> Kept:
        """Take a slot for a run that had one and goes on without: it cannot be held back, so it counts above the limit.

        A run that had none, because it waited, asks for one by itself.
        """
        if run.job is None or run.execution_arn is None or run.admitted_at is None:
            return Kept()
        found = self._arrive(run.job, Redriven(run.run_id, run.execution_arn, self._clock.now()))
        # After the write: if it ends at the same time, at least one of both sees the other.
        now = self._store.find_run(run.run_id)
        if now is None:
            return self.ended(run.job, run.run_id)
        if now.has_ended:
            return self(now)
        return replace(self.answer(run.job, found.to_answer), changed=found.step is Step.HOLD_FORCED)

    def limit(self, job: str, limit: int | None) -> Kept:
        """Give a gate its job's new limit, and tell those that hold a slot because of it."""
        return self.answer(job, self._arrive(job, Limited(limit)).to_answer)

    def answer(self, job: str, run_ids: Iterable[str]) -> Kept:
        """Answer the tickets of these runs, where they have one. One that comes later is answered when it comes."""
        told = [self._answer(job, each) for each in run_ids]
        return Kept(answered=told.count(True), unanswered=told.count(False))

    def _answer(self, job: str, run_id: str) -> bool | None:
        """Returns whether the answer got through to every token of the run; None if there is none."""
        got_through = [self._send(job, run_id, token) for token in self._gates.find_tickets(job, run_id)]
        return all(got_through) if got_through else None

    def _send(self, job: str, run_id: str, token: str) -> bool:
        try:
            self._callbacks.send_success(token, "{}")
        except (CallbacksUnavailableError, TokenKeyError):
            return False
        except TokenError:
            pass  # it is closed: answered before, or its execution waits no more
        self._gates.drop_ticket(job, run_id, token)
        return True
