"""Runs that do not show their tasks yet, and attempts that were replaced while nobody looked."""

from datetime import timedelta

import pytest

from fargate_runs.outcomes.outcome import lost
from fargate_runs.ports import StoreUnavailableError
from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.abandoned import reason_of_retry
from fargate_runs.runs.record import Delivery
from fargate_runs.runs.run_folding import with_execution
from fargate_runs.usecases.folding import fold_run
from fargate_runs.usecases.sweep.report import SweepReport
from tests.fakes.attempts import SECOND, SECOND_ID, SECOND_TOKEN, attempt, running
from tests.fakes.clock import NOON
from tests.fakes.ecs import RUN_ID, TASK_ID, TOKEN, detail, overrides, task_arn
from tests.fakes.records import outcome
from tests.fakes.sweeping import OTHERS_ARN, EnoughError, GoOn, SweepingExecutions, SweepingTasks, counts


@pytest.fixture
def world() -> SweepingTasks:
    return SweepingTasks()


def test_a_run_that_does_not_show_its_outcome_yet(world: SweepingTasks) -> None:
    world.record(detail(), outcome())
    assert world.store.runs == {}
    world.sweep_tasks()
    assert world.store.runs[RUN_ID].outcome == outcome()


def test_a_run_that_does_not_show_its_live_task_yet(world: SweepingTasks) -> None:
    """The handler died between its two writes; nothing more comes of the task for hours."""
    world.record(running())
    world.cluster.show(running())
    assert counts(world.sweep_tasks()) == {}
    assert world.store.runs[RUN_ID].newest_task_id == TASK_ID


def test_a_run_that_shows_its_task_is_not_read(world: SweepingTasks, monkeypatch: pytest.MonkeyPatch) -> None:
    """The usual case costs nothing for each task."""
    world.settle(running())
    world.cluster.show(running())
    reads: list[str] = []
    monkeypatch.setattr(world.store, "tasks_of", reads.append)
    assert counts(world.sweep_tasks()) == {}
    assert reads == []


def test_a_replaced_attempt_that_no_event_told_of(world: SweepingTasks) -> None:
    """Both attempts are recorded, but the handler of the second one died before it looked for the first."""
    for each in (running(), running(**SECOND)):
        world.record(each)
        world.cluster.show(each)
    world.callbacks.close(TOKEN)
    world.sweep_tasks()
    world.cluster.stops.clear()
    world.part = world.new_process()
    assert counts(world.sweep_tasks()) == {"stopped": 1}
    assert world.stopped() == [task_arn()]
    assert counts(world.sweep_tasks()) == {}, "asked once: a heartbeat has an effect"


def test_an_attempt_whose_successor_has_ended_and_was_not_delivered(world: SweepingTasks) -> None:
    """The second handler died after its one write, which was the outcome: the same sweep delivers it and looks."""
    world.settle(running())
    world.cluster.show(running())
    world.record(detail(**SECOND), lost("main"))
    world.callbacks.close(TOKEN)
    report = world.sweep_tasks()
    assert (report.delivered, report.stopped) == (1, 1)
    assert world.stopped() == [task_arn()]


def test_an_attempt_whose_run_has_ended_and_that_was_looked_at_before(world: SweepingTasks) -> None:
    """First its run was not in the index yet, then it is not there any more: there is a newer task all the same."""
    world.settle(running())
    world.cluster.show(running())
    world.sweep_tasks(without_runs=True)
    world.record(running(**SECOND))
    world.record(detail(**SECOND), lost("main"))
    world.store.mark_delivery(world.store.tasks[RUN_ID, SECOND_ID], Delivery.DELIVERED)
    world.use_case.show(RUN_ID)
    world.callbacks.close(TOKEN)
    assert counts(world.sweep_tasks(without_runs=True)) == {"stopped": 1}
    assert world.stopped() == [task_arn()]
    assert counts(world.sweep_tasks(without_runs=True)) == {}


def test_an_attempt_that_is_recorded_after_another_one_was_looked_at(world: SweepingTasks) -> None:
    """Of three attempts the first was stopped for the third; the event of the second came late, and half-way."""
    third = attempt("e" * 32, token=SECOND_TOKEN, created_at="2025-05-06T11:09:00Z")
    world.callbacks.close(TOKEN)
    world.callbacks.open.add(SECOND_TOKEN)
    for each in (running(), running(**third)):
        world.record(each)
        world.cluster.show(each)
    world.sweep_tasks()
    assert world.stopped() == [task_arn()]
    world.record(running(**SECOND))
    world.cluster.show(running(**SECOND))
    world.callbacks.close(SECOND_TOKEN)
    world.sweep_tasks()
    assert task_arn(SECOND_ID) in world.stopped()
    assert counts(world.sweep_tasks()) == {}


