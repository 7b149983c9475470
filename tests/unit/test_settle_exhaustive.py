"""The settle protocol under every order, duplicate, crash and overlap of a life's events (faults F01 to F11).

One life: RUNNING, a late state, STOPPED. A crash is an exception at a port call, before it took effect or after (which
is also what a call looks like that was executed but timed out). After it the event is delivered again, as Lambda does.
"""

import itertools
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from fargate_runs.answers.answer import Success
from fargate_runs.outcomes.kinds import OutcomeStatus
from fargate_runs.outcomes.outcome import outcome_of
from fargate_runs.reading.execution import ExecutionStatus
from fargate_runs.reading.task import EcsTask
from fargate_runs.runs.record import Delivery
from fargate_runs.runs.run_status import RunStatus
from tests.fakes.ecs import RUN_ID, TOKEN, Detail, container, life, overrides
from tests.fakes.settling import World


class CrashError(BaseException):
    """The process is gone: nothing catches it."""


@dataclass
class Trap:
    """Counts the calls of all ports, and does something before or after the one with this number."""

    world: World
    at: int = -1
    before: bool = True
    action: Callable[[], None] | None = None
    calls: int = field(default=0)

    def __post_init__(self) -> None:
        for port in (self.world.store, self.world.callbacks, self.world.logs):
            for name in PORT_METHODS:
                if hasattr(port, name):
                    setattr(port, name, self._wrapped(getattr(port, name)))

    def _wrapped(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: object) -> object:
            number, self.calls = self.calls, self.calls + 1
            armed = number == self.at and self.action
            if armed and self.before:
                self.action()  # type: ignore[misc]
            result = method(*args)
            if armed and not self.before:
                self.action()  # type: ignore[misc]
            return result

        return call


PORT_METHODS = (
    "find_task",
    "write_task",
    "mark_delivery",
    "find_run",
    "write_run",
    "tasks_of",
    "send_success",
    "send_failure",
    "last_lines",
)

WELL = life()
BADLY = life(containers=[container("main", 3)])
WITHOUT_TOKEN = [{**each, "overrides": overrides(token=None)} for each in WELL]
LIVES = {"well": WELL, "badly": BADLY, "without a token": WITHOUT_TOKEN}


def crash() -> None:
    raise CrashError


def run(world: World, events: Iterable[Detail]) -> None:
    """Deliver the events; one whose handler crashed is delivered again."""
    for each in events:
        try:
            world.settle(each)
        except CrashError:
            world.settle(each)


def check(world: World, events: list[Detail], last: Detail) -> None:
    """The invariants I2 to I7, and that nothing is left to do."""
    expected = outcome_of(EcsTask.from_detail(last))
    assert expected
    versions = [each.task.version for each in world.store.writes]
    assert versions == sorted(versions)
    assert {each.outcome for each in world.store.writes} - {None} == {expected}
    stored = world.stored()
    assert stored.outcome == expected
    assert not stored.is_open
    run_status = RunStatus.SUCCEEDED if expected.succeeded else RunStatus.FAILED
    end = ExecutionStatus.SUCCEEDED if expected.succeeded else ExecutionStatus.FAILED
    try:
        world.end_run(end)
    except CrashError:  # a trap that the events did not reach
        world.end_run(end)
    assert world.store.runs[RUN_ID].status is run_status
    if stored.delivery is Delivery.NOT_NEEDED:
        assert not world.callbacks.answers
        return
    answer = world.callbacks.answers[TOKEN]
    assert isinstance(answer, Success) is (expected.status is OutcomeStatus.SUCCEEDED)
    said = json.loads(answer.output if isinstance(answer, Success) else answer.cause)
    assert said["exitCode"] == expected.exit_code
    assert world.callbacks.calls <= len(events) + 1


def orders(events: list[Detail]) -> list[list[Detail]]:
    """Every order of RUNNING, DEPROVISIONING and STOPPED, with each of them doubled once, or none."""
    core = [2, 3, 4]
    with_doubles = [core, *([*core, doubled] for doubled in core)]
    distinct = {order for each in with_doubles for order in itertools.permutations(each)}
    return [[events[n] for n in order] for order in sorted(distinct)]


