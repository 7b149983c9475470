"""What becomes of a time of a schedule: one run, however often it fires; none that is not due; one that is missed."""

import json
from typing import Any

import pytest

from fargate_runs.errors import InvalidRunRequestError, RunThrottledError
from fargate_runs.jobs.job import JobSchedule, StoredJob
from fargate_runs.ports import ExecutionThrottledError, StoreUnavailableError
from fargate_runs.reading.due import Due
from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.run_status import RunStatus
from fargate_runs.usecases.jobs.start_scheduled import Became, Fired, StartScheduledRun
from tests.fakes.clock import NOON
from tests.fakes.ecs import CANARY, MACHINES
from tests.fakes.starting import start_of_jobs
from tests.fakes.stored_jobs import Jobs, a_job, stored
from tests.unit.test_start_with_a_key import Door

AT = NOON
RUN = "nightly_weekdays_20250506T120000Z"
DUE = Due("nightly", "weekdays", AT)
CRON = "cron(0 14 ? * MON-FRI *)"  # in Berlin, which is two hours ahead in May


def of_a_schedule(expression: str = CRON, **changes: Any) -> StoredJob:
    job_changes = {name: changes.pop(name) for name in ("paused_at", "are_schedules_pending") if name in changes}
    schedule = JobSchedule("weekdays", expression, "Europe/Berlin", **changes)
    other = JobSchedule("other", "rate(1 hour)")
    return stored(a_job(pattern=Pattern.SYNC, schedules=(other, schedule)), **job_changes)


class Timer(Door):
    def __init__(self, *jobs: StoredJob, late_seconds: float = 1) -> None:
        super().__init__()
        self.clock.sleep(late_seconds)
        self.jobs = Jobs(*jobs)
        self.fire = StartScheduledRun(self.jobs, self.store, start_of_jobs(self.start, self.jobs), self.clock)


def test_it_starts_one_run_with_the_settings_of_its_schedule() -> None:
    timer = Timer(of_a_schedule(overrides={"retries": 2, "environment": {"SECRET": CANARY}}))
    assert timer.fire(DUE) == Fired(Became.STARTED, RUN)
    started = timer.executions.started[RUN]
    assert started.machine == MACHINES.arn_of(Pattern.SYNC)
    assert json.loads(started.input) == {
        "environment": {"SECRET": CANARY},
        "retries": 2,
        "job": "nightly",
        "schedule": "weekdays",
        "scheduledTime": "2025-05-06T12:00:00Z",
    }
    run = timer.store.runs[RUN]
    assert (run.job, run.schedule, run.scheduled_at, run.status) == ("nightly", "weekdays", AT, RunStatus.PENDING)
    assert CANARY not in str(run.input)


def test_a_time_that_fires_twice_is_one_run() -> None:
    timer = Timer(of_a_schedule())
    timer.fire(DUE)
    timer.clock.sleep(60)
    assert timer.fire(DUE) == Fired(Became.STARTED, RUN, is_new=False)
    timer.ends(RUN)
    assert timer.fire(DUE) == Fired(Became.STARTED, RUN, is_new=False)
    assert len(timer.executions.started) == 1


def test_a_start_that_did_not_work_is_tried_again() -> None:
    timer = Timer(of_a_schedule())
    timer.executions.fails_with = ExecutionThrottledError("too many")
    with pytest.raises(RunThrottledError):
        timer.fire(DUE)
    timer.executions.fails_with = None
    timer.clock.sleep(60)
    assert timer.fire(DUE).run_id == RUN
    assert timer.executions.started.keys() == {RUN}


@pytest.mark.parametrize(
    ("jobs", "due", "became"),
    [
        ([], DUE, Became.NO_JOB),
        ([stored(deleted_at=NOON)], DUE, Became.NO_JOB),
        ([stored()], DUE, Became.NO_SCHEDULE),
        ([of_a_schedule()], Due("nightly", "weekday", AT), Became.NO_SCHEDULE),
        ([of_a_schedule(is_enabled=False)], DUE, Became.DISABLED),
        ([of_a_schedule(paused_at=NOON)], DUE, Became.PAUSED),
        ([of_a_schedule(paused_at=NOON, starting_deadline_seconds=0)], DUE, Became.PAUSED),
    ],
)
def test_nothing_is_due(jobs: list[StoredJob], due: Due, became: Became) -> None:
    """An old timer starts nothing, and leaves no record: nothing was missed."""
    timer = Timer(*jobs)
    assert timer.fire(due) == Fired(became)
    assert not timer.executions.started
    assert not timer.store.runs


