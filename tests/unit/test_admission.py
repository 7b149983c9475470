"""What a run of a job with a limit is told before its task is started."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from fargate_runs.errors import QueueFullError, RunHasEndedError, RunSkippedError, SlotTakenError
from fargate_runs.jobs.job import Policy
from fargate_runs.jobs.slots import MOST_WAITING
from fargate_runs.ports import StoreUnavailableError
from fargate_runs.runs.run_state import RunRecord
from fargate_runs.runs.run_status import RunStatus, TurnedAway
from tests.fakes.clock import NOON
from tests.fakes.slots import JOB, SlotWorld, at_call
from tests.unit.test_slots import gate


def test_a_run_takes_a_free_slot() -> None:
    world = SlotWorld(limit=2)
    world.ask("a")
    world.ask("b")
    assert [*world.gate.holders] == ["a", "b"]
    assert world.gate.limit == 2
    run = world.run("a")
    assert (run.admitted_at, run.queued_at, run.is_forced, run.status) == (NOON, None, False, RunStatus.PENDING)


def test_a_run_that_is_let_in_again_was_let_in_at_first() -> None:
    world = SlotWorld()
    world.ask("a")
    world.clock.pass_by(timedelta(seconds=9))
    world.ask("a")
    assert world.run("a").admitted_at == NOON
    assert [*world.gate.holders] == ["a"]


def test_a_run_that_finds_no_slot_waits_and_is_queued() -> None:
    world = SlotWorld()
    world.begin("a", "b")
    world.clock.pass_by(timedelta(seconds=9))
    with pytest.raises(SlotTakenError) as raised:
        world.ask("c")
    assert json.loads(str(raised.value)) == {"job": JOB, "place": 2, "waitSeconds": 86_400}
    assert (raised.value.job, raised.value.place, raised.value.wait_seconds) == (JOB, 2, 86_400)
    assert (world.run("c").status, world.run("c").queued_at) == (RunStatus.QUEUED, NOON + timedelta(seconds=9))


@pytest.mark.parametrize(("rest", "seconds"), [(timedelta(seconds=90.2), 91), (timedelta(0), 1), (timedelta(-1), 1)])
def test_a_run_waits_for_no_longer_than_its_total_time_out(rest: timedelta, seconds: int) -> None:
    world = SlotWorld()
    world.ask("a")
    with pytest.raises(SlotTakenError) as raised:
        world.ask("b", deadline=NOON + rest)
    assert raised.value.wait_seconds == seconds


def test_a_run_that_waits_is_admitted_when_its_turn_has_come() -> None:
    world = SlotWorld()
    world.begin("a", "b")
    assert world.asks("b") == "SlotTakenError"
    world.ends("a", "ABORTED")
    world.clock.pass_by(timedelta(seconds=5))
    assert world.asks("b") == "ADMITTED"
    run = world.run("b")
    assert (run.status, run.queued_at, run.admitted_at) == (RunStatus.PENDING, NOON, NOON + timedelta(seconds=5))


def test_a_run_that_was_let_in_before_its_redrive_and_waits_now_is_queued() -> None:
    world = SlotWorld()
    world.begin("a")
    world.ends("a")
    world.begin("b")
    world.record("a", redrives=1)
    assert world.asks("a") == "SlotTakenError"
    assert (world.run("a").queued_at, world.run("a").admitted_at) == (NOON, None)


def test_a_run_that_is_skipped_ends_and_names_its_blocker() -> None:
    world = SlotWorld(2, Policy.SKIP)
    world.begin("a", "b")
    with pytest.raises(RunSkippedError) as raised:
        world.ask("c")
    reason = "All slots of job nightly were taken, the first one by run a."
    assert json.loads(str(raised.value)) == {"runId": "c", "status": "SKIPPED", "reason": reason, "blockedBy": "a"}
    run = world.run("c")
    assert (run.status, run.summary, run.turned_away and run.turned_away.by) == (RunStatus.SKIPPED, reason, "a")
    assert [*world.gate.holders] == ["a", "b"]
    # Repeated, it is told the same, although a slot is free now.
    world.ends("a", "ABORTED")
    with pytest.raises(RunSkippedError) as again:
        world.ask("c")
    assert str(again.value) == str(raised.value)


def test_a_run_that_was_withdrawn_is_skipped_and_gone() -> None:
    world = SlotWorld(1, Policy.REPLACE)
    world.begin("a", "b", "c")
    with pytest.raises(RunSkippedError) as raised:
        world.ask("b")
    assert raised.value.blocked_by == "c"
    assert raised.value.reason == "Run c of job nightly began later, and replaced this one while it waited."
    assert world.run("b").status is RunStatus.SKIPPED
    assert not world.gate.withdrawn


def test_a_run_by_force_is_let_in_on_record() -> None:
    world = SlotWorld()
    world.ask("a")
    world.ask("b", is_forced=True)
    assert [*world.gate.holders] == ["a", "b"]
    assert (world.run("b").is_forced, world.run("a").is_forced) == (True, False)


def test_too_many_wait() -> None:
    world = SlotWorld()
    world.gates.gates[JOB] = replace(gate(["a"], [f"w{each}" for each in range(MOST_WAITING)]), revision=1)
    with pytest.raises(QueueFullError, match="2,000 runs of job nightly wait"):
        world.ask("b")
    assert world.run("b").status is RunStatus.PENDING
    assert world.gate.revision == 1


@pytest.mark.parametrize("status", ["ABORTED", "FAILED", "TIMED_OUT"])
def test_a_run_that_has_ended_asks_for_nothing(status: str) -> None:
    world = SlotWorld()
    world.record("a", status)
    with pytest.raises(RunHasEndedError):
        world.ask("a")
    assert world.gate.is_empty


@pytest.mark.parametrize("call", [1, 2])  # before the gate is read, and before it is written
@pytest.mark.parametrize("holder", [None, "other"])
def test_a_run_that_ends_while_it_asks_keeps_no_slot_and_no_place(call: int, holder: str | None) -> None:
    """Its end comes to the gate before its question, and is recorded before the question's answer."""
    world = SlotWorld()
    if holder:
        world.ask(holder)
    world.gates.before = at_call(call, lambda: world.ends("a", "ABORTED"))
    world.asks("a")
    assert [*world.gate.holders, *world.gate.waiting] == ([holder] if holder else [])
    assert world.run("a").status is RunStatus.STOPPED


