"""Stopping what nobody waits for any more, and nothing else: least of all what a redrive has just started."""

from collections.abc import Sequence
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
from fargate_runs.reading.task import EcsTask
from fargate_runs.runs.abandoned import reason_of_end, reason_of_retry
from fargate_runs.runs.record import Delivery, TaskRecord
from fargate_runs.usecases.stop_abandoned import EnoughForNowError
from tests.fakes.clock import NOON
from tests.fakes.ecs import (
    EXECUTION_ARN,
    MACHINES,
    RUN_ID,
    TASK_ID,
    TOKEN,
    Detail,
    detail,
    life,
    overrides,
    task_arn,
)
from tests.fakes.settling import World
from tests.fakes.sweeping import EnoughError, GoOn

SECOND_ID = "f" * 32
CLOSED = [status for status in ExecutionStatus if status not in {"RUNNING", "PENDING_REDRIVE"}]
FAILING = ["FAILED", "TIMED_OUT", "ABORTED"]


@pytest.fixture
def world() -> World:
    return World()


def running(task_id: str = TASK_ID, *, token: str | None = TOKEN, **changes: object) -> Detail:
    """A task of our run that runs."""
    return {**life()[2], "taskArn": task_arn(task_id), "overrides": overrides(token=token), **changes}


def second(**changes: object) -> Detail:
    """The attempt after it."""
    return running(SECOND_ID, **{"token": "second-token", "createdAt": "2025-05-06T11:05:00Z", **changes})  # type: ignore[arg-type]


def stops(world: World) -> list[str]:
    return [arn.rpartition("/")[2] for arn, _ in world.cluster.stops]


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


def attempts(world: World, *details: Detail) -> Sequence[TaskRecord]:
    """Records of these, without anything being stopped."""
    for each in details:
        world.settle(each)
    world.cluster.stops.clear()
    world.callbacks.calls = 0
    return world.store.load_run(RUN_ID).tasks


def test_an_attempt_whose_token_is_closed(world: World) -> None:
    world.callbacks.open.add("second-token")
    tasks = attempts(world, running(), second())
    world.callbacks.close(TOKEN)
    assert world.abandoned.replaced_attempts(tasks) == 1
    first = world.stored()
    assert world.cluster.stops == [(task_arn(), reason_of_retry(first))]
    assert world.callbacks.calls == 1, "the token of the newest attempt is not even asked for"


def test_a_branch_of_a_parallel_state_whose_token_is_open(world: World) -> None:
    world.callbacks.open.add("second-token")
    tasks = attempts(world, running(), second())
    assert world.abandoned.replaced_attempts(tasks) == 0
    assert (world.cluster.stops, world.callbacks.calls) == ([], 1)
    assert TOKEN in world.callbacks.open


def test_what_never_was_a_token_gives_nothing_up(world: World) -> None:
    tasks = attempts(world, running(token="some-variable"), second())
    assert world.abandoned.replaced_attempts(tasks) == 0


def test_an_attempt_alone_is_not_asked_for(world: World) -> None:
    tasks = attempts(world, running())
    world.callbacks.close(TOKEN)
    assert world.abandoned.replaced_attempts(tasks) == 0
    assert world.callbacks.calls == 0


def test_all_attempts_but_the_newest(world: World) -> None:
    third = running("a" * 32, token="third-token", createdAt="2025-05-06T11:08:00Z")
    tasks = attempts(world, running(), second(), third)
    for token in (TOKEN, "second-token", "third-token"):
        world.callbacks.close(token)
    assert world.abandoned.replaced_attempts(tasks) == 2
    assert sorted(stops(world)) == sorted([TASK_ID, SECOND_ID])


@pytest.mark.parametrize("state", [0, 2, 4], ids=["provisioning", "running", "ended"])
def test_the_first_sight_of_a_retry_stops_the_replaced_attempt(world: World, state: int) -> None:
    """The state timed out and Step Functions retries it: the task of before runs on, and nobody waits (fact B26)."""
    world.callbacks.open.add("second-token")
    world.settle(running())
    world.callbacks.close(TOKEN)
    retry = {**life()[state], **{key: second()[key] for key in ("taskArn", "createdAt", "overrides")}}
    assert world.settle(retry).stopped == 1
    assert stops(world) == [TASK_ID]
    asked = world.callbacks.calls
    assert world.settle({**retry, "version": 9}).stopped == 0, "once, at first sight"
    assert world.callbacks.calls == asked


def test_the_first_sight_of_an_older_attempt_stops_that_one(world: World) -> None:
    """Events come in any order (fact B10)."""
    world.callbacks.open.add("second-token")
    world.callbacks.close(TOKEN)
    world.settle(second())
    assert world.settle(running()).stopped == 1
    assert stops(world) == [TASK_ID]


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


