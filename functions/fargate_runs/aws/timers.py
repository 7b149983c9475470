"""The schedules of jobs in EventBridge Scheduler: in the stack's group, aimed at one function."""

import json
from dataclasses import dataclass
from typing import Any, Final, Protocol

from botocore.exceptions import ClientError

from fargate_runs.aws.translate import Translation, code_of
from fargate_runs.ports import TimerRefusedError, TimersUnavailableError
from fargate_runs.ports.jobs import Timer, Timers

_TRANSLATED: Final = Translation(
    "EventBridge Scheduler did not take the schedule:",
    TimersUnavailableError,
    {"ValidationException": TimerRefusedError},
)
_MISSING: Final = "ResourceNotFoundException"
_EXISTS: Final = "ConflictException"
#: Scheduler itself puts the time at which a schedule was to fire in its place.
SCHEDULED_TIME: Final = "<aws.scheduler.scheduled-time>"
LONGEST_RETRY_SECONDS: Final = 3_600
MOST_RETRIES: Final = 20


class SchedulerClient(Protocol):
    """What is used of botocore's client."""

    def create_schedule(self, **request: Any) -> object:
        """See the API reference of EventBridge Scheduler."""

    def update_schedule(self, **request: Any) -> object:
        """See there: it replaces all of a schedule."""

    def delete_schedule(self, **request: Any) -> object:
        """See there."""


@dataclass(frozen=True, slots=True)
class TimerTarget:
    """What every timer calls, as which role, and where an event goes that could not be delivered."""

    group: str
    function_arn: str
    role_arn: str
    dead_letter_arn: str


class SchedulerTimers(Timers):
    """See Timers. Putting and removing twice is the same as once."""

    def __init__(self, client: SchedulerClient, target: TimerTarget) -> None:
        self._client = client
        self._target = target

    def put(self, timer: Timer) -> None:
        """See Timers. Most timers exist: an update comes first."""
        request = self._request(timer)
        with _TRANSLATED:
            try:
                self._client.update_schedule(**request)
            except ClientError as error:
                if code_of(error) != _MISSING:
                    raise
                self._create(request)

    def remove(self, job: str, schedule: str) -> None:
        """See Timers."""
        with _TRANSLATED:
            try:
                self._client.delete_schedule(GroupName=self._target.group, Name=_name(job, schedule))
            except ClientError as error:
                if code_of(error) != _MISSING:
                    raise

    def _create(self, request: dict[str, Any]) -> None:
        try:
            self._client.create_schedule(**request)
        except ClientError as error:
            if code_of(error) != _EXISTS:
                raise
            self._client.update_schedule(**request)  # another call has made it just now

    def _request(self, timer: Timer) -> dict[str, Any]:
        asked = {"job": timer.job, "schedule": timer.schedule, "scheduledTime": SCHEDULED_TIME}
        return {
            "GroupName": self._target.group,
            "Name": _name(timer.job, timer.schedule),
            "ScheduleExpression": timer.expression,
            "ScheduleExpressionTimezone": timer.time_zone,
            "State": "ENABLED" if timer.is_enabled else "DISABLED",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {
                "Arn": self._target.function_arn,
                "RoleArn": self._target.role_arn,
                "Input": json.dumps(asked),
                "RetryPolicy": {
                    "MaximumEventAgeInSeconds": LONGEST_RETRY_SECONDS,
                    "MaximumRetryAttempts": MOST_RETRIES,
                },
                "DeadLetterConfig": {"Arn": self._target.dead_letter_arn},
            },
        }


def _name(job: str, schedule: str) -> str:
    """Returns the name of a timer: 59 characters at most, of 64. Names of jobs and schedules have no dot."""
    return f"{job}.{schedule}"
