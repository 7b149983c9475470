"""Worlds in which something did not hold once."""

import pytest

from tests.simulation.regressions import FOUND
from tests.simulation.story import tell


@pytest.mark.parametrize("seed", FOUND)
def test_it_holds_now(seed: int) -> None:
    report = tell(seed)
    assert report.violation is None, FOUND[seed]
