"""RunTask that was carried out and answered with a 5xx is called again: of the two tasks one is stopped (fact B43)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fargate_runs.outcomes.kinds import ErrorName
from fargate_runs.ports import ClusterUnavailableError, ExecutionsUnavailableError
from fargate_runs.reading.execution import Execution, ExecutionStatus
from fargate_runs.reading.patterns import Pattern, execution_arn
from fargate_runs.reading.task import EcsTask
from fargate_runs.runs.abandoned import LONGEST_REASON, reason_of_second_start, started_twice
from fargate_runs.runs.record import TaskRecord
from fargate_runs.usecases.stop_abandoned import Asking
from tests.fakes.attempts import running
from tests.fakes.clock import NOON
from tests.fakes.ecs import MACHINES, RUN_ID, TASK_ID, TOKEN, Detail, detail, overrides, task_arn
from tests.fakes.records import changed
from tests.fakes.sweeping import OTHERS_ARN, GoOn, SweepingTasks

SECOND_ID = "f" * 32
ARNS = {pattern: execution_arn(MACHINES.arn_of(pattern), RUN_ID) for pattern in Pattern}
WITHOUT_TOKENS = [Pattern.REQUEST_RESPONSE, Pattern.SYNC]
STARTED_BY = {Pattern.SYNC: "AWS Step Functions"}


def started(
    task_id: str = TASK_ID,
    *,
    pattern: Pattern = Pattern.SYNC,
    arn: str | None = None,
    attempt: str | None = "1",
    token: str | None = None,
    **changes: object,
) -> Detail:
    """A task as one of our machines starts it; the second one a minute later."""
    given = overrides(token=token)
    environment = given["containerOverrides"][-1]["environment"]
    environment[1]["value"] = arn or ARNS[pattern]
    environment.extend([{"name": "RUN_ATTEMPT", "value": attempt}] if attempt else [])
    seen = {
        "taskArn": task_arn(task_id),
        "createdAt": "2025-05-06T11:03:00Z" if task_id == SECOND_ID else "2025-05-06T11:02:00Z",
        "overrides": given,
        **({"startedBy": STARTED_BY[pattern]} if pattern in STARTED_BY else {}),
        **changes,
    }
    return running(**seen)


def second(**more: Any) -> Detail:
    return started(SECOND_ID, **more)


def stopped(world: SweepingTasks) -> list[str]:
    return [arn.rpartition("/")[2] for arn, _ in world.cluster.stops]


@pytest.fixture
def world() -> SweepingTasks:
    world = SweepingTasks()
    for arn in (*ARNS.values(), OTHERS_ARN):
        world.executions.show(Execution(arn, ExecutionStatus.RUNNING, started_at=NOON - timedelta(hours=1)))
    return world


@pytest.mark.parametrize("pattern", WITHOUT_TOKENS)
@pytest.mark.parametrize("order", [(TASK_ID, SECOND_ID), (SECOND_ID, TASK_ID)], ids=["in order", "the later one first"])
def test_the_one_that_the_machine_does_not_know_is_stopped_as_soon_as_both_are_seen(
    world: SweepingTasks, pattern: Pattern, order: tuple[str, str]
) -> None:
    """It knows the later one alone: the answer for the other was lost."""
    assert world.settle(started(order[0], pattern=pattern)).stopped == 0
    assert world.settle(started(order[1], pattern=pattern)).stopped == 1
    assert world.cluster.stops == [(task_arn(), reason_of_second_start(world.stored()))]
    ended = detail(
        **{**started(pattern=pattern), "stopCode": "UserInitiated", "stoppedReason": world.cluster.stops[0][1]},
    )
    outcome = world.settle({**ended, "lastStatus": "STOPPED", "version": 6}).record.outcome
    assert outcome
    assert outcome.error is ErrorName.STOPPED_BY_STEP_FUNCTIONS


@pytest.mark.parametrize("pattern", WITHOUT_TOKENS)
def test_the_sweep_does_what_no_event_did(world: SweepingTasks, pattern: Pattern) -> None:
    for each in (started(pattern=pattern), second(pattern=pattern)):
        seen = EcsTask.from_detail(each)
        world.store.write_task(TaskRecord.of(seen, pattern, None))
        world.cluster.show(each)
    assert world.sweep_tasks().stopped == 1
    assert stopped(world) == [TASK_ID]
    assert world.sweep_tasks().stopped == 0, "and asks once"


def test_a_request_response_run_that_has_succeeded_meanwhile(world: SweepingTasks) -> None:
    """It succeeds as soon as RunTask has answered: the task works on, the other one too without this."""
    arn = ARNS[Pattern.REQUEST_RESPONSE]
    world.executions.show(Execution(arn, ExecutionStatus.SUCCEEDED, stopped_at=NOON))
    world.settle(started(pattern=Pattern.REQUEST_RESPONSE))
    world.settle(second(pattern=Pattern.REQUEST_RESPONSE))
    assert stopped(world) == [TASK_ID]


@pytest.mark.parametrize("closed", [TASK_ID, SECOND_ID])
def test_a_callback_s_is_the_one_whose_token_is_closed(world: SweepingTasks, closed: str) -> None:
    """Each try has a token of its own: that one is closed whose answer was lost, even if ECS was late to make it."""
    tokens = {TASK_ID: TOKEN, SECOND_ID: "second"}
    world.callbacks.open.add("second")
    world.callbacks.close(tokens[closed])
    world.settle(started(pattern=Pattern.CALLBACK, token=TOKEN))
    world.settle(second(pattern=Pattern.CALLBACK, token="second"))
    assert stopped(world) == [closed]


def test_two_of_a_callback_that_are_both_wanted_stay(world: SweepingTasks) -> None:
    world.callbacks.open.add("second")
    world.settle(started(pattern=Pattern.CALLBACK, token=TOKEN))
    world.settle(second(pattern=Pattern.CALLBACK, token="second"))
    assert stopped(world) == []


OTHERS: dict[str, tuple[Detail, Detail]] = {
    "of an earlier attempt": (started(attempt="2"), second(attempt="1")),
    "no attempt": (started(attempt=None), second(attempt=None)),
    "an attempt that is no number": (started(attempt="first"), second(attempt="first")),
    "the same moment": (started(), second(createdAt=started()["createdAt"])),
    "nobody knows when": (started(), second(createdAt=None)),
    "started by somebody else": (started(), second(startedBy="somebody")),
    "of a machine of somebody else": (started(arn=OTHERS_ARN), second(arn=OTHERS_ARN)),
    "of another execution": (started(), second(arn=ARNS[Pattern.REQUEST_RESPONSE])),
    "an item of a run": (
        started(arn=ARNS[Pattern.SYNC].replace(RUN_ID, "a-fan-out")),
        second(arn=ARNS[Pattern.SYNC].replace(RUN_ID, "a-fan-out")),
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_task_that_may_be_wanted_is_never_stopped(world: SweepingTasks, name: str) -> None:
    """Branches of a Parallel or Map state in a machine of others may share a RUN_ID and a RUN_ATTEMPT."""
    for each in OTHERS[name]:
        world.settle(each)
        world.cluster.show(each)
    world.sweep_tasks()
    assert stopped(world) == []


@pytest.mark.parametrize(("ended_after", "stops"), [(-10_001, 0), (-10_000, 1), (1, 1)])
def test_a_later_one_that_was_made_after_the_end_is_somebody_else_s(ended_after: int, stops: int) -> None:
    records = _records()
    moment = records[1].created_at
    assert moment
    ended = Execution(
        ARNS[Pattern.SYNC], ExecutionStatus.SUCCEEDED, stopped_at=moment + timedelta(milliseconds=ended_after)
    )
    assert len(started_twice(records, ended)) == stops


@pytest.mark.parametrize(("began_after", "stops"), [(-1, 1), (10_000, 1), (10_001, 0)])
def test_a_task_from_before_the_execution_is_of_an_earlier_one_of_its_name(began_after: int, stops: int) -> None:
    """Names may be used again after 90 days, and a request-response task may well work for so long."""
    records = _records()
    moment = records[0].created_at
    assert moment
    began = moment + timedelta(milliseconds=began_after)
    assert (
        len(started_twice(records, Execution(ARNS[Pattern.SYNC], ExecutionStatus.RUNNING, started_at=began))) == stops
    )


@pytest.mark.parametrize("pattern", WITHOUT_TOKENS)
def test_one_that_was_aborted_and_redriven_is_stopped_beside_the_next_attempt(
    world: SweepingTasks, pattern: Pattern
) -> None:
    """A redrive adds to RUN_ATTEMPT, so nothing of the same attempt is beside the task that was lost."""
    redriven = Execution(ARNS[pattern], ExecutionStatus.RUNNING, started_at=NOON - timedelta(hours=1), redrive_count=1)
    world.executions.show(redriven)
    world.settle(started(pattern=pattern))
    world.settle(second(pattern=pattern, attempt="2"))
    assert stopped(world) == [TASK_ID]


def test_whether_the_later_one_still_runs_does_not_matter(world: SweepingTasks) -> None:
    """It has ended before the other one was seen: the work is done, and the other does it again."""
    over = second(lastStatus="STOPPED", version=6, stopCode="EssentialContainerExited")
    world.settle({**over, "containers": [{"name": "main", "exitCode": 0}]})
    world.settle(started())
    assert stopped(world) == [TASK_ID]


def test_one_that_has_ended_is_not_stopped() -> None:
    first, other = _records()
    outcome = SweepingTasks().settle(detail()).record.outcome
    running_on = Execution(ARNS[Pattern.SYNC], ExecutionStatus.RUNNING)
    assert started_twice([replace(first, outcome=outcome), other], running_on) == ()
    assert started_twice([first, other], running_on) == (first,)


@pytest.mark.parametrize("pattern", [None, Pattern.CALLBACK])
def test_of_another_pattern_nothing_is_known_without_its_token(pattern: Pattern | None) -> None:
    records = [replace(each, pattern=pattern) for each in _records()]
    assert started_twice(records, Execution(ARNS[Pattern.SYNC], ExecutionStatus.RUNNING)) == ()


def test_an_execution_that_nobody_knows_stops_nothing(world: SweepingTasks) -> None:
    world.executions.known.clear()
    world.settle(started())
    world.settle(second())
    assert stopped(world) == []


def test_the_reason_fits_and_names_the_execution() -> None:
    record = changed(_records()[0], execution_arn=ARNS[Pattern.SYNC] + "x" * 200)
    assert len(reason_of_second_start(record)) <= LONGEST_REASON
    assert ARNS[Pattern.SYNC] in reason_of_second_start(_records()[0])


def _records() -> list[TaskRecord]:
    return [TaskRecord.of(EcsTask.from_detail(each), Pattern.SYNC, None) for each in (started(), second())]


TWO_MACHINES = [Pattern.REQUEST_RESPONSE, Pattern.SYNC]


def refuse_stops(world: SweepingTasks, arns: set[str]) -> type[Exception]:
    stop = world.cluster.stop

    def refuses_some(task_arn: str, reason: str) -> None:
        if task_arn in arns:
            raise ClusterUnavailableError("ECS answered AccessDeniedException")
        stop(task_arn, reason)

    world.cluster.stop = refuses_some  # type: ignore[method-assign]
    return ClusterUnavailableError


def describe_not(world: SweepingTasks, execution_arns: set[str]) -> type[Exception]:
    describe = world.executions.describe

    def describes_others(execution_arn: str) -> Execution | None:
        if execution_arn in execution_arns:
            raise ExecutionsUnavailableError("Step Functions answered ThrottlingException")
        return describe(execution_arn)

    world.executions.describe = describes_others  # type: ignore[method-assign]
    return ExecutionsUnavailableError


def record_twice_with_two_machines(world: SweepingTasks) -> tuple[str, str]:
    """A run id may have been used with two of our machines: the ARNs of the executions, in the order they are seen."""
    first, last = sorted(TWO_MACHINES, key=lambda each: ARNS[each])
    for letter, pattern in (("a", first), ("b", last)):
        for task_id, minute in ((letter * 32, 2), (letter * 31 + "f", 3)):
            seen = EcsTask.from_detail(started(task_id, pattern=pattern, createdAt=f"2025-05-06T11:0{minute}:00Z"))
            world.store.write_task(TaskRecord.of(seen, pattern, None))
    return ARNS[first], ARNS[last]


@pytest.mark.parametrize("fails", ["StopTask", "DescribeExecution"])
def test_an_error_for_one_execution_holds_up_no_other(world: SweepingTasks, fails: str) -> None:
    first, _ = record_twice_with_two_machines(world)
    error = refuse_stops(world, {task_arn("a" * 32)}) if fails == "StopTask" else describe_not(world, {first})
    with pytest.raises(error):
        world.abandoned.started_twice(world.store.tasks_of(RUN_ID))
    assert stopped(world) == ["b" * 32]


def test_the_first_error_is_raised(world: SweepingTasks) -> None:
    _, last = record_twice_with_two_machines(world)
    error = refuse_stops(world, {task_arn("a" * 32)})
    describe_not(world, {last})
    with pytest.raises(error):
        world.abandoned.started_twice(world.store.tasks_of(RUN_ID))


def test_it_is_asked_before_each_of_them_is_stopped(world: SweepingTasks) -> None:
    for each in ("a" * 32, TASK_ID, SECOND_ID):
        world.record(started(each))
    tasks = [replace(each, pattern=Pattern.SYNC) for each in world.store.load_run(RUN_ID).tasks]
    go_on = GoOn()
    assert world.abandoned.started_twice(tasks, Asking(go_on)) == go_on.asked == 2
