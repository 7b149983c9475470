"""Every use case dies, or a call of it fails, before and after each single call of a port; then it is done again.

Done again is what really happens then: Lambda delivers the event once more, or nothing comes and the sweep finds it.
Whatever happened on the way, the end is the one that it would have been (faults F07, F08, F18, F19, F20, F24). A call
that fails after it took effect is what a time-out looks like.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

import pytest

from fargate_runs.errors import PortError
from fargate_runs.execution import Execution, ExecutionStatus
from fargate_runs.log import NO_RESULT
from fargate_runs.outcome import outcome_of
from fargate_runs.patterns import Pattern
from fargate_runs.ports import (
    CallbacksUnavailableError,
    ClusterUnavailableError,
    ExecutionsUnavailableError,
    StoreUnavailableError,
)
from fargate_runs.record import Delivery, TaskRecord
from fargate_runs.run_state import RunRecord
from tests.fakes.clock import NOON
from tests.fakes.ecs import (
    EXECUTION_ARN,
    RUN_ID,
    TASK_ID,
    TOKEN,
    Detail,
    container,
    detail,
    life,
    overrides,
    task,
    task_arn,
)
from tests.fakes.settling import World

SECOND_ID = "f" * 32
SECOND: Final = {
    "taskArn": task_arn(SECOND_ID),
    "createdAt": "2025-05-06T11:05:00Z",
    "overrides": overrides(token="second-token"),
}
BADLY: Final = detail(containers=[container("main", 3)])
ENOUGH_SWEEPS: Final = 14  # ten until a task is lost, and two more than a dead sweep holds up
RUNNING, FAILED, ABORTED, SUCCEEDED = (ExecutionStatus(each) for each in ("RUNNING", "FAILED", "ABORTED", "SUCCEEDED"))

PORTS: Final = {
    "store": (
        "find_task",
        "write_task",
        "write_lost",
        "mark_delivery",
        "mark_missing",
        "live_tasks",
        "find_run",
        "write_run",
        "load_run",
        "open_items",
        "sweep_mark",
        "write_sweep_mark",
    ),
    "callbacks": ("send_success", "send_failure", "is_closed"),
    "logs": ("last_lines",),
    "cluster": ("listed", "describe", "stop"),
    "executions": ("describe", "running", "newest"),
}
# A log that cannot be read changes what is said of it, and is tested elsewhere.
FAILURES: Final[dict[str, type[PortError]]] = {
    "store": StoreUnavailableError,
    "callbacks": CallbacksUnavailableError,
    "cluster": ClusterUnavailableError,
    "executions": ExecutionsUnavailableError,
}


class CrashError(BaseException):
    """The process is gone: nothing catches it."""


class Trap:
    """Counts the calls of all ports, a page of a list as one, and raises at the one with this number."""

    def __init__(self, world: World, at: int = -1, *, before: bool = True, fails: bool = False) -> None:
        self.at = at
        self.before = before
        self.fails = fails
        self.calls = 0
        self.names: list[str] = []
        self.is_armed = True
        for port, names in PORTS.items():
            for name in names:
                method = getattr(getattr(world, port), name)
                setattr(getattr(world, port), name, self._wrapped(method, port))

    def _wrapped(self, method: Callable[..., Any], port: str) -> Callable[..., Any]:
        def call(*args: object) -> Any:
            number = self._enter(port, method.__name__)
            result = method(*args)
            self._leave(number, port)
            return self._pages(result, port) if isinstance(result, Iterator) else result

        return call

    def _pages(self, pages: Iterator[Any], port: str) -> Iterator[Any]:
        for page in pages:
            number = self._enter(port, "next page")
            yield page
            self._leave(number, port)

    def _enter(self, port: str, name: str) -> int:
        number, self.calls = self.calls, self.calls + 1
        self.names.append(f"{port}.{name}")
        if self.before:
            self._raise_at(number, port)
        return number

    def _leave(self, number: int, port: str) -> None:
        if not self.before:
            self._raise_at(number, port)

    def _raise_at(self, number: int, port: str) -> None:
        if number != self.at or not self.is_armed:
            return
        if not self.fails:
            raise CrashError
        if port in FAILURES:
            raise FAILURES[port]("an error at a bad moment")


@dataclass(frozen=True)
class Scenario:
    """What stands before, what is then done, and the end that it comes to: by itself, and after sweeps.

    An end is the runs' statuses, how many tokens were answered, the tasks that were stopped, and how many items are
    open. `heals_alone` is whether doing it again is enough; else it takes a sweep.
    """

    before: Callable[[World], None]
    act: Callable[[World], object]
    end: tuple[dict[str, str], int, list[str], int]
    end_after_sweeps: tuple[dict[str, str], int, list[str], int]
    heals_alone: bool = True


def sweep(world: World) -> None:
    """By a new process, a minute after the one before."""
    world.clock.pass_by(timedelta(minutes=1))
    world.sweep()("owner", 600.0)


def sweeps(world: World) -> None:
    for _ in range(ENOUGH_SWEEPS):
        sweep(world)


def shown(world: World, *details: Detail) -> None:
    """ECS says so, and an event has told of it."""
    for each in details:
        world.cluster.show(each)
        world.settle(each)


def ended(status: ExecutionStatus, **more: Any) -> Execution:
    return Execution(EXECUTION_ARN, status, started_at=NOON, stopped_at=None if status is RUNNING else NOON, **more)


def runs(world: World) -> None:
    """The execution runs, as recorded."""
    world.note(world.executions.show(ended(RUNNING)))


def settles(of: Detail) -> Callable[[World], object]:
    def act(world: World) -> object:
        world.cluster.show(of)
        return world.settle(of)

    return act


def notes(status: ExecutionStatus, **more: Any) -> Callable[[World], object]:
    def act(world: World) -> object:
        return world.note(ended(status, **more))

    return act


def a_task_that_runs(world: World) -> None:
    runs(world)
    shown(world, life()[2])


def a_token_that_others_closed(world: World) -> None:
    a_task_that_runs(world)
    world.callbacks.close(TOKEN)


def an_end_before_the_first_event(world: World) -> None:
    runs(world)
    world.note(world.executions.show(ended(ABORTED)))


def a_task_that_is_not_shown(world: World) -> None:
    """The handler of its first event died between its two writes, and so did that of the end of its execution."""
    world.store.write_task(TaskRecord.of(task(**life()[2]), Pattern.CALLBACK, None))
    world.cluster.show(life()[2])
    world.executions.show(ended(ABORTED))


def an_undelivered_outcome(world: World) -> None:
    runs(world)
    verdict = outcome_of(task(**BADLY))
    assert verdict
    world.store.write_task(TaskRecord.of(task(**BADLY), Pattern.CALLBACK, None).ended(verdict, NO_RESULT))
    world.cluster.show(BADLY)


def two_attempts_given_up(world: World) -> None:
    runs(world)
    earlier = {**SECOND, "taskArn": task_arn("e" * 32), "overrides": overrides(token="earlier-token")}
    shown(world, {**life()[2], **earlier, "createdAt": "2025-05-06T11:01:00Z"}, life()[2])
    world.callbacks.close("earlier-token")
    world.callbacks.close(TOKEN)
    world.callbacks.open.add("second-token")
    world.cluster.stops.clear()


def two_attempts_given_up_and_a_third(world: World) -> None:
    two_attempts_given_up(world)
    world.cluster.show({**life()[2], **SECOND})


def an_execution_that_has_started(world: World) -> None:
    world.executions.show(ended(RUNNING))


def an_execution_that_was_aborted(world: World) -> None:
    world.executions.show(ended(ABORTED))


def a_task_that_has_ended(world: World) -> None:
    shown(world, detail())
    world.executions.show(ended(SUCCEEDED))


def a_second_attempt(world: World) -> None:
    """Attempt 1's STOPPED comes after attempt 2 has started (fault F20)."""
    a_token_that_others_closed(world)
    world.callbacks.open.add("second-token")
    shown(world, {**life()[2], **SECOND})
    world.cluster.stops.clear()


