"""What may never be, and what must have come to pass when all is quiet."""

from fargate_runs.jobs.job import Policy
from fargate_runs.runs.run_status import RunStatus
from tests.model.slots.process import Process
from tests.model.slots.protocols import run_id
from tests.model.slots.scenario import Scenario
from tests.model.slots.state import Phase, State, Task


class Goals:
    """Looks at states only; what a single write may not do is looked at in contents.py."""

    def __init__(self, scenario: Scenario, process: Process) -> None:
        self._scenario = scenario
        self._process = process

    def violation(self, state: State) -> str | None:
        """Safety. None if nothing is wrong."""
        if state.broken:
            return state.broken
        most = max(self._scenario.limits[: state.limit + 1])
        counted = [
            number
            for number, run in enumerate(state.runs)
            if run.takes_place and not run.redrives and number not in self._scenario.forced
        ]
        if len(counted) > most:
            return f"{len(counted)} runs go on at a time, and the limit is {most}"
        if self._scenario.policy is Policy.SKIP and self._process.contents[state.tables].gate.waiting:
            return "a run waits, and it should have been skipped"
        return None

    def is_quiet(self, state: State) -> bool:
        """Whether nothing happens by itself any more."""
        stopping = any(run.phase is Phase.OVER and run.task is Task.ALIVE for run in state.runs)
        return not (state.bag or state.jobs or stopping)

    def is_done(self, state: State) -> bool:
        """Liveness. All is quiet, and every run is where it should be, at the gate too."""
        return self.is_quiet(state) and not self.what_is_left(state)

    def what_is_left(self, state: State) -> str:
        """What still has to come to pass, when all is quiet."""
        tables = self._process.contents[state.tables]
        gate = tables.gate
        if gate.waiting and gate.has_free_slot:
            return "a run waits beside a free slot"
        if gate.limit not in {None, self._scenario.limits[state.limit]}:
            return "the gate has another limit than the job"
        for number, run in enumerate(state.runs):
            name = run_id(number)
            holds, waits = name in gate.holders, name in gate.waiting
            status = tables.runs[name].status if name in tables.runs else None
            has_ended = name in tables.runs and tables.runs[name].has_ended
            is_right = {
                Phase.UNBORN: not (holds or waits),
                Phase.PREPARING: False,
                Phase.WAITING: waits and name in tables.tickets and status is RunStatus.QUEUED,
                Phase.RUNNING: holds and not has_ended and status is not RunStatus.QUEUED,
                Phase.OVER: has_ended and not (holds or waits or name in gate.withdrawn),
            }[run.phase]
            if not is_right:
                return f"{name} is in {run.phase}, and it is {status}"
            if name in tables.tickets and run.phase is not Phase.WAITING:
                return f"{name} has a ticket, and does not wait"
            if run.ended_as == "SUCCEEDED" and run.task is Task.NONE and status is not RunStatus.SKIPPED:
                return f"{name} was skipped, and shows {status}"
        return ""
