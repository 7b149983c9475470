"""Starting a run of a job: whose pattern, which id, what is refused before anything is started."""

import json
from typing import Any

import pytest

from fargate_runs.errors import (
    IdempotencyKeyReusedError,
    InvalidRunRequestError,
    JobNotFoundError,
    RunNotStartedError,
    RunThrottledError,
)
from fargate_runs.ports import ExecutionRefusedError, ExecutionThrottledError, UnreadableJobError
from fargate_runs.reading.patterns import Pattern
from tests.fakes.clock import NOON
from tests.fakes.ecs import MACHINES
from tests.fakes.starting import start_of_jobs
from tests.fakes.stored_jobs import Jobs, a_job, stored
from tests.unit.test_start_with_a_key import Door

FIXED = "nightly_weekdays_20250506T120000Z"


class JobDoor(Door):
    def __init__(self) -> None:
        super().__init__()
        self.jobs = Jobs(stored(a_job(pattern=Pattern.SYNC)), stored(a_job("late"), deleted_at=NOON))
        self.start_job_run = start_of_jobs(self.start, self.jobs)

    def start_fixed(self, **given: Any) -> Any:
        job = self.jobs.jobs["nightly"]
        return self.start_job_run.start(self.start_job_run.request(job, given), job, run_id=FIXED)


@pytest.fixture
def door() -> JobDoor:
    return JobDoor()


@pytest.mark.parametrize(("given", "pattern"), [({}, Pattern.SYNC), ({"pattern": "callback"}, Pattern.CALLBACK)])
def test_the_pattern_is_the_job_s_unless_one_is_named(door: JobDoor, given: dict[str, Any], pattern: Pattern) -> None:
    run = door.start_job_run("nightly", given)
    assert run.pattern is pattern
    started = door.executions.started[run.run_id]
    assert (started.machine, json.loads(started.input)) == (MACHINES.arn_of(pattern), {"job": "nightly"})
    assert door.store.runs[run.run_id].job == "nightly"


@pytest.mark.parametrize("name", ["nobody-s", "late", "", "No name"])
def test_a_job_that_is_not_there(door: JobDoor, name: str) -> None:
    with pytest.raises(JobNotFoundError):
        door.start_job_run(name, {})
    assert not door.store.runs


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"x": 1}, "x: is not known"),
        ({"taskDefinition": "other"}, "taskDefinition: is the job's"),
        ({"environment": {"JOB_TOKEN": "x"}}, "JOB_TOKEN is set by the application"),
    ],
)
def test_what_is_refused(door: JobDoor, given: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidRunRequestError, match=said):
        door.start_job_run("nightly", given)
    assert not door.store.runs


def test_a_job_that_cannot_run_is_refused_at_once(door: JobDoor) -> None:
    door.jobs.jobs["nightly"] = stored(a_job(task_definition="other:1"))
    with pytest.raises(InvalidRunRequestError, match="other:1 is not allowed here"):
        door.start_job_run("nightly", {})
    with pytest.raises(InvalidRunRequestError, match="other:1 is not allowed here"):
        door.start_fixed()


def test_a_job_that_cannot_be_read(door: JobDoor) -> None:
    door.jobs.unreadable.add("nightly")
    with pytest.raises(UnreadableJobError):
        door.start_job_run("nightly", {})


def test_the_same_key_is_the_same_run(door: JobDoor) -> None:
    first = door.start_job_run("nightly", {}, key="a")
    again = door.start_job_run("nightly", {}, key="a")
    assert (again.run_id, first.is_new, again.is_new) == (first.run_id, True, False)
    with pytest.raises(IdempotencyKeyReusedError):
        door.start_job_run("nightly", {"retries": 1}, key="a")


class TestAFixedId:
    """Of a schedule's time: started twice, it is one run."""

    def test_it_is_the_run_s_id(self, door: JobDoor) -> None:
        run = door.start_fixed(retries=1)
        assert (run.run_id, run.is_new) == (FIXED, True)
        assert json.loads(door.executions.started[FIXED].input) == {"job": "nightly", "retries": 1}

    def test_a_second_start_is_the_same_run(self, door: JobDoor) -> None:
        door.start_fixed()
        door.clock.sleep(60)
        again = door.start_fixed()
        assert (again.run_id, again.is_new) == (FIXED, False)
        assert len(door.executions.started) == 1

    def test_one_that_was_cut_off_after_its_record_goes_on(self, door: JobDoor) -> None:
        door.executions.fails_with = ExecutionThrottledError("too many")
        with pytest.raises(RunThrottledError):
            door.start_fixed()
        door.executions.fails_with = None
        door.clock.sleep(60)
        assert door.start_fixed().run_id == FIXED
        assert door.executions.started.keys() == {FIXED}

    def test_a_job_that_was_changed_in_between_starts_no_second_one(self, door: JobDoor) -> None:
        door.start_fixed()
        door.clock.sleep(60)
        assert not door.start_fixed(retries=5).is_new
        assert json.loads(door.executions.started[FIXED].input) == {"job": "nightly"}

    def test_one_that_has_ended_is_not_started_again(self, door: JobDoor) -> None:
        door.start_fixed()
        door.ends(FIXED)
        door.clock.sleep(60)
        assert not door.start_fixed().is_new

    def test_a_refused_start_may_be_made_again(self, door: JobDoor) -> None:
        door.executions.fails_with = ExecutionRefusedError("no")
        with pytest.raises(RunNotStartedError):
            door.start_fixed()
        assert not door.claims.claims
        door.executions.fails_with = None
        assert door.start_fixed().is_new

    def test_no_caller_has_its_key(self, door: JobDoor) -> None:
        door.start_fixed()
        (key,) = door.claims.claims
        assert not str(key).isprintable()
