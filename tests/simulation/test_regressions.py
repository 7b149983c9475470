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
def test_what_was_wrong_can_be_put_back_in(found: Found) -> None:
    """So that another seed can be looked for: the handlers work with it, and do what should not be done."""
    with found.fault():
        report = tell(found.seed)
    assert report.violation is None or not report.violation.startswith("I8"), report.violation
