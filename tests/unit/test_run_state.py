"""The table of a run's status, and what else a run says of itself."""

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from fargate_runs.execution import ExecutionStatus
from fargate_runs.kinds import ErrorName
from fargate_runs.run_state import STATUSES, Ended, GivenUp, RunRecord, RunStatus, Seen, TaskView
from tests.fakes.clock import NOON
from tests.fakes.ecs import RUN_ID
from tests.fakes.records import BADLY, WELL, execution, outcome

PENDING, RUNNING, SUCCEEDED, FAILED, STOPPED = RunStatus

TABLE: Final[dict[tuple[Seen, Ended], RunStatus | None]] = {
    (Seen.NONE, Ended.NOT_KNOWN): PENDING,
    (Seen.NONE, Ended.SUCCEEDED): PENDING,
    (Seen.NONE, Ended.FAILED): FAILED,
    (Seen.NONE, Ended.ABORTED): STOPPED,
    (Seen.OPEN, Ended.NOT_KNOWN): RUNNING,
    (Seen.OPEN, Ended.SUCCEEDED): RUNNING,
    (Seen.OPEN, Ended.FAILED): RUNNING,
    (Seen.OPEN, Ended.ABORTED): RUNNING,
    (Seen.ENDED, Ended.NOT_KNOWN): RUNNING,
    (Seen.ENDED, Ended.SUCCEEDED): None,
    (Seen.ENDED, Ended.FAILED): None,
    (Seen.ENDED, Ended.ABORTED): None,
}
BY_USER = outcome(stopCode="UserInitiated", stoppedReason="Task stopped by user")
TASKS: Final[dict[str, TaskView | None]] = {
    "none": None,
    "live": TaskView("1"),
    "well": TaskView("1", WELL),
    "badly": TaskView("1", BADLY),
    "stopped": TaskView("1", BY_USER),
}
OPEN, CLOSED = ("none", "RUNNING", "PENDING_REDRIVE"), ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")

# For each task, then for each execution, the status of a run that follows its execution.
STATUS_TABLE: Final[list[tuple[str, str, RunStatus]]] = [
    *(("none", execution, PENDING) for execution in OPEN),
    ("none", "SUCCEEDED", PENDING),
    ("none", "FAILED", FAILED),
    ("none", "TIMED_OUT", FAILED),
    ("none", "ABORTED", STOPPED),
    *(("live", execution, RUNNING) for execution in (*OPEN, *CLOSED)),
    *((ended, execution, RUNNING) for ended in ("well", "badly", "stopped") for execution in OPEN),
    *(("well", execution, SUCCEEDED) for execution in CLOSED),
    *(("badly", execution, FAILED) for execution in CLOSED),
    *(("stopped", execution, STOPPED) for execution in CLOSED),
]
# The same of a run that is no execution of this application's machines: its execution does not count.
ALONE: Final[dict[str, RunStatus]] = {
    "none": PENDING,
    "live": RUNNING,
    "well": SUCCEEDED,
    "badly": FAILED,
    "stopped": STOPPED,
}


def run_of(task_name: str, execution_name: str, *, follows: bool = True, **more: Any) -> RunRecord:
    given = None if execution_name == "none" else execution(execution_name)
    return RunRecord(RUN_ID, follows=follows, task=TASKS[task_name], execution=given, **more)


def test_the_table_as_it_is_documented() -> None:
    assert STATUSES == TABLE
    assert set(TABLE) == set(itertools.product(Seen, Ended))


@pytest.mark.parametrize(("task_name", "execution_name", "status"), STATUS_TABLE)
def test_status(task_name: str, execution_name: str, status: RunStatus) -> None:
    run = run_of(task_name, execution_name)
    ended = status in {SUCCEEDED, FAILED, STOPPED}
    assert (run.status, run.has_ended) == (status, ended)


def test_the_table_of_the_tests_is_complete() -> None:
    pairs = [(task_name, execution_name) for task_name, execution_name, _ in STATUS_TABLE]
    assert sorted(pairs) == sorted(itertools.product(TASKS, (*OPEN, *CLOSED)))


@pytest.mark.parametrize("execution_name", [*OPEN, *CLOSED])
@pytest.mark.parametrize("task_name", ALONE)
def test_status_of_a_run_that_is_no_execution_of_ours(task_name: str, execution_name: str) -> None:
    assert run_of(task_name, execution_name, follows=False).status is ALONE[task_name]