def test_a_run_whose_record_cannot_be_read_is_admitted_and_held_back_like_any_other() -> None:
    world = SlotWorld()
    world.record("a")
    world.record("b")
    world.store.unreadable.update({("a", None): "odd", ("b", None): "odd"})
    assert [world.asks("a"), world.asks("b")] == ["ADMITTED", "SlotTakenError"]
    assert ([*world.gate.holders], [*world.gate.waiting]) == (["a"], ["b"])


def test_a_table_that_is_down_says_so() -> None:
    world = SlotWorld()
    world.gates.is_down = True
    with pytest.raises(StoreUnavailableError):
        world.ask("a")


def test_a_second_call_for_a_run_that_was_let_in_and_cut_off_leaves_its_slot_to_the_sweep() -> None:
    """The first call's answer may have come through, and the run's task may have been started."""
    world = SlotWorld()
    world.tasks_are_seen = False
    world.ask("a")
    world.gates.before = at_call(1, lambda: world.record("a", "ABORTED"))
    assert world.asks("a") == "RunHasEndedError"
    assert [*world.gate.holders] == ["a"]


def test_a_run_that_another_call_has_skipped_is_skipped() -> None:
    world = SlotWorld(policy=Policy.SKIP)
    world.ask("a")
    world.record("b")

    def meanwhile() -> None:
        assert world.asks("b") == "RunSkippedError"
        world.ends("a")

    world.gates.before = at_call(1, meanwhile)
    assert world.asks("b") == "RunSkippedError"
    assert world.gate.is_empty


@pytest.mark.parametrize("status", ["FAILED", "ABORTED"])
@pytest.mark.parametrize("aside", [RunStatus.SKIPPED, RunStatus.MISSED])
def test_a_run_that_ended_in_another_way_than_skipped_is_not_told_that_it_was(status: str, aside: RunStatus) -> None:
    world = SlotWorld()
    world.store.runs["a"] = replace(world.record("a", status), turned_away=TurnedAway(aside, "why", "b"))
    assert world.asks("a") == "RunHasEndedError"


def test_a_run_that_was_missed_is_not_told_that_it_was_skipped() -> None:
    world = SlotWorld()
    world.store.runs["a"] = replace(world.record("a"), turned_away=TurnedAway(RunStatus.MISSED, "why"))
    assert world.asks("a") == "RunHasEndedError"


def test_a_run_that_ends_while_it_is_turned_away_is_told_that_it_was() -> None:
    world = SlotWorld(policy=Policy.SKIP)
    world.ask("a")
    world.gates.before = at_call(1, lambda: world.record("b", "ABORTED"))
    assert world.asks("b") == "RunSkippedError"
    assert world.run("b").status is RunStatus.STOPPED


def test_a_run_whose_record_is_gone_gets_one() -> None:
    world = SlotWorld()
    execution = world.execution("a")
    world.admission(execution, JOB, world.concurrency, is_forced=False, deadline=None)
    assert world.run("a") == RunRecord("a", NOON, execution_arn=execution.arn, follows=True, admitted_at=NOON)
