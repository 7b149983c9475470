"""The table of a run's status, and what else a run says of itself."""

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from fargate_runs.outcomes.kinds import ErrorName
from fargate_runs.reading.execution import ExecutionStatus
from fargate_runs.runs.run_state import GivenUp, RunRecord, TaskView
from fargate_runs.runs.run_status import ENDED, TURNED_AWAY, RunStatus, TurnedAway
from fargate_runs.runs.run_verdict import NO_TIME_LEFT, SAYS, TOTAL_TIMEOUT, Ended, Says, Seen, column_of, row_of
from tests.fakes.clock import NOON
from tests.fakes.ecs import RUN_ID
from tests.fakes.records import BADLY, WELL, execution
from tests.fakes.run_states import ALONE, BY_USER, CLOSED, FOR_IT, OPEN, STATUS_TABLE, TASKS, run_of

PENDING, QUEUED, RUNNING, SUCCEEDED, FAILED, STOPPED, SKIPPED, MISSED = RunStatus

TASK, TIME_OUT = Says.TASK, Says.TIMED_OUT
# For each row what it says in each column: not known to have ended, SUCCEEDED, FAILED, timed out, ABORTED,
# ABORTED by the API.
ROWS: Final[dict[Seen, tuple[Says, ...]]] = {
    Seen.NONE: (Says.PENDING, Says.PENDING, Says.EXECUTION_FAILED, TIME_OUT, *[Says.EXECUTION_STOPPED] * 2),
    Seen.OPEN: (*[Says.RUNNING] * 6,),
    Seen.SUCCEEDED: (Says.RUNNING, TASK, TASK, TIME_OUT, TASK, TASK),
    Seen.FAILED: (Says.RUNNING, TASK, TASK, TIME_OUT, TASK, Says.EXECUTION_STOPPED),
    Seen.NOT_WHY: (Says.RUNNING, TASK, Says.EXECUTION_FAILED, TIME_OUT, TASK, Says.EXECUTION_STOPPED),
}


def test_the_table_as_it_is_documented() -> None:
    assert {
        (row, column): says for row, cells in ROWS.items() for column, says in zip(Ended, cells, strict=True)
    } == SAYS
    assert set(SAYS) == set(itertools.product(Seen, Ended))


@pytest.mark.parametrize(
    ("task_name", "row"),
    [
        ("none", Seen.NONE),
        ("live", Seen.OPEN),
        ("well", Seen.SUCCEEDED),
        ("badly", Seen.FAILED),
        ("stopped", Seen.FAILED),
        ("stopped for it", Seen.NOT_WHY),
    ],
)
def test_the_row_of_a_task(task_name: str, row: Seen) -> None:
    task = TASKS[task_name]
    assert row_of(task.outcome if task else None, None, has_task=task is not None) is row


@pytest.mark.parametrize(
    ("status", "column"),
    [
        ("RUNNING", Ended.NOT_KNOWN),
        ("PENDING_REDRIVE", Ended.NOT_KNOWN),
        ("SUCCEEDED", Ended.SUCCEEDED),
        ("FAILED", Ended.FAILED),
        ("TIMED_OUT", Ended.TIMED_OUT),
        ("ABORTED", Ended.ABORTED),
    ],
)
@pytest.mark.parametrize(
    "error", ["States.Timeout", "States.HeartbeatTimeout", "States.TaskFailed", "Run.Stopped", None]
)
def test_the_column_of_an_execution(status: str, column: Ended, error: str | None) -> None:
    """The error of a time-out says so where the execution failed; who aborts one may give it any error."""
    failed_for_it = status == "FAILED" and error in {"States.Timeout", "States.HeartbeatTimeout"}
    if status == "ABORTED" and error == "Run.Stopped":
        column = Ended.STOPPED
    assert column_of(execution(status, error=error)) is (Ended.TIMED_OUT if failed_for_it else column)


