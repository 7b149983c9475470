"""The ids of scheduled runs: one for each slot, and never the same for two."""

from datetime import UTC, datetime, timedelta, timezone

from fargate_runs.jobs.keys import LONGEST_NAME, LONGEST_SCHEDULE_NAME
from fargate_runs.jobs.run_ids import scheduled_run_id

AT = datetime(2026, 12, 1, 6, 30, 5, tzinfo=UTC)


def test_an_id_names_job_schedule_and_time() -> None:
    assert scheduled_run_id("nightly", "weekdays", AT) == "nightly_weekdays_20261201T063005Z"
    assert scheduled_run_id("nightly", "weekdays", AT, 1) == "nightly_weekdays_20261201T063005Z"
    assert scheduled_run_id("nightly", "weekdays", AT, 2) == "nightly_weekdays_20261201T063005Z-2"


def test_it_is_of_the_moment_whatever_its_zone() -> None:
    elsewhere = AT.astimezone(timezone(timedelta(hours=5, minutes=30)))

    assert scheduled_run_id("nightly", "weekdays", elsewhere) == scheduled_run_id("nightly", "weekdays", AT)


def test_names_with_dashes_are_not_mixed_up() -> None:
    assert scheduled_run_id("a-b", "c", AT) != scheduled_run_id("a", "b-c", AT)


def test_the_longest_one_is_the_name_of_an_execution() -> None:
    assert len(scheduled_run_id("a" * LONGEST_NAME, "b" * LONGEST_SCHEDULE_NAME, AT, 999)) <= 80
