"""When schedules are due: EventBridge Scheduler's own rules, without a runtime."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.emulator.timetable import MOST_AT_ONCE, Timetable, with_attributes

KEY = ("000000000000", "us-east-1", "default/any")
NOON = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)


def schedule(expression: str, **more: Any) -> dict[str, Any]:
    return {
        "ScheduleExpression": expression,
        "State": "ENABLED",
        "LastModificationDate": NOON.timestamp(),
        **more,
    }


def times(found: list[datetime]) -> list[str]:
    return [f"{each:%dT%H:%M}" for each in found]


#: What a schedule that is made at noon on the 28th does, looked at every half hour up to a time.
LIVES: dict[str, tuple[dict[str, Any], datetime, list[str]]] = {
    "a rate begins at once": (
        schedule("rate(1 hour)"),
        NOON + timedelta(hours=2),
        ["28T12:00", "28T13:00", "28T14:00"],
    ),
    "a rate with a start begins there": (
        schedule("rate(1 hour)", StartDate=(NOON + timedelta(minutes=90)).timestamp()),
        NOON + timedelta(hours=3),
        ["28T13:30", "28T14:30"],
    ),
    "an end is the end": (
        schedule("rate(1 hour)", EndDate=(NOON + timedelta(minutes=90)).timestamp()),
        NOON + timedelta(hours=3),
        ["28T12:00", "28T13:00"],
    ),
    "a cron waits for its time": (schedule("cron(15 13 * * ? *)"), NOON + timedelta(hours=3), ["28T13:15"]),
    "a cron is of its zone": (
        schedule("cron(0 22 * * ? *)", ScheduleExpressionTimezone="Asia/Seoul"),
        NOON + timedelta(hours=3),
        ["28T13:00"],
    ),
    "an hour that a zone leaves out has no time": (
        schedule("cron(30 2 * * ? *)", ScheduleExpressionTimezone="Europe/Berlin"),
        NOON + timedelta(hours=38),
        ["30T00:30"],
    ),
    "a time is due once": (schedule("at(2026-03-28T13:00:00)"), NOON + timedelta(hours=3), ["28T13:00"]),
    "a time is of its zone": (
        schedule("at(2026-03-28T22:00:00)", ScheduleExpressionTimezone="Asia/Seoul"),
        NOON + timedelta(hours=3),
        ["28T13:00"],
    ),
    "a time that has passed is due at once": (schedule("at(2020-01-01T00:00:00)"), NOON, ["01T00:00"]),
    "a schedule that is off has none": (schedule("rate(1 hour)", State="DISABLED"), NOON + timedelta(hours=3), []),
    "what nobody can read has none": (schedule("rate(x)"), NOON + timedelta(hours=3), []),
}


@pytest.mark.parametrize("life", LIVES)
def test_a_life(life: str) -> None:
    given, until, due = LIVES[life]
    table, now, found = Timetable(), NOON, list[datetime]()
    while now <= until:
        found += table.due(KEY, given, now)
        now += timedelta(minutes=30)
    assert times(found) == due


def test_what_was_off_catches_nothing_up() -> None:
    table, given = Timetable(), schedule("cron(0 * * * ? *)")
    assert table.due(KEY, given, NOON) == []
    assert table.due(KEY, {**given, "State": "DISABLED"}, NOON + timedelta(hours=3)) == []
    assert times(table.due(KEY, given, NOON + timedelta(hours=4))) == ["28T16:00"]


def test_a_change_of_the_target_alone_is_no_new_schedule() -> None:
    table, given = Timetable(), schedule("rate(1 hour)")
    assert times(table.due(KEY, given, NOON)) == ["28T12:00"]
    later = {**given, "LastModificationDate": (NOON + timedelta(minutes=30)).timestamp()}
    assert times(table.due(KEY, later, NOON + timedelta(hours=1))) == ["28T13:00"]


def test_another_expression_is_a_new_schedule_from_then_on() -> None:
    table = Timetable()
    table.due(KEY, schedule("cron(0 13 * * ? *)"), NOON)
    changed = schedule("cron(0 * * * ? *)", LastModificationDate=(NOON + timedelta(minutes=150)).timestamp())
    assert times(table.due(KEY, changed, NOON + timedelta(hours=3))) == ["28T15:00"]


def test_a_schedule_that_is_gone_is_forgotten() -> None:
    table, given = Timetable(), schedule("at(2026-03-28T11:00:00)")
    assert len(table.due(KEY, given, NOON)) == 1
    table.keep({KEY})
    assert table.due(KEY, given, NOON) == []
    table.keep(set())
    assert len(table.due(KEY, given, NOON)) == 1


def test_a_long_tick_keeps_the_newest_times() -> None:
    table, given = Timetable(), schedule("rate(1 minute)")
    found = table.due(KEY, given, NOON + timedelta(days=1))
    assert len(found) == MOST_AT_ONCE
    assert found[-1] == NOON + timedelta(days=1)


def test_the_context_attributes() -> None:
    given = '{"at":"<aws.scheduler.scheduled-time>","of":"<aws.scheduler.schedule-arn>","x":"<aws.scheduler.other>"}'
    assert with_attributes(given, "arn:s", NOON, "e") == (
        '{"at":"2026-03-28T12:00:00Z","of":"arn:s","x":"<aws.scheduler.other>"}'
    )
    numbers = with_attributes("<aws.scheduler.execution-id> <aws.scheduler.attempt-number>", "arn:s", NOON, "e")
    assert numbers == "e 1"
