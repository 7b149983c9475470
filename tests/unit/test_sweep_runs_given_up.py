"""Runs of which nothing comes: when they are given up, and what comes after all."""

from datetime import timedelta

import pytest

from fargate_runs.reading.execution import Execution
from fargate_runs.runs.run_status import RunStatus
from fargate_runs.usecases.sweep.executions import NEVER_SEEN_AFTER, NEVER_STARTED_AFTER
from tests.fakes.ecs import TASK_ID, detail, life
from tests.fakes.records import outcome
from tests.fakes.sweeping import MINUTE, SweepingExecutions, counts


@pytest.fixture
def world() -> SweepingExecutions:
    return SweepingExecutions()


def test_a_run_that_was_accepted_and_never_started(world: SweepingExecutions) -> None:
    assert timedelta(minutes=10) == NEVER_STARTED_AFTER
    accepted = world.accept()
    world.clock.pass_by(NEVER_STARTED_AFTER - timedelta(seconds=1))
    world.sweep_executions()
    assert world.run().status is RunStatus.PENDING
    world.clock.pass_by(timedelta(seconds=1))
    assert counts(world.sweep_executions()) == {}
    assert (world.run().status, world.run().error, world.run().input) == (
        RunStatus.FAILED,
        "Run.NotStarted",
        accepted.input,
    )
    asked = len(world.executions.described)
    world.sweep_executions()
    assert len(world.executions.described) == asked, "nothing is left to be asked"


def test_a_run_that_was_accepted_by_a_clock_a_day_ahead(world: SweepingExecutions) -> None:
    """It is given up a day later, and not before: another function's clock may be the wrong one."""
    world.accept(created_at=world.clock.now() + timedelta(days=1))
    world.clock.pass_by(timedelta(days=1) + NEVER_STARTED_AFTER - timedelta(seconds=1))
    world.sweep_executions()
    assert world.run().status is RunStatus.PENDING
    world.clock.pass_by(timedelta(seconds=1))
    world.sweep_executions()
    assert (world.run().status, world.run().error) == (RunStatus.FAILED, "Run.NotStarted")


def test_a_run_that_starts_after_it_was_given_up(world: SweepingExecutions) -> None:
    """The answer to StartExecution was lost, and the caller asks again with the same key a quarter of an hour later."""
    world.accept()
    world.clock.pass_by(15 * MINUTE)
    world.sweep_executions()
    world.show("RUNNING", started_at=world.clock.now())
    assert counts(world.sweep_executions()) == {"noted": 1}
    assert world.run().status is RunStatus.PENDING
    world.settle(life()[2])
    assert world.run().status is RunStatus.RUNNING


def test_a_success_whose_task_nobody_saw(world: SweepingExecutions) -> None:
    assert timedelta(hours=2) == NEVER_SEEN_AFTER
    world.accept()
    world.show("SUCCEEDED")
    world.clock.pass_by(NEVER_SEEN_AFTER - timedelta(seconds=1))
    world.sweep_executions()
    assert world.run().status is RunStatus.PENDING
    world.clock.pass_by(timedelta(seconds=1))
    world.sweep_executions()
    assert (world.run().status, world.run().error) == (RunStatus.FAILED, "Task.Lost")


@pytest.mark.parametrize("status", ["RUNNING", "PENDING_REDRIVE"])
def test_a_run_that_goes_on_is_never_given_up(world: SweepingExecutions, status: str) -> None:
    world.accept()
    world.show(status)
    world.clock.pass_by(timedelta(days=30))
    world.sweep_executions()
    assert (world.run().status, world.run().given_up) == (RunStatus.PENDING, None)


def test_a_task_that_comes_at_the_moment_of_giving_up(
    world: SweepingExecutions, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.accept()
    world.clock.pass_by(15 * MINUTE)
    describe = world.executions.describe

    def late(arn: str) -> Execution | None:
        found = describe(arn)
        world.settle(life()[2])
        return found

    monkeypatch.setattr(world.executions, "describe", late)
    world.sweep_executions()
    assert (world.run().status, world.run().given_up) == (RunStatus.RUNNING, None)


def test_a_run_that_has_a_task_is_not_given_up_for_an_execution_that_is_gone(world: SweepingExecutions) -> None:
    world.settle(life()[2])
    world.clock.pass_by(timedelta(days=90))
    world.sweep_executions()
    assert world.run().status is RunStatus.RUNNING
    assert world.cluster.stops == []


def test_a_run_that_does_not_show_its_task_yet_is_shown_it_with_the_end(world: SweepingExecutions) -> None:
    world.accept()
    world.record(detail(), outcome())
    world.show("SUCCEEDED")
    world.clock.pass_by(timedelta(hours=3))
    world.sweep_executions()
    assert (world.run().status, world.run().newest_task_id) == (RunStatus.SUCCEEDED, TASK_ID)