def two_tasks_left_behind(world: World) -> None:
    runs(world)
    world.callbacks.open.add("second-token")
    shown(world, life()[2], {**life()[2], **SECOND})
    world.executions.show(ended(ABORTED))


def a_redrive(world: World) -> None:
    """The first attempt has failed; the execution was redriven and has a new task (fault F19)."""
    runs(world)
    shown(world, BADLY)
    world.callbacks.open.add("second-token")
    world.note(world.executions.show(ended(RUNNING, redrive_count=1)))
    shown(world, {**life()[2], **SECOND})


def everything_lost(world: World) -> None:
    """No event came: neither of the end of a task and its execution nor of an execution that came and went."""
    a_task_that_runs(world)
    world.cluster.show(BADLY)
    world.executions.show(ended(FAILED))
    world.executions.show(replace(ended(ABORTED), arn=EXECUTION_ARN + "-by-hand"))
    world.executions.show(replace(ended(RUNNING), arn=EXECUTION_ARN + "-young"))


def a_task_that_ecs_forgot(world: World) -> None:
    a_task_that_runs(world)
    world.cluster.forget(task_arn())


def a_run_that_never_started(world: World) -> None:
    world.store.write_run(RunRecord(RUN_ID, NOON, Pattern.CALLBACK, EXECUTION_ARN, follows=True))


