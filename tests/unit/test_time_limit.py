"""`timeoutSeconds` of a task that nobody waits for: read, recorded, and kept by the sweep."""

from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from fargate_runs.aws.ecs import EcsCluster
from fargate_runs.outcomes.kinds import ErrorName, OutcomeStatus
from fargate_runs.outcomes.outcome import lost, outcome_of
from fargate_runs.ports import OpenTask, TaskList
from fargate_runs.reading.task import EcsTask
from fargate_runs.runs.abandoned import LONGEST_REASON
from fargate_runs.runs.time_limit import is_past_its_time, reason_of_time_limit
from fargate_runs.usecases.pace import PacedCluster
from fargate_runs.usecases.sweep.report import SweepReport
from tests.fakes.attempts import running
from tests.fakes.clock import NOON, StoppedClock
from tests.fakes.ecs import CLUSTER_ARN, RUN_ID, TASK_ID, Detail, detail, overrides, task, task_arn
from tests.fakes.moto_table import runs_table_on_moto, store_on
from tests.fakes.records import open_task
from tests.fakes.sweeping import EnoughError, GoOn, SweepingTasks, counts

HOUR = 3_600
CREATED = NOON - timedelta(seconds=HOUR)


def limited(seconds: object = str(HOUR), **changes: object) -> Detail:
    """A request-response task that runs, made an hour before noon."""
    given = overrides(token=None)
    given["containerOverrides"][-1]["environment"].append({"name": "RUN_TIMEOUT_SECONDS", "value": seconds})
    return running(overrides=given, createdAt=CREATED.isoformat(), **changes)


# ---- reading and recording -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("1", 1),
        ("3600", 3_600),
        ("99999999", 99_999_999),
        ("100000000", None),
        ("0", None),
        ("-5", None),
        ("1.5", None),
        ("²", None),
        ("an hour", None),
        ("", None),
        (3_600, None),
        ("9" * 300, None),
    ],
)
def test_the_limit_is_digits(value: object, seconds: int | None) -> None:
    assert EcsTask.from_detail(limited(value)).timeout_seconds == seconds


def test_a_task_without_a_limit_has_none() -> None:
    assert task().timeout_seconds is None


def test_the_limit_does_not_show_in_the_repr() -> None:
    assert "3600" not in repr(EcsTask.from_detail(limited()))


def test_the_limit_is_recorded_and_in_the_open_index() -> None:
    world = SweepingTasks()
    world.settle(limited())
    assert world.stored().task.timeout_seconds == HOUR
    with runs_table_on_moto() as client:
        store = store_on(client)
        store.write_task(world.stored())
        assert store.find_task(RUN_ID, TASK_ID) == world.stored()
        for index in (store, world.store):
            (found,) = (each for each in index.open_items() if isinstance(each, OpenTask))
            assert (found.created_at, found.timeout_seconds) == (CREATED, HOUR)


def test_a_task_without_a_limit_is_in_the_open_index_without_one() -> None:
    with runs_table_on_moto() as client:
        store = store_on(client)
        store.write_task(open_task())
        (found,) = store.open_items()
        assert isinstance(found, OpenTask)
        assert found.timeout_seconds is None


# ---- the decision ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("created_at", "seconds", "now", "past"),
    [
        (CREATED, HOUR, NOON, True),
        (CREATED, HOUR, NOON + timedelta(milliseconds=1), True),
        (CREATED, HOUR, NOON - timedelta(milliseconds=1), False),
        (CREATED, HOUR, CREATED, False),
        (CREATED, HOUR, CREATED - timedelta(days=1), False),
        (CREATED, None, NOON, False),
        (None, HOUR, NOON, False),
        (CREATED, HOUR, None, False),
    ],
)
def test_when_a_task_is_past_its_time(created_at: Any, seconds: int | None, now: Any, past: bool) -> None:
    assert is_past_its_time(created_at, seconds, now) is past


def test_the_words_of_the_reason() -> None:
    assert reason_of_time_limit(90) == "Fargate Runs stopped the task: it was past its timeoutSeconds (90)"


@pytest.mark.parametrize("stop_code", ["UserInitiated", None])
@pytest.mark.parametrize("exit_code", [0, 137, 143])
def test_the_reason_is_known_again(stop_code: str | None, exit_code: int) -> None:
    containers = [{"name": "main", "exitCode": exit_code}]
    reason = reason_of_time_limit(99_999_999)
    assert len(reason) <= LONGEST_REASON
    outcome = outcome_of(task(stopCode=stop_code, stoppedReason=reason, containers=containers))
    assert outcome
    assert (outcome.status, outcome.error, outcome.transient) == (OutcomeStatus.FAILED, ErrorName.TIMED_OUT, False)
    assert "timeoutSeconds" in outcome.summary
    assert "99999999" in outcome.summary
    assert "raise timeoutSeconds" in outcome.advice


@pytest.mark.parametrize("stop_code", ["EssentialContainerExited", "SpotInterruption"])
def test_a_task_that_ended_otherwise_has_that_outcome(stop_code: str) -> None:
    outcome = outcome_of(task(stopCode=stop_code, stoppedReason=reason_of_time_limit(1)))
    assert outcome
    assert outcome.error is not ErrorName.TIMED_OUT


