"""Who is told when a run ends, and what a ticket is worth: no run waits for an answer that nobody sends."""

from dataclasses import replace
from typing import Any

import pytest

from fargate_runs.jobs.job import Policy
from fargate_runs.jobs.slots import Standing
from fargate_runs.ports import CallbacksUnavailableError, ExecutionsUnavailableError, StoreUnavailableError
from fargate_runs.runs.run_status import RunStatus
from fargate_runs.usecases.slots.slot_keeper import Kept
from fargate_runs.usecases.slots.wait_for_slot import Waiting
from tests.fakes.slots import JOB, SlotWorld, at_call, token_of


def held(world: SlotWorld) -> tuple[list[str], list[str]]:
    return [*world.gate.holders], [*world.gate.waiting]


@pytest.mark.parametrize("status", ["FAILED", "ABORTED", "TIMED_OUT"])
def test_the_slot_of_a_run_that_ends_goes_to_the_first_that_waits(status: str) -> None:
    world = SlotWorld()
    world.begin("a", "b", "c")
    assert world.ends("a", status) == Kept(changed=True, answered=1)
    assert held(world) == (["b"], ["c"])
    assert (world.was_answered("b"), world.was_answered("c")) == (True, False)
    assert world.gates.tickets == {(JOB, "c"): token_of("c")}
    # The same event once more finds nothing to do.
    assert world.ends("a", status) == Kept()


def test_a_run_holds_its_slot_until_its_task_has_ended_too() -> None:
    """Nothing is known of its task yet, although its execution has succeeded."""
    world = SlotWorld()
    world.begin("a", "b")
    assert world.ends("a", "SUCCEEDED") == Kept()
    assert held(world) == (["a"], ["b"])


def test_a_run_that_waits_and_ends_is_gone_with_nobody_told() -> None:
    world = SlotWorld()
    world.begin("a", "b", "c")
    assert world.ends("b", "ABORTED") == Kept(changed=True)
    assert held(world) == (["a"], ["c"])
    world.ends("a", "ABORTED")
    assert held(world) == (["c"], [])


def test_a_run_without_a_slot_asks_no_gate() -> None:
    world = SlotWorld()
    run = world.record("a", "ABORTED")
    world.gates.calls.clear()
    assert world.keeper(replace(run, takes_slot=False)) == Kept()
    assert world.keeper(replace(run, job=None)) == Kept()
    assert world.keeper(world.record("b")) == Kept()
    assert world.keeper(replace(world.run("b"), execution=None)) == Kept()
    assert not world.gates.calls


@pytest.mark.parametrize("unknown", ["job", "execution_arn", "admitted_at"])
def test_a_run_of_which_too_little_is_known_takes_no_slot_again(unknown: str) -> None:
    world = SlotWorld()
    world.begin("a")
    run = world.record("a", redrives=1)
    world.gates.calls.clear()
    without: dict[str, Any] = {unknown: None}
    assert world.keeper.opened_again(replace(run, **without)) == Kept()
    assert not world.gates.calls


def test_a_ticket_waits_with_its_run() -> None:
    world = SlotWorld()
    world.begin("a", "b")
    assert world.asks("c") == "SlotTakenError"
    assert world.waits("c") == Waiting(Standing.WAITING, 2)
    assert not world.callbacks.answers
    assert world.gates.tickets == {(JOB, run_id): token_of(run_id) for run_id in "bc"}


def test_a_ticket_that_comes_late_is_answered_when_it_comes() -> None:
    """The slot was given between the question and the ticket."""
    world = SlotWorld()
    world.ask("a")
    assert world.asks("b") == "SlotTakenError"
    assert world.ends("a", "ABORTED") == Kept(changed=True)
    assert not world.was_answered("b")
    assert world.waits("b") == Waiting(Standing.HOLDING, None)
    assert world.was_answered("b")
    assert not world.gates.tickets


@pytest.mark.parametrize("call", [1, 2, 3, 4])
def test_a_ticket_that_comes_while_the_slot_is_given_is_answered_by_one_of_both(call: int) -> None:
    """Before and after each call of `wait_for_slot`, the holder ends and gives its slot away."""
    world = SlotWorld()
    world.ask("a")
    world.asks("b")
    world.gates.before = at_call(call, lambda: world.ends("a", "ABORTED"))
    world.waits("b")
    if call > 2:
        world.ends("a", "ABORTED")
    assert (held(world), world.was_answered("b")) == ((["b"], []), True)
    assert not world.gates.tickets


@pytest.mark.parametrize("call", range(1, 6))
def test_the_same_from_the_other_side(call: int) -> None:
    """Before each call of the function that gives the slot away, the ticket comes."""
    world = SlotWorld()
    world.ask("a")
    world.asks("b")
    came = []
    world.gates.before = at_call(call, lambda: came.append(world.waits("b")))
    world.ends("a", "ABORTED")
    if not came:
        world.waits("b")
    assert (held(world), world.was_answered("b")) == ((["b"], []), True)
    assert not world.gates.tickets


