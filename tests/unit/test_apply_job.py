"""Applying a job: what it changes, what it says, and what a crash at any step leaves."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fargate_runs.errors import (
    InvalidJobError,
    JobChangedError,
    JobNotAppliedError,
    JobOwnedByAnotherError,
)
from fargate_runs.ports import (
    StoreUnavailableError,
    TaskDefinitionRefusedError,
    TaskDefinitionUnavailableError,
    TimersUnavailableError,
    UnreadableJobError,
)
from fargate_runs.ports.jobs import Timer
from fargate_runs.usecases.jobs import schedules
from tests.fakes.applying import CrashError, World
from tests.fakes.clock import NOON
from tests.fakes.jobs import DEFINITION, IMAGE

DAILY = {"name": "daily", "cron": "0 6 * * ? *", "timeZone": "Europe/Berlin"}
HOURLY = {"name": "hourly", "rate": "1 hour"}
DAILY_TIMER = Timer("nightly", "daily", "cron(0 6 * * ? *)", "Europe/Berlin", is_enabled=True)


@pytest.fixture
def world() -> World:
    return World()


def test_a_new_job(world: World) -> None:
    answer = world.apply(
        schedules=[DAILY], concurrency={"limit": 2}, environment={"STAGE": "prod"}, cpu=512, memory=1024
    )
    stored = world.jobs.jobs["nightly"]

    assert world.definitions.revisions[stored.task_definition_arn or ""]["family"] == "stack-nightly"
    assert world.timers.timers == {("nightly", "daily"): DAILY_TIMER}
    assert world.limits == {"nightly": 2}
    assert (stored.created_at, stored.updated_at, stored.are_schedules_pending) == (NOON, NOON, False)
    assert stored.timers == ("daily",)
    assert answer == {
        "job": {
            "name": "nightly",
            "project": "reports",
            "definition": {
                "image": IMAGE,
                "environmentNames": ["STAGE"],
                "cpu": 512,
                "memory": 1024,
                "schedules": [DAILY],
                "concurrency": {"limit": 2},
            },
            "createdAt": "2025-05-06T12:00:00.000Z",
            "updatedAt": "2025-05-06T12:00:00.000Z",
            "pausedAt": None,
            "lateSince": None,
            "schedulesPending": False,
            "taskDefinitionArn": stored.task_definition_arn,
            "schedules": [
                {
                    "name": "daily",
                    "expression": "cron(0 6 * * ? *)",
                    "timeZone": "Europe/Berlin",
                    "enabled": True,
                    "nextFires": [f"2025-05-{day:02}T04:00:00.000Z" for day in range(7, 12)],
                }
            ],
        },
        "change": "create",
        "changes": [
            {"field": "project", "from": None, "to": "reports"},
            {"field": "image", "from": None, "to": IMAGE},
            {"field": "cpu", "from": None, "to": 512},
            {"field": "memory", "from": None, "to": 1024},
            {"field": "concurrency.limit", "from": None, "to": 2},
            {"field": "schedules.daily.cron", "from": None, "to": "0 6 * * ? *"},
            {"field": "schedules.daily.timeZone", "from": None, "to": "Europe/Berlin"},
            {"field": "environment.STAGE", "from": None, "to": "(set)"},
        ],
        "schedules": [
            {
                "name": "daily",
                "change": "create",
                "nextFires": [f"2025-05-{day:02}T04:00:00.000Z" for day in range(7, 12)],
            }
        ],
    }


def test_a_job_with_a_task_definition_registers_none(world: World) -> None:
    world.apply(image=None, taskDefinition=DEFINITION, command=["x"])

    assert world.definitions.revisions == {}
    assert world.jobs.jobs["nightly"].task_definition_arn is None
    assert world.limits == {"nightly": None}


def test_the_same_again_changes_nothing(world: World) -> None:
    world.apply(schedules=[DAILY], concurrency={"limit": 2})
    calls, writes = world.calls, len(world.jobs.writes)
    world.clock.pass_by(timedelta(hours=1))
    answer = world.apply(schedules=[DAILY], concurrency={"limit": 2})

    assert (answer["change"], answer["changes"], answer["schedules"][0]["change"]) == ("none", [], "none")
    assert (world.calls, len(world.jobs.writes)) == (calls, writes)


def test_what_changes(world: World) -> None:
    hidden: dict[str, Any] = {"environment": {"A": "1", "B": "2", "C": "3"}}
    world.apply(schedules=[{**DAILY, "overrides": hidden}, HOURLY], timeout="1h", **hidden)
    world.clock.pass_by(timedelta(hours=1))
    changed: dict[str, Any] = {"environment": {"A": "1", "B": "20", "D": "4"}}
    answer = world.apply(
        schedules=[{**DAILY, "enabled": False, "overrides": changed}], timeout="2h", retries=0, **changed
    )

    assert answer["change"] == "update"
    assert answer["changes"] == [
        {"field": "timeout", "from": "1h", "to": "2h"},
        {"field": "retries", "from": None, "to": 0},
        {"field": "schedules.daily.enabled", "from": None, "to": False},
        {"field": "schedules.hourly.rate", "from": "1 hour", "to": None},
        {"field": "schedules.hourly.timeZone", "from": "UTC", "to": None},
        {"field": "environment.B", "from": "(set)", "to": "(changed)"},
        {"field": "environment.D", "from": None, "to": "(set)"},
        {"field": "schedules.daily.overrides.environment.B", "from": "(set)", "to": "(changed)"},
        {"field": "schedules.daily.overrides.environment.D", "from": None, "to": "(set)"},
        {"field": "environment.C", "from": "(set)", "to": None},
        {"field": "schedules.daily.overrides.environment.C", "from": "(set)", "to": None},
    ]
    assert answer["schedules"] == [
        {"name": "daily", "change": "update", "nextFires": []},
        {"name": "hourly", "change": "remove", "nextFires": []},
    ]
    stored = world.jobs.jobs["nightly"]
    assert (stored.created_at, stored.updated_at) == (NOON, NOON + timedelta(hours=1))
    assert world.timers.timers == {("nightly", "daily"): replace(DAILY_TIMER, is_enabled=False)}
    assert stored.timers == ("daily",)


def test_a_dry_run_says_the_same_and_changes_nothing(world: World) -> None:
    dry = world.apply(schedules=[DAILY], is_dry_run=True)
    assert world.calls == 0
    done = world.apply(schedules=[DAILY])
    assert {**dry, "job": 0} == {**done, "job": 0}
    assert dry["job"] == {**done["job"], "taskDefinitionArn": None}

    before = world.calls
    assert world.apply(schedules=[HOURLY], is_dry_run=True)["change"] == "update"
    assert world.calls == before


def test_the_task_definition_is_registered_only_when_its_content_changes(world: World) -> None:
    world.apply(timeout="1h")
    first = world.jobs.jobs["nightly"].task_definition_arn
    world.apply(timeout="2h")
    assert world.jobs.jobs["nightly"].task_definition_arn == first
    world.apply(timeout="2h", cpu=1024, memory=2048)
    assert world.jobs.jobs["nightly"].task_definition_arn != first
    assert world.definitions.count == 2


def test_a_stack_that_has_changed_registers_the_same_job_again(world: World) -> None:
    world.apply()
    world.clock.pass_by(timedelta(hours=1))
    first = world.jobs.jobs["nightly"].task_definition_arn
    world.apply_job._own = replace(world.apply_job._own, stop_timeout_seconds=60)
    answer = world.apply()

    assert (answer["change"], answer["changes"]) == (
        "update",
        [{"field": "taskDefinitionArn", "from": first, "to": "(new)"}],
    )
    assert world.jobs.jobs["nightly"].updated_at == NOON + timedelta(hours=1)
    assert world.apply()["change"] == "none"


def test_the_other_kind_of_job(world: World) -> None:
    world.apply()
    world.apply(image=None, taskDefinition=DEFINITION)
    stored = world.jobs.jobs["nightly"]
    assert (stored.task_definition_arn, stored.definition_digest) == (None, None)
    world.apply()
    assert world.jobs.jobs["nightly"].task_definition_arn


def test_a_limit_that_goes(world: World) -> None:
    world.apply(concurrency={"limit": 2})
    world.apply()
    assert world.limits == {"nightly": None}


def test_a_pause_stays(world: World) -> None:
    world.apply()
    world.pausing.pause("nightly")
    world.apply(timeout="1h")
    assert world.jobs.jobs["nightly"].is_paused
    world.pausing.resume("nightly")
    world.apply(timeout="2h")
    assert world.jobs.jobs["nightly"].resumed_at == NOON


def test_an_alarm_that_stands_ends_when_it_is_changed(world: World) -> None:
    world.apply(alarm={"noSuccessFor": "1h"})
    world.jobs.jobs["nightly"] = replace(world.jobs.jobs["nightly"], late_since=NOON)
    world.apply(alarm={"noSuccessFor": "1h"}, timeout="1h")
    assert world.jobs.jobs["nightly"].late_since == NOON
    world.apply(alarm={"noSuccessFor": "2h"})
    assert world.jobs.jobs["nightly"].late_since is None


def test_a_wrong_definition_changes_nothing(world: World) -> None:
    with pytest.raises(InvalidJobError, match="limit"):
        world.apply(concurrency={"limit": 0})
    assert world.calls == 0


def test_a_job_of_another_project(world: World) -> None:
    world.apply()
    with pytest.raises(JobOwnedByAnotherError, match="belongs to the project 'reports'"):
        world.apply(project="billing")
    with pytest.raises(JobOwnedByAnotherError):
        world.apply(project="billing", is_dry_run=True)
    world.delete("nightly", runs=None, by="jane")
    world.apply(project="billing")
    assert world.jobs.jobs["nightly"].job.project == "billing"


def test_a_job_that_comes_back_is_new(world: World) -> None:
    world.apply(schedules=[DAILY])
    world.pausing.pause("nightly")
    world.clock.pass_by(timedelta(hours=1))
    world.delete("nightly", runs=None, by="jane")
    assert world.apply(schedules=[DAILY])["change"] == "create"
    stored = world.jobs.jobs["nightly"]
    assert (stored.created_at, stored.deleted_at, stored.paused_at) == (NOON + timedelta(hours=1), None, None)
    assert stored.task_definition_arn in world.definitions.revisions
    assert world.timers.timers


def test_somebody_else_was_first(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.apply(timeout="1h")
    stands = world.jobs.jobs["nightly"]

    def found_before(_name: str) -> Any:
        world.jobs.jobs["nightly"] = replace(stands, revision=stands.revision + 1, paused_at=NOON)
        return stands

    monkeypatch.setattr(world.jobs, "find_job", found_before)
    with pytest.raises(JobChangedError, match="changed by somebody else"):
        world.apply(timeout="2h")
    assert world.jobs.jobs["nightly"].job == stands.job


def test_a_job_that_cannot_be_read_is_not_written_over(world: World) -> None:
    world.jobs.unreadable.add("nightly")
    with pytest.raises(UnreadableJobError):
        world.apply()
    assert world.calls == 0


def test_a_task_definition_that_ecs_refuses(world: World) -> None:
    world.definitions.fails_with = TaskDefinitionRefusedError("ECS did not change the task definition: ClientException")
    with pytest.raises(JobNotAppliedError, match=r"ClientException\. Nothing of it was changed"):
        world.apply()
    assert world.jobs.jobs == {}
    world.definitions.fails_with = TaskDefinitionUnavailableError("down")
    with pytest.raises(TaskDefinitionUnavailableError):
        world.apply()


def test_a_schedule_that_scheduler_refuses(world: World) -> None:
    world.timers.refused.add("rate(1 hour)")
    with pytest.raises(JobNotAppliedError, match=r"ValidationException\. Its definition is stored"):
        world.apply(schedules=[DAILY, HOURLY])
    assert world.jobs.jobs["nightly"].are_schedules_pending
    assert world.show("nightly")["schedulesPending"] is True
    answer = world.apply(schedules=[DAILY])
    assert answer["change"] == "update"
    assert world.timers.timers == {("nightly", "daily"): DAILY_TIMER}
    assert not world.jobs.jobs["nightly"].are_schedules_pending


def test_a_scheduler_that_is_down(world: World) -> None:
    world.timers.is_down = True
    with pytest.raises(TimersUnavailableError):
        world.apply(schedules=[DAILY])
    world.timers.is_down = False
    answer = world.apply(schedules=[DAILY])
    assert (answer["change"], answer["changes"]) == (
        "update",
        [{"field": "schedulesPending", "from": True, "to": False}],
    )
    assert world.timers.timers == {("nightly", "daily"): DAILY_TIMER}


OLD: dict[str, Any] = {"schedules": [DAILY, HOURLY], "concurrency": {"limit": 2}, "cpu": 512, "memory": 1024}
NEW: dict[str, Any] = {
    "schedules": [{**DAILY, "cron": "0 7 * * ? *"}, {"name": "weekly", "rate": "7 days"}],
    "concurrency": {"limit": 3},
    "cpu": 1024,
    "memory": 2048,
}


def changed(at: int | None = None, *, before: bool = True) -> World:
    world = World()
    world.apply(**OLD)
    world.calls, world.crash_at, world.dies_before = 0, at, before
    world.apply(**NEW)
    return world


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("at", range(changed().calls))
def test_after_a_crash_at_any_call_the_job_is_whole_and_applying_again_finishes(
    at: int, before: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = World(), changed()
    old.apply(**OLD)
    world = World()
    world.apply(**OLD)
    world.calls, world.crash_at, world.dies_before = 0, at, before
    with pytest.raises(CrashError):
        world.apply(**NEW)

    stands = world.stands()
    whole: Any = stands["jobs"]
    job, is_pending, _ = whole["nightly"]
    is_new = job == new.jobs.jobs["nightly"].job
    assert is_new or job == old.jobs.jobs["nightly"].job
    assert stands["runs as"] == (new if is_new else old).stands()["runs as"]
    assert is_new or stands["timers"] == old.stands()["timers"]
    assert is_pending or stands == (new if is_new else old).stands()

    world.crash_at = None
    world.apply(**NEW)
    assert world.stands() == new.stands()
    assert world.apply(**NEW)["change"] == "none"


def test_every_step_can_be_the_last_one() -> None:
    assert changed().calls == 7  # register, write, limit, two puts, one removal, write


def test_who_loses_the_race_leaves_the_timers_of_the_one_who_won(world: World) -> None:
    """One that puts its timers slowly: another has applied the job again meanwhile."""
    put = world.timers.put
    has_met = False

    def slowly(timer: Timer) -> None:
        nonlocal has_met
        if not has_met:
            has_met = True
            world.apply(schedules=[{**DAILY, "cron": "0 8 * * ? *"}])
        put(timer)

    world.timers.put = slowly  # type: ignore[method-assign]
    world.apply(schedules=[{**DAILY, "cron": "0 7 * * ? *"}, HOURLY])
    stored = world.jobs.jobs["nightly"]

    assert [each.expression for each in stored.job.schedules] == ["cron(0 8 * * ? *)"]
    assert [each.expression for each in world.timers.timers.values()] == ["cron(0 8 * * ? *)"]
    assert (stored.timers, stored.are_schedules_pending) == (("daily",), False)


def test_a_job_that_is_written_without_an_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.apply(schedules=[DAILY])
    stored = world.jobs.jobs["nightly"]
    monkeypatch.setattr(world.jobs, "write_job", lambda _: stored)
    with pytest.raises(StoreUnavailableError, match="too many"):
        schedules.PutTimers(world.jobs, world.timers)(stored)
