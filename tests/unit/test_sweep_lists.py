"""How far back the lists of executions are read: far enough for every end, and no further."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest

from fargate_runs.reading.execution import Execution, ExecutionStatus
from fargate_runs.reading.patterns import Pattern
from fargate_runs.usecases.sweep.listing import LOOKED_BACK, OVERLAP
from tests.fakes.clock import NOON
from tests.fakes.ecs import EXECUTION_ARN, MACHINES
from tests.fakes.sweeping import MINUTE, SweepingExecutions, counts


@pytest.fixture
def world() -> SweepingExecutions:
    return SweepingExecutions()


@pytest.mark.parametrize("newest_of", [Pattern.REQUEST_RESPONSE, Pattern.SYNC, Pattern.CALLBACK])
def test_how_far_was_seen(world: SweepingExecutions, newest_of: Pattern) -> None:
    """By Step Functions' own times; what is older than that, and a little, is read no further."""
    assert (timedelta(hours=1), timedelta(minutes=10)) == (LOOKED_BACK, OVERLAP)
    assert world.sweep_executions().seen_until is None, "nothing has ever started"
    for pattern in Pattern:
        minutes = 30 if pattern is newest_of else 5
        for n in range(4):  # more than a page
            started = NOON + (minutes - n) * MINUTE
            world.show("RUNNING", f"{pattern}-{n}", started_at=started, pattern=pattern)
    world.clock.pass_by(40 * MINUTE)
    assert world.sweep_executions().seen_until == NOON + 30 * MINUTE
    assert world.sweep_executions().seen_until == NOON + 30 * MINUTE, "it does not go back"


@pytest.mark.parametrize(("minutes", "is_seen"), [(-1, False), (0, True), (15, True)])
def test_an_end_that_is_older_than_what_was_seen(world: SweepingExecutions, minutes: int, is_seen: bool) -> None:
    """An execution that starts is in the list of the next sweep, so an older one was seen by an earlier sweep."""
    world.seen_until = NOON + 10 * MINUTE
    started = NOON + minutes * MINUTE
    world.show("FAILED", "by-hand", started_at=started, stopped_at=started)
    world.sweep_executions()
    assert ("by-hand" in world.store.runs) is is_seen


@pytest.mark.parametrize(("minutes", "is_seen"), [(-71, False), (-70, True), (-1, True)])
def test_the_first_sweep_looks_back(world: SweepingExecutions, minutes: int, is_seen: bool) -> None:
    """From now, or from the newest execution where that is older."""
    started = NOON + minutes * MINUTE
    world.show("FAILED", "by-hand", started_at=started, stopped_at=started)
    world.show("FAILED", "newest", started_at=NOON, stopped_at=NOON)
    world.sweep_executions()
    assert ("by-hand" in world.store.runs) is is_seen


@pytest.mark.parametrize("ahead", [timedelta(days=1), timedelta(days=400)])
def test_the_first_sweep_may_have_a_clock_that_is_ahead(world: SweepingExecutions, ahead: timedelta) -> None:
    """Every execution was too old then, and a complete sweep had looked at none."""
    for minutes in (-71, -70, 0):
        at = NOON + minutes * MINUTE
        world.show("FAILED", f"ended{minutes}", started_at=at - MINUTE, stopped_at=at)
    world.clock.pass_by(ahead)
    world.sweep_executions()
    assert sorted(world.store.runs) == ["ended-70", "ended0"]


def test_the_first_sweep_may_have_a_clock_that_is_behind(world: SweepingExecutions) -> None:
    for minutes in (-71, 0):
        at = NOON + minutes * MINUTE
        world.show("FAILED", f"ended{minutes}", started_at=at, stopped_at=at)
    world.clock.pass_by(timedelta(days=-1))
    world.sweep_executions()
    assert sorted(world.store.runs) == ["ended-71", "ended0"]


def test_a_list_may_be_in_the_order_of_the_ends(world: SweepingExecutions, monkeypatch: pytest.MonkeyPatch) -> None:
    """ "Most recent first", AWS says, and not by which time: a long execution that has just ended hides nobody."""
    world.clock.pass_by(120 * MINUTE)
    for n in range(4):
        world.show("FAILED", f"long{n}", started_at=NOON)
        world.show("FAILED", f"short{n}", started_at=NOON + (110 - n) * MINUTE, stopped_at=NOON + 111 * MINUTE)

    def by_end(machine: str) -> Iterator[Sequence[Execution]]:
        listed = sorted(world.executions.known.values(), key=lambda each: each.stopped_at or NOON, reverse=True)
        yield from ([listed[:4], listed[4:]] if machine == MACHINES.callback else [[]])

    monkeypatch.setattr(world.executions, "newest", by_end)
    world.sweep_executions()
    assert {f"short{n}" for n in range(4)} <= world.store.runs.keys()


def test_no_sweep_for_fifty_minutes_misses_nothing(world: SweepingExecutions) -> None:
    """(fault F24)"""
    world.show("RUNNING", "first")
    world.sweep_executions()
    for n in range(10):
        world.show("FAILED", f"n{n}", started_at=NOON + n * 5 * MINUTE)
    world.clock.pass_by(55 * MINUTE)
    assert world.sweep_executions().noted == 10
    assert {f"n{n}" for n in range(10)} <= world.store.runs.keys()


def test_pages_are_read_as_far_as_they_have_news(world: SweepingExecutions, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(30):
        started = NOON - n * 10 * MINUTE
        world.show("FAILED", f"n{n:02d}", started_at=started, stopped_at=started)
    pages: list[int] = []
    newest = world.executions.newest

    def counted(machine: str) -> Iterator[Sequence[Execution]]:
        for page in newest(machine):
            pages.append(len(page))
            yield page

    monkeypatch.setattr(world.executions, "newest", counted)
    assert world.sweep_executions().noted == 8
    assert sum(pages) == 12, "up to a page without any news"
    pages.clear()
    assert counts(world.sweep_executions()) == {}
    assert sum(pages) == 6


def test_a_start_without_a_time_is_looked_at(world: SweepingExecutions) -> None:
    world.seen_until = NOON
    world.executions.show(Execution(EXECUTION_ARN, ExecutionStatus.FAILED, stopped_at=NOON))
    assert world.sweep_executions().noted == 1
    assert world.seen_until == NOON
