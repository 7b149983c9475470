"""The story of a world from its beginning to its audit, and what is told about it afterwards."""

import gc
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from tests.simulation.counted import check_counted
from tests.simulation.expressions import Item
from tests.simulation.poison import is_poison
from tests.simulation.violations import ViolationError
from tests.simulation.world import Settings, World

_LOSSES: Final = frozenset({"L1", "L2", "L4"})
_OVERADMITTED: Final = frozenset({"S1", "S3"})
_STUCK: Final = frozenset({"S2", "S4"})
_A_DAY: Final = 90_000.0
_MARK: Final = ("SWEEP", "MARK")
_GRACE: Final = 330.0  # what a task may take whose execution has gone on without it, a moment ago
_SWEEPS_UNTIL_LOST: Final = 30  # ten in a row, and late events of it begin the count anew


@dataclass(frozen=True)
class Report:
    """What came of one seed."""

    seed: int
    tasks: int
    lost: int
    unexpected: int
    duplicates: int
    recovered: int
    overadmitted: int
    stuck: int
    violation: str | None
    trace: tuple[str, ...]
    digest: str
    count: Counter[str] = field(default_factory=Counter)
    steps: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether everything held."""
        return self.violation is None


def tell(seed: int, settings: Settings = Settings(), *, tail: int = 40) -> Report:  # noqa: B008 - frozen
    """Run the world of a seed to its end, or to the first thing that does not hold."""
    world = World(seed, settings)
    violation: str | None = None
    with world.inhabited(), _rarely_collected():
        try:
            _live(world)
        except ViolationError as error:
            violation = str(error)
    trace = world.scheduler.trace
    lost = world.invariants.losses() if violation is None or violation[:2] in _LOSSES else 0
    unexpected, duplicates = world.invariants.contradictions(), world.invariants.duplicates()
    overadmitted, stuck = int(_is_of(violation, _OVERADMITTED)), int(_is_of(violation, _STUCK))
    if violation and not lost + unexpected + duplicates + overadmitted + stuck:
        unexpected = 1
    return Report(
        seed=seed,
        tasks=sum(1 for _ in world.invariants.tasks()),
        lost=lost,
        unexpected=unexpected,
        duplicates=duplicates,
        recovered=len(world.invariants.tally.recovered),
        overadmitted=overadmitted,
        stuck=stuck,
        violation=violation,
        trace=tuple(trace.lines(tail)) if violation else (),
        digest=trace.digest() if tail < 0 else "",
        count=world.plan.count,
        steps=world.scheduler.steps,
    )


def _is_of(violation: str | None, names: frozenset[str]) -> bool:
    return violation is not None and violation[:2] in names


@contextmanager
def _rarely_collected() -> Iterator[None]:
    """Of what a world makes hardly anything is garbage before its end: looking for it is a tenth of the time."""
    usual = gc.get_threshold()
    gc.set_threshold(100_000, 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _live(world: World) -> None:
    world.begin()
    world.run_for(world.profile.active_for)
    _settle_down(world)
    _check_end(world)
    _check_rates(world)
    before = snapshot(world)
    if world.rng.random() < 0.5:
        _look_at_everything(world)
    _do_everything_again(world)
    _check_unchanged(world, before, "doing everything again")
    _check_rates(world)
    world.run_for(_A_DAY)
    _check_unchanged(world, before, "what came a day late")
    _redrive_what_is_left(world)
    _check_unchanged(world, before, "what could not be delivered")
    _sweep(world, seconds=120)
    _find_the_lost(world)
    _check_end(world)


def _check_unchanged(world: World, before: Mapping[tuple[str, str], Item], what: str) -> None:
    """L6. A replay may bring news of what nobody had seen before ECS forgot it; what was decided stands even then."""
    after = snapshot(world)
    if world.invariants.may_forget:
        before = {key: item for key, item in before.items() if "outcome" in item and key[1] != "RUN"}
        after = {key: item for key, item in after.items() if key in before}
    if after != before:
        raise ViolationError("L6", f"{what} changed the table")


def _check_rates(world: World) -> None:
    """I10: no quota of the account is used up by the functions."""
    for name in world.network.rates.exceeded:
        raise ViolationError("I10", f"more calls of {name} than the quota allows")


def _settle_down(world: World) -> None:
    """Faults are over: one sweep settles what has ended; then what still runs is aborted, and ends too."""
    world.plan.is_over = True
    world.changes.go_on_to_tomorrow()
    world.run_for(95)  # a sweep that died holds up the next one for 90 seconds
    for _ in range(5):  # and one whose clock was wrong, some later one
        began = world.scheduler.now
        if _sweep(world, seconds=60):
            break
        world.run_for(95)
    world.invariants.check_ended_before(began)
    world.stops.check_stopped_before(began)
    world.run_for(5)
    world.slots.check_nobody_is_stuck()
    world.run_for(600)
    for execution in list(world.executions.all.values()):
        if execution.parent is None:
            world.executions.abort(execution)
    world.run_for(_GRACE)
    _sweep(world, seconds=90)
    _sweep(world, seconds=60)
    _find_the_lost(world)


def _check_end(world: World) -> None:
    scheduler = world.scheduler
    world.invariants.check_end(scheduler.iso(), scheduler.iso(scheduler.now - 4 * 3_600))
    check_counted(world.table, world.executions, world.invariants.intruders)
    world.stops.check_end()
    world.slots.check_end()
    world.callers.check_end(world.stepfunctions.inputs)


def _find_the_lost(world: World) -> None:
    for _ in range(_SWEEPS_UNTIL_LOST):
        if not world.invariants.something_is_lost():
            break
        _sweep(world, seconds=60)


def _sweep(world: World, seconds: float) -> bool:
    """Whether it was its turn. It has ended then, however long it took.

    Where it was not, another sweep is at work, which may write its mark meanwhile: of what ended since that one has
    read what is open, nothing is asked of it.
    """
    began = world.scheduler.now
    world.sweep()
    world.run_for(seconds)
    while world.lambda_.running["sweep"]:
        world.run_for(5)
    return world.swept.turn_began >= began


def _look_at_everything(world: World) -> None:
    """The API shows the runs that there are, and nothing of them that is secret."""
    runs = [pk.removeprefix("RUN#") for pk, sk in world.table.items if sk == "RUN"]
    for run_id in world.rng.sample(runs, min(3, len(runs))):
        world.callers.look_at(run_id)
    world.run_for(60)


def _do_everything_again(world: World) -> None:
    """The dead-letter queue, the archive, two sweeps at once (fault F24); only the poison comes back (L3)."""
    world.lambda_.redrive()
    if world.rng.random() < 0.5:
        world.bus.replay()
    world.sweep()
    world.sweep()
    world.run_for(400)
    _check_letters(world)


def _redrive_what_is_left(world: World) -> None:
    """Rules give up after a day: what ended in the dead-letter queue then is sent through again."""
    if any(letter.reason == "undelivered" for letter in world.lambda_.dead_letters):
        world.lambda_.redrive()
        world.run_for(120)
        _check_letters(world)


def _check_letters(world: World) -> None:
    for letter in world.lambda_.dead_letters:
        if not is_poison(letter.event):
            raise ViolationError("L3", f"an event of {letter.function} ends as {letter.reason}")


def snapshot(world: World) -> dict[tuple[str, str], Item]:
    """What has ended, without when its items expire: of what still runs, news may come at any time."""
    running = {world.invariants.run_key(task) for task in world.invariants.tasks() if task.is_live}
    return {
        key: {name: value for name, value in item.items() if name != "expiresAt"}
        for key, item in world.table.items.items()
        if key[0] != _MARK[0] and key[0] not in running
    }
