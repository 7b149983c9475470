"""The table of a run's status, and folding: whatever comes in whatever order, the run ends the same."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from fargate_runs.execution import Execution, ExecutionStatus
from fargate_runs.kinds import ErrorName
from fargate_runs.log import NO_RESULT
from fargate_runs.outcome import Outcome, lost, outcome_of
from fargate_runs.patterns import Pattern
from fargate_runs.record import TaskRecord
from fargate_runs.run_state import (
    STATUSES,
    Ended,
    GivenUp,
    RunRecord,
    RunStatus,
    Seen,
    TaskView,
    order_of,
    with_execution,
    with_task,
)
from fargate_runs.task import EcsTask
from tests.fakes.clock import NOON
from tests.fakes.ecs import EXECUTION_ARN, MACHINES, RUN_ID, container, life, task, task_arn

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


def outcome(**changes: object) -> Outcome:
    found = outcome_of(task(**changes))
    assert found
    return found


WELL = outcome()
BADLY = outcome(containers=[container("main", 3)])
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


def execution(status: str, **more: Any) -> Execution:
    ended = NOON if status in CLOSED else None
    return Execution(EXECUTION_ARN, ExecutionStatus(status), started_at=NOON, stopped_at=ended, **more)


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


def records(number: int, outcome_of_last: Outcome | None = None) -> list[TaskRecord]:
    """The states of one attempt that was created in this minute; with an outcome, the last of them is its end."""
    arn, created = task_arn(f"{number:032x}"), f"2025-05-06T11:{number:02d}:00Z"
    states = [EcsTask.from_detail({**each, "taskArn": arn, "createdAt": created}) for each in life()]
    built = [TaskRecord.of(each, Pattern.CALLBACK, None) for each in states]
    return [*built[:-1], built[-1].ended(outcome_of_last, NO_RESULT)] if outcome_of_last else built[:3]


Fold = Callable[[RunRecord | None], RunRecord]


def task_fold(record: TaskRecord, *, follows: bool = True) -> Fold:
    return lambda run: with_task(run, record, follows=follows)


def execution_fold(seen: Execution) -> Fold:
    return lambda run: with_execution(run, seen, Pattern.CALLBACK)


def folded(folds: Iterable[Fold], run: RunRecord | None = None) -> RunRecord | None:
    for fold in folds:
        run = fold(run)
    return run


PENDING_RUN = RunRecord(RUN_ID, NOON, Pattern.CALLBACK, EXECUTION_ARN, follows=True, input={"commands": ["job"]})
FIRST, SECOND = records(1, BADLY), records(2, WELL)
LIVES: Final[dict[str, tuple[Sequence[Fold], RunStatus]]] = {
    "one attempt": (
        [*map(task_fold, SECOND[2:]), execution_fold(execution("RUNNING")), execution_fold(execution("SUCCEEDED"))],
        SUCCEEDED,
    ),
    "a retry": (
        [
            *map(task_fold, (FIRST[2], FIRST[4], SECOND[2], SECOND[4])),
            execution_fold(execution("RUNNING")),
            execution_fold(execution("SUCCEEDED")),
        ],
        SUCCEEDED,
    ),
    "a redrive": (
        [
            task_fold(FIRST[4]),
            task_fold(SECOND[4]),
            execution_fold(execution("FAILED", error="Container.ExitedNonZero")),
            execution_fold(execution("RUNNING", redrive_count=1)),
            execution_fold(execution("SUCCEEDED", redrive_count=1)),
        ],
        SUCCEEDED,
    ),
    "a redrive that goes on": (
        [
            task_fold(FIRST[4]),
            task_fold(SECOND[2]),
            execution_fold(execution("FAILED")),
            execution_fold(execution("RUNNING", redrive_count=1)),
        ],
        RUNNING,
    ),
    "an abort before the first task": (
        [execution_fold(execution("RUNNING")), execution_fold(execution("ABORTED", error="Operator"))],
        STOPPED,
    ),
}


@pytest.mark.parametrize("begins_with", [None, PENDING_RUN], ids=["no record", "the API's record"])
@pytest.mark.parametrize("name", LIVES)
def test_folding_in_every_order_ends_the_same(name: str, begins_with: RunRecord | None) -> None:
    folds, status = LIVES[name]
    orders = list(itertools.permutations(folds))
    found = {_but_for_its_first_moment(folded(order, begins_with)) for order in orders}
    assert len(found) == 1
    (run,) = found
    assert (run[1], run[2]) == (status, EXECUTION_ARN)


def _but_for_its_first_moment(run: RunRecord | None) -> tuple[object, ...]:
    assert run
    return run.run_id, run.status, run.execution_arn, run.pattern, run.follows, run.task, run.execution, run.given_up


@pytest.mark.parametrize("name", LIVES)
def test_folding_everything_again_changes_nothing(name: str) -> None:
    folds, _ = LIVES[name]
    run = folded(folds)
    assert all(fold(run) == run for fold in folds)
    assert folded(reversed(folds), run) == run


def test_the_moment_of_a_run_is_the_first_that_is_known_and_stays() -> None:
    by_execution = with_execution(None, execution("RUNNING"), Pattern.CALLBACK)
    assert (by_execution.created_at, with_task(by_execution, FIRST[4], follows=True).created_at) == (NOON, NOON)
    created = FIRST[4].timeline.created_at
    by_task = with_task(None, FIRST[4], follows=True)
    assert (by_task.created_at, with_execution(by_task, execution("RUNNING"), None).created_at) == (created, created)
    bare = RunRecord(RUN_ID)
    assert with_task(bare, FIRST[4], follows=True).created_at == created
    assert with_execution(bare, execution("RUNNING"), None).created_at == NOON


def test_what_the_first_task_says_of_a_run() -> None:
    run = with_task(None, SECOND[4], follows=False)
    assert run == RunRecord(
        RUN_ID,
        created_at=SECOND[4].timeline.created_at,
        pattern=Pattern.CALLBACK,
        execution_arn=EXECUTION_ARN,
        follows=False,
        task=TaskView(order_of(SECOND[4]), WELL, SECOND[4].timeline.started_at, SECOND[4].timeline.stopped_at),
    )
    assert run.state_machine_arn == MACHINES.callback


def test_what_an_execution_says_of_a_run() -> None:
    seen = execution("RUNNING")
    run = with_execution(None, seen, Pattern.SYNC)
    assert run == RunRecord(RUN_ID, NOON, Pattern.SYNC, EXECUTION_ARN, follows=True, execution=seen)
    assert with_execution(PENDING_RUN, seen, Pattern.SYNC) == replace(PENDING_RUN, execution=seen)


OLDER: Final[list[tuple[str, TaskRecord, TaskRecord]]] = [
    ("an older version", SECOND[2], SECOND[1]),
    ("the same version", SECOND[2], SECOND[2]),
    ("an older attempt", SECOND[0], FIRST[4]),
    ("a live state after the end", SECOND[4], replace(SECOND[3], version=9)),
    ("an outcome of an older version, once more", SECOND[4], replace(SECOND[4], version=4)),
]


@pytest.mark.parametrize(("_name", "stands", "older"), OLDER, ids=[name for name, *_ in OLDER])
def test_an_older_state_of_a_task_changes_nothing(_name: str, stands: TaskRecord, older: TaskRecord) -> None:
    run = with_task(PENDING_RUN, stands, follows=True)
    assert with_task(run, older, follows=True) == run
    assert with_task(with_task(PENDING_RUN, older, follows=True), stands, follows=True) == run


def test_the_end_of_a_task_that_ecs_forgot_is_newer_than_the_version_that_it_was_seen_at() -> None:
    seen = SECOND[2]
    run = with_task(with_task(None, seen, follows=True), seen.ended(lost(), NO_RESULT), follows=True)
    assert run.outcome == lost()


def test_versions_are_compared_as_numbers() -> None:
    nine, ten = (replace(SECOND[2], version=version, last_status=f"{version}") for version in (9, 10))
    assert order_of(nine) < order_of(ten)


def test_attempts_of_the_same_moment_have_an_order_too() -> None:
    one, other = records(1)[0], replace(records(1)[0], task_id="f" * 32)
    assert order_of(one) < order_of(other)
    assert order_of(replace(one, timeline=replace(one.timeline, created_at=None))) < order_of(one)


@pytest.mark.parametrize("stands", [execution("FAILED"), execution("RUNNING", redrive_count=1)])
@pytest.mark.parametrize(
    "older", [execution("RUNNING"), execution("PENDING_REDRIVE"), execution("FAILED", error="again")]
)
def test_an_older_state_of_an_execution_changes_nothing(stands: Execution, older: Execution) -> None:
    run = with_execution(PENDING_RUN, stands, Pattern.CALLBACK)
    assert with_execution(run, older, Pattern.CALLBACK) == run


def test_another_execution_changes_nothing() -> None:
    run = with_execution(PENDING_RUN, execution("RUNNING"), Pattern.CALLBACK)
    other = replace(execution("ABORTED", redrive_count=7), arn=EXECUTION_ARN.replace("callback", "sync"))
    assert with_execution(run, other, Pattern.SYNC) == run


def test_a_redrive_takes_a_run_from_its_end_back_to_running() -> None:
    run = folded([task_fold(FIRST[4]), execution_fold(execution("FAILED"))], PENDING_RUN)
    assert run
    assert run.status is FAILED
    again = with_execution(run, execution("RUNNING", redrive_count=1), None)
    assert (again.status, again.has_ended, again.error) == (RUNNING, False, None)
    done = folded([task_fold(SECOND[4]), execution_fold(execution("SUCCEEDED", redrive_count=1))], again)
    assert done
    assert (done.status, done.outcome) == (SUCCEEDED, WELL)


ITEM_ARN = EXECUTION_ARN.replace(f":{RUN_ID}", "/Runs:0c7d2b1e")


def test_an_item_of_a_fan_out_is_as_its_task_is() -> None:
    item = replace(SECOND[4], run_id=f"{RUN_ID}:3", execution_arn=ITEM_ARN)
    live = replace(SECOND[2], run_id=f"{RUN_ID}:3", execution_arn=ITEM_ARN)
    run = folded([task_fold(live, follows=False), task_fold(item, follows=False)])
    assert run
    assert (run.run_id, run.status, run.follows) == (f"{RUN_ID}:3", SUCCEEDED, False)


FOLLOWS: Final[list[tuple[bool, str | None, bool, bool]]] = [
    # whether the run does already, its execution, whether the task says so, whether the run does then
    (False, None, True, True),
    (False, EXECUTION_ARN, True, True),
    (False, EXECUTION_ARN + "-of-others", True, False),
    (False, None, False, False),
    (True, EXECUTION_ARN, False, True),
    (True, EXECUTION_ARN + "-of-others", True, True),
]


@pytest.mark.parametrize(("did", "arn", "says", "does"), FOLLOWS)
def test_whether_a_run_follows_its_execution(did: bool, arn: str | None, says: bool, does: bool) -> None:
    run = with_task(RunRecord(RUN_ID, execution_arn=arn, follows=did), SECOND[2], follows=says)
    assert (run.follows, run.execution_arn) == (does, arn or EXECUTION_ARN)


def test_the_newest_task_of_a_run() -> None:
    run = folded([task_fold(SECOND[2]), task_fold(FIRST[4])])
    assert run
    assert (run.newest_task_id, RunRecord(RUN_ID).newest_task_id) == (SECOND[2].task_id, None)
