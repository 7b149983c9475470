"""Worlds in which something did not hold once."""

import pytest

from tests.simulation.regressions import FOUND, Found
from tests.simulation.story import tell

IDS = [found.seed for found in FOUND]


@pytest.mark.parametrize("found", FOUND, ids=IDS)
def test_it_holds_now(found: Found) -> None:
    report = tell(found.seed)
    assert report.violation is None, found.story


@pytest.mark.parametrize("found", FOUND, ids=IDS)
def test_it_is_still_found_with_what_was_wrong(found: Found) -> None:
    """Else the seed tells another story since something changed, and another one has to be looked for."""
    with found.fault():
        report = tell(found.seed)
    assert report.violation is not None, "look for a seed that tells it: python -m tests.simulation.regressions"
    assert not report.violation.startswith("I8"), report.violation