@pytest.mark.parametrize(("task_name", "execution_name", "status"), STATUS_TABLE)
def test_status(task_name: str, execution_name: str, status: RunStatus) -> None:
    run = run_of(task_name, execution_name)
    ended = status not in {PENDING, RUNNING}
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
    of_execution = "States.Timeout" if execution_name == "TIMED_OUT" else None
    assert run.error == (why.value if execution_name == said_of else of_execution)


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
    ours = replace(run_of("badly", "FAILED"), execution=execution("FAILED", error=BADLY.error, cause="its cause"))
    assert (ours.outcome, ours.error, ours.summary) == (BADLY, ErrorName.EXITED_NON_ZERO, BADLY.summary)
    early = replace(ours, task=None, execution=execution("FAILED", error="Of.Execution", cause="its cause"))
    assert (early.outcome, early.error, early.summary) == (None, "Of.Execution", "its cause")
    going_on = run_of("badly", "RUNNING")
    assert (going_on.outcome, going_on.error, going_on.summary) == (BADLY, None, None)
    well = run_of("well", "SUCCEEDED")
    assert (well.error, well.summary) == (None, WELL.summary)


LONGER = (
    "Read the task's log for how far it got and what it waited for. If the work simply needs longer, raise"
    " timeoutSeconds and start the run again."
)
DONE_TOO_LATE = (
    "The task ended well, and Step Functions did not learn it in time: look at its log and its result before you start"
    " the run again, and raise timeoutSeconds."
)
TOO_LONG = "The run took too long, so Step Functions ended it."


def ended_by(task_name: str, status: str, error: str | None = None, cause: str | None = None) -> RunRecord:
    return replace(run_of(task_name, "none"), execution=execution(status, error=error, cause=cause))


@pytest.mark.parametrize(
    ("run", "error"),
    [
        (ended_by("stopped for it", "TIMED_OUT"), "States.Timeout"),
        (ended_by("stopped for it", "TIMED_OUT", "States.Timeout"), "States.Timeout"),
        (ended_by("stopped for it", "FAILED", "States.Timeout", ""), "States.Timeout"),
        (ended_by("stopped for it", "FAILED", "States.HeartbeatTimeout"), "States.HeartbeatTimeout"),
    ],
)
def test_a_run_that_timed_out_says_so_first(run: RunRecord, error: str) -> None:
    """An execution that timed out as a whole has neither error nor cause (fact B40), a state's has an empty cause."""
    assert (run.status, run.error, run.transient) == (FAILED, error, False)
    assert run.summary == f"{TOO_LONG} Its task was stopped for that."
    assert run.advice == LONGER
    assert run.outcome == FOR_IT, "and its task's outcome stands beside it"


@pytest.mark.parametrize(
    ("task_name", "summary", "advice"),
    [
        ("none", TOO_LONG, LONGER),
        ("well", f"{TOO_LONG} Of its task: {WELL.summary}", DONE_TOO_LATE),
        ("badly", f"{TOO_LONG} Of its task: {BADLY.summary}", BADLY.advice),
        ("stopped", f"{TOO_LONG} Of its task: {BY_USER.summary}", BY_USER.advice),
    ],
)
def test_a_run_that_timed_out_although_its_task_ended_otherwise(task_name: str, summary: str, advice: str) -> None:
    run = ended_by(task_name, "FAILED", "States.Timeout")
    assert (run.status, run.error, run.transient, run.summary) == (FAILED, "States.Timeout", False, summary)
    assert run.advice == advice


IN_TOTAL = "The run's totalTimeoutSeconds were over, so Step Functions ended it."
RAISE_TOTAL = (
    "See in the attempts what took so long or failed. If the run simply needs longer, raise totalTimeoutSeconds and"
    " start it again."
)


