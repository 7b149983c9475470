"""When the schedules of EventBridge Scheduler are due, in their time zones, and what their targets are told.

Source: "Schedule types" and "Context attributes" of the Scheduler user guide. A rate begins at its StartDate, else at
once. A schedule that is off catches nothing up when it is on again.
"""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count, takewhile
from typing import Any, Final

from ministack.core.responses import get_account_id, get_region, set_request_account_id, set_request_region
from ministack.services import eventbridge, scheduler

from fargate_runs.jobs.expressions import At, Rate, fires, parse
from local.clock import Clock

#: A tick at a high scale of time covers hours: no more of a schedule's times than these, the newest, are kept.
MOST_AT_ONCE: Final = 5
EPOCH: Final = datetime.fromtimestamp(0, UTC)
MOMENT: Final = timedelta(microseconds=1)
#: Account, Region, and "group/name".
Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class _Seen:
    """How far a schedule has been looked at. `of` is what its times depend on, `began` when they became valid."""

    of: tuple[object, ...]
    began: datetime
    until: datetime | None = None


class Timetable:
    """Remembers how far each schedule has been looked at."""

    def __init__(self) -> None:
        self._seen: dict[Key, _Seen] = {}

    def due(self, key: Key, schedule: Mapping[str, Any], now: datetime) -> list[datetime]:
        """Returns the times that have come since the last look, the oldest first, and counts them as seen."""
        of = tuple(schedule.get(name) for name in ("ScheduleExpression", "ScheduleExpressionTimezone", "StartDate"))
        seen = self._seen.get(key)
        if seen is None or seen.of != of:
            seen = _Seen(of, min(_moment(schedule.get("LastModificationDate")) or now, now))
        self._seen[key] = replace(seen, until=now)
        if schedule.get("State") != "ENABLED":
            return []
        end = _moment(schedule.get("EndDate")) or now
        times = takewhile(lambda each: each <= min(now, end), _times(schedule, seen))
        return list(deque(times, MOST_AT_ONCE))

    def keep(self, keys: Collection[Key]) -> None:
        """Forgets the schedules that are gone: one that comes back under its name is a new one."""
        self._seen = {key: seen for key, seen in self._seen.items() if key in keys}


def _times(schedule: Mapping[str, Any], seen: _Seen) -> Iterator[datetime]:
    """Yields the times of a schedule that nobody has seen yet, without end. One that cannot be read has none."""
    start, zone = _moment(schedule.get("StartDate")), str(schedule.get("ScheduleExpressionTimezone") or "UTC")
    text = str(schedule.get("ScheduleExpression"))
    try:
        expression = parse(text)
    except ValueError:
        return iter(())
    if isinstance(expression, Rate):
        return _of_a_rate(start or seen.began, timedelta(minutes=expression.minutes), seen.until)
    if isinstance(expression, At):  # a time that has passed when the schedule is made is due at once
        return fires(text, zone, seen.until or EPOCH)
    return fires(text, zone, max(seen.until or seen.began, start - MOMENT if start else EPOCH))


def _of_a_rate(first: datetime, every: timedelta, seen_until: datetime | None) -> Iterator[datetime]:
    passed = 0 if seen_until is None or seen_until < first else (seen_until - first) // every + 1
    return (first + number * every for number in count(passed))


def _moment(value: object) -> datetime | None:
    seconds = scheduler._to_epoch(value)
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def install_timetable(clock: Clock) -> None:
    """Have schedules fire as Scheduler does. MiniStack reads all expressions in UTC, without context attributes."""
    table = Timetable()

    def tick() -> None:
        now = clock.now()
        stored = list(scheduler._schedules._data.items())
        table.keep({key for key, _ in stored})
        before = get_account_id(), get_region()
        try:
            for key, schedule in stored:
                for moment in table.due(key, schedule, now):
                    set_request_account_id(key[0])
                    set_request_region(key[1])
                    _fire(schedule, moment, key[0], key[1])
                    if _is_over(schedule):
                        scheduler._schedules._data.pop(key, None)
        finally:
            set_request_account_id(before[0])
            set_request_region(before[1])

    scheduler._tick_schedules = tick


def _is_over(schedule: Mapping[str, Any]) -> bool:
    is_once = str(schedule.get("ScheduleExpression")).startswith("at(")
    return is_once and schedule.get("ActionAfterCompletion") == "DELETE"


def _fire(schedule: Mapping[str, Any], moment: datetime, account: str, region: str) -> None:
    target = dict(schedule.get("Target") or {})
    execution = str(uuid.uuid4())
    if given := target.get("Input"):
        target["Input"] = with_attributes(given, str(schedule.get("Arn")), moment, execution)
    event = {
        "EventId": execution,
        "Source": "aws.scheduler",
        "DetailType": "Scheduled Event",
        "Detail": "{}",
        "Time": moment.timestamp(),
        "Resources": [schedule.get("Arn", "")],
        "Account": account,
        "Region": region,
    }
    eventbridge._invoke_target(target, event, schedule)


def with_attributes(given: str, schedule_arn: str, moment: datetime, execution_id: str) -> str:
    """Returns a target's input with what stands for each context attribute in it."""
    attributes = {
        "schedule-arn": schedule_arn,
        "scheduled-time": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "execution-id": execution_id,
        "attempt-number": "1",
    }
    for name, value in attributes.items():
        given = given.replace(f"<aws.scheduler.{name}>", value)
    return given
