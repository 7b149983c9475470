"""The slots' own protocol has no counter-example, and each that looks right and is not has one."""

import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import pytest

from fargate_runs.jobs import slots
from fargate_runs.jobs.job import Policy
from fargate_runs.jobs.slots import STEPS, Arriving, Standing, Step
from tests.model.checker import CounterExample, check
from tests.model.slots import broken
from tests.model.slots.broken import with_parts
from tests.model.slots.protocols import REAL, Protocol
from tests.model.slots.scenario import SCENARIOS, Fault, Scenario, one_each
from tests.model.slots.state import Phase, State
from tests.model.slots.world import World

DOCUMENT = (Path(__file__).parents[3] / "docs" / "slots.md").read_text()
# What was looked at when this was written, less a quarter: a model in which less can happen shows less.
FLOORS = {
    "no fault and no sweep": 500,
    "an empty gate": 13_000,
    "queue": 18_000,
    "skip": 4_000,
    "replace": 30_000,
    "a sweep in between": 19_000,
    "two that wait": 7_500,
    "two that replace": 4_200,
    "a higher limit": 21_000,
    "a lower limit": 3_200,
    "by force": 2_100,
    "a redrive": 9_000,
}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: each.name)
def test_nothing_goes_wrong_and_every_slot_finds_its_run(scenario: Scenario) -> None:
    report = check(World(scenario, REAL))
    assert report.counter_example is None, str(report.counter_example)
    assert report.states > FLOORS[scenario.name]
    assert report.done > 5


def test_the_numbers_in_the_document() -> None:
    rows = re.findall(r"^\| ([\w ]+) \| .* \| ([\d,]+) \|$", DOCUMENT, re.MULTILINE)
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


def counter_example(protocol: Protocol, scenario: Scenario) -> CounterExample[State]:
    assert check(World(scenario, REAL)).counter_example is None
    found = check(World(scenario, protocol)).counter_example
    assert found, f"{protocol.name} has none"
    return found


def test_who_stores_its_token_last_waits_for_an_answer_that_nobody_sends() -> None:
    protocol = with_parts(wait=broken.store_the_token_last)
    found = counter_example(protocol, Scenario("", begun=1, has_sweep=False))
    assert found.what == "never done: nothing more happens"
    assert found.trace[-1].startswith("wait run-2 1: keep_ticket")


def test_who_promotes_without_a_word_leaves_the_next_one_waiting() -> None:
    protocol = with_parts(on_execution=broken.promote_without_a_word, on_task=broken.promote_without_a_word_by_task)
    found = counter_example(protocol, Scenario("", begun=1, has_sweep=False))
    assert found.what == "never done: nothing more happens"
    assert found.state.runs[1].phase is Phase.WAITING


@pytest.mark.parametrize(
    "part", [broken.release_before_the_record, broken.release_with_the_execution, broken.release_with_the_record]
)
def test_who_releases_too_early_lets_one_too_many_in(part: object) -> None:
    found = counter_example(with_parts(on_execution=part), Scenario("", faults=one_each(Fault.ABORT)))
    assert found.what == "2 runs go on at a time, and the limit is 1"


def test_who_does_not_look_again_at_its_record_holds_a_slot_after_its_end() -> None:
    """The end may have come to the gate before the run did."""
    found = counter_example(with_parts(prepare=broken.ask_once), Scenario("", faults=one_each(Fault.ABORT)))
    assert found.what == "2 runs go on at a time, and the limit is 1"


def test_a_run_that_is_skipped_stores_nothing() -> None:
    found = counter_example(with_parts(prepare=broken.skip_and_stay), Scenario("", begun=1, policy=Policy.SKIP))
    assert found.what == "a run waits, and it should have been skipped"


def test_a_sweep_that_tells_nobody_leaves_a_run_waiting() -> None:
    scenario = Scenario("", begun=1, faults=one_each(Fault.CRASH))
    found = counter_example(with_parts(sweep=broken.sweep_without_a_word), scenario)
    assert found.what.startswith("never done")
    assert any(Fault.CRASH in label for label in found.trace)


def test_without_a_sweep_one_crash_is_enough() -> None:
    scenario = Scenario("", begun=1, faults=one_each(Fault.CRASH), has_sweep=False)
    found = check(World(scenario, REAL)).counter_example
    assert found
    assert found.what.startswith("never done")


def test_the_newest_first_is_overtaking(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = Scenario("", runs=3, begun=1, processes=1)
    assert check(World(scenario, REAL)).counter_example is None
    monkeypatch.setattr(slots, "promoted", broken.last_come_first_served)
    found = check(World(scenario, REAL)).counter_example
    assert found
    assert found.what == "run-3 has overtaken one that waits"


@pytest.mark.parametrize(
    ("arriving", "step", "what"),
    [
        (Arriving.QUEUE, Step.HOLD, "run-2 has taken a slot, and there are 1 for 2 runs"),
        (Arriving.ENDED, Step.STAY, "never done"),
    ],
)
def test_a_wrong_entry_in_the_table(arriving: Arriving, step: Step, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    standing = Standing.ABSENT if arriving is Arriving.QUEUE else Standing.HOLDING
    monkeypatch.setattr(slots, "STEPS", {**STEPS, (standing, arriving): step})
    found = check(World(Scenario("", begun=1), REAL)).counter_example
    assert found
    assert found.what.startswith(what)