def nothing(_world: World) -> None:
    pass


SCENARIOS: Final[dict[str, Scenario]] = {
    "task: first seen": Scenario(
        runs, settles(life()[2]), ({RUN_ID: "RUNNING"}, 0, [], 2), ({RUN_ID: "RUNNING"}, 0, [], 2)
    ),
    "task: ended well": Scenario(
        a_task_that_runs, settles(detail()), ({RUN_ID: "RUNNING"}, 1, [], 1), ({RUN_ID: "RUNNING"}, 1, [], 1)
    ),
    "task: ended badly": Scenario(
        a_task_that_runs, settles(BADLY), ({RUN_ID: "RUNNING"}, 1, [], 1), ({RUN_ID: "RUNNING"}, 1, [], 1)
    ),
    "task: ended, and no event before": Scenario(
        nothing, settles(BADLY), ({RUN_ID: "RUNNING"}, 1, [], 1), ({RUN_ID: "RUNNING"}, 1, [], 1)
    ),
    "task: ended, and its token is closed": Scenario(
        a_token_that_others_closed, settles(BADLY), ({RUN_ID: "RUNNING"}, 0, [], 1), ({RUN_ID: "RUNNING"}, 0, [], 1)
    ),
    "task: decided and not delivered": Scenario(
        an_undelivered_outcome, settles(BADLY), ({RUN_ID: "RUNNING"}, 1, [], 1), ({RUN_ID: "RUNNING"}, 1, [], 1)
    ),
    "task: first seen after the end of its execution": Scenario(
        an_end_before_the_first_event,
        settles(life()[2]),
        ({RUN_ID: "RUNNING"}, 0, [TASK_ID], 2),
        ({RUN_ID: "RUNNING"}, 0, [TASK_ID], 2),
    ),
    "task: a retry": Scenario(
        two_attempts_given_up,
        settles({**life()[2], **SECOND}),
        ({RUN_ID: "RUNNING"}, 0, [TASK_ID, "e" * 32], 4),
        ({RUN_ID: "RUNNING"}, 0, [TASK_ID, "e" * 32], 4),
        heals_alone=False,
    ),
    "task: an attempt before the newest one has ended": Scenario(
        a_second_attempt, settles(BADLY), ({RUN_ID: "RUNNING"}, 0, [], 2), ({RUN_ID: "RUNNING"}, 0, [], 2)
    ),
    "execution: has started": Scenario(
        an_execution_that_has_started,
        notes(RUNNING),
        ({RUN_ID: "PENDING"}, 0, [], 1),
        ({RUN_ID: "PENDING"}, 0, [], 1),
    ),
    "execution: has ended after its task": Scenario(
        a_task_that_has_ended,
        notes(SUCCEEDED),
        ({RUN_ID: "SUCCEEDED"}, 1, [], 0),
        ({RUN_ID: "SUCCEEDED"}, 1, [], 0),
    ),
    "execution: was aborted before it had a task": Scenario(
        an_execution_that_was_aborted,
        notes(ABORTED),
        ({RUN_ID: "STOPPED"}, 0, [], 0),
        ({RUN_ID: "STOPPED"}, 0, [], 0),
    ),
    "execution: was aborted and leaves two tasks": Scenario(
        two_tasks_left_behind,
        notes(ABORTED),
        ({RUN_ID: "RUNNING"}, 0, [TASK_ID, SECOND_ID], 3),
        ({RUN_ID: "RUNNING"}, 0, [TASK_ID, SECOND_ID], 3),
    ),
    "execution: the end of before a redrive comes late": Scenario(
        a_redrive, notes(FAILED), ({RUN_ID: "RUNNING"}, 1, [], 2), ({RUN_ID: "RUNNING"}, 1, [], 2)
    ),
    "sweep: everything was lost": Scenario(
        everything_lost,
        sweep,
        (
            {RUN_ID: "FAILED", f"{RUN_ID}-by-hand": "STOPPED", f"{RUN_ID}-young": "PENDING"},
            1,
            [],
            1,
        ),
        (
            {RUN_ID: "FAILED", f"{RUN_ID}-by-hand": "STOPPED", f"{RUN_ID}-young": "PENDING"},
            1,
            [],
            1,
        ),
        heals_alone=False,
    ),
    "sweep: two tasks outlive their execution": Scenario(
        two_tasks_left_behind,
        sweep,
        ({RUN_ID: "RUNNING"}, 0, [TASK_ID, SECOND_ID], 3),
        ({RUN_ID: "RUNNING"}, 0, [TASK_ID, SECOND_ID], 3),
        heals_alone=False,
    ),
    "sweep: a task that is not shown": Scenario(
        a_task_that_is_not_shown,
        sweep,
        ({RUN_ID: "RUNNING"}, 0, [TASK_ID], 2),
        ({RUN_ID: "RUNNING"}, 0, [TASK_ID], 2),
        heals_alone=False,
    ),
    "sweep: an outcome that was not delivered": Scenario(
        an_undelivered_outcome,
        sweep,
        ({RUN_ID: "RUNNING"}, 1, [], 1),
        ({RUN_ID: "RUNNING"}, 1, [], 1),
        heals_alone=False,
    ),
    "sweep: a task that ECS does not know": Scenario(
        a_task_that_ecs_forgot,
        sweep,
        ({RUN_ID: "RUNNING"}, 0, [], 2),
        ({RUN_ID: "RUNNING"}, 1, [], 1),
        heals_alone=False,
    ),
    "sweep: a run that never started": Scenario(
        a_run_that_never_started,
        sweep,
        ({RUN_ID: "PENDING"}, 0, [], 1),
        ({RUN_ID: "FAILED"}, 0, [], 0),
        heals_alone=False,
    ),
    "sweep: attempts that were given up": Scenario(
        two_attempts_given_up_and_a_third,
        sweep,
        ({RUN_ID: "RUNNING"}, 0, [TASK_ID, "e" * 32], 4),
        ({RUN_ID: "RUNNING"}, 0, [TASK_ID, "e" * 32], 4),
        heals_alone=False,
    ),
}


