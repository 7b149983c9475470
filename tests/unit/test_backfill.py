"""Starting the slots that a job has missed."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fargate_runs.errors import InvalidParametersError, RunThrottledError
from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.run_folding import with_execution, with_task
from fargate_runs.runs.run_state import RunRecord
from fargate_runs.runs.run_status import RunStatus, TurnedAway
from fargate_runs.usecases.jobs import backfill
from tests.fakes.applying import World
from tests.fakes.clock import NOON
from tests.fakes.records import ended_task, execution, failed_task, open_task, pending_run

DAILY = {"name": "daily", "cron": "0 6 * * ? *"}
SIX = "nightly_daily_202505{day:02}T060000Z"
FOURTH = datetime(2025, 5, 4, tzinfo=UTC)
FIRST = datetime(1, 1, 1, tzinfo=UTC)
LAST = datetime(9999, 12, 31, 23, tzinfo=UTC)


@pytest.fixture
def world() -> World:
    world = World()
    world.apply(schedules=[DAILY])
    return world


def ids(world: World) -> list[str]:
    return [run_id for *_, run_id in world.starts]


def of(days: int) -> str:
    return SIX.format(day=days)


def test_slots_without_a_run_are_started_the_oldest_first(world: World) -> None:
    answer = world.backfill("nightly", FOURTH, NOON).as_document()

    assert answer == {
        "job": "nightly",
        "slots": [
            {"schedule": "daily", "scheduledTime": f"2025-05-0{day}T06:00:00.000Z", "runId": of(day), "after": None}
            for day in (4, 5, 6)
        ],
        "started": [of(4), of(5), of(6)],
        "unknown": [],
    }
    assert ids(world) == [of(4), of(5), of(6)]
    assert world.starts[0] == ("nightly", "daily", datetime(2025, 5, 4, 6, tzinfo=UTC), of(4))


def test_a_dry_run_only_lists_them(world: World) -> None:
    answer: Any = world.backfill("nightly", FOURTH, NOON, is_dry_run=True).as_document()
    assert [each["runId"] for each in answer["slots"]] == [of(4), of(5), of(6)]
    assert answer["started"] == []
    assert world.starts == []


@pytest.mark.parametrize(
    ("since", "until", "days"),
    [
        ("2025-05-04T06:00:00", "2025-05-05T06:00:00", [4]),
        ("2025-05-04T06:00:01", "2025-05-05T06:00:01", [5]),
        ("2025-05-06T00:00:00", "2025-06-01T00:00:00", [6]),  # what is to come is Scheduler's
        ("2025-05-07T00:00:00", "2025-06-01T00:00:00", []),
    ],
)
def test_from_counts_and_to_does_not(world: World, since: str, until: str, days: list[int]) -> None:
    world.backfill("nightly", *(datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (since, until)))
    assert ids(world) == [of(day) for day in days]


def failed(run_id: str) -> RunRecord:
    run = with_task(RunRecord(run_id, created_at=NOON), failed_task(), follows=True)
    return with_execution(run, execution("FAILED", error="x", cause="y"), Pattern.CALLBACK)


def missed(run_id: str) -> RunRecord:
    return RunRecord(run_id, created_at=NOON, turned_away=TurnedAway(RunStatus.MISSED, "late"))


def skipped(run_id: str) -> RunRecord:
    return RunRecord(run_id, created_at=NOON, turned_away=TurnedAway(RunStatus.SKIPPED, "full", "r"))


def running(run_id: str) -> RunRecord:
    return replace(with_task(pending_run(), open_task(), follows=True), run_id=run_id)


def succeeded(run_id: str) -> RunRecord:
    run = with_task(pending_run(), ended_task(), follows=True)
    return replace(with_execution(run, execution("SUCCEEDED"), Pattern.CALLBACK), run_id=run_id)


KINDS = {"FAILED": failed, "MISSED": missed, "SKIPPED": skipped, "RUNNING": running, "SUCCEEDED": succeeded}


def test_the_kinds_are_what_they_say() -> None:
    assert {name: make("r").status.value for name, make in KINDS.items()} == {name: name for name in KINDS}


@pytest.mark.parametrize(
    ("has", "started", "after"),
    [
        ({"": "FAILED"}, "-2", "FAILED"),
        ({"": "MISSED"}, "-2", "MISSED"),
        ({"": "SKIPPED"}, None, None),
        ({"": "RUNNING"}, None, None),
        ({"": "SUCCEEDED"}, None, None),
        ({"": "MISSED", "-2": "FAILED"}, "-3", "FAILED"),
        ({"": "MISSED", "-2": "SUCCEEDED"}, None, None),
        ({"": "FAILED", "-2": "RUNNING"}, None, None),
        ({"-2": "FAILED"}, "", None),
    ],
)
def test_what_stands_for_a_slot(world: World, has: Mapping[str, str], started: str | None, after: str | None) -> None:
    for suffix, kind in has.items():
        world.runs.write_run(KINDS[kind](of(6) + suffix))
    answer: Any = world.backfill("nightly", NOON - timedelta(hours=12), NOON).as_document()

    assert ids(world) == ([] if started is None else [of(6) + started])
    assert [each["after"] for each in answer["slots"]] == ([] if started is None else [after])


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Etc/GMT+12"])
@pytest.mark.parametrize(("since", "until"), [(FIRST, NOON), (LAST - timedelta(1), LAST)])
def test_the_first_and_the_last_times_that_there_are(zone: str, since: datetime, until: datetime) -> None:
    world = World()
    world.apply(
        schedules=[
            {"name": "once", "at": "2025-05-04T06:00:00", "timeZone": zone},
            {"name": "long", "cron": "0 6 1 1 ? 1970", "timeZone": zone},
        ]
    )

    found = world.backfill("nightly", since, until, is_dry_run=True)

    assert [each.schedule.name for each in found.slots] == (["long", "once"] if since == FIRST else [])


def test_several_schedules_by_time_and_those_that_are_off_or_have_no_known_times() -> None:
    world = World()
    world.apply(
        schedules=[
            {"name": "night", "cron": "0 0/12 * * ? *", "timeZone": "Europe/Berlin"},
            {"name": "off", "cron": "0 6 * * ? *", "enabled": False},
            {"name": "often", "rate": "1 hour"},
            {"name": "once", "at": "2025-05-06T05:00:00"},
        ]
    )
    answer = world.backfill("nightly", NOON - timedelta(hours=14), NOON).as_document()

    assert ids(world) == [
        "nightly_night_20250505T220000Z",
        "nightly_once_20250506T050000Z",
        "nightly_night_20250506T100000Z",
    ]
    assert answer["unknown"] == ["often"]


def test_a_run_that_somebody_else_starts_at_the_same_time(world: World) -> None:
    world.started_before = {of(4), of(6)}
    answer: Any = world.backfill("nightly", FOURTH, NOON).as_document()
    assert (len(answer["slots"]), answer["started"]) == (3, [of(5)])


def test_a_start_that_fails_is_told(world: World) -> None:
    world.start_fails_with = RunThrottledError("r", "throttled")
    with pytest.raises(RunThrottledError):
        world.backfill("nightly", FOURTH, NOON)


@pytest.mark.parametrize("until", [FOURTH, FOURTH - timedelta(days=1)])
def test_a_time_that_ends_before_it_begins(world: World, until: datetime) -> None:
    with pytest.raises(InvalidParametersError, match="to: must be later than from"):
        world.backfill("nightly", FOURTH, until)


def test_too_many_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfill, "MOST_STARTS", 2)
    with pytest.raises(InvalidParametersError, match="there are 3 runs to start, and 2 is the most"):
        world.backfill("nightly", FOURTH, NOON)
    monkeypatch.setattr(backfill, "MOST_SLOTS", 2)
    with pytest.raises(InvalidParametersError, match="there are more than 2 times between from and to"):
        world.backfill("nightly", FOURTH, NOON)
    assert len(world.backfill("nightly", FOURTH + timedelta(days=1), NOON).started) == 2
    assert world.starts
