"""Stopping attempts that a retry has replaced: their token is closed, and their execution goes on."""

import pytest

from fargate_runs.ports import CallbacksUnavailableError
from fargate_runs.reading.execution import Execution, ExecutionStatus
from fargate_runs.reading.patterns import execution_arn
from fargate_runs.reading.task import EcsTask
from fargate_runs.runs.abandoned import reason_of_retry
from fargate_runs.runs.record import Delivery
from fargate_runs.usecases.stop_abandoned import EnoughForNowError
from tests.fakes.abandoned import SECOND_ID, attempts, running, second, stops
from tests.fakes.ecs import MACHINES, RUN_ID, TASK_ID, TOKEN, detail, life, overrides, task_arn
from tests.fakes.settling import World
from tests.fakes.sweeping import EnoughError, GoOn


@pytest.fixture
def world() -> World:
    return World()


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