def end_of(world: World) -> tuple[object, ...]:
    return (
        {name: run.status.value for name, run in world.store.runs.items()},
        len(world.callbacks.answers),
        sorted({arn.rpartition("/")[2] for arn, _ in world.cluster.stops}),
        len(list(world.store.open_items())),
    )


def state_of(world: World) -> tuple[object, ...]:
    """All that may be seen of it afterwards.

    But for three things that may depend on the way: who has answered a token (that it was answered does not), which
    of its first moments a run was first seen by, and StopTask of tasks that had stopped, which does nothing.
    """
    closed = {Delivery.DELIVERED, Delivery.CLOSED_BY_OTHERS}
    tasks = {
        key: replace(record, delivery=Delivery.DELIVERED if record.delivery in closed else record.delivery)
        for key, record in world.store.tasks.items()
    }
    runs_then = {name: replace(run, created_at=None) for name, run in world.store.runs.items()}
    stops = {
        (arn, reason) for arn, reason in world.cluster.stops if world.cluster.tasks[arn]["lastStatus"] != "STOPPED"
    }
    return tasks, runs_then, world.callbacks.answers, world.callbacks.closed, stops


def prepared(name: str) -> World:
    world = World()
    SCENARIOS[name].before(world)
    return world


def by_itself(name: str) -> tuple[World, Trap]:
    world = prepared(name)
    trap = Trap(world)
    SCENARIOS[name].act(world)
    return world, trap


