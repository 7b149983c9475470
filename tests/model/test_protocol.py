"""The functions' own protocol has no counter-example."""

import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.model.checker import check
from tests.model.protocols import REAL
from tests.model.scenario import SCENARIOS, Scenario
from tests.model.world import World

DOCUMENT = (Path(__file__).parents[2] / "docs" / "settling.md").read_text()
# What was looked at when this was written, less a quarter: a model in which less can happen shows less.
FLOORS = {
    "one attempt": 75_000,
    "a second attempt": 9_500,
    "a redrive": 13_000,
    "a sweep in between": 21_000,
    "sync": 7_000,
    "request-response": 6_000,
    "answers refused": 4_000,
}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: each.name)
def test_nothing_goes_wrong_and_everything_ends(scenario: Scenario) -> None:
    report = check(World(scenario, REAL))
    assert report.counter_example is None, str(report.counter_example)
    assert report.states > FLOORS[scenario.name]
    assert report.done > 5


def test_the_numbers_in_the_document() -> None:
    rows = re.findall(r"^\| ([\w -]+) \| .* \| ([\d,]+) \|$", DOCUMENT, re.MULTILINE)
    assert {name: int(states.replace(",", "")) for name, states in rows} == FLOORS


def test_every_fault_happens_somewhere() -> None:
    for scenario in SCENARIOS:
        missing = set(scenario.faults)
        for label in _labels(World(scenario, REAL)):
            missing -= {fault for fault in missing if fault in label}
            if not missing:
                break
        assert not missing, scenario.name


def _labels(world: World) -> Iterator[str]:
    """The names of all moves, breadth first."""
    seen, agenda = {world.initial()}, deque([world.initial()])
    while agenda:
        for label, _, to in world.moves(agenda.popleft()):
            yield label
            if to not in seen:
                seen.add(to)
                agenda.append(to)
