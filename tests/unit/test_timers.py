"""One contract for the schedules of jobs: the twin in memory, and EventBridge Scheduler as moto has it."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from fargate_runs.aws.timers import SCHEDULED_TIME, SchedulerTimers, TimerTarget
from fargate_runs.ports import TimerRefusedError, TimersUnavailableError
from fargate_runs.ports.jobs import Timer, Timers
from tests.fakes.jobs import InMemoryTimers
from tests.fakes.wire import unreachable

TARGET = TimerTarget("stack", "arn:aws:lambda:us-east-1:123456789012:function:start", "arn:aws:iam::1:role/r", "arn:q")
DAILY = Timer("nightly", "daily", "cron(0 6 * * ? *)", "Europe/Berlin", is_enabled=True)
Shown = Callable[[], dict[tuple[str, str], Timer]]


def client() -> Any:
    return boto3.client("scheduler", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")


def shown_by(scheduler: Any) -> dict[tuple[str, str], Timer]:
    found = {}
    for row in scheduler.list_schedules(GroupName="stack")["Schedules"]:
        each = scheduler.get_schedule(GroupName="stack", Name=row["Name"])
        job, _, schedule = each["Name"].partition(".")
        found[job, schedule] = Timer(
            job, schedule, each["ScheduleExpression"], each["ScheduleExpressionTimezone"], each["State"] == "ENABLED"
        )
    return found


@pytest.fixture
def moto() -> Iterator[Any]:
    with mock_aws():
        made = client()
        made.create_schedule_group(Name="stack")
        yield made


@pytest.fixture(params=["in-memory", "scheduler"])
def both(request: pytest.FixtureRequest) -> tuple[Timers, Shown]:
    if request.param == "scheduler":
        made = request.getfixturevalue("moto")
        return SchedulerTimers(made, TARGET), lambda: shown_by(made)
    twin = InMemoryTimers()
    return twin, lambda: twin.timers


def test_a_timer_is_put_again_and_removed(both: tuple[Timers, Shown]) -> None:
    timers, shown = both
    timers.put(DAILY)
    assert shown() == {("nightly", "daily"): DAILY}
    timers.put(DAILY)
    assert shown() == {("nightly", "daily"): DAILY}
    changed = Timer("nightly", "daily", "rate(1 day)", "UTC", is_enabled=False)
    timers.put(changed)
    other = Timer("nightly", "weekly", "rate(7 days)", "UTC", is_enabled=True)
    timers.put(other)
    assert shown() == {("nightly", "daily"): changed, ("nightly", "weekly"): other}
    timers.remove("nightly", "daily")
    timers.remove("nightly", "daily")
    assert shown() == {("nightly", "weekly"): other}


def test_what_a_timer_calls(moto: Any) -> None:
    SchedulerTimers(moto, TARGET).put(DAILY)
    schedule = moto.get_schedule(GroupName="stack", Name="nightly.daily")

    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
    target = schedule["Target"]
    assert (target["Arn"], target["RoleArn"]) == (TARGET.function_arn, TARGET.role_arn)
    assert target["DeadLetterConfig"] == {"Arn": "arn:q"}
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 20}
    assert json.loads(target["Input"]) == {"job": "nightly", "schedule": "daily", "scheduledTime": SCHEDULED_TIME}


def test_one_that_another_call_makes_at_the_same_time() -> None:
    stubbed = client()
    with Stubber(stubbed) as stubber:
        stubber.add_client_error("update_schedule", "ResourceNotFoundException")
        stubber.add_client_error("create_schedule", "ConflictException")
        stubber.add_response(
            "update_schedule", {"ScheduleArn": "arn:aws:scheduler:us-east-1:123456789012:schedule/a/b"}
        )
        SchedulerTimers(stubbed, TARGET).put(DAILY)
        stubber.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("code", "is_refused"),
    [("ValidationException", True), ("ThrottlingException", False), ("AccessDeniedException", False)],
)
@pytest.mark.parametrize("operation", ["update_schedule", "create_schedule", "delete_schedule"])
def test_errors(operation: str, code: str, is_refused: bool) -> None:
    stubbed = client()
    with Stubber(stubbed) as stubber:
        if operation == "create_schedule":
            stubber.add_client_error("update_schedule", "ResourceNotFoundException")
        stubber.add_client_error(operation, code, "said of it")
        timers = SchedulerTimers(stubbed, TARGET)
        with pytest.raises(TimersUnavailableError, match=f"did not take the schedule: {code}$") as raised:
            timers.remove("a", "b") if operation == "delete_schedule" else timers.put(DAILY)
    assert isinstance(raised.value, TimerRefusedError) is is_refused


def test_errors_of_the_twin() -> None:
    twin = InMemoryTimers()
    twin.refused.add(DAILY.expression)
    with pytest.raises(TimerRefusedError, match="ValidationException"):
        twin.put(DAILY)
    twin.is_down = True
    with pytest.raises(TimersUnavailableError, match="ThrottlingException"):
        twin.remove("a", "b")


def test_a_scheduler_that_does_not_answer() -> None:
    with pytest.raises(TimersUnavailableError, match="ConnectTimeoutError"):
        SchedulerTimers(unreachable("scheduler"), TARGET).put(DAILY)
