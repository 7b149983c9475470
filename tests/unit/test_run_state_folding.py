"""Folding what is seen into a run: whatever comes in whatever order, the run ends the same."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from fargate_runs.outcomes.outcome import Outcome, lost
from fargate_runs.reading.execution import Execution
from fargate_runs.reading.patterns import Pattern
from fargate_runs.reading.task import NOTHING_YET, EcsTask
from fargate_runs.runs.billed import Billed, billed_of
from fargate_runs.runs.log import NO_RESULT
from fargate_runs.runs.record import TaskRecord
from fargate_runs.runs.run_folding import MOST_COUNTED, order_of, with_execution, with_task, with_tasks
from fargate_runs.runs.run_state import RunRecord, StopRequest, TaskView
from fargate_runs.runs.run_status import RunStatus
from tests.fakes.clock import NOON
from tests.fakes.ecs import EXECUTION_ARN, MACHINES, RUN_ID, life, task_arn
from tests.fakes.records import BADLY, WELL, changed, execution, pending_run

PENDING, RUNNING, SUCCEEDED, FAILED, STOPPED = (
    RunStatus[each] for each in ("PENDING", "RUNNING", "SUCCEEDED", "FAILED", "STOPPED")
)


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


PENDING_RUN = pending_run()
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
    created = FIRST[4].created_at
    by_task = with_task(None, FIRST[4], follows=True)
    assert (by_task.created_at, with_execution(by_task, execution("RUNNING"), None).created_at) == (created, created)
    bare = RunRecord(RUN_ID)
    assert with_task(bare, FIRST[4], follows=True).created_at == created
    assert with_execution(bare, execution("RUNNING"), None).created_at == NOON


def test_what_the_first_task_says_of_a_run() -> None:
    run, times = with_task(None, SECOND[4], follows=False), SECOND[4].task.timeline
    assert run == RunRecord(
        RUN_ID,
        created_at=SECOND[4].created_at,
        pattern=Pattern.CALLBACK,
        execution_arn=EXECUTION_ARN,
        follows=False,
        task=TaskView(order_of(SECOND[4]), WELL, times.started_at, times.stopped_at),
        attempts={SECOND[4].task_id: billed_of(SECOND[4].task)},
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
    ("a live state after the end", SECOND[4], changed(SECOND[3], version=9)),
    ("an outcome of an older version, once more", SECOND[4], changed(SECOND[4], version=4)),
]


@pytest.mark.parametrize(("_name", "stands", "older"), OLDER, ids=[name for name, *_ in OLDER])
def test_an_older_state_of_a_task_changes_nothing(_name: str, stands: TaskRecord, older: TaskRecord) -> None:
    run = with_task(PENDING_RUN, stands, follows=True)
    assert with_task(run, older, follows=True) == run
    assert with_task(with_task(PENDING_RUN, older, follows=True), stands, follows=True) == run


def test_an_older_attempt_is_counted_and_nothing_else() -> None:
    stands, older = SECOND[0], FIRST[4]
    run = with_task(PENDING_RUN, stands, follows=True)
    both = {**run.attempts, older.task_id: billed_of(older.task)}
    assert with_task(run, older, follows=True) == replace(run, attempts=both)
    assert with_task(with_task(PENDING_RUN, older, follows=True), stands, follows=True) == replace(run, attempts=both)


def test_what_was_billed_for_an_attempt_stands() -> None:
    ended, live = SECOND[4], SECOND[2]
    assert billed_of(ended.task)
    assert with_task(None, live, follows=True).attempts == {live.task_id: None}
    run = with_task(with_task(None, live, follows=True), ended, follows=True)
    assert run.attempts == {ended.task_id: billed_of(ended.task)}
    assert with_task(run, live, follows=True) == run
    assert run.attempt_count == 1


def test_a_run_with_attempts_can_be_a_key() -> None:
    """The model of the protocol keeps states in sets."""
    assert len({with_task(None, SECOND[4], follows=True), with_task(None, SECOND[4], follows=True)}) == 1


ASKED = StopRequest(NOON, "jane", "wrong input")


def test_a_request_to_stop_stays_where_only_tasks_of_others_were_known() -> None:
    stranger = replace(with_task(None, changed(SECOND[2], execution_arn=None), follows=False), stop_request=ASKED)
    seen = execution("RUNNING")
    assert with_execution(stranger, seen, Pattern.SYNC).stop_request == ASKED
    assert with_task(stranger, SECOND[2], follows=True).stop_request == ASKED


def test_a_request_to_stop_is_not_for_a_later_run_of_the_same_name() -> None:
    old = with_execution(replace(PENDING_RUN, stop_request=ASKED), execution("SUCCEEDED"), Pattern.SYNC)
    assert old.stop_request == ASKED
    later = replace(execution("RUNNING"), started_at=NOON + timedelta(days=100))
    assert with_execution(old, later, Pattern.SYNC).stop_request is None


def test_a_task_of_another_execution_is_not_counted() -> None:
    other = changed(SECOND[4], execution_arn=f"{EXECUTION_ARN}-2")
    assert with_task(PENDING_RUN, other, follows=False).attempts == {}


def test_a_task_of_after_the_end_is_not_counted_once_the_end_is_known() -> None:
    live = SECOND[2]
    late = changed(live, timeline=replace(live.task.timeline, created_at=NOON + timedelta(hours=1)))
    run = with_task(with_task(PENDING_RUN, FIRST[4], follows=True), late, follows=True)
    assert run.attempts.keys() == {FIRST[4].task_id, late.task_id}
    ended = with_execution(run, execution("FAILED"), Pattern.CALLBACK)
    assert (ended.task, ended.attempts) == (None, {})
    assert with_task(ended, late, follows=True).attempts == {}
    assert with_task(ended, FIRST[4], follows=True).attempts == {FIRST[4].task_id: billed_of(FIRST[4].task)}


def test_no_more_attempts_are_counted_than_a_record_can_hold() -> None:
    many: dict[str, Billed | None] = {f"t{number}": None for number in range(MOST_COUNTED)}
    full = replace(PENDING_RUN, attempts=many)
    assert with_task(full, SECOND[4], follows=True).attempts == many
    room = dict(list(many.items())[1:])
    assert len(with_task(replace(full, attempts=room), SECOND[4], follows=True).attempts) == MOST_COUNTED
    known = {**room, SECOND[4].task_id: None}
    counted = with_task(replace(full, attempts=known), SECOND[4], follows=True).attempts
    assert counted[SECOND[4].task_id] == billed_of(SECOND[4].task)


def test_the_end_of_a_task_that_ecs_forgot_is_newer_than_the_version_that_it_was_seen_at() -> None:
    seen = SECOND[2]
    run = with_task(with_task(None, seen, follows=True), seen.ended(lost(), NO_RESULT), follows=True)
    assert run.outcome == lost()


def test_versions_are_compared_as_numbers() -> None:
    nine, ten = (changed(SECOND[2], version=version, last_status=f"{version}") for version in (9, 10))
    assert order_of(nine) < order_of(ten)


def test_attempts_of_the_same_moment_have_an_order_too() -> None:
    one, other = records(1)[0], changed(records(1)[0], task_arn=task_arn("f" * 32))
    assert order_of(one) < order_of(other)
    assert order_of(changed(one, timeline=NOTHING_YET)) < order_of(one)


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
    item = changed(SECOND[4], run_id=f"{RUN_ID}:3", execution_arn=ITEM_ARN)
    live = changed(SECOND[2], run_id=f"{RUN_ID}:3", execution_arn=ITEM_ARN)
    run = folded([task_fold(live, follows=False), task_fold(item, follows=False)])
    assert run
    assert (run.run_id, run.status, run.follows) == (f"{RUN_ID}:3", SUCCEEDED, False)


FOLLOWS: Final[list[tuple[bool, str | None, bool, bool]]] = [
    # whether the run does already, its execution, whether the task says so, whether the run does then
    (False, None, True, True),
    (False, EXECUTION_ARN, True, True),
    (False, EXECUTION_ARN + "-of-others", True, True),
    (False, None, False, False),
    (True, EXECUTION_ARN, False, True),
    (True, EXECUTION_ARN + "-of-others", True, True),
    (False, EXECUTION_ARN + "-of-others", False, False),
]


@pytest.mark.parametrize(("did", "arn", "says", "does"), FOLLOWS)
def test_whether_a_run_follows_its_execution(did: bool, arn: str | None, says: bool, does: bool) -> None:
    run = with_task(RunRecord(RUN_ID, execution_arn=arn, follows=did), SECOND[2], follows=says)
    taken_over = says and not did
    assert (run.follows, run.execution_arn) == (does, EXECUTION_ARN if taken_over else arn or EXECUTION_ARN)


def test_the_newest_task_of_a_run() -> None:
    run = folded([task_fold(SECOND[2]), task_fold(FIRST[4])])
    assert run
    assert (run.newest_task_id, RunRecord(RUN_ID).newest_task_id) == (SECOND[2].task_id, None)


NAMESAKE: Final = EXECUTION_ARN.replace("callback", "sync")


@pytest.mark.parametrize(
    ("follows", "arn", "is_shown"),
    [(True, None, False), (True, EXECUTION_ARN, True), (True, NAMESAKE, False), (False, NAMESAKE, True)],
)
def test_a_run_that_follows_its_execution_shows_no_task_of_another(
    follows: bool, arn: str | None, is_shown: bool
) -> None:
    run = RunRecord(RUN_ID, execution_arn=EXECUTION_ARN, follows=follows)
    shown = with_task(run, changed(SECOND[4], execution_arn=arn), follows=False)
    assert (shown.newest_task_id == SECOND[4].task_id) is is_shown
    assert is_shown or shown == run


OTHERS_ARN: Final = EXECUTION_ARN.replace("fargate-runs-run-task-callback", "somebody-elses")


@pytest.mark.parametrize(
    ("execution_arn", "run_id", "follows"),
    [
        (EXECUTION_ARN, RUN_ID, True),
        (EXECUTION_ARN, "an-item", False),
        (OTHERS_ARN, RUN_ID, False),
        (OTHERS_ARN, "an-item", False),
        (None, RUN_ID, False),
    ],
)
def test_a_run_follows_an_execution_of_ours_that_has_its_name(
    execution_arn: str | None, run_id: str, follows: bool
) -> None:
    seen = changed(FIRST[2], execution_arn=execution_arn, run_id=run_id)
    run = with_tasks(None, MACHINES, seen)
    assert (run.run_id, run.execution_arn, run.follows) == (run_id, execution_arn, follows)
    assert with_tasks(RunRecord(run_id), MACHINES, seen, seen) == run


@pytest.mark.parametrize("order", list(itertools.permutations((FIRST[2], FIRST[4], SECOND[4]))))
def test_all_tasks_at_once_are_as_each_after_the_other(order: Sequence[TaskRecord]) -> None:
    one_by_one = folded(map(task_fold, order), PENDING_RUN)
    assert with_tasks(PENDING_RUN, MACHINES, *order) == one_by_one
    assert one_by_one is not None
    assert one_by_one.newest_task_id == SECOND[4].task_id


def test_what_comes_after_the_first_task_says_too_whether_a_run_follows() -> None:
    item = changed(FIRST[2], execution_arn=None)
    assert with_tasks(None, MACHINES, item, SECOND[4]).follows
    assert not with_tasks(None, MACHINES, item, changed(SECOND[4], execution_arn=None)).follows


def test_what_a_run_was_asked_for_is_kept_unless_it_is_known() -> None:
    """A run that a schedule or another machine started is recorded when it is prepared."""
    asked: dict[str, object] = {"commands": ["true"]}
    seen = execution("RUNNING")

    assert with_execution(None, seen, Pattern.CALLBACK, asked).input == asked
    assert with_execution(pending_run(input={}), seen, Pattern.CALLBACK, asked).input == {}
    assert with_execution(pending_run(input=asked), seen, Pattern.CALLBACK).input == asked
