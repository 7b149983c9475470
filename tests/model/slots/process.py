"""The processes of the model: which use case a state, an event or the schedule starts, and what a call of it does."""

from collections.abc import Hashable
from datetime import timedelta
from typing import Any, Final, NamedTuple

from fargate_runs.errors import FargateRunsError, PortError
from fargate_runs.ports import (
    CallbacksUnavailableError,
    ExecutionsUnavailableError,
    StoreUnavailableError,
    TokenClosedError,
)
from tests.fakes.clock import NOON
from tests.model.replay import Call, Machine, Point, Program, Raised, Results
from tests.model.slots.contents import Contents
from tests.model.slots.protocols import Asks, FixedClock, Protocol, execution_of, run_id, token_of
from tests.model.slots.scenario import Scenario
from tests.model.slots.state import Job, Phase, State

_ERRORS: Final[dict[str, type[PortError]]] = {
    "store": StoreUnavailableError,
    "gates": StoreUnavailableError,
    "jobs": StoreUnavailableError,
    "callbacks": CallbacksUnavailableError,
    "executions": ExecutionsUnavailableError,
}
LATE: Final = "late"
LATER: Final = NOON + timedelta(minutes=20)
_WRITES: Final = frozenset({"write_run", "write_gate"})


class Trigger(NamedTuple):
    """What starts a process: "prepare" or "wait" for a state of a run's machine, "execution" and its status, "task" and
    its state, "limit", or "sweep", which may come LATE: then it has looked for tasks long after all else. `number` is
    that of the token or of the limit, or how often the run was redriven.
    """

    kind: str
    run: int = 0
    what: str = ""
    number: int = 0


