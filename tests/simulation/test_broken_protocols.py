"""The simulation finds what is wrong with protocols that are wrong, and nothing in the same worlds with ours."""

import pytest

from tests.simulation.broken import BROKEN as BROKEN_SETTLING
from tests.simulation.broken_slots import BROKEN_SLOTS
from tests.simulation.story import tell

MOST_SEEDS = 500
BROKEN = {**BROKEN_SETTLING, **BROKEN_SLOTS}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_protocol_is_found_out(name: str) -> None:
    put_in, expected = BROKEN[name]
    found = None
    with put_in():
        for seed in range(MOST_SEEDS):
            found = tell(seed)
            if found.violation:
                break
    assert found
    assert found.violation, f"nothing was found in {MOST_SEEDS} worlds"
    assert found.violation.partition(":")[0] in expected, found.violation
    assert found.trace
    assert tell(found.seed).violation is None, "with our protocol the same world holds"