# ---- ECS's own clock -------------------------------------------------------------------------------------------------


def answer(date: object) -> dict[str, Any]:
    return {"ResponseMetadata": {"HTTPHeaders": {"date": date}}}


@pytest.mark.parametrize("operation", ["list_tasks", "describe_tasks"])
def test_ecs_says_the_time_with_every_answer(operation: str) -> None:
    client = boto3.client("ecs", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
    cluster = EcsCluster(client, CLUSTER_ARN)
    paced = PacedCluster(cluster, StoppedClock())
    assert paced.answered_at() is None
    found: dict[str, Any] = {"taskArns": []} if operation == "list_tasks" else {"tasks": [], "failures": []}

    def ask(date: object) -> None:
        with Stubber(client) as stubber:
            stubber.add_response(operation, {**found, **answer(date)})
            if operation == "list_tasks":
                list(paced.listed(TaskList.RUNNING))
            else:
                paced.describe([task_arn()])

    ask("no date")
    assert paced.answered_at() is None
    ask("Tue, 06 May 2025 12:00:00 GMT")
    assert paced.answered_at() == NOON
    ask(None)
    assert paced.answered_at() == NOON, "an answer without a date changes nothing"
    ask("Tue, 06 May 2025 12:00:01 GMT")
    assert paced.answered_at() == NOON + timedelta(seconds=1)


# ---- the sweep -------------------------------------------------------------------------------------------------------


@pytest.fixture
def world() -> SweepingTasks:
    world = SweepingTasks()
    world.settle(limited())
    world.cluster.show(limited())
    return world


def test_a_task_past_its_time_is_stopped_and_has_its_outcome(world: SweepingTasks) -> None:
    assert counts(world.sweep_tasks()) == {"stopped": 1}
    assert world.cluster.stops == [(task_arn(), reason_of_time_limit(HOUR))]
    world.settle(
        detail(overrides=limited()["overrides"], stopCode="UserInitiated", stoppedReason=world.cluster.stops[0][1])
    )
    outcome = world.stored().outcome
    assert outcome
    assert outcome.error is ErrorName.TIMED_OUT


def test_a_task_within_its_time_runs_on(world: SweepingTasks) -> None:
    world.clock.pass_by(timedelta(seconds=-1))
    assert counts(world.sweep_tasks()) == {}
    assert world.cluster.stops == []


@pytest.mark.parametrize("off_by", [timedelta(days=-1), timedelta(days=1)])
def test_a_clock_of_ours_that_is_wrong_changes_nothing(world: SweepingTasks, off_by: timedelta) -> None:
    world.cluster.clock = StoppedClock(NOON - timedelta(seconds=1))
    world.clock.pass_by(off_by)
    assert world.sweep_tasks().stopped == 0
    world.cluster.clock = StoppedClock(NOON)
    assert world.sweep_tasks().stopped == 1


def test_a_task_that_is_told_to_stop_is_not_told_again(world: SweepingTasks) -> None:
    world.cluster.show(limited(desiredStatus="STOPPED", version=4))
    assert world.sweep_tasks().stopped == 0


@pytest.mark.parametrize("later", [1, 2])
def test_a_task_that_no_event_told_of(later: int) -> None:
    world = SweepingTasks()
    world.cluster.show(limited(str(HOUR + later - 1)))
    world.clock.pass_by(timedelta(seconds=later - 1))
    assert world.sweep_tasks().stopped == 1


def test_a_task_that_was_taken_for_lost(world: SweepingTasks) -> None:
    """It is in no index any more, and runs."""
    world.store.write_lost(world.stored().ended(lost(), world.stored().result))
    assert counts(world.sweep_tasks()) == {"described": 1, "stopped": 1}


@pytest.mark.parametrize(
    "ended", [{"lastStatus": "STOPPED", "desiredStatus": "RUNNING"}, {"desiredStatus": "STOPPED", "version": 4}]
)
def test_a_task_that_is_shown_as_ending_is_not_stopped(ended: Detail) -> None:
    world = SweepingTasks()
    world.cluster.show(limited(**ended))
    assert world.sweep_tasks().stopped == 0


def test_a_stop_that_fails_leaves_the_others(world: SweepingTasks) -> None:
    second = limited(taskArn=task_arn("f" * 32))
    world.settle(second)
    world.cluster.show(second)
    stop, fails = world.cluster.stop, iter([True])

    def fails_once(task_arn: str, reason: str) -> None:
        if next(fails, False):
            world.cluster.is_down = True
        try:
            stop(task_arn, reason)
        finally:
            world.cluster.is_down = False

    world.cluster.stop = fails_once  # type: ignore[method-assign]
    report = world.sweep_tasks()
    assert (report.stopped, report.failures) == (1, 1)


def test_it_asks_before_each_stop_whether_to_go_on(world: SweepingTasks) -> None:
    go_on = GoOn()
    world.part.compare(world.open_tasks(), SweepReport(), go_on)
    assert len(world.cluster.stops) == 1
    with pytest.raises(EnoughError):
        world.part.compare(world.open_tasks(), SweepReport(), GoOn(go_on.asked))
    assert len(world.cluster.stops) == 1, "the last time that it was asked was right before the stop"