def test_a_life_has_the_orders_that_it_should() -> None:
    assert len(orders(WELL)) == 6 + 3 * 12
    assert len(list(itertools.permutations(WELL))) == 120


@pytest.mark.parametrize("name", LIVES)
def test_every_order_of_a_whole_life_with_its_end_doubled(name: str) -> None:
    whole = LIVES[name]
    for order in itertools.permutations(whole):
        world = World()
        run(world, [*order, whole[-1]])
        check(world, [*order, whole[-1]], whole[-1])


@pytest.mark.parametrize("name", LIVES)
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_crash_at_any_call_in_any_order(name: str, before: bool) -> None:
    whole = LIVES[name]
    crashes = 0
    for order in orders(whole):
        counted = Trap(World())
        run(counted.world, order)
        for at in range(counted.calls):
            world = World()
            Trap(world, at, before=before, action=crash)
            run(world, order)
            check(world, order, whole[-1])
            crashes += 1
    assert crashes > 400


@pytest.mark.parametrize("name", LIVES)
def test_another_handler_at_any_call(name: str) -> None:
    """Two at once: at every call of one handler, every other event is handled from beginning to end by another."""
    whole = LIVES[name]
    for event, other in itertools.product(whole[2:], repeat=2):
        for before in (True, False):
            for at in range(16):
                world = World()

                def settle_other(world: World = world, other: Detail = other) -> None:
                    world.settle(other)

                Trap(world, at, before=before, action=settle_other)
                run(world, [event])
                run(world, [whole[-1]])
                check(world, [event, other, whole[-1]], whole[-1])


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_late_evidence_that_contradicts_at_any_call(before: bool) -> None:
    """Two ends of one task, handled at once: whichever is decided first stands, and is what was answered (F11)."""
    late = {**BADLY[-1], "version": 6}
    for first, second in ((WELL[-1], late), (late, WELL[-1])):
        for at in range(10):
            world = World()

            def settle_second(world: World = world, second: Detail = second) -> None:
                world.settle(second)

            Trap(world, at, before=before, action=settle_second)
            run(world, [first, first, second])
            assert len({each.outcome for each in world.store.writes} - {None}) == 1
            stands = world.stored().outcome
            assert stands
            assert isinstance(world.callbacks.answers[TOKEN], Success) is stands.succeeded
            assert world.store.runs[RUN_ID].outcome == stands
            assert not world.stored().is_open


def test_a_crash_after_another_handler_has_come_in_between() -> None:
    for at, crash_at in itertools.product(range(10), range(14)):
        world = World()

        def settle_and_crash(world: World = world, crash_at: int = crash_at) -> None:
            Trap(world, crash_at, before=False, action=crash)
            run(world, [BADLY[-1]])

        Trap(world, at, action=settle_and_crash)
        run(world, [BADLY[-1], BADLY[-1]])
        check(world, [BADLY[-1]] * 5, BADLY[-1])


def test_an_earlier_answer_that_is_not_known_of_is_not_sent_twice_with_effect() -> None:
    """Executed but timed out: the retry meets its own effect and ends as it should (fault F08)."""
    world = World()
    counted = Trap(World())
    run(counted.world, [WELL[-1]])
    for at in range(counted.calls):
        world = World()
        Trap(world, at, before=False, action=crash)
        run(world, [WELL[-1], WELL[-1], WELL[-1]])
        assert len(world.callbacks.answers) == 1
        assert world.stored().delivery in {Delivery.DELIVERED, Delivery.CLOSED_BY_OTHERS}


def test_everything_again_changes_nothing() -> None:
    world = World()
    run(world, WELL)
    writes, answers = list(world.store.writes), dict(world.callbacks.answers)
    run(world, [*WELL, *WELL[::-1]])
    assert (world.store.writes, world.callbacks.answers) == (writes, answers)
