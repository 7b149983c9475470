"""What the sweep mends at the gates of jobs: every end, answer and change that no event brought there."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from fargate_runs.jobs.job import Concurrency, Policy
from fargate_runs.ports import ExecutionNotShownError, StoreUnavailableError
from fargate_runs.runs.run_status import RunStatus
from fargate_runs.usecases.sweep.report import SweepReport
from tests.fakes.slots import JOB, SlotWorld, at_call, token_of
from tests.fakes.traps import CrashError

SECOND: Final = timedelta(seconds=1)
TWO_MINUTES: Final = timedelta(minutes=2)
TEN_MINUTES: Final = timedelta(minutes=10)
FIGURES: Final = ("slots_released", "slots_taken", "tickets_answered", "replaced", "withheld", "not_shown", "failures")


def figures(report: SweepReport) -> dict[str, int]:
    found = {name: getattr(report, name) for name in FIGURES}
    return {name: count for name, count in found.items() if count}


def held(world: SlotWorld) -> tuple[list[str], list[str]]:
    return [*world.gate.holders], [*world.gate.waiting]


def test_a_gate_that_is_as_it_should_be_is_left_alone() -> None:
    world = SlotWorld()
    world.begin("a", "b")
    revision = world.gate.revision
    assert figures(world.sweep()) == {}
    assert world.gate.revision == revision
    assert not world.executions.described


def test_a_job_that_never_had_a_limit_costs_a_look_at_its_gate() -> None:
    world = SlotWorld()
    world.jobs.jobs.clear()
    world.define(name="other")
    world.sweep()
    assert set(world.gates.calls) == {"find_gate"}


@pytest.mark.parametrize("has_changed", [True, False])
def test_a_job_that_has_no_limit_any_more_may_have_left_a_run_and_a_ticket(has_changed: bool) -> None:
    """`has_changed`: the gate has learnt it before the runs ended."""
    world = SlotWorld()
    world.begin("a", "b")
    world.define(has_limit=False)
    if has_changed:
        world.sweep()
    for run_id in "ab":
        world.record(run_id, "ABORTED")
    world.gates.keep_ticket(JOB, "b", token_of("b"))
    assert world.sweep().slots_released == 2
    assert world.gate.is_empty
    assert not world.gates.tickets


@pytest.mark.parametrize("run_id", ["a", "b"])
def test_an_end_that_no_event_brought_to_the_gate(run_id: str) -> None:
    world = SlotWorld()
    world.begin("a", "b", "c")
    world.record(run_id, "ABORTED")
    # The ticket of `b`: it holds a slot now, or has nothing to wait for any more.
    assert figures(world.sweep()) == {"slots_released": 1, "tickets_answered": 1}
    assert held(world) == ((["b"], ["c"]) if run_id == "a" else (["a"], ["c"]))
    assert world.gates.tickets == {(JOB, "c"): token_of("c")}
    assert figures(world.sweep()) == {}


@pytest.mark.parametrize("age", [timedelta(0), TWO_MINUTES - SECOND, TWO_MINUTES, TWO_MINUTES + SECOND])
def test_a_run_that_may_have_a_task_which_nobody_has_seen_keeps_its_slot_for_two_minutes(age: timedelta) -> None:
    world = SlotWorld()
    world.tasks_are_seen = False
    world.begin("a", "b")
    world.ends("a", "ABORTED")
    world.clock.pass_by(age)
    is_over = age >= TWO_MINUTES
    assert world.sweep().slots_released == is_over
    assert held(world) == ((["b"], []) if is_over else (["a"], ["b"]))


def test_a_run_whose_execution_has_an_unknown_end_keeps_no_slot() -> None:
    world = SlotWorld()
    world.tasks_are_seen = False
    world.begin("a")
    ended = world.record("a", "ABORTED")
    assert ended.execution
    world.store.runs["a"] = replace(ended, execution=replace(ended.execution, stopped_at=None))
    assert world.sweep().slots_released == 1


def test_an_end_that_the_index_does_not_show_yet_is_left_to_the_next_sweep() -> None:
    world = SlotWorld()
    world.begin("a")
    open_runs = world.open_runs()
    world.record("a", "ABORTED")
    assert figures(world.sweep(open_runs)) == {}
    assert figures(world.sweep()) == {"slots_released": 1}


def test_a_run_that_the_index_does_not_show_yet_keeps_its_slot() -> None:
    world = SlotWorld()
    world.begin("a")
    assert figures(world.sweep([])) == {}
    assert held(world) == (["a"], [])


@pytest.mark.parametrize("limit", [3, None])
def test_a_limit_that_did_not_come_to_the_gate(limit: int | None) -> None:
    world = SlotWorld()
    world.begin("a", "b", "c")
    world.concurrency = Concurrency(limit or 1)
    world.define(has_limit=limit is not None)
    assert figures(world.sweep()) == {"tickets_answered": 2}
    assert (world.gate.limit, held(world)) == (limit, (["a", "b", "c"], []))


@pytest.mark.parametrize("how", ["unreadable", "expired"])
def test_a_job_that_is_not_there_keeps_the_limit_of_its_gate(how: str) -> None:
    world = SlotWorld()
    world.begin("a", "b")
    if how == "expired":
        world.jobs.jobs.clear()
    else:
        world.jobs.unreadable.add(JOB)
    world.record("a", "ABORTED")
    assert figures(world.sweep()) == {"slots_released": 1, "tickets_answered": 1}
    assert world.gate.limit == 1


def test_a_job_that_nobody_has_started_gets_no_gate() -> None:
    world = SlotWorld()
    world.sweep()
    assert JOB not in world.gates.gates


@pytest.mark.parametrize(
    ("status", "age", "is_gone"),
    [
        ("SUCCEEDED", timedelta(0), True),
        ("ABORTED", timedelta(0), True),
        ("RUNNING", timedelta(days=9), False),
        (None, TEN_MINUTES - SECOND, False),
        (None, TEN_MINUTES, True),
        (None, TEN_MINUTES + SECOND, True),
    ],
)
@pytest.mark.parametrize("why", ["missing", "unreadable"])
@pytest.mark.parametrize("run_id", ["a", "b"])
def test_a_run_without_a_readable_record_is_judged_by_its_execution(
    run_id: str, why: str, status: str | None, age: timedelta, is_gone: bool
) -> None:
    world = SlotWorld()
    world.begin("a", "b")
    execution = world.executions.known.pop(world.execution(run_id).arn)
    if status:
        world.executions.show(replace(execution, status=world.execution(run_id, status).status))
    if why == "missing":
        del world.store.runs[run_id]
    else:
        world.store.unreadable[run_id, None] = "odd"
    world.clock.pass_by(age)
    assert world.sweep([each for each in world.open_runs() if each.run_id != run_id]).slots_released == is_gone
    assert (run_id not in {*world.gate.holders, *world.gate.waiting}) == is_gone


def test_an_execution_that_is_not_shown_keeps_its_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    world = SlotWorld()
    world.begin("a")
    del world.store.runs["a"]

    def hides(_arn: str) -> None:
        raise ExecutionNotShownError("denied", is_denied=True)

    monkeypatch.setattr(world.executions, "describe", hides)
    assert figures(world.sweep()) == {"not_shown": 1}
    assert held(world) == (["a"], [])


def test_a_withdrawn_run_without_a_record_is_forgotten() -> None:
    world = SlotWorld(1, Policy.REPLACE)
    world.begin("a", "b", "c")
    del world.store.runs["b"]
    assert world.sweep().slots_released == 1
    assert not world.gate.withdrawn


@pytest.mark.parametrize("standing", ["holding", "withdrawn", "absent"])
def test_a_ticket_that_nobody_has_answered(standing: str) -> None:
    world = SlotWorld(1, Policy.REPLACE)
    world.begin("a")
    world.asks("b")
    world.callbacks.open.add(token_of("b"))
    world.gates.keep_ticket(JOB, "b", token_of("b"))
    gate = world.gate
    changed = {
        "holding": replace(gate, holders=gate.waiting, waiting={}),
        "withdrawn": replace(gate, waiting={}, withdrawn={"b": "a"}),
        "absent": replace(gate, waiting={}),
    }
    world.gates.gates[JOB] = changed[standing]
    assert world.sweep().tickets_answered == 1
    assert (world.was_answered("b"), world.gates.tickets) == (True, {})


def test_an_answer_that_does_not_get_through_is_counted_and_tried_again() -> None:
    world = SlotWorld()
    world.begin("a", "b")
    world.callbacks.with_another_key.add(token_of("b"))
    world.ends("a")
    assert figures(world.sweep()) == {"withheld": 1}
    world.callbacks.with_another_key.clear()
    assert figures(world.sweep()) == {"tickets_answered": 1}


def test_a_run_that_goes_on_without_a_slot_is_counted_above_the_limit() -> None:
    """It was redriven, and no event told of it."""
    world = SlotWorld()
    world.begin("a", "b")
    world.ends("a")
    world.record("a", redrives=1)
    assert figures(world.sweep()) == {"slots_taken": 1}
    assert held(world) == (["b", "a"], [])
    assert world.gate.holders["a"].is_forced
    assert figures(world.sweep()) == {}


def test_a_run_that_has_not_asked_yet_takes_no_slot() -> None:
    world = SlotWorld()
    world.record("a")
    world.sweep()
    assert world.gate.is_empty


def test_a_run_that_has_ended_since_takes_no_slot_again() -> None:
    world = SlotWorld()
    world.begin("a")
    open_runs = world.open_runs()
    world.ends("a")
    assert figures(world.sweep(open_runs)) == {}
    assert world.gate.is_empty


def test_an_unreadable_run_that_is_open_takes_no_slot_and_stops_nothing() -> None:
    world = SlotWorld(2)
    world.begin("a", "b")
    open_runs = world.open_runs()
    world.ends("a")
    world.store.unreadable["a", None] = "odd"
    world.record("b", "ABORTED")
    assert figures(world.sweep([each for each in open_runs if each.run_id == "a"])) == {"slots_released": 1}


def test_an_unreadable_run_does_not_stand_before_the_others() -> None:
    """They are looked at in any order."""
    world = SlotWorld(8)
    for number in range(8):
        world.begin(f"odd{number}", f"redriven{number}")
        for each in (f"odd{number}", f"redriven{number}"):
            world.ends(each)
        world.record(f"odd{number}", redrives=1)
        world.record(f"redriven{number}", redrives=1)
    open_runs = world.open_runs()
    assert len(open_runs) == 16
    world.store.unreadable.update({(f"odd{number}", None): "odd" for number in range(8)})
    assert figures(world.sweep(open_runs)) == {"slots_taken": 8}


def test_a_run_that_takes_no_slot_is_no_reason_to_look_at_a_gate() -> None:
    world = SlotWorld()
    world.jobs.jobs.clear()
    world.record("a")
    assert world.sweep([replace(each, takes_slot=False) for each in world.open_runs()]).failures == 0
    assert not world.gates.calls


def test_the_next_sweep_continues_after_the_job_that_was_reached() -> None:
    world = SlotWorld()
    world.define(name="another")
    calls = iter([None, StoreUnavailableError("no time is left")])

    def go_on() -> None:
        if error := next(calls):
            raise error

    assert world.sweep(go_on=go_on).places.as_mapping() == {"slots": "another"}


def test_a_run_in_the_way_that_was_not_told_to_stop() -> None:
    """`wait_for_slot` died before it told it."""
    world = SlotWorld(1, Policy.REPLACE)
    world.begin("a")
    world.asks("b")
    assert figures(world.sweep()) == {"replaced": 1}
    assert world.run("a").stop_request is not None
    world.ends("a")
    assert held(world) == (["b"], [])


def test_the_other_jobs_are_looked_at_when_one_fails() -> None:
    world = SlotWorld()
    world.begin("a", "b")
    world.define(Concurrency(1), name="another")
    world.record("a", "ABORTED")

    def fails(call: str) -> None:
        raise StoreUnavailableError("down")

    world.gates.before = at_call(1, lambda: fails(""))  # of `another`, which comes first
    report = world.sweep()
    assert figures(report) == {"slots_released": 1, "tickets_answered": 1, "failures": 1}


def test_it_asks_whether_it_may_go_on() -> None:
    world = SlotWorld(2)
    world.begin("a", "b", "c")
    world.record("a", "ABORTED")
    asked: list[int] = []
    world.sweep(go_on=lambda: asked.append(1))
    assert len(asked) == 2  # the job, and the run that is not open


Act = Callable[[SlotWorld], object]
ACTS: Final[dict[str, Act]] = {
    "asks": lambda world: world.asks("d"),
    "waits": lambda world: world.waits("c"),
    "ends": lambda world: world.ends("a"),
    "a waiting one ends": lambda world: world.ends("b"),
    "limit": lambda world: world.keeper.limit(JOB, 1),
    "redrive": lambda world: world.keeper(world.record("z", redrives=1)),
}


@pytest.mark.parametrize("call", range(1, 9))
@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("policy", Policy)
def test_a_crash_before_any_call_is_mended_by_one_sweep(policy: Policy, act: str, call: int) -> None:
    """Before each call to the table, one after the other, the function dies, and no event comes again."""
    world = SlotWorld(1, policy)
    world.begin("z")
    world.ends("z")
    world.begin("a", "b")
    world.asks("c")

    def dies() -> None:
        raise CrashError

    world.gates.before = at_call(call, dies)
    with suppress(CrashError):
        ACTS[act](world)
    world.gates.before = lambda _call: None
    world.sweep()
    gate = world.gate
    ended = {run_id for run_id, run in world.store.runs.items() if run.has_ended}
    assert not ended & {*gate.holders, *gate.waiting, *gate.withdrawn}
    assert not (gate.waiting and gate.has_free_slot)
    assert len([each for each in gate.holders.values() if not each.is_forced]) <= 1
    # Everybody that was given a slot, or lost its place, and has a ticket, was told.
    assert {run_id for _, run_id in world.gates.tickets} <= {*gate.waiting}
    assert all(world.run(each).status is not RunStatus.STOPPED for each in gate.holders)