class Process:
    """All processes, as points of the protocol's use cases."""

    def __init__(self, protocol: Protocol, scenario: Scenario) -> None:
        self._protocol = protocol
        self._scenario = scenario
        self._triggers: list[Trigger] = []
        self._numbers: dict[Trigger, int] = {}
        self._programs: list[Program] = []
        self._labels: dict[int, str] = {}
        self.contents = Contents()
        self.machine = Machine(
            self._programs,
            instant={},
            expected=(FargateRunsError,),
            answers=self._answers,
            end=type,
        )

    def number(self, trigger: Trigger) -> int:
        """The number of a trigger."""
        if trigger not in self._numbers:
            self._numbers[trigger] = len(self._triggers)
            self._programs.append(self._program(trigger))
            self._triggers.append(trigger)
        return self._numbers[trigger]

    def trigger(self, number: int) -> Trigger:
        """The trigger of a number."""
        return self._triggers[number]

    def trigger_of(self, job: Job) -> Trigger:
        """What has started a process."""
        return self._triggers[self.machine.points[job.point].trigger]

    def start(self, trigger: int) -> Job:
        """A process before its first call."""
        return Job(self.machine.start(trigger).number)

    def step(self, state: State, job: Job) -> tuple[State, Job]:
        """The world after the next call of this process, and the process then. A write goes with its reading."""
        point = self.machine.points[job.point]
        state, after, _ = self._step(state, point)
        if _writes(after):
            state, after, _ = self._step(state, after)
        assert not _writes(after), "a write without its reading"
        return state, job._replace(point=after.number)

    def unheard(self, state: State, job: Job) -> tuple[State, Job]:
        """The same, and its caller is told that it failed."""
        point = self.machine.points[job.point]
        state, after, _ = self._step(state, point)
        if _writes(after):
            point = after
            state, _, _ = self._step(state, point)
        return state, job._replace(point=self.machine.after(point, *_failure(point.call)).number)

    def repeated(self, state: State, job: Job) -> tuple[State, Job]:
        """The same, and the SDK makes the last call again: a write finds what it has written itself."""
        point = self.machine.points[job.point]
        after_first, after, _ = self._step(state, point)
        if _writes(after):
            written, _, _ = self._step(after_first, after)
            call = point.call
            assert call
            stands = self.contents.call(written.tables, call)
            following = self.machine.after(after, ("conflict", stands.key), stands.result)
            if _writes(following):
                written, following, _ = self._step(written, following)
            return written, job._replace(point=following.number)
        again, following, _ = self._step(after_first, point)
        return again, job._replace(point=following.number)

    def refused(self, job: Job) -> Job:
        """The process after its call has failed as a service fails that is down, throttled or out of reach."""
        point = self.machine.points[job.point]
        return job._replace(point=self.machine.after(point, *_failure(point.call)).number)

    def is_at_its_end(self, job: Job) -> bool:
        """Whether there is no next call."""
        return self.machine.points[job.point].call is None

    def error_of(self, job: Job) -> Exception | None:
        """What it has ended with, if not well."""
        return self.machine.points[job.point].failed

    def name(self, trigger: int) -> str:
        """For people."""
        kind, run, what, number = self._triggers[trigger]
        if kind == "limit":
            return f"the limit {self._scenario.limits[number]}"
        return {
            "prepare": f"prepare {run_id(run)}",
            "wait": f"wait {run_id(run)} {number}",
            "execution": f"event of {run_id(run)} {what}",
            "task": f"event of the task of {run_id(run)} {what}",
        }.get(kind, kind)

    def label(self, job: Job) -> str:
        """The next call, for people."""
        if job.point not in self._labels:
            point = self.machine.points[job.point]
            self._labels[job.point] = f"{self.name(point.trigger)}: {_shown(point.call)}"
        return self._labels[job.point]

    def _step(self, state: State, point: Point) -> tuple[State, Point, object]:
        state, key, result = self._answer(state, point)
        return state, self.machine.after(point, key, result), result

    def _answer(self, state: State, point: Point) -> tuple[State, Hashable, object]:
        call = point.call
        assert call
        if call.port in {"store", "gates"}:
            found = self.contents.call(state.tables, call)
            broken = state.broken or found.broken
            return state._replace(tables=found.tables, broken=broken), found.key, found.result
        if call.port == "jobs":
            limit = self._scenario.limits[state.limit]
            return state, limit, limit
        if call.port == "callbacks":
            return self._answer_token(state, call)
        return self._stop(state, call)

    def _answer_token(self, state: State, call: Call) -> tuple[State, Hashable, object]:
        """SendTaskSuccess: the run goes back to "Prepare the run"."""
        for number, run in enumerate(state.runs):
            if run.phase is Phase.WAITING and call.arguments[0] == token_of(number, run.token):
                prepares = self.number(Trigger("prepare", number, number=run.redrives))
                return state.with_run(number, run._replace(phase=Phase.PREPARING)).sending(prepares), "open", None
        return state, "closed", Raised(TokenClosedError("closed"))

    def _stop(self, state: State, call: Call) -> tuple[State, Hashable, object]:
        number = [run_id(each) for each in range(len(state.runs))].index(call.arguments[0])
        return self.ended(state, number, "ABORTED"), None, None

    def ended(self, state: State, number: int, status: str) -> State:
        """After the execution of a run has ended so; nothing if it had."""
        run = state.runs[number]
        if run.phase in {Phase.OVER, Phase.UNBORN}:
            return state
        event = self.number(Trigger("execution", number, status, run.redrives))
        over = state.with_run(number, run._replace(phase=Phase.OVER, ended_as=status))
        states = [each for each in over.bag if self._is_a_state_of(number, each)]
        for each in states:
            over = over.without(each)
        return over.sending(event)

    def _is_a_state_of(self, run: int, trigger: int) -> bool:
        return self._triggers[trigger].kind in {"prepare", "wait"} and self._triggers[trigger].run == run

    def _answers(self, call: Call) -> Results | None:
        """All that a call may give, where these are few."""
        failure = _failure(call)
        if call.port == "callbacks":
            return (("open", None), ("closed", Raised(TokenClosedError("closed"))), failure)
        if call.method in {"keep_ticket", "drop_ticket"} or call.port == "executions":
            return ((self.contents.nothing if call.port == "gates" else None, None), failure)
        return None

    def _program(self, trigger: Trigger) -> Program:
        kind, run, what, number = trigger
        protocol, scenario = self._protocol, self._scenario

        def begin(ports: Any) -> None:
            ports.also(clock=FixedClock(LATER if what == LATE else NOON))
            if kind == "prepare":
                limit = ports.jobs.limit("nightly")
                protocol.prepare(ports, Asks(run, limit, scenario.policy, run in scenario.forced, number))
            elif kind == "wait":
                protocol.wait(ports, run, token_of(run, number))
            elif kind == "execution":
                protocol.on_execution(ports, execution_of(run, what, number))
            elif kind == "task":
                protocol.on_task(ports, run, what == "stopped", number)
            elif kind == "limit":
                protocol.limit(ports, scenario.limits[number])
            else:
                protocol.sweep(ports)

        return begin


def _writes(point: Point) -> bool:
    return point.call is not None and point.call.method in _WRITES


def _failure(call: Call | None) -> tuple[Hashable, Raised]:
    assert call
    return f"{call.port} failed", Raised(_ERRORS[call.port]("not now"))


def _shown(call: Call | None) -> str:
    if call is None:
        return "ends"
    texts = [each for each in call.arguments if isinstance(each, str) and each != "nightly"]
    return " ".join((call.method, *texts))