@pytest.mark.parametrize(
    ("expression", "are_pending", "became"),
    [
        (CRON, True, Became.STARTED),
        ("at(2025-05-06T14:00:00)", True, Became.STARTED),
        ("rate(7 minutes)", True, Became.STARTED),
        ("cron(0 15 ? * MON-FRI *)", True, Became.CHANGED),
        ("cron(0 14 ? * SUN *)", True, Became.CHANGED),
        ("at(2025-05-06T14:00:01)", True, Became.CHANGED),
        ("at(2024-05-06T14:00:00)", True, Became.CHANGED),
        ("cron(0 15 ? * MON-FRI *)", False, Became.STARTED),
    ],
)
def test_a_timer_that_may_be_older_than_the_job_is_compared(expression: str, are_pending: bool, became: Became) -> None:
    """Once Scheduler has the job's schedules, it alone knows the times."""
    timer = Timer(of_a_schedule(expression, are_schedules_pending=are_pending))
    assert timer.fire(DUE).became is became
    assert bool(timer.executions.started) is (became is Became.STARTED)


@pytest.mark.parametrize(
    ("deadline_seconds", "late_seconds", "is_missed"),
    [(None, 90_000, False), (60, -3, False), (60, 60, False), (60, 60.001, True), (0, 0, False), (0, 1, True)],
)
def test_a_run_that_would_begin_too_late_is_missed(
    deadline_seconds: int | None, late_seconds: float, is_missed: bool
) -> None:
    timer = Timer(of_a_schedule(starting_deadline_seconds=deadline_seconds), late_seconds=late_seconds)
    assert timer.fire(DUE).became is (Became.MISSED if is_missed else Became.STARTED)
    assert bool(timer.executions.started) is not is_missed
    assert timer.store.runs[RUN].status is (RunStatus.MISSED if is_missed else RunStatus.PENDING)


def test_the_record_of_a_missed_run_says_why() -> None:
    overrides = {"environment": {"SECRET": CANARY}}
    timer = Timer(of_a_schedule(starting_deadline_seconds=60, overrides=overrides), late_seconds=75.9)
    assert timer.fire(DUE) == Fired(Became.MISSED, RUN)
    run = timer.store.runs[RUN]
    assert (run.error, run.has_ended, run.execution_arn, run.pattern) == ("Run.Missed", True, None, Pattern.SYNC)
    assert run.summary == (
        "The run was due at 2025-05-06T12:00:00Z and could have begun 75 seconds later; its schedule weekdays has a"
        " startingDeadline of 60 seconds."
    )
    assert (run.created_at, run.scheduled_at, run.job, run.schedule) == (timer.clock.now(), AT, "nightly", "weekdays")
    assert run.input
    assert run.input["environmentNames"] == ["SECRET"]
    assert CANARY not in str(run)
    assert timer.fire(DUE) == Fired(Became.MISSED, RUN, is_new=False)
    assert timer.store.runs[RUN] == run


def test_a_run_that_was_started_in_time_is_not_missed_by_a_second_call() -> None:
    timer = Timer(of_a_schedule(starting_deadline_seconds=60))
    timer.fire(DUE)
    timer.clock.sleep(300)
    assert timer.fire(DUE) == Fired(Became.STARTED, RUN, is_new=False)
    assert timer.store.runs[RUN].status is RunStatus.PENDING


def test_a_missed_run_stays_missed() -> None:
    timer = Timer(of_a_schedule(starting_deadline_seconds=60), late_seconds=100)
    timer.fire(DUE)
    timer.jobs.jobs["nightly"] = of_a_schedule()
    assert timer.fire(DUE) == Fired(Became.STARTED, RUN, is_new=False)
    assert not timer.executions.started


def test_a_run_of_a_slot_may_have_another_id() -> None:
    """Those of a backfill."""
    timer = Timer()
    job = of_a_schedule(paused_at=NOON)
    assert timer.fire.start(job, job.job.schedules[1], AT, f"{RUN}-2")
    assert json.loads(timer.executions.started[f"{RUN}-2"].input)["scheduledTime"] == "2025-05-06T12:00:00Z"
    timer.clock.sleep(1)
    assert not timer.fire.start(job, job.job.schedules[1], AT, f"{RUN}-2")


def test_what_is_wrong_is_raised() -> None:
    timer = Timer(of_a_schedule(overrides={"cpu": "17"}))
    with pytest.raises(InvalidRunRequestError, match="cpu: must be one of"):
        timer.fire(DUE)
    timer.jobs.is_down = True
    with pytest.raises(StoreUnavailableError):
        timer.fire(DUE)


@pytest.mark.parametrize(
    "given", ["2025-05-06T12:00:00Z", "2025-05-06T12:00:00.999Z", "2025-05-06T14:00:00+02:00", "2025-05-06T12:00:00"]
)
def test_the_event(given: str) -> None:
    assert Due.from_event({"job": "nightly", "schedule": "weekdays", "scheduledTime": given, "x": 1}) == DUE
