"""The function that the schedules of jobs call, as EventBridge Scheduler calls it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fargate_runs.errors import InvalidRunRequestError, MalformedEventError
from fargate_runs.jobs.job import JobSchedule, StoredJob
from fargate_runs.ports import ExecutionThrottledError
from tests.fakes.ecs import CANARY, MACHINES
from tests.fakes.stored_jobs import a_job, stored
from tests.functional.conftest import Stack
from tests.functional.printed import lines_of, metrics_of
from tests.functional.requests import request

DUE = json.loads((Path(__file__).parents[2] / "events/start-scheduled-run/due.json").read_text())
RUN = "nightly_weekdays_20250506T040000Z"


def of_a_schedule(**changes: Any) -> StoredJob:
    overrides = changes.pop("overrides", {"environment": {"SECRET": CANARY}})
    schedule = JobSchedule("weekdays", "cron(0 6 * * ? *)", "Europe/Berlin", overrides=overrides, **changes)
    return stored(a_job(schedules=(schedule,)))


def shown(stack: Stack, run_id: str) -> Any:
    return json.loads(stack.api({**request("GET", f"/runs/{run_id}"), "pathParameters": {"runId": run_id}})["body"])


def test_a_time_of_a_schedule_is_a_run(stack: Stack, printed: Callable[[], str]) -> None:
    stack.apply(of_a_schedule())
    assert stack.start_scheduled_run(DUE) == {"became": "started", "runId": RUN}
    assert stack.start_scheduled_run(DUE) == {"became": "started", "runId": RUN}
    assert len(stack.executions.started) == 1
    assert stack.executions.started[RUN].machine == MACHINES.callback
    run = shown(stack, RUN)
    assert (run["job"], run["schedule"], run["status"]) == ("nightly", "weekdays", "PENDING")
    assert run["scheduledTime"] == "2025-05-06T04:00:00.000Z"
    said = printed()
    assert metrics_of(said) == [("RunsStarted", None)]
    first, second = (each for each in lines_of(said) if each.get("message") == "schedule fired")
    assert (first["job"], first["schedule"], first["run_id"], first["is_new"]) == ("nightly", "weekdays", RUN, True)
    assert second["is_new"] is False
    assert CANARY not in said + str(stack.items())


def test_a_missed_run_is_on_record_and_counted_once(stack: Stack, printed: Callable[[], str]) -> None:
    stack.apply(of_a_schedule(starting_deadline_seconds=60))
    for _ in range(2):
        assert stack.start_scheduled_run(DUE) == {"became": "missed", "runId": RUN}
    assert not stack.executions.started
    run = shown(stack, RUN)
    assert (run["status"], run["error"]) == ("MISSED", "Run.Missed")
    assert "startingDeadline of 60 seconds" in run["reason"]
    assert metrics_of(printed()) == [("RunsMissed", None)]


def test_an_old_timer_starts_nothing(stack: Stack, printed: Callable[[], str]) -> None:
    assert stack.start_scheduled_run(DUE) == {"became": "the job is deleted", "runId": None}
    assert not stack.items()
    assert metrics_of(printed()) == []


@pytest.mark.parametrize(
    ("event", "field"),
    [
        ({}, "job"),
        ({**DUE, "job": ""}, "job"),
        ({**DUE, "job": "j" * 65}, "job"),
        ({**DUE, "schedule": 3}, "schedule"),
        ({**DUE, "scheduledTime": "<aws.scheduler.scheduled-time>"}, "scheduledTime"),
        ({**DUE, "scheduledTime": None}, "scheduledTime"),
        ({**DUE, "scheduledTime": 1_700_000_000}, "scheduledTime"),
        ([], "event"),
    ],
)
def test_an_event_that_is_none(stack: Stack, printed: Callable[[], str], event: Any, field: str) -> None:
    with pytest.raises(MalformedEventError, match=f"event: {field} must be"):
        stack.start_scheduled_run(event)
    assert metrics_of(printed()) == [("EventsRefused", None)]


def test_what_failed_is_tried_again_by_lambda(stack: Stack, printed: Callable[[], str]) -> None:
    stack.apply(of_a_schedule())
    stack.executions.fails_with = ExecutionThrottledError("too many")
    with pytest.raises(Exception, match="was not started: too many"):
        stack.start_scheduled_run(DUE)
    stack.executions.fails_with = None
    assert stack.start_scheduled_run(DUE)["runId"] == RUN
    assert [each["message"] for each in lines_of(printed()) if each.get("level") == "ERROR"] == [
        "event was not settled, to be tried again"
    ]


def test_overrides_that_are_wrong_are_raised_without_their_values(stack: Stack, printed: Callable[[], str]) -> None:
    stack.apply(of_a_schedule(overrides={"environment": {"A-B": CANARY}}))
    with pytest.raises(InvalidRunRequestError, match="'A-B' is no name for a variable") as refused:
        stack.start_scheduled_run(DUE)
    assert CANARY not in str(refused.value) + printed()
