"""Stopping the tasks of an execution that has ended, and nothing else: least of all what a redrive has just started."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fargate_runs.ports import (
    CallbacksUnavailableError,
    ClusterUnavailableError,
    ExecutionsUnavailableError,
    OpenTask,
    StoreUnavailableError,
)
from fargate_runs.reading.execution import Execution, ExecutionStatus
from fargate_runs.reading.patterns import Pattern, execution_arn
from fargate_runs.runs.abandoned import reason_of_end
from fargate_runs.runs.record import TaskRecord
from tests.fakes.abandoned import SECOND_ID, attempts, running, second, stops
from tests.fakes.clock import NOON
from tests.fakes.ecs import EXECUTION_ARN, MACHINES, RUN_ID, TASK_ID, detail, overrides, task_arn
from tests.fakes.settling import World
from tests.fakes.sweeping import EnoughError, GoOn

CLOSED = [status for status in ExecutionStatus if status not in {"RUNNING", "PENDING_REDRIVE"}]
FAILING = ["FAILED", "TIMED_OUT", "ABORTED"]


@pytest.fixture
def world() -> World:
    return World()


def execution(status: str, **more: Any) -> Execution:
    ended = status in CLOSED
    return Execution(EXECUTION_ARN, ExecutionStatus(status), stopped_at=NOON if ended else None, **more)


@pytest.mark.parametrize("status", FAILING)
def test_the_live_tasks_of_an_execution_that_failed(world: World, status: str) -> None:
    world.settle(running())
    world.settle(running(SECOND_ID, createdAt=running()["createdAt"]))
    ended = world.executions.show(execution(status))
    assert world.abandoned.of_execution(ended) == 2
    assert world.cluster.stops == [
        (task_arn(), reason_of_end(ended)),
        (task_arn(SECOND_ID), reason_of_end(ended)),
    ]


def test_a_task_of_a_redrive_that_step_functions_does_not_show_yet(world: World) -> None:
    """DescribeExecution said FAILED, three seconds after the redrive: the new task was stopped."""
    ended = world.executions.show(execution("FAILED"))
    made = NOON + timedelta(hours=1)
    world.settle(running(createdAt=made.isoformat()))
    world.clock.pass_by(made - world.clock.now() + timedelta(seconds=3))
    assert world.abandoned.of_execution(ended) == 0
    world.clock.pass_by(timedelta(minutes=1))
    assert world.abandoned.of_execution(ended) == 1


@pytest.mark.parametrize("status", ["RUNNING", "PENDING_REDRIVE"])
def test_nothing_of_an_execution_that_goes_on(world: World, status: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world.settle(running())
    going_on = world.executions.show(execution(status))
    reads: list[str] = []
    monkeypatch.setattr(world.store, "live_tasks", reads.append)
    assert world.abandoned.of_execution(going_on) == 0
    assert (world.cluster.calls, world.executions.described, reads) == ([], [], [])


def test_neither_a_task_that_has_ended_nor_one_of_another_execution(world: World) -> None:
    world.settle(detail())
    other = overrides(token="other-token")
    other["containerOverrides"][-1]["environment"][1]["value"] = EXECUTION_ARN + "2"
    world.settle(second(overrides=other))
    ended = world.executions.show(execution("ABORTED"))
    assert world.abandoned.of_execution(ended) == 0
    assert world.executions.described == [], "what leaves nothing to be stopped is not asked for"


def test_the_grace_of_a_success(world: World) -> None:
    world.settle(running())
    ended = world.executions.show(execution("SUCCEEDED"))
    world.clock.pass_by(timedelta(minutes=5) - timedelta(milliseconds=1))
    assert world.abandoned.of_execution(ended) == 0
    world.clock.pass_by(timedelta(milliseconds=1))
    assert world.abandoned.of_execution(ended) == 1
    assert world.cluster.stops == [(task_arn(), reason_of_end(ended))]


def test_a_task_of_a_request_response_execution_works_on_after_it(world: World) -> None:
    arn = execution_arn(MACHINES.request_response, RUN_ID)
    ours = overrides(token=None)
    ours["containerOverrides"][-1]["environment"][1]["value"] = arn
    assert world.settle(running(overrides=ours)).record.pattern is Pattern.REQUEST_RESPONSE
    ended = world.executions.show(replace(execution("SUCCEEDED"), arn=arn))
    world.clock.pass_by(timedelta(days=1))
    assert world.abandoned.of_execution(ended) == 0
    aborted = world.executions.show(replace(ended, status=ExecutionStatus.ABORTED))
    assert world.abandoned.of_execution(aborted) == 1


def test_an_event_of_before_a_redrive_stops_nothing_of_after_it(world: World) -> None:
    """The event is late: the execution was redriven meanwhile, and the task that runs is the redrive's (fault F19)."""
    late = execution("FAILED")
    world.executions.show(execution("RUNNING", redrive_count=1))
    world.settle(running())
    assert world.abandoned.of_execution(late) == 0
    assert (world.executions.described, world.cluster.stops) == ([EXECUTION_ARN], [])


