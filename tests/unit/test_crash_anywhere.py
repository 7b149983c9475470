"""Every use case dies, or a call of it fails, before and after each single call of a port; then it is done again.

Done again is what really happens then: Lambda delivers the event once more, or nothing comes and the sweep finds it.
Whatever happened on the way, the end is the one that it would have been (faults F07, F08, F18, F19, F20, F24). A call
that fails after it took effect is what a time-out looks like.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

import pytest

from fargate_runs.errors import PortError
from fargate_runs.runs.record import Delivery
from tests.fakes.settling import World
from tests.fakes.traps import PORTS, CrashError, Trap
from tests.unit.crash_scenarios import ALONE, SCENARIOS, Act, End, sweep

ENOUGH_SWEEPS: Final = 14  # ten until a task is lost, and two more than a dead sweep holds up
CLOSED: Final = {Delivery.DELIVERED, Delivery.CLOSED_BY_OTHERS}


@dataclass(frozen=True)
class How:
    """The process dies or the call fails, before or after the call took effect."""

    fails: bool
    before: bool

    def try_out(self, world: World, act: Act, at: int) -> None:
        """What is done after it is not in the way of this trap."""
        trap = Trap(world, at, before=self.before, fails=self.fails)
        with suppress(CrashError, PortError):
            act(world)
        trap.is_armed = False


HOW: Final = {
    "dies before": How(fails=False, before=True),
    "dies after": How(fails=False, before=False),
    "fails before": How(fails=True, before=True),
    "fails after": How(fails=True, before=False),
}
every_way = pytest.mark.parametrize("how", HOW.values(), ids=HOW)


def sweeps(world: World) -> None:
    for _ in range(ENOUGH_SWEEPS):
        sweep(world)


def prepared(name: str) -> World:
    world = World()
    SCENARIOS[name].before(world)
    return world


def by_itself(name: str) -> tuple[World, Sequence[str]]:
    """The world as it ends without any trouble, and the calls that it took."""
    world = prepared(name)
    trap = Trap(world)
    SCENARIOS[name].act(world)
    return world, tuple(trap.names)


def broken_off(name: str, how: How, *, tries: int = 1) -> Iterator[tuple[tuple[int, ...], World]]:
    """For each call, and for each pair of calls where it is tried twice: the world in which it came no further."""
    _, calls = by_itself(name)
    for places in product(range(len(calls)), repeat=tries):
        world = prepared(name)
        for at in places:
            how.try_out(world, SCENARIOS[name].act, at)
        yield places, world


def state_of(world: World) -> tuple[object, ...]:
    """All that may be seen of it afterwards.

    But for three things that may depend on the way: who has answered a token (that it was answered does not), which
    of its first moments a run was first seen by, and StopTask of tasks that had stopped, which does nothing.
    """
    tasks = {
        key: replace(record, delivery=Delivery.DELIVERED if record.delivery in CLOSED else record.delivery)
        for key, record in world.store.tasks.items()
    }
    runs = {name: replace(run, created_at=None) for name, run in world.store.runs.items()}
    stops = {
        (arn, reason) for arn, reason in world.cluster.stops if world.cluster.tasks[arn]["lastStatus"] != "STOPPED"
    }
    return tasks, runs, world.callbacks.answers, world.callbacks.closed, stops


def check_invariants(world: World) -> None:
    """An outcome is written once and never changes, and versions never go back (I2, I6)."""
    for key in world.store.tasks:
        writes = [each for each in world.store.writes if (each.run_id, each.task_id) == key]
        assert len({each.outcome for each in writes} - {None}) <= 1
        versions = [each.task.version for each in writes]
        assert versions == sorted(versions)


def check(world: World, expected: World, name: str, places: Sequence[int]) -> None:
    """It has come to the same end, wherever it was broken off."""
    assert state_of(world) == state_of(expected), (places, by_itself(name)[1])
    check_invariants(world)


@pytest.mark.parametrize("name", SCENARIOS)
def test_without_a_crash(name: str) -> None:
    scenario = SCENARIOS[name]
    world, calls = by_itself(name)
    assert End.of(world) == scenario.end
    assert len(calls) >= 2
    sweeps(world)
    assert End.of(world) == (scenario.after_sweeps or scenario.end)
    check_invariants(world)


@every_way
@pytest.mark.parametrize("name", ALONE)
def test_done_again(name: str, how: How) -> None:
    """As Lambda does with an event, twice if need be."""
    expected, _ = by_itself(name)
    for places, world in broken_off(name, how, tries=2):
        SCENARIOS[name].act(world)
        check(world, expected, name, places)


@every_way
@pytest.mark.parametrize("name", SCENARIOS)
def test_swept_afterwards(name: str, how: How) -> None:
    """Nothing comes any more: the sweep does what was left."""
    expected, _ = by_itself(name)
    sweeps(expected)
    for places, world in broken_off(name, how):
        sweeps(world)
        check(world, expected, name, places)
        assert world.store.mark.held_until is None
        assert world.store.mark.seen_until == expected.store.mark.seen_until


@every_way
@pytest.mark.parametrize("name", SCENARIOS)
def test_every_sweep_afterwards_dies_too_but_for_the_last_ones(name: str, how: How) -> None:
    """Each of them a call later than the one before."""
    expected, _ = by_itself(name)
    sweeps(expected)
    for (at,), world in broken_off(name, how):
        for later in range(at, at + 4):
            how.try_out(world, sweep, later)
        sweeps(world)
        check(world, expected, name, (at,))


def test_the_traps_are_at_every_port_that_is_used() -> None:
    met = {name for scenario in SCENARIOS for name in by_itself(scenario)[1]}
    assert met >= {
        *(f"store.{name}" for name in PORTS["store"] if name != "write_lost"),
        *(f"callbacks.{name}" for name in PORTS["callbacks"]),
        "logs.last_lines",
        *(f"cluster.{name}" for name in ("listed", "next page", "describe", "stop")),
        *(f"executions.{name}" for name in ("running", "newest", "next page", "describe")),
    }