def test_a_ticket_of_a_run_that_is_not_here_is_answered_so_that_it_asks_again() -> None:
    """As after the redrive of an execution that was aborted while it waited."""
    world = SlotWorld()
    world.begin("a")
    assert world.waits("b") == Waiting(Standing.ABSENT, None)
    assert world.was_answered("b")


def test_a_closed_token_is_dropped_and_its_run_keeps_the_slot() -> None:
    """An earlier try may have answered it: only the run's record says whether the run has ended."""
    world = SlotWorld()
    world.begin("a", "b")
    world.callbacks.close(token_of("b"))
    assert world.ends("a", "ABORTED") == Kept(changed=True, answered=1)
    assert (held(world), world.gates.tickets) == ((["b"], []), {})


def test_a_value_that_is_no_token_is_dropped() -> None:
    world = SlotWorld()
    world.begin("a")
    world.asks("b")
    world.gates.keep_ticket(JOB, "b", "nonsense")
    world.ends("a", "ABORTED")
    assert not world.gates.tickets


@pytest.mark.parametrize("how", ["unavailable", "key"])
def test_a_ticket_whose_answer_does_not_get_through_stays_for_the_sweep(
    how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = SlotWorld(limit=2)
    world.begin("a", "x", "b", "c")
    world.keeper.limit(JOB, 1)
    if how == "key":
        world.callbacks.with_another_key.add(token_of("b"))
    else:

        def fails(token: str, output: str) -> None:
            raise CallbacksUnavailableError("down")

        monkeypatch.setattr(world.callbacks, "send_success", fails)
    world.keeper.ended(JOB, "x")
    assert world.ends("a", "ABORTED") == Kept(changed=True, unanswered=1)
    assert world.gates.tickets[JOB, "b"] == token_of("b")
    monkeypatch.undo()
    world.callbacks.with_another_key.clear()
    assert world.keeper.answer(JOB, ["b", "nobody"]) == Kept(answered=1)
    assert (JOB, "b") not in world.gates.tickets


@pytest.mark.parametrize(("limit", "told"), [(1, ""), (2, "b"), (3, "bc"), (None, "bcd")])
def test_a_new_limit_acts_at_once(limit: int | None, told: str) -> None:
    world = SlotWorld()
    world.begin(*"abcd")
    assert world.keeper.limit(JOB, limit) == Kept(answered=len(told))
    assert [each for each in "bcd" if world.was_answered(each)] == [*told]


def test_a_lower_limit_stops_nobody_and_holds_until_enough_have_ended() -> None:
    world = SlotWorld(limit=3)
    world.begin(*"abcd")
    world.keeper.limit(JOB, 1)
    for ends, then in (("a", (["b", "c"], ["d"])), ("b", (["c"], ["d"])), ("c", (["d"], []))):
        world.ends(ends, "ABORTED")
        assert held(world) == then


def test_a_run_that_replaces_stops_the_oldest_and_begins_when_it_has_ended() -> None:
    world = SlotWorld(2, Policy.REPLACE)
    world.begin("a", "b")
    assert world.asks("c") == "SlotTakenError"
    assert world.waits("c") == Waiting(Standing.WAITING, 1, stopped=1)
    assert world.waits("a") == Waiting(Standing.HOLDING, None)  # it does not stop itself
    (stop,) = world.executions.stops
    assert (stop[0], stop[1]) == (world.run("a").execution_arn, "Run.Stopped")
    request = world.run("a").stop_request
    assert request is not None
    assert (request.reason, request.by) == ("replaced by run c", "job nightly, whose policy is replace")
    assert held(world) == (["a", "b"], ["c"])
    world.ends("a", "ABORTED")
    assert (held(world), world.was_answered("c")) == ((["b", "c"], []), True)


def test_a_newer_one_withdraws_the_run_that_waited_and_it_learns_that() -> None:
    world = SlotWorld(1, Policy.REPLACE)
    world.begin("a", "b", "c")
    assert (world.was_answered("b"), world.was_answered("c")) == (True, False)
    assert (held(world), world.gate.withdrawn) == ((["a"], ["c"]), {"b": "c"})
    assert world.asks("b") == "RunSkippedError"
    assert (world.run("b").status, world.gate.withdrawn) == (RunStatus.SKIPPED, {})


def test_a_withdrawn_run_whose_ticket_comes_late_learns_it_then() -> None:
    world = SlotWorld(1, Policy.REPLACE)
    world.begin("a")
    world.asks("b")
    world.begin("c")
    assert world.waits("b") == Waiting(Standing.WITHDRAWN, None)
    assert world.was_answered("b")


def test_a_run_in_the_way_that_has_ended_already_gives_its_slot_at_once() -> None:
    """Its end has not come to the gate: the event was lost."""
    world = SlotWorld(1, Policy.REPLACE)
    world.begin("a")
    world.record("a", "ABORTED")
    assert world.asks("b") == "SlotTakenError"
    assert world.waits("b") == Waiting(Standing.WAITING, 1)
    assert (held(world), world.was_answered("b")) == ((["b"], []), True)
    assert not world.executions.stops


@pytest.mark.parametrize("odd", ["gone", "unreadable", "not running"])
def test_a_run_in_the_way_that_cannot_be_stopped_is_left_to_the_sweep(odd: str) -> None:
    world = SlotWorld(1, Policy.REPLACE)
    world.begin("a")
    if odd == "gone":
        del world.store.runs["a"]
    elif odd == "unreadable":
        world.store.unreadable["a", None] = "odd"
    else:
        world.store.runs["a"] = replace(world.run("a"), follows=False)
    assert world.asks("b") == "SlotTakenError"
    assert world.waits("b") == Waiting(Standing.WAITING, 1)
    assert held(world) == (["a"], ["b"])


def test_a_stop_that_did_not_get_through_is_tried_again() -> None:
    world = SlotWorld(1, Policy.REPLACE)
    world.begin("a")
    world.asks("b")
    world.executions.is_down = True
    with pytest.raises(ExecutionsUnavailableError):
        world.waits("b")
    world.executions.is_down = False
    assert world.waits("b") == Waiting(Standing.WAITING, 1, stopped=1)


@pytest.mark.parametrize("redrives", [0, 1])
def test_a_redriven_run_takes_a_slot_again_above_the_limit(redrives: int) -> None:
    world = SlotWorld()
    world.begin("a", "b")
    world.ends("a", "ABORTED")
    again = world.record("a", redrives=redrives) if redrives else world.run("a")
    done = world.keeper(replace(again, execution=world.execution("a", redrives=redrives)))
    if redrives:
        assert done == Kept(changed=True)
        assert [*world.gate.holders] == ["b", "a"]
        assert world.gate.holders["a"].is_forced
        assert world.keeper(world.run("a")) == Kept()  # once
    else:
        assert done == Kept()
        assert held(world) == (["b"], [])


def test_a_redriven_run_that_had_waited_asks_by_itself() -> None:
    world = SlotWorld()
    world.begin("a", "b")
    world.ends("b", "ABORTED")
    assert world.keeper(world.record("b", redrives=1)) == Kept()
    assert held(world) == (["a"], [])
    assert world.run("b").status is RunStatus.QUEUED
    world.callbacks.open.add("new")
    assert world.wait_for_slot(JOB, "b", "new") == Waiting(Standing.ABSENT, None)
    assert world.asks("b") == "SlotTakenError"


@pytest.mark.parametrize("gone", [False, True])
def test_a_redriven_run_that_has_ended_meanwhile_gives_the_slot_back(gone: bool) -> None:
    world = SlotWorld()
    world.begin("a")
    world.ends("a", "ABORTED")
    again = world.record("a", redrives=1)
    world.record("a", "ABORTED", redrives=1)
    if gone:
        del world.store.runs["a"]
    world.keeper(again)
    assert world.gate.is_empty


def test_every_error_of_the_table_reaches_the_caller() -> None:
    world = SlotWorld()
    world.begin("a")
    world.gates.is_down = True
    with pytest.raises(StoreUnavailableError):
        world.ends("a", "ABORTED")
    with pytest.raises(StoreUnavailableError):
        world.waits("b")


def test_nothing_of_a_token_is_said() -> None:
    world = SlotWorld()
    world.begin("a", "b")
    assert token_of("b") not in repr((world.gate, world.waits("b"), world.run("b")))


@pytest.mark.parametrize("status", ["FAILED", "ABORTED", "TIMED_OUT"])
def test_a_run_that_was_let_in_and_ended_without_a_task_keeps_its_slot_for_the_sweep(status: str) -> None:
    """Its execution may have started a task just before, of which no event has told yet."""
    world = SlotWorld()
    world.tasks_are_seen = False
    world.begin("a", "b")
    assert world.ends("a", status) == Kept()
    assert held(world) == (["a"], ["b"])
    assert world.ends("b", "ABORTED") == Kept(changed=True)


def test_so_does_one_that_was_to_be_replaced() -> None:
    world = SlotWorld(policy=Policy.REPLACE)
    world.tasks_are_seen = False
    world.ask("a")
    world.record("a", "ABORTED")
    world.begin("b")
    assert held(world) == (["a"], ["b"])


def test_so_does_one_that_was_redriven_and_ended_at_once() -> None:
    world = SlotWorld()
    world.tasks_are_seen = False
    world.begin("a")
    world.record("a", "ABORTED")
    redriven = world.record("a", redrives=1)
    world.record("a", "ABORTED", redrives=1)
    assert world.keeper(redriven) == Kept()
    assert held(world) == (["a"], [])


def test_a_run_of_which_there_is_no_record_is_not_looked_at() -> None:
    assert SlotWorld().keeper.look_at("a") == Kept()


def test_every_token_of_a_run_is_answered_and_one_that_fails_is_left() -> None:
    """A call that was given up stored its token last: the open one is the one before it."""
    world = SlotWorld()
    world.begin("a", "b")
    world.gates.keep_ticket(JOB, "b", "closed long ago")
    assert world.ends("a") == Kept(changed=True, answered=1)
    assert world.was_answered("b")
    assert not world.gates.tickets
