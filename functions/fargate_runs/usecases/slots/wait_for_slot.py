"""Keep the task token of a run that waits for a slot, and answer it at once if the run need not wait any more.

The order is the protocol. The token is stored, then the gate is read. Whoever gives a slot away writes the gate, then
reads the token. So one of both sees the other, and no run waits for an answer that nobody sends.
"""

from dataclasses import dataclass

from fargate_runs.errors import RunHasEndedError, RunNotFoundError, RunNotRunningError
from fargate_runs.jobs.gate import Gate
from fargate_runs.jobs.slots import Standing, Ticket
from fargate_runs.ports import Clock, UnreadableRecordError
from fargate_runs.ports.jobs import Gates
from fargate_runs.usecases.slots.gatekeeper import Gatekeeper
from fargate_runs.usecases.slots.slot_keeper import SlotKeeper
from fargate_runs.usecases.stop_run import StopRun


@dataclass(frozen=True, slots=True)
class Waiting:
    """How the run stands, its place among those that wait, and the number of runs that were stopped for it."""

    standing: Standing
    place: int | None
    stopped: int = 0


class StopReplaced:
    """Stops the runs that stand in the way of one that replaces them. Every call may be repeated."""

    def __init__(self, stop: StopRun, keeper: SlotKeeper) -> None:
        self._stop = stop
        self._keeper = keeper

    def __call__(self, gate: Gate) -> int:
        """Return how many runs were told to stop. Raises the errors of StopRun that a later call may not meet."""
        return sum(self._replace(gate.job, each, next(iter(gate.waiting))) for each in gate.in_the_way)

    def _replace(self, job: str, run_id: str, by: str) -> bool:
        try:
            self._stop(run_id, reason=f"replaced by run {by}", by=f"job {job}, whose policy is replace")
        except RunHasEndedError:
            self._keeper.look_at(run_id)  # its end has not come to the gate yet
            return False
        except (RunNotFoundError, RunNotRunningError, UnreadableRecordError):
            return False  # the sweep finds out what became of it
        return True


class WaitForSlot:
    """The use case."""

    def __init__(self, gates: Gates, keeper: SlotKeeper, replaces: StopReplaced, clock: Clock) -> None:
        self._gates = gates
        self._arrive = Gatekeeper(gates, clock)
        self._keeper = keeper
        self._replaces = replaces

    def __call__(self, job: str, run_id: str, token: str) -> Waiting:
        """Keep the token of a run that waits.

        Raises StoreUnavailableError, UnreadableJobError, ExecutionsUnavailableError or ClusterUnavailableError. The
        call may be repeated, with a new token too.
        """
        self._gates.keep_ticket(job, run_id, token)
        found = self._arrive(job, Ticket(run_id))
        # Those that this run has withdrawn had no more to wait for from the moment it asked.
        self._keeper.answer(job, (*found.to_answer, *found.gate.withdrawn))
        stopped = self._replaces(found.gate) if found.standing is Standing.WAITING else 0
        return Waiting(found.standing, found.gate.place_of(run_id), stopped)