@pytest.mark.parametrize(
    ("early_seconds", "error", "summary"),
    [
        (-60, "Run.TotalTimeout", IN_TOTAL),
        (0, "Run.TotalTimeout", IN_TOTAL),
        (2, "Run.TotalTimeout", IN_TOTAL),
        (2.001, "States.Timeout", TOO_LONG),
        (None, "States.Timeout", TOO_LONG),
    ],
)
def test_a_time_out_at_the_deadline_is_that_of_the_whole_run(
    early_seconds: float | None, error: str, summary: str
) -> None:
    """The limit of the last attempt was what was left. One that ended before was the attempt's own."""
    deadline = None if early_seconds is None else NOON + timedelta(seconds=early_seconds)
    ended = execution("FAILED", error="States.Timeout", cause="", stopped_at=NOON)
    run = replace(run_of("stopped for it", "none"), execution=ended, deadline=deadline)
    assert (run.status, run.error, run.transient) == (FAILED, error, False)
    assert run.summary == f"{summary} Its task was stopped for that."
    assert run.advice == (RAISE_TOTAL if summary is IN_TOTAL else LONGER)
    assert replace(run, task=None).error == error
    without_time = replace(run, execution=replace(ended, stopped_at=None))
    assert without_time.error == "States.Timeout"


@pytest.mark.parametrize("task_name", ["badly", "stopped for it", "none"])
def test_a_run_without_time_for_another_attempt(task_name: str) -> None:
    run = ended_by(task_name, "FAILED", TOTAL_TIMEOUT, NO_TIME_LEFT)
    assert (run.status, run.error, run.transient, run.advice) == (FAILED, "Run.TotalTimeout", False, RAISE_TOTAL)
    assert (run.summary or "").startswith("The run's totalTimeoutSeconds were over before another attempt could begin.")


def test_a_deadline_changes_no_other_end() -> None:
    past = NOON - timedelta(days=1)
    for task_name, status in itertools.product(TASKS, ("SUCCEEDED", "FAILED", "ABORTED", "RUNNING")):
        run = ended_by(task_name, status, "My.Error", "a cause")
        late = replace(run, deadline=past)
        assert (late.status, late.error, late.summary) == (run.status, run.error, run.summary)
        assert (late.advice, late.transient) == (run.advice, run.transient)


def test_a_task_that_was_stopped_for_a_failure_is_not_why() -> None:
    run = ended_by("stopped for it", "FAILED", "My.Error", "the other branch failed.")
    assert (run.status, run.error, run.transient) == (FAILED, "My.Error", None)
    assert run.summary == "the other branch failed. Its task was stopped for that."
    assert run.advice == (
        "Look at the execution's history for the state that failed: how the task ended is not why the run did."
    )


def test_a_failure_that_says_nothing_of_itself() -> None:
    """A Fail state without an error and without a cause (fact B40)."""
    run = ended_by("stopped for it", "FAILED")
    assert (run.status, run.error) == (FAILED, None)
    assert run.summary == "The execution failed. Its task was stopped for that."


@pytest.mark.parametrize("error", ["ECS.AccessDeniedException", "A.Refusal"])
def test_what_ended_the_execution_is_said_before_an_attempt_that_had_failed(error: str) -> None:
    """The next attempt was refused, so no task of it is seen."""
    run = ended_by("badly", "FAILED", error, "not authorized.")
    assert (run.status, run.error) == (FAILED, error)
    assert run.summary == f"not authorized. Of its task: {BADLY.summary}"
    assert run.outcome == BADLY


@pytest.mark.parametrize("error", [None, "States.TaskFailed", "Container.ExitedNonZero"])
def test_a_task_says_why_where_its_execution_does_not_say_otherwise(error: str | None) -> None:
    run = ended_by("badly", "FAILED", error, "a cause")
    assert (run.status, run.error, run.summary, run.advice) == (FAILED, BADLY.error, BADLY.summary, BADLY.advice)
    assert run.transient is False


@pytest.mark.parametrize("task_name", ["well", "badly", "stopped", "stopped for it"])
def test_an_aborted_run_is_as_its_task_is(task_name: str) -> None:
    run, view = ended_by(task_name, "ABORTED", "By.Operator", "a cause"), TASKS[task_name]
    assert view
    assert view.outcome
    assert (run.status.value, run.error, run.advice) == (view.outcome.status, view.outcome.error, view.outcome.advice)


