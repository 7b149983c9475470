"""The simulation finds what is wrong with protocols that are wrong, and nothing in the same worlds with ours."""

import pytest

from tests.simulation.broken import BROKEN as BROKEN_SETTLING
from tests.simulation.broken_slots import BROKEN_SLOTS
from tests.simulation.story import tell
from tests.simulation.world import Settings

MOST_SEEDS = 500
ANY = (range(MOST_SEEDS), Settings())
#: Two functions are at one gate at the same moment only where many runs are under way.
WORLDS = {"a gate is written over": (range(40, 140), Settings(runs=60))}
BROKEN = {**BROKEN_SETTLING, **BROKEN_SLOTS}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_protocol_is_found_out(name: str) -> None:
    put_in, expected = BROKEN[name]
    seeds, settings = WORLDS.get(name, ANY)
    found = None
    with put_in():
        for seed in seeds:
            found = tell(seed, settings)
            if found.violation:
                break
    assert found
    assert found.violation, f"nothing was found in {len(seeds)} worlds"
    assert found.violation.partition(":")[0] in expected, found.violation
    assert found.trace
    assert tell(found.seed, settings).violation is None, "with our protocol the same world holds"