GIVEN_UP: Final[list[tuple[GivenUp, str, RunStatus]]] = [
    (GivenUp.NOT_STARTED, "none", FAILED),
    (GivenUp.NOT_STARTED, "RUNNING", PENDING),
    (GivenUp.NOT_STARTED, "PENDING_REDRIVE", PENDING),
    (GivenUp.NOT_STARTED, "SUCCEEDED", PENDING),
    (GivenUp.NOT_STARTED, "FAILED", FAILED),
    (GivenUp.NOT_STARTED, "TIMED_OUT", FAILED),
    (GivenUp.NOT_STARTED, "ABORTED", STOPPED),
    (GivenUp.TASK_LOST, "none", PENDING),
    (GivenUp.TASK_LOST, "RUNNING", PENDING),
    (GivenUp.TASK_LOST, "PENDING_REDRIVE", PENDING),
    (GivenUp.TASK_LOST, "SUCCEEDED", FAILED),
    (GivenUp.TASK_LOST, "FAILED", FAILED),
    (GivenUp.TASK_LOST, "TIMED_OUT", FAILED),
    (GivenUp.TASK_LOST, "ABORTED", STOPPED),
]


@pytest.mark.parametrize(("why", "execution_name", "status"), GIVEN_UP)
def test_a_run_that_was_given_up_without_a_task(why: GivenUp, execution_name: str, status: RunStatus) -> None:
    """It stands as long as what it was said of: no execution at all, or one that succeeded without a task."""
    run = run_of("none", execution_name, given_up=why)
    said_of = {GivenUp.NOT_STARTED: "none", GivenUp.TASK_LOST: "SUCCEEDED"}[why]
    assert run.status is status
    assert run.error == (why.value if execution_name == said_of else None)


def test_what_a_run_that_was_given_up_says() -> None:
    never = run_of("none", "none", given_up=GivenUp.NOT_STARTED)
    gone = run_of("none", "SUCCEEDED", given_up=GivenUp.TASK_LOST)
    assert (never.error, gone.error) == ("Run.NotStarted", ErrorName.LOST)
    assert never.summary == "Step Functions knows no execution of this run: it was accepted, but never started."
    assert gone.summary == "The execution succeeded, but ECS never showed its task and no longer knows it."


@pytest.mark.parametrize("why", GivenUp)
@pytest.mark.parametrize(("task_name", "execution_name", "status"), [row for row in STATUS_TABLE if row[0] != "none"])
def test_a_task_that_was_seen_after_all_counts(
    why: GivenUp, task_name: str, execution_name: str, status: RunStatus
) -> None:
    run = run_of(task_name, execution_name, given_up=why)
    assert (run.status, run.error) == (status, run_of(task_name, execution_name).error)


def test_an_execution_that_ended_after_all_says_why() -> None:
    late = replace(
        run_of("none", "none", given_up=GivenUp.NOT_STARTED),
        execution=execution("ABORTED", error="Operator", cause="not needed"),
    )
    assert (late.status, late.error, late.summary) == (STOPPED, "Operator", "not needed")


def test_why_a_run_did_not_succeed() -> None:
    ours = replace(run_of("badly", "FAILED"), execution=execution("FAILED", error="Of.Execution", cause="its cause"))
    assert (ours.outcome, ours.error, ours.summary) == (BADLY, ErrorName.EXITED_NON_ZERO, BADLY.summary)
    early = replace(ours, task=None)
    assert (early.outcome, early.error, early.summary) == (None, "Of.Execution", "its cause")
    going_on = run_of("badly", "RUNNING")
    assert (going_on.outcome, going_on.error, going_on.summary) == (BADLY, None, None)
    well = run_of("well", "SUCCEEDED")
    assert (well.error, well.summary) == (None, WELL.summary)


def test_the_task_says_how_it_ended_even_where_the_execution_says_otherwise() -> None:
    """A `.sync` state fails because of a sidecar (fact B22): the record shows both."""
    run = run_of("well", "FAILED")
    assert (run.status, run.error) == (SUCCEEDED, None)
    assert run.execution
    assert run.execution.status is ExecutionStatus.FAILED


@pytest.mark.parametrize(
    ("started", "stopped", "seconds"),
    [(0, 61.5, 61.5), (0, 0.0004, 0.0), (10, 0, 0.0), (None, 10, None), (0, None, None)],
)
def test_duration(started: float | None, stopped: float | None, seconds: float | None) -> None:
    times = [None if each is None else NOON + timedelta(seconds=each) for each in (started, stopped)]
    assert RunRecord(RUN_ID, task=TaskView("1", WELL, *times)).duration_seconds == seconds


def test_no_duration_without_a_task() -> None:
    assert RunRecord(RUN_ID).duration_seconds is None
