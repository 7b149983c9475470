"""How a world is brought to its end."""

import pytest

from tests.simulation.story import _sweep, tell
from tests.simulation.world import World

SOMEBODY_ELSE = {"pk": {"S": "SWEEP"}, "sk": {"S": "MARK"}, "owner": {"S": "somebody else"}}


@pytest.mark.parametrize(
    ("held_until", "is_its_turn"),
    [(None, True), ("2026-03-02T09:01:00.000000Z", False), ("2020-01-01T00:00:00.000000Z", True)],
    ids=["nobody's", "somebody else's", "of one that died"],
)
def test_a_sweep_that_is_skipped_has_no_turn_though_the_mark_changes(held_until: str | None, is_its_turn: bool) -> None:
    """World 4 of the large ones: a sweep from before faults were over ended while the one that counts was skipped."""
    world = World(7)
    with world.inhabited():
        world.plan.is_over = True
        if held_until:
            held = {"heldUntil": {"S": held_until}, "revision": {"N": "1"}}
            world.table.put_item(TableName=world.table.name, Item={**SOMEBODY_ELSE, **held})
            gives_up = {**SOMEBODY_ELSE, "revision": {"N": "2"}}
            world.scheduler.after(30, lambda: world.table.put_item(TableName=world.table.name, Item=gives_up))
        assert _sweep(world, seconds=60) is is_its_turn


def test_what_an_index_still_shows_as_it_could_not_be_read_is_left_to_the_next_sweep() -> None:
    """The record was of a version that knows more, and was written anew a moment ago."""
    assert tell(50_001_986).violation is None
