"""Showing, listing, pausing and deleting jobs."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fargate_runs.errors import JobChangedError, JobHasLiveRunsError, JobNotFoundError
from fargate_runs.jobs.job import LiveRuns, StoredJob
from fargate_runs.ports import ExecutionsUnavailableError, StoreUnavailableError
from fargate_runs.reading.patterns import Pattern, execution_arn
from fargate_runs.runs.run_state import RunRecord
from fargate_runs.usecases.jobs import delete
from tests.fakes.applying import CrashError, World
from tests.fakes.clock import NOON
from tests.fakes.ecs import MACHINES
from tests.fakes.jobs import DEFINITION, IMAGE, stored

DAILY = {"name": "daily", "cron": "0 6 * * ? *"}


@pytest.fixture
def world() -> World:
    return World()


def run_of(world: World, run_id: str, job: str | None = "nightly") -> None:
    arn = execution_arn(MACHINES.callback, run_id)
    world.runs.write_run(
        RunRecord(run_id, created_at=NOON, pattern=Pattern.CALLBACK, execution_arn=arn, follows=True, job=job)
    )
    world.executions.start(MACHINES.callback, run_id, "{}")


def test_a_job_that_is_not_there(world: World) -> None:
    for call in (
        world.show,
        world.pausing.pause,
        world.pausing.resume,
        lambda name: world.delete(name, runs=None, by="jane"),
        lambda name: world.backfill(name, NOON, NOON + timedelta(days=1)),
    ):
        with pytest.raises(JobNotFoundError, match="there is no job 'nightly'"):
            call("nightly")


def test_a_deleted_job_is_not_there(world: World) -> None:
    world.apply()
    world.delete("nightly", runs=None, by="jane")
    assert world.list() == {"jobs": []}
    test_a_job_that_is_not_there(world)


def test_a_job_is_shown_as_it_was_applied(world: World) -> None:
    applied = world.apply(schedules=[DAILY], environment={"STAGE": "hidden"})
    assert world.show("nightly") == applied["job"]
    assert "hidden" not in str(applied)


def test_a_list_has_the_jobs_of_a_project_or_all(world: World) -> None:
    world.apply("b", concurrency={"limit": 2, "policy": "skip"}, schedules=[DAILY])
    world.apply("a", project="billing", image=None, taskDefinition=DEFINITION, pattern="sync")
    world.pausing.pause("a")
    listed: Any = world.list()["jobs"]

    assert [each["name"] for each in listed] == ["a", "b"]
    assert listed[1] == {
        "name": "b",
        "project": "reports",
        "image": IMAGE,
        "taskDefinition": None,
        "pattern": "callback",
        "limit": 2,
        "policy": "skip",
        "createdAt": "2025-05-06T12:00:00.000Z",
        "updatedAt": "2025-05-06T12:00:00.000Z",
        "pausedAt": None,
        "lateSince": None,
        "schedulesPending": False,
        "schedules": [
            {
                "name": "daily",
                "expression": "cron(0 6 * * ? *)",
                "timeZone": "UTC",
                "enabled": True,
                "nextFires": ["2025-05-07T06:00:00.000Z"],
            }
        ],
    }
    assert (listed[0]["limit"], listed[0]["policy"], listed[0]["taskDefinition"]) == (None, None, DEFINITION)
    assert (listed[0]["pattern"], listed[0]["pausedAt"]) == ("sync", "2025-05-06T12:00:00.000Z")
    for project, names in {"reports": ["b"], "billing": ["a"], "none": []}.items():
        found: Any = world.list(project)["jobs"]
        assert [each["name"] for each in found] == names


def test_a_pause_and_its_end(world: World) -> None:
    world.apply(schedules=[DAILY])
    world.jobs.jobs["nightly"] = replace(world.jobs.jobs["nightly"], late_since=NOON)
    timers = dict(world.timers.timers)
    shown = world.pausing.pause("nightly")
    assert (shown["pausedAt"], shown["lateSince"]) == ("2025-05-06T12:00:00.000Z", None)
    assert world.show("nightly") == shown
    world.clock.pass_by(timedelta(hours=1))
    writes = len(world.jobs.writes)
    assert world.pausing.pause("nightly")["pausedAt"] == "2025-05-06T12:00:00.000Z"
    assert len(world.jobs.writes) == writes
    assert world.pausing.resume("nightly")["pausedAt"] is None
    assert world.jobs.jobs["nightly"].resumed_at == NOON + timedelta(hours=1)
    world.clock.pass_by(timedelta(hours=1))
    world.pausing.resume("nightly")
    assert world.jobs.jobs["nightly"].resumed_at == NOON + timedelta(hours=1)
    assert world.timers.timers == timers


def test_a_pause_over_the_change_of_somebody_else(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.apply()
    before = world.jobs.jobs["nightly"]
    world.apply(timeout="1h")
    monkeypatch.setattr(world.jobs, "find_job", lambda _: before)
    world.pausing.pause("nightly")
    assert world.jobs.jobs["nightly"].is_paused
    assert world.jobs.jobs["nightly"].job.timeout_seconds == 3_600


def test_a_pause_of_a_job_that_is_deleted_meanwhile(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.apply()
    before = world.jobs.jobs["nightly"]
    world.delete("nightly", runs=None, by="jane")
    monkeypatch.setattr(world.jobs, "find_job", lambda _: before)
    with pytest.raises(JobNotFoundError):
        world.pausing.pause("nightly")


def test_a_pause_of_a_job_that_is_written_without_an_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.apply()
    before = world.jobs.jobs["nightly"]
    monkeypatch.setattr(world.jobs, "write_job", lambda _: before)
    with pytest.raises(StoreUnavailableError, match="too many"):
        world.pausing.pause("nightly")


def test_a_job_without_live_runs_is_deleted(world: World) -> None:
    world.apply(schedules=[DAILY])
    world.apply("other")
    run_of(world, "r1", "other")
    run_of(world, "r2", None)
    answer = world.delete("nightly", runs=None, by="jane")

    assert answer == {
        "name": "nightly",
        "deletedAt": "2025-05-06T12:00:00.000Z",
        "stoppedRuns": [],
        "liveRuns": [],
        "isComplete": True,
    }
    stands = world.jobs.jobs["nightly"]
    assert (stands.deleted_at, stands.are_schedules_pending, stands.timers) == (NOON, False, ())
    assert world.timers.timers == {}
    assert [each["family"] for each in world.definitions.revisions.values()] == ["stack-other"]
    assert world.executions.stops == []


def test_a_job_with_live_runs_is_not_deleted_by_the_way(world: World) -> None:
    world.apply()
    for number in range(7):
        run_of(world, f"r{number}")
    calls = world.calls
    with pytest.raises(JobHasLiveRunsError, match="has 7 runs that have not ended: r0, r1, r2, r3, r4, …;"):
        world.delete("nightly", runs=None, by="jane")
    assert world.calls == calls


def test_its_runs_are_stopped_if_asked(world: World) -> None:
    world.apply()
    run_of(world, "r1")
    run_of(world, "r2")
    answer = world.delete("nightly", runs=LiveRuns.STOP, by="jane")

    assert (answer["stoppedRuns"], answer["liveRuns"], answer["isComplete"]) == (["r1", "r2"], [], True)
    assert [arn for arn, *_ in world.executions.stops] == [
        execution_arn(MACHINES.callback, each) for each in ("r1", "r2")
    ]
    request = world.runs.runs["r1"].stop_request
    assert request
    assert (request.by, request.reason) == ("jane", "its job was deleted")
    assert world.definitions.revisions == {}


def test_its_runs_are_kept_if_asked_and_can_still_start_their_task(world: World) -> None:
    world.apply(schedules=[DAILY])
    run_of(world, "r1")
    answer = world.delete("nightly", runs=LiveRuns.KEEP, by="jane")

    assert (answer["stoppedRuns"], answer["liveRuns"], answer["isComplete"]) == ([], ["r1"], True)
    assert world.executions.stops == []
    assert len(world.definitions.revisions) == 1
    assert world.timers.timers == {}


def test_a_run_that_has_ended_meanwhile_is_no_problem(world: World) -> None:
    world.apply()
    world.runs.write_run(RunRecord("r1", created_at=NOON, job="nightly"))  # nothing of it goes on
    answer = world.delete("nightly", runs=LiveRuns.STOP, by="jane")
    assert (answer["stoppedRuns"], answer["liveRuns"]) == ([], ["r1"])


def test_more_runs_than_one_call_stops(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delete, "MOST_STOPS", 2)
    world.apply(schedules=[DAILY])
    for number in range(4):
        run_of(world, f"r{number}")
    first = world.delete("nightly", runs=LiveRuns.STOP, by="jane")
    assert (first["stoppedRuns"], first["liveRuns"], first["isComplete"]) == (["r0", "r1"], ["r2", "r3"], False)
    second = world.delete("nightly", runs=LiveRuns.STOP, by="jane")
    assert (second["stoppedRuns"], second["liveRuns"], second["isComplete"]) == (["r2", "r3"], ["r0", "r1"], True)
    with pytest.raises(JobNotFoundError):
        world.delete("nightly", runs=LiveRuns.STOP, by="jane")


def test_somebody_changes_the_job_while_it_is_deleted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.apply()
    before = world.jobs.jobs["nightly"]
    world.apply(timeout="1h")
    monkeypatch.setattr(world.jobs, "find_job", lambda _: before)
    with pytest.raises(JobChangedError):
        world.delete("nightly", runs=None, by="jane")
    assert not world.jobs.jobs["nightly"].is_deleted


def deleted(at: int | None = None, *, before: bool = True) -> World:
    world = World()
    world.apply(schedules=[DAILY, {"name": "hourly", "rate": "1 hour"}])
    run_of(world, "r1")
    world.calls, world.crash_at, world.dies_before = 0, at, before
    try:
        world.delete("nightly", runs=LiveRuns.STOP, by="jane")
    except CrashError:
        world.crash_at = None
    return world


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("at", range(deleted().calls))
def test_after_a_crash_at_any_call_the_deletion_is_finished_when_asked_again(at: int, before: bool) -> None:
    world = deleted(at, before=before)
    is_over = at == deleted().calls - 1 and not before
    if is_over:
        with pytest.raises(JobNotFoundError):
            world.delete("nightly", runs=LiveRuns.STOP, by="jane")
    else:
        world.delete("nightly", runs=LiveRuns.STOP, by="jane")
    assert world.stands() == deleted().stands()
    assert world.definitions.revisions == {}
    assert len({arn for arn, *_ in world.executions.stops}) == 1


def test_step_functions_is_down_in_the_middle_of_a_deletion(world: World) -> None:
    world.apply(schedules=[DAILY])
    run_of(world, "r1")
    world.executions.is_down = True
    with pytest.raises(ExecutionsUnavailableError):
        world.delete("nightly", runs=LiveRuns.STOP, by="jane")
    assert world.jobs.jobs["nightly"].is_deleted


def test_a_stored_job_knows_whether_it_is_deleted() -> None:
    kept: StoredJob = stored()
    assert not kept.is_deleted
    assert replace(kept, deleted_at=NOON).is_deleted