def test_a_redrive_between_the_reading_and_the_question_is_not_harmed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tasks are read first: what is read stems from before the end that Step Functions then tells of."""
    world.settle(running())
    order: list[str] = []
    live_tasks, describe = world.store.live_tasks, world.executions.describe

    def read(arn: str) -> tuple[TaskRecord, ...]:
        order.append("tasks")
        found = live_tasks(arn)
        # Redriven at this very moment, with a new attempt; the redrive fails before Step Functions is asked.
        world.settle(second())
        return found

    def ask(arn: str) -> Execution | None:
        order.append("execution")
        return describe(arn)

    monkeypatch.setattr(world.store, "live_tasks", read)
    monkeypatch.setattr(world.executions, "describe", ask)
    world.executions.show(execution("FAILED", redrive_count=1))
    assert world.abandoned.of_execution(execution("FAILED")) == 1
    assert order == ["tasks", "execution"]
    assert stops(world) == [TASK_ID], "the task that was not read is left to the event of its own end"


def test_what_step_functions_says_now_decides_and_is_the_reason(world: World) -> None:
    world.settle(running())
    now_so = world.executions.show(execution("ABORTED", redrive_count=3))
    assert world.abandoned.of_execution(execution("FAILED")) == 1
    assert world.cluster.stops == [(task_arn(), reason_of_end(now_so))]


def test_a_success_after_a_redrive_gets_its_grace(world: World) -> None:
    """The event of a failure comes after the redrive has succeeded: the task may be about to end by itself."""
    world.settle(running())
    world.executions.show(execution("SUCCEEDED", redrive_count=1))
    assert world.abandoned.of_execution(execution("FAILED")) == 0
    world.clock.pass_by(timedelta(minutes=5))
    assert world.abandoned.of_execution(execution("FAILED")) == 1


def test_an_execution_that_step_functions_does_not_know_stops_nothing(world: World) -> None:
    world.settle(running())
    assert world.abandoned.of_execution(execution("FAILED")) == 0
    assert world.cluster.stops == []


def test_step_functions_is_asked_once_for_all_tasks(world: World) -> None:
    for n in range(5):
        world.settle(running(f"{n:032x}", createdAt=running()["createdAt"]))
    world.executions.show(execution("FAILED"))
    assert world.abandoned.of_execution(execution("FAILED")) == 5
    assert world.executions.described == [EXECUTION_ARN]


def test_everything_again_stops_them_again_and_that_changes_nothing(world: World) -> None:
    world.settle(running())
    ended = world.executions.show(execution("ABORTED"))
    assert [world.abandoned.of_execution(ended) for _ in range(2)] == [1, 1]
    assert stops(world) == [TASK_ID] * 2
    assert len({reason for _, reason in world.cluster.stops}) == 1


def test_each_service_that_is_down_is_said_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.callbacks.open.add("second-token")
    tasks = attempts(world, running(), second())
    ended = world.executions.show(execution("FAILED"))
    world.cluster.is_down = True
    with pytest.raises(ClusterUnavailableError):
        world.abandoned.of_execution(ended)
    world.executions.is_down = True
    with pytest.raises(ExecutionsUnavailableError):
        world.abandoned.of_execution(ended)

    def down(*_args: object) -> Any:
        raise StoreUnavailableError("the runs table did not answer: ThrottlingException")

    def silent(*_args: object) -> Any:
        raise CallbacksUnavailableError("Step Functions answered ThrottlingException")

    monkeypatch.setattr(world.store, "live_tasks", down)
    with pytest.raises(StoreUnavailableError):
        world.abandoned.of_execution(ended)
    monkeypatch.setattr(world.callbacks, "is_closed", silent)
    with pytest.raises(CallbacksUnavailableError):
        world.abandoned.replaced_attempts(tasks)
    assert world.cluster.stops == []


def test_a_task_that_cannot_be_stopped_keeps_no_other_from_being_stopped(world: World) -> None:
    for n, each in enumerate((TASK_ID, SECOND_ID, "e" * 32)):
        world.settle(running(each, createdAt=f"2025-05-06T11:0{n}:00Z"))
    ended = world.executions.show(execution("ABORTED"))
    stop = world.cluster.stop

    def one_is_refused(*asked: str) -> None:
        if asked[0] == task_arn(SECOND_ID):
            raise ClusterUnavailableError("ECS answered AccessDeniedException")
        stop(*asked)

    world.cluster.stop = one_is_refused  # type: ignore[assignment, method-assign]
    with pytest.raises(ClusterUnavailableError, match="AccessDenied"):
        world.abandoned.of_execution(ended)
    assert stops(world) == [TASK_ID, "e" * 32]


def test_it_is_asked_before_each_stop_whether_to_go_on(world: World) -> None:
    for n, each in enumerate((TASK_ID, SECOND_ID, "e" * 32)):
        world.settle(running(each, createdAt=f"2025-05-06T11:0{n}:00Z"))
    ended = world.executions.show(execution("ABORTED"))
    with pytest.raises(EnoughError):
        world.abandoned.of_execution(ended, (), GoOn(stops_at=3))
    assert stops(world) == [TASK_ID, SECOND_ID]


def test_a_record_that_cannot_be_read_keeps_no_other_task_from_being_stopped(world: World) -> None:
    """Neither those that the other index shows, nor those behind it."""
    ids = (TASK_ID, SECOND_ID, "e" * 32)
    seen = [OpenTask(RUN_ID, each, task_arn(each), has_outcome=False) for each in ids]
    for n, each in enumerate(ids):
        world.settle(running(each, createdAt=f"2025-05-06T11:0{n}:00Z"))
    world.store.unreadable[RUN_ID, SECOND_ID] = "pattern"
    ended = world.executions.show(execution("ABORTED"))
    live_tasks = world.store.live_tasks(ended.arn)
    world.store.live_tasks = lambda _arn: live_tasks[:1]  # type: ignore[assignment, method-assign]
    assert world.abandoned.of_execution(ended, seen) == 2
    assert sorted(stops(world)) == sorted([TASK_ID, "e" * 32])
