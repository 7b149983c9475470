"""Protocols that look right have counter-examples: what each part of the real one is for, and what the checker sees."""

import pytest

from tests.model.broken import (
    ask_then_read,
    believe_the_event,
    mark_then_send,
    seen_then_send,
    send_before_showing,
    send_then_record,
    with_ending,
    with_handler,
    write_always_then_send,
)
from tests.model.checker import CounterExample, check
from tests.model.process import Protocol
from tests.model.protocols import REAL
from tests.model.scenario import Fault, Scenario, one_each
from tests.model.state import State
from tests.model.world import World


def counter_example(scenario: Scenario, protocol: Protocol) -> CounterExample[State]:
    found = check(World(scenario, protocol)).counter_example
    assert found, f"{protocol.name} has none"
    print(f"{protocol.name}: {found}")  # noqa: T201
    return found


def calm(protocol: Protocol, *, answers_need_a_record: bool = True) -> None:
    """One event after the other and no fault: then everything is as it should be."""
    scenario = Scenario("calm", processes=1, at_most=0, answers_need_a_record=answers_need_a_record)
    assert check(World(scenario, protocol)).counter_example is None


def test_without_conditions_an_older_state_overwrites_an_outcome() -> None:
    found = counter_example(Scenario("", at_most=0), with_handler(write_always_then_send))
    assert found.what == "the version went back from 5 to 3"
    assert found.trace[-1] == "event of attempt 1 RUNNING: write_always"


@pytest.mark.parametrize("handler", [seen_then_send, mark_then_send])
def test_who_notes_that_it_was_done_before_it_is_done_loses_the_answer(handler: object) -> None:
    protocol = with_handler(handler)  # type: ignore[arg-type]
    calm(protocol)
    found = counter_example(Scenario("", one_each(Fault.CRASH)), protocol)
    assert found.what.startswith("never done")
    assert any(Fault.CRASH in label for label in found.trace)
    assert found.state.tokens == ("open",)


@pytest.mark.parametrize("fault", [Fault.UNHEARD, Fault.REPEATED])
def test_who_sends_before_it_records_may_never_record(fault: Fault) -> None:
    protocol = with_handler(send_then_record)
    calm(protocol, answers_need_a_record=False)
    found = counter_example(Scenario("", one_each(fault), answers_need_a_record=False), protocol)
    assert found.what.startswith("never done")
    assert found.state.tokens == ("success",)


def test_who_sends_before_it_records_answers_what_is_not_recorded() -> None:
    found = counter_example(Scenario("", at_most=0), with_handler(send_then_record))
    assert found.what == "the token was answered with success, and nothing is recorded"


def test_without_a_sweep_one_lost_event_is_enough() -> None:
    scenario = Scenario("", one_each(Fault.LOSS), has_sweep=False)
    found = counter_example(scenario, REAL)
    assert found.what == "never done: nothing more happens"
    assert found.trace[-1].endswith(Fault.LOSS)


def test_who_sends_before_the_run_shows_it_lets_its_machine_read_what_is_old() -> None:
    found = counter_example(Scenario("", at_most=0), with_handler(send_before_showing))
    assert found.what == "the token was answered, and the run does not show it"


@pytest.mark.parametrize("handler", [ask_then_read, believe_the_event])
def test_who_reads_the_tasks_last_stops_those_of_a_redriven_execution(handler: object) -> None:
    protocol = with_ending(handler)  # type: ignore[arg-type]
    calm(protocol)
    found = counter_example(Scenario("", one_each(Fault.REDRIVE), exit_codes=(3,)), protocol)
    assert found.what == "a task that somebody waits for was stopped"
    assert Fault.REDRIVE in found.trace