def test_a_run_without_a_task_has_its_executions_words_alone() -> None:
    run = ended_by("none", "FAILED", "My.Error", "a cause")
    assert (run.error, run.summary, run.advice, run.transient) == ("My.Error", "a cause", None, None)
    assert ended_by("none", "FAILED").summary is None


@pytest.mark.parametrize("run", [ended_by("badly", "RUNNING"), run_of("none", "none", given_up=GivenUp.NOT_STARTED)])
def test_a_run_that_has_no_end_or_was_given_up_has_no_advice(run: RunRecord) -> None:
    assert (run.advice, run.transient) == (None, None)


def test_a_run_of_somebody_elses_machine_is_as_its_task_is() -> None:
    run = replace(ended_by("stopped for it", "TIMED_OUT"), follows=False)
    assert (run.status, run.error) == (STOPPED, FOR_IT.error)


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


WAITS: Final[dict[str, Any]] = {"takes_slot": True, "queued_at": NOON}


@pytest.mark.parametrize(("task_name", "execution_name", "status"), STATUS_TABLE)
def test_a_run_that_waits_for_a_slot_is_queued_until_something_else_is_known(
    task_name: str, execution_name: str, status: RunStatus
) -> None:
    run = run_of(task_name, execution_name, **WAITS)
    waits = task_name == "none" and execution_name in OPEN
    assert (run.status, run.has_ended) == (QUEUED if waits else status, status not in {PENDING, RUNNING})
    admitted = run_of(task_name, execution_name, **WAITS, admitted_at=NOON)
    assert admitted.status is status


@pytest.mark.parametrize("turned", [SKIPPED, MISSED])
@pytest.mark.parametrize(("task_name", "execution_name", "status"), STATUS_TABLE)
def test_a_run_that_was_turned_away_is_so_where_the_table_says_pending(
    task_name: str, execution_name: str, status: RunStatus, turned: RunStatus
) -> None:
    away = TurnedAway(turned, "taken by a-run", "a-run")
    run = run_of(task_name, execution_name, turned_away=away, **WAITS)
    plain = run_of(task_name, execution_name)
    if status is PENDING:
        assert (run.status, run.has_ended, run.summary) == (turned, True, "taken by a-run")
        assert (run.error, run.advice, run.transient) == (*TURNED_AWAY[turned], None)
    else:
        assert (run.status, run.error, run.summary, run.advice) == (
            plain.status,
            plain.error,
            plain.summary,
            plain.advice,
        )


@pytest.mark.parametrize("turned", [SKIPPED, MISSED])
def test_a_run_that_was_turned_away_is_not_given_up_as_well(turned: RunStatus) -> None:
    run = RunRecord(RUN_ID, turned_away=TurnedAway(turned, "why"), given_up=GivenUp.NOT_STARTED)
    assert (run.status, run.error, run.summary) == (turned, TURNED_AWAY[turned].error, "why")
    assert TURNED_AWAY[turned].error == f"Run.{turned.value.title()}"


def test_the_statuses_that_are_final() -> None:
    assert {*RunStatus} - ENDED == {PENDING, QUEUED, RUNNING}


def test_the_statuses_and_the_advice_as_users_see_them() -> None:
    statuses = ["PENDING", "QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "STOPPED", "SKIPPED", "MISSED"]
    assert [*map(str, RunStatus)] == statuses
    assert {status.value: aside.advice for status, aside in TURNED_AWAY.items()} == {
        "SKIPPED": "Nothing has failed: the job takes no more runs at a time than its limit. Start the run again when"
        " a slot is free, with force if it must not wait, or give the job the policy queue.",
        "MISSED": "Nothing was started. If the work is still wanted, start the job now; a larger startingDeadline of"
        " the schedule lets a late run begin.",
    }