def test_both_branches_of_a_parallel_state_run_on(world: SweepingTasks) -> None:
    world.callbacks.open.add(SECOND_TOKEN)
    for each in (running(), running(**SECOND)):
        world.settle(each)
        world.cluster.show(each)
    calls = world.callbacks.calls
    for _ in range(3):
        assert counts(world.sweep_tasks()) == {}
    assert world.callbacks.calls == calls + 1
    assert world.cluster.stops == []


def test_the_newest_attempt_is_asked_for_when_a_newer_one_is_first_read(
    world: SweepingTasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweep that took the third one in could not read the run after it; the next one does both.

    What is remembered of an attempt is what it was compared with, and not what an index said of its run.
    """
    third = attempt("a" * 32, token="third-token", created_at="2025-05-06T11:09:00Z")
    world.callbacks.close(TOKEN)
    world.callbacks.open |= {SECOND_TOKEN, "third-token"}
    for each in (running(), running(**SECOND)):
        world.record(each)
        world.cluster.show(each)
    world.sweep_tasks()
    assert task_arn() in world.stopped()
    world.sweep_tasks()
    world.cluster.stops.clear()
    world.callbacks.close(SECOND_TOKEN)
    world.cluster.show(running(**third))
    with monkeypatch.context() as patched:
        patched.setattr(world.store, "tasks_of", fails)
        assert world.sweep_tasks().failures == 1
    assert world.stopped() == []
    world.sweep_tasks()
    assert task_arn(SECOND_ID) in world.stopped()


def fails(_run_id: str) -> None:
    raise StoreUnavailableError("throttled")


@pytest.fixture
def redriven() -> SweepingExecutions:
    """A run that had failed, as it is recorded. Its redrive was never noted, so its second attempt looks like none."""
    world = SweepingExecutions()
    world.callbacks.open.add(SECOND_TOKEN)
    world.settle(running())
    failed = world.show("FAILED", stopped_at=NOON - timedelta(minutes=57))
    fold_run(world.store, RUN_ID, lambda run: with_execution(run, failed, Pattern.CALLBACK))
    world.settle(detail(**SECOND))
    world.show("SUCCEEDED", redrive_count=1)
    return world


def test_an_attempt_whose_successor_a_run_shows_only_now(redriven: SweepingExecutions) -> None:
    """Nothing of the second one is left to be done, and the first was the newest one that the run had shown."""
    redriven.callbacks.close(TOKEN)
    assert redriven.run().newest_task_id == TASK_ID
    assert counts(redriven.sweep_executions()) == {"noted": 1, "stopped": 1}
    assert redriven.run().newest_task_id == SECOND_ID
    assert redriven.cluster.stops == [(task_arn(), reason_of_retry(redriven.stored()))]


def test_such_an_attempt_whose_token_is_open_is_wanted(redriven: SweepingExecutions) -> None:
    redriven.sweep_executions()
    assert redriven.cluster.stops == []


def test_it_asks_whether_to_go_on_before_it_asks_for_a_token(redriven: SweepingExecutions) -> None:
    redriven.callbacks.close(TOKEN)
    report = SweepReport()
    redriven.part(redriven.open_tasks().values(), redriven.open_runs(), report, GoOn(stops_at=8))
    assert isinstance(report.unforeseen, EnoughError)
    assert redriven.cluster.stops == []


def test_an_attempt_whose_successor_was_shown_before_is_left_to_who_looks_at_tasks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """That part of the sweep has compared the two, and remembers it: a heartbeat has an effect."""
    world = SweepingExecutions()
    for each in (running(), running(**SECOND)):
        world.record(each)
    world.use_case.show(RUN_ID)
    world.show("SUCCEEDED")
    asked: list[str] = []
    monkeypatch.setattr(world.callbacks, "is_closed", asked.append)
    assert counts(world.sweep_executions()) == {"noted": 1}
    assert asked == []


def test_an_attempt_is_asked_for_when_one_between_it_and_the_newest_is_first_read(world: SweepingTasks) -> None:
    """The newest is another principal's, who used that run id: beside it alone the attempt is not asked for at all."""
    strangers = overrides(token=None)
    for entry in strangers["containerOverrides"][-1]["environment"]:
        entry["value"] = OTHERS_ARN if entry["name"] == "RUN_EXECUTION_ARN" else entry["value"]
    newest = running(taskArn=task_arn("9" * 32), createdAt="2025-05-06T12:30:00Z", overrides=strangers)
    for each in (running(), newest):
        world.record(each)
        world.cluster.show(each)
    world.sweep_tasks()
    world.sweep_tasks()
    assert world.stopped() == []

    world.callbacks.close(TOKEN)
    world.cluster.show(running(**SECOND))
    world.record(running(**SECOND))
    world.sweep_tasks()
    assert world.stopped() == [task_arn()]
