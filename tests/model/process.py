"""The processes of the model: which use case an event or the schedule starts, and what one call of it does."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from fargate_runs.errors import PortError
from fargate_runs.ports import (
    AnswerRefusedError,
    CallbacksUnavailableError,
    Clock,
    ClusterUnavailableError,
    ExecutionsUnavailableError,
    RunStore,
    StoreUnavailableError,
    TokenClosedError,
)
from fargate_runs.reading.execution import Execution, ExecutionStatus
from fargate_runs.reading.task import EcsTask
from tests.fakes.clock import NOON
from tests.fakes.logs import InMemoryLogs
from tests.fakes.store import InMemoryRunStore
from tests.model.ecs import Ecs
from tests.model.replay import Call, Machine, Point, Ports, Program, Raised, Results
from tests.model.scenario import Fault, Scenario
from tests.model.services import REFUSED, Cluster, StepFunctions
from tests.model.state import CLOSED, State
from tests.model.tables import Answered, Tables

_ERRORS: Final[dict[str, type[PortError]]] = {
    "store": StoreUnavailableError,
    "callbacks": CallbacksUnavailableError,
    "cluster": ClusterUnavailableError,
    "executions": ExecutionsUnavailableError,
}
_INDEXES: Final = frozenset({"live_tasks", "open_items"})
_SWEPT_AT: Final = NOON + timedelta(minutes=10)


@dataclass(frozen=True)
class Protocol:
    """What takes care of tasks: a use case for each trigger, made on the ports."""

    name: str
    on_task: Callable[[Ports, EcsTask], object]
    on_execution: Callable[[Ports, Execution], object]
    sweep: Callable[[Ports, bool], object]
    make_store: Callable[[], RunStore] = InMemoryRunStore


class Trigger(NamedTuple):
    """What starts a process: a "task" and its state, the "execution" and how it stands, a "sweep" or a "warm sweep"."""

    kind: str
    number: int = 0
    status: ExecutionStatus | None = None


class FixedClock(Clock):
    """One moment for a whole process; waiting takes no time."""

    def __init__(self, moment: datetime) -> None:
        self._moment = moment

    def now(self) -> datetime:
        return self._moment

    def sleep(self, seconds: float) -> None:
        pass


class Process:
    """All processes, as points of the protocol's use cases."""

    def __init__(self, protocol: Protocol, ecs: Ecs, execution_arn: str, scenario: Scenario) -> None:
        self._may_fail = not {Fault.THROTTLE, Fault.UNHEARD}.isdisjoint(scenario.kinds)
        self._refuses_answers = scenario.refuses_answers
        self._most_redrives = int(Fault.REDRIVE in scenario.kinds)
        self._protocol = protocol
        self._ecs = ecs
        self._triggers: list[Trigger] = []
        self._programs: list[Program] = []
        self._stored: dict[tuple[int, int], Answered] = {}
        self._folds: dict[tuple[int, int], int] = {}
        self._labels: dict[int, str] = {}
        self._names: dict[int, str] = {}
        self._step_functions = StepFunctions(execution_arn, refuses_answers=scenario.refuses_answers)
        self._cluster = Cluster(ecs)
        self._execution_arn = execution_arn
        self.tables = Tables(protocol.make_store)
        self.machine = Machine(
            self._programs, instant={"logs": InMemoryLogs()}, expected=(PortError,), answers=self._answers
        )

    def trigger(self, trigger: Trigger) -> int:
        """The number of a trigger."""
        if trigger not in self._triggers:
            self._programs.append(self._program(trigger))
            self._triggers.append(trigger)
        return self._triggers.index(trigger)

    def step(self, state: State, job: int) -> tuple[State, int]:
        """The world after the call of this process, and the point that the process is at then.

        A run is folded in one step: its write takes effect only if nothing came between the reading and the writing.
        """
        point = self.machine.points[job]
        state, key, result = self._answer(state, point)
        after = self.machine.after(point, key, result)
        if point.call and point.call.method == "find_run":
            return self._folded(state, point, after)
        return state, after.number

    def _folded(self, state: State, point: Point, after: Point) -> tuple[State, int]:
        """After the write, if there is one. A process that had read what it wrote would be at the same point now."""
        if after.call is None or after.call.method != "write_run":
            return state, after.number
        where = (state.table, after.number)
        state, key, result = self._answer(state, after)
        if where not in self._folds:
            written = self.machine.after(after, key, result)
            (run_id,) = point.call.arguments if point.call else ()
            run = self.tables.run(state.table, run_id)
            again = self.machine.after(point, ("as it stands", run), run and replace(run, revision=0))
            assert again.call == written.call, "a fold that is done again does something else"
            self._folds[where] = again.number
        return state, self._folds[where]

    def after_error(self, job: int) -> int:
        """The point after the call has failed as a service fails that is down, throttled or out of reach."""
        point = self.machine.points[job]
        assert point.call
        return self.machine.after(point, *self._failure(point.call)).number

    def is_at_its_end(self, job: int) -> bool:
        """Whether there is no next call."""
        return self.machine.points[job].call is None

    def has_failed(self, job: int) -> bool:
        """Whether it has ended with an error."""
        return self.machine.points[job].failed is not None

    def is_event(self, trigger: int) -> bool:
        """Whether a process that was started so is started again when it fails."""
        return self._triggers[trigger].kind in {"task", "execution"}

    def reads_an_index(self, job: int) -> bool:
        """Whether the next call may see what stood a while ago."""
        call = self.machine.points[job].call
        return call is not None and call.method in _INDEXES

    def asks_ecs(self, job: int) -> bool:
        """Whether the next call asks ECS about tasks."""
        call = self.machine.points[job].call
        return call is not None and (call.port, call.method) in {("cluster", "describe"), ("cluster", "listed")}

    def name(self, trigger: int) -> str:
        """For people."""
        if trigger not in self._names:
            self._names[trigger] = self._name(trigger)
        return self._names[trigger]

    def _name(self, trigger: int) -> str:
        kind, number, status = self._triggers[trigger]
        if kind == "task":
            return f"event of {self._ecs.name(number)}"
        return f"event of the execution {status}" if kind == "execution" else kind

    def label(self, job: int) -> str:
        """The next call, for people."""
        if job not in self._labels:
            self._labels[job] = self._label(self.machine.points[job])
        return self._labels[job]

    def _label(self, point: Point) -> str:
        return f"{self.name(point.trigger)}: {point.call.method if point.call else 'ends'}"

    def _answer(self, state: State, point: Point) -> tuple[State, Hashable, object]:
        call = point.call
        assert call
        if call.port == "store":
            return self._store(state, point)
        if call.port == "cluster":
            return self._cluster.call(state, call)
        if call.port == "memory":
            return self._remember(state, call)
        service = self._step_functions.callbacks if call.port == "callbacks" else self._step_functions.executions
        return service(state, call)

    def _answers(self, call: Call) -> Results | None:
        """All that a call may give, where these are few."""
        if call.port == "memory":
            return None
        fails = (self._failure(call),) if self._may_fail else ()
        if call.port == "callbacks" and call.method != "is_closed":
            refused = (REFUSED, Raised(AnswerRefusedError("refused")))
            accepts = refused if self._refuses_answers else (None, None)
            return (accepts, (CLOSED, Raised(TokenClosedError("closed"))), *fails)
        if call.method == "is_closed":
            return ((True, True), (False, False), *fails)
        if call.method == "describe" and call.port == "executions":
            return (*self._step_functions.descriptions(self._most_redrives), *fails)
        if call.method in {"mark_delivery", "mark_missing", "stop"}:
            return ((None, None), *fails)
        return None

    @staticmethod
    def _failure(call: Call) -> tuple[Hashable, Raised]:
        return f"{call.port} failed", Raised(_ERRORS[call.port]("not now"))

    @staticmethod
    def _remember(state: State, call: Call) -> tuple[State, Hashable, object]:
        """What a warm sweep remembers; a frozenset of texts stands for all memories."""
        text = str(call.arguments[0])
        if call.method == "has":
            return state, text in state.memory, text in state.memory
        return state._replace(memory=state.memory | {text}), None, None

    def _store(self, state: State, point: Point) -> tuple[State, Hashable, object]:
        where = (state.table, point.number)
        found = self._stored.get(where)
        if found is None:
            assert point.call
            found = self._stored[where] = self.tables.call(state.table, point.call)
        if found.table != state.table:
            state = state._replace(table=found.table, broken=found.broken or state.broken)
        return state, found.key, found.result

    def _program(self, trigger: Trigger) -> Program:
        kind, number, status = trigger
        task = EcsTask.from_detail(self._ecs.detail(number)) if kind == "task" else None

        def run(ports: Ports) -> None:
            ports.also(clock=FixedClock(NOON if task or status else _SWEPT_AT), execution_arn=self._execution_arn)
            if task:
                self._protocol.on_task(ports, task)
            elif status:
                self._protocol.on_execution(ports, self._step_functions.execution(status, number))
            else:
                self._protocol.sweep(ports, kind == "warm sweep")

        return run