def test_an_attempt_that_cannot_be_asked_for_holds_up_no_other(world: World) -> None:
    """Its heartbeat fails in every sweep; the others are asked for, and stopped, all the same."""
    third = running("a" * 32, token="third-token", createdAt="2025-05-06T11:08:00Z")
    world.callbacks.open.add("third-token")
    tasks = attempts(world, running(), second(), third)
    world.callbacks.close("second-token")
    heartbeat_fails_for(world, TOKEN)
    with pytest.raises(CallbacksUnavailableError, match="Unknown"):
        world.abandoned.replaced_attempts(tasks)
    assert stops(world) == [SECOND_ID]


def test_nor_a_task_without_a_token_whose_attempt_was_started_twice(world: World) -> None:
    """It is looked for after all those with a token."""
    arn = execution_arn(MACHINES.request_response, RUN_ID)
    world.executions.show(Execution(arn, ExecutionStatus.RUNNING))
    given = overrides(token=None)
    given["containerOverrides"][-1]["environment"][1]["value"] = arn
    given["containerOverrides"][-1]["environment"].append({"name": "RUN_ATTEMPT", "value": "1"})
    world.settle(running())
    world.settle(second())
    world.settle(running("c" * 32, overrides=given))
    heartbeat_fails_for(world, TOKEN)
    with pytest.raises(CallbacksUnavailableError):
        world.settle(running("d" * 32, overrides=given, createdAt="2025-05-06T11:09:00Z"))
    assert stops(world) == ["c" * 32]


def heartbeat_fails_for(world: World, token: str) -> None:
    is_closed = world.callbacks.is_closed

    def fails_for_one(asked: str) -> bool:
        if asked == token:
            raise CallbacksUnavailableError("Step Functions answered UnknownCode")
        return is_closed(asked)

    world.callbacks.is_closed = fails_for_one  # type: ignore[assignment, method-assign]


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


def test_a_token_whose_key_is_not_ours_to_use_is_counted_and_holds_up_nothing(world: World) -> None:
    """Whether it is closed nobody can say: that attempt is left alone, as if it were wanted."""
    third = two_replaced_and_a_third(world)
    world.callbacks.with_another_key = {TOKEN}
    done = world.use_case(third)
    assert (done.withheld, done.stopped, stops(world)) == (1, 1, [SECOND_ID])
    assert done.delivery is Delivery.DELIVERED


def test_it_is_counted_beside_the_answer_that_is_withheld(world: World) -> None:
    third = two_replaced_and_a_third(world)
    world.callbacks.with_another_key = {TOKEN, "second-token", "third-token"}
    done = world.use_case(third)
    assert (done.withheld, done.stopped, done.delivery) == (3, 0, None)


def two_replaced_and_a_third(world: World, **changes: object) -> EcsTask:
    """A third attempt of which nothing was seen, beside two that were replaced."""
    for each in (running(), second()):
        world.settle(each)
    for token in (TOKEN, "second-token"):
        world.callbacks.close(token)
    world.callbacks.open.add("third-token")
    world.callbacks.calls = 0
    third = {
        "taskArn": task_arn("a" * 32),
        "createdAt": "2025-05-06T11:08:00Z",
        "overrides": overrides(token="third-token"),
    }
    return EcsTask.from_detail({**detail(), **third, **changes})


def test_it_is_asked_before_each_heartbeat_whether_to_go_on(world: World) -> None:
    third = two_replaced_and_a_third(world)
    with pytest.raises(EnoughError):
        world.use_case(third, GoOn(stops_at=2))
    assert (stops(world), world.callbacks.calls) == ([TASK_ID], 1)


def test_an_event_whose_time_is_up_leaves_the_other_attempts_to_the_sweep(world: World) -> None:
    """And is finished: its outcome is shown, and its token answered."""
    third = two_replaced_and_a_third(world)
    done = world.use_case(third, left_after(1))
    assert (done.stopped, stops(world), done.delivery) == (1, [TASK_ID], Delivery.DELIVERED)
    assert world.store.runs[RUN_ID].newest_task_id == "a" * 32
    report = world.sweep()("me", 600.0)
    assert report.stopped == 2
    assert SECOND_ID in stops(world)


def test_nor_does_it_stop_the_task_that_it_is_about(world: World) -> None:
    """The sweep does, as it asks for every execution that has ended."""
    world.settle(running())
    world.close(ExecutionStatus.ABORTED)
    world.note(world.close(ExecutionStatus.ABORTED), go_on=left_after(0))
    assert stops(world) == []
    late = EcsTask.from_detail({**running(), "version": 4})
    assert world.use_case(late, left_after(0)).stopped == 0
    assert world.use_case(late).stopped == 1


def left_after(calls: int) -> GoOn:
    """It is enough for now after so many calls."""
    return GoOn(stops_at=calls + 1, error=EnoughForNowError)
