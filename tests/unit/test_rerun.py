"""Running a run again with the input that Step Functions still has."""

import json
from dataclasses import replace

import pytest

from fargate_runs.errors import (
    IdempotencyKeyReusedError,
    RunInputForgottenError,
    RunNotFoundError,
    RunNotRepeatableError,
)
from fargate_runs.ports import ExecutionsUnavailableError
from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.request import RunRequest
from fargate_runs.usecases.rerun import RerunRun
from tests.fakes.clock import NOON
from tests.fakes.ecs import CANARY, MACHINES
from tests.fakes.starting import start_of_jobs
from tests.fakes.stored_jobs import Jobs, a_job, stored
from tests.unit.test_start_with_a_key import Door

ASKED = RunRequest.from_mapping({"commands": ["job"], "environment": {"SECRET": CANARY}, "retries": 1})


class Again(Door):
    def __init__(self) -> None:
        super().__init__()
        self.jobs = Jobs(stored(a_job(pattern=Pattern.SYNC)))
        self.start_of_jobs = start_of_jobs(self.start, self.jobs)
        self.rerun = RerunRun(
            self.store, self.executions, self.start, self.start_of_jobs, token_variables=("JOB_TOKEN",)
        )


@pytest.fixture
def door() -> Again:
    return Again()


@pytest.mark.parametrize("pattern", Pattern)
def test_the_same_input_environment_included(door: Again, pattern: Pattern) -> None:
    first = door.start(replace(ASKED, pattern=pattern))
    again = door.rerun(first.run_id)
    assert again.run_id != first.run_id
    assert (again.rerun_of, again.pattern, again.is_new) == (first.run_id, pattern, True)
    old, new = door.executions.started[first.run_id], door.executions.started[again.run_id]
    assert (new.machine, new.input) == (MACHINES.arn_of(pattern), old.input)
    assert CANARY in new.input
    record = door.store.runs[again.run_id]
    assert record.rerun_of == first.run_id
    assert CANARY not in str(record.input)
    assert door.store.runs[first.run_id].rerun_of is None


def test_a_run_of_a_job_is_one_of_its_job_again(door: Again) -> None:
    """Nobody has scheduled it, and nobody has said that it may go above the limit."""
    given = {"schedule": "weekdays", "scheduledTime": "2025-05-06T12:00:00Z", "force": True, "retries": 2}
    first = door.start_of_jobs("nightly", given)
    again = door.rerun(first.run_id)
    assert (again.pattern, again.rerun_of) == (Pattern.SYNC, first.run_id)
    assert json.loads(door.executions.started[again.run_id].input) == {"job": "nightly", "retries": 2}
    record = door.store.runs[again.run_id]
    assert (record.job, record.schedule, record.scheduled_at) == ("nightly", None, None)


def test_a_run_of_a_deleted_job_is_not_repeated(door: Again) -> None:
    first = door.start_of_jobs("nightly", {})
    door.jobs.jobs["nightly"] = stored(deleted_at=NOON)
    with pytest.raises(RunNotRepeatableError, match="its job nightly is deleted"):
        door.rerun(first.run_id)


def test_a_rerun_of_a_job_has_a_key_too(door: Again) -> None:
    first = door.start_of_jobs("nightly", {})
    assert door.rerun(first.run_id, key="a").run_id == door.rerun(first.run_id, key="a").run_id


def test_a_rerun_may_be_run_again(door: Again) -> None:
    second = door.rerun(door.start(ASKED).run_id)
    assert door.rerun(second.run_id).rerun_of == second.run_id


def test_a_key(door: Again) -> None:
    first = door.start(ASKED)
    again = door.rerun(first.run_id, key="a")
    assert door.rerun(first.run_id, key="a").run_id == again.run_id
    with pytest.raises(IdempotencyKeyReusedError):
        door.start(ASKED, key="a")
    with pytest.raises(IdempotencyKeyReusedError):
        door.rerun(again.run_id, key="a")


def test_no_run(door: Again) -> None:
    with pytest.raises(RunNotFoundError):
        door.rerun("nobody")


def test_an_input_that_is_forgotten(door: Again) -> None:
    first = door.start(ASKED)
    door.executions.started.clear()
    with pytest.raises(RunInputForgottenError, match="90 days"):
        door.rerun(first.run_id)
    assert door.executions.started == {}


@pytest.mark.parametrize("changes", [{"follows": False}, {"pattern": None}, {"execution_arn": None}])
def test_what_is_no_execution_of_ours(door: Again, changes: dict[str, object]) -> None:
    first = door.start(ASKED)
    door.store.runs[first.run_id] = replace(door.store.runs[first.run_id], **changes)  # type: ignore[arg-type]
    with pytest.raises(RunNotRepeatableError, match="no execution of this stack's machines"):
        door.rerun(first.run_id)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("{", "no JSON"),
        ("[]", "its input is refused: .*must be a JSON object"),
        (json.dumps({"commands": ["job"], "environment": {"JOB_TOKEN": CANARY}}), "JOB_TOKEN"),
        (json.dumps({"commands": ["job"], "taskDefinition": 7}), "taskDefinition"),
    ],
)
def test_an_input_that_is_refused_today(door: Again, given: str, said: str) -> None:
    first = door.start(ASKED)
    door.executions.started[first.run_id] = replace(door.executions.started[first.run_id], input=given)
    with pytest.raises(RunNotRepeatableError, match=said) as refused:
        door.rerun(first.run_id)
    assert CANARY not in str(refused.value)


def test_an_input_without_commands_runs_what_the_image_has(door: Again) -> None:
    """Of an execution that somebody else has started."""
    first = door.start(ASKED)
    door.executions.started[first.run_id] = replace(door.executions.started[first.run_id], input="{}")
    assert door.executions.started[door.rerun(first.run_id).run_id].input == "{}"


def test_step_functions_is_down(door: Again) -> None:
    first = door.start(ASKED)
    door.executions.is_down = True
    with pytest.raises(ExecutionsUnavailableError):
        door.rerun(first.run_id)
