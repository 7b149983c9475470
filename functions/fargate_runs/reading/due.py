"""What EventBridge Scheduler sends when a schedule of a job fires. Its times and names are in the timer's own input."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fargate_runs.errors import MalformedEventError
from fargate_runs.reading import lenient

_LONGEST_NAME: Final = 64


@dataclass(frozen=True, slots=True)
class Due:
    """A schedule of a job has fired for this time."""

    job: str
    schedule: str
    at: datetime

    @classmethod
    def from_event(cls, event: object) -> "Due":
        """Reads `{job, schedule, scheduledTime}`. Raises MalformedEventError, which names the key."""
        if not isinstance(event, Mapping):
            raise MalformedEventError("event", "must be an object with the keys job, schedule and scheduledTime")
        return cls(_name(event, "job"), _name(event, "schedule"), _time(event))


def _name(event: Mapping[str, object], key: str) -> str:
    name = event.get(key)
    if not isinstance(name, str) or not 1 <= len(name) <= _LONGEST_NAME:
        raise MalformedEventError(key, "must be a name")
    return name


def _time(event: Mapping[str, object]) -> datetime:
    given = event.get("scheduledTime")
    moment = lenient.time(given) if isinstance(given, str) else None
    if moment is None:
        raise MalformedEventError(
            "scheduledTime", "must be a time such as 2026-11-30T06:00:00Z; Scheduler writes it for its own placeholder"
        )
    return moment.replace(microsecond=0)
