"""Arrivals at a gate in the table: races, and what is told."""

from dataclasses import replace

import pytest

from fargate_runs.jobs.gate import Gate
from fargate_runs.jobs.slots import Ended, Limited, Standing, Ticket
from fargate_runs.ports import StoreUnavailableError
from fargate_runs.usecases.slots.gatekeeper import LONGEST_WAIT_SECONDS, MOST_TRIES, Gatekeeper
from tests.fakes.clock import StoppedClock
from tests.fakes.gates import InMemoryGates
from tests.fakes.slots import JOB, at_call
from tests.unit.test_slots import ask, gate, position


@pytest.fixture
def gates() -> InMemoryGates:
    return InMemoryGates()


def keeper(gates: InMemoryGates, clock: StoppedClock | None = None) -> Gatekeeper:
    return Gatekeeper(gates, clock or StoppedClock(), part=lambda: 1.0)


def test_what_arrives_is_written(gates: InMemoryGates) -> None:
    found = keeper(gates)(JOB, ask("a"))
    assert (found.standing, [*gates.gates[JOB].holders], gates.gates[JOB].revision) == (Standing.HOLDING, ["a"], 1)


@pytest.mark.parametrize("arrival", [Ended("x"), Ticket("x"), Limited(None)])
def test_what_changes_nothing_is_not_written(gates: InMemoryGates, arrival: Ended | Ticket | Limited) -> None:
    keeper(gates)(JOB, arrival)
    assert gates.calls == ["find_gate"]
    assert JOB not in gates.gates


@pytest.mark.parametrize("race", [1, 2])
def test_who_comes_second_sees_who_came_first(gates: InMemoryGates, race: int) -> None:
    """Another run takes the slot before the gate is read, or between the read and the write."""
    gates.before = at_call(race, lambda: keeper(gates)(JOB, ask("first")))
    found = keeper(gates)(JOB, ask("second"))
    assert found.standing is Standing.WAITING
    assert ([*gates.gates[JOB].holders], [*gates.gates[JOB].waiting]) == (["first"], ["second"])


def test_a_gate_that_others_write_again_and_again(gates: InMemoryGates) -> None:
    clock, others = StoppedClock(), iter(range(1_000))

    def race(call: str) -> None:
        if call == "write_gate":
            stands = gates.gates.get(JOB, Gate(JOB))
            gates.gates[JOB] = replace(stands, limit=next(others), revision=stands.revision + 1)

    gates.before = race
    with pytest.raises(StoreUnavailableError, match=r"^too many came to the gate of job 'nightly' at once$"):
        Gatekeeper(gates, clock, part=lambda: 0.5)(JOB, ask("a"))
    assert gates.calls.count("write_gate") == MOST_TRIES
    waits = [min(0.02 * 2**each, LONGEST_WAIT_SECONDS) for each in range(MOST_TRIES)]
    assert sum(waits) == pytest.approx(9.26)
    assert clock.slept_seconds == pytest.approx(0.5 * sum(waits))


def test_runs_that_a_lost_answer_of_the_table_has_promoted_are_told_all_the_same(gates: InMemoryGates) -> None:
    """The SDK repeats a write that got no answer. The second one then finds the first one's gate."""
    gates.gates[JOB] = gate(["a"], ["b", "c"])

    def came_through(call: str) -> None:
        if call == "write_gate" and "a" in gates.gates[JOB].holders:
            gates.gates[JOB] = replace(gate(["b"], ["c"]), revision=8)

    gates.before = came_through
    assert keeper(gates)(JOB, Ended("a")).to_answer == ("b",)


def test_a_run_that_was_not_promoted_in_the_end_is_not_told(gates: InMemoryGates) -> None:
    gates.gates[JOB] = gate(["a"], ["b"])

    def race(call: str) -> None:
        if call == "write_gate" and gates.gates[JOB].revision == 7:
            gates.gates[JOB] = replace(gate(["a", "x"], ["b"]), revision=8)

    gates.before = race
    found = keeper(gates)(JOB, Ended("a"))
    assert (found.to_answer, found.gate.waiting) == ((), {"b": position("b")})


def test_many_at_once_take_one_slot(gates: InMemoryGates) -> None:
    """Each races with all that come after it, as deep as the tries go."""
    left = [f"r{number}" for number in range(10)]

    def race(call: str) -> None:
        if call == "write_gate" and left:
            keeper(gates)(JOB, ask(left.pop()))

    gates.before = race
    keeper(gates)(JOB, ask("me"))
    assert (len(gates.gates[JOB].holders), len(gates.gates[JOB].waiting)) == (1, 10)