def tried(world: World, name: str, trap: Trap) -> None:
    """It is done, and dies or fails where the trap is. What is done after it is not in the way of this trap."""
    with suppress(CrashError, PortError):
        SCENARIOS[name].act(world)
    trap.is_armed = False


def check_invariants(world: World) -> None:
    """An outcome is written once and never changes, and versions never go back (I2, I6)."""
    for key in world.store.tasks:
        writes = [each for each in world.store.writes if (each.run_id, each.task_id) == key]
        assert len({each.outcome for each in writes} - {None}) <= 1
        versions = [each.version for each in writes]
        assert versions == sorted(versions)


@pytest.mark.parametrize("name", SCENARIOS)
def test_without_a_crash(name: str) -> None:
    world, trap = by_itself(name)
    assert end_of(world) == SCENARIOS[name].end
    assert trap.calls >= 3
    sweeps(world)
    assert end_of(world) == SCENARIOS[name].end_after_sweeps
    check_invariants(world)


HOW: Final = [
    pytest.param(False, True, id="dies before"),
    pytest.param(False, False, id="dies after"),
    pytest.param(True, True, id="fails before"),
    pytest.param(True, False, id="fails after"),
]
ALONE: Final = [name for name, scenario in SCENARIOS.items() if scenario.heals_alone]


@pytest.mark.parametrize(("fails", "before"), HOW)
@pytest.mark.parametrize("name", ALONE)
def test_done_again(name: str, fails: bool, before: bool) -> None:
    """As Lambda does with an event, twice if need be."""
    expected, counted = by_itself(name)
    for at in range(counted.calls):
        for again in range(counted.calls):
            world = prepared(name)
            tried(world, name, Trap(world, at, before=before, fails=fails))
            tried(world, name, Trap(world, again, before=before, fails=fails))
            SCENARIOS[name].act(world)
            assert state_of(world) == state_of(expected), (at, again, counted.names)
            check_invariants(world)


@pytest.mark.parametrize(("fails", "before"), HOW)
@pytest.mark.parametrize("name", SCENARIOS)
def test_swept_afterwards(name: str, fails: bool, before: bool) -> None:
    """Nothing comes any more: the sweep does what was left."""
    expected, counted = by_itself(name)
    calls = counted.calls
    sweeps(expected)
    for at in range(calls):
        world = prepared(name)
        tried(world, name, Trap(world, at, before=before, fails=fails))
        sweeps(world)
        assert state_of(world) == state_of(expected), (at, counted.names)
        assert world.store.mark.held_until is None
        assert world.store.mark.seen_until == expected.store.mark.seen_until
        check_invariants(world)


@pytest.mark.parametrize(("fails", "before"), HOW)
@pytest.mark.parametrize("name", SCENARIOS)
def test_every_sweep_afterwards_dies_too_but_for_the_last_ones(name: str, fails: bool, before: bool) -> None:
    """Each of them a call later than the one before."""
    expected, counted = by_itself(name)
    calls = counted.calls
    sweeps(expected)
    for at in range(calls):
        world = prepared(name)
        tried(world, name, Trap(world, at, before=before, fails=fails))
        for later in range(at, at + 4):
            trap = Trap(world, later, before=before, fails=fails)
            with suppress(CrashError, PortError):
                sweep(world)
            trap.is_armed = False
        sweeps(world)
        assert state_of(world) == state_of(expected), (at, counted.names)
        check_invariants(world)


def test_the_traps_are_at_every_port_that_is_used() -> None:
    met = {name for scenario in SCENARIOS for name in by_itself(scenario)[1].names}
    assert met >= {
        *(f"store.{name}" for name in PORTS["store"] if name != "write_lost"),
        *(f"callbacks.{name}" for name in PORTS["callbacks"]),
        "logs.last_lines",
        *(f"cluster.{name}" for name in ("listed", "next page", "describe", "stop")),
        *(f"executions.{name}" for name in ("running", "newest", "next page", "describe")),
    }
