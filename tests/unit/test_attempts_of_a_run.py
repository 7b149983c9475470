"""Which tasks are attempts of a run, and which executions are the same one: others use ids and names too."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from fargate_runs.reading.execution import Execution, ExecutionStatus
from fargate_runs.reading.patterns import Pattern, execution_arn
from fargate_runs.runs.run_folding import JUST_AFTER, LONG_BEFORE, is_attempt, with_execution, with_task
from fargate_runs.runs.run_status import RunStatus
from fargate_runs.usecases.show_run import ShowRun
from tests.fakes.attempts import SECOND_ID, SECOND_TOKEN, running
from tests.fakes.clock import NOON
from tests.fakes.ecs import EXECUTION_ARN, MACHINES, RUN_ID, TASK_ID, Detail, container, detail, overrides, task_arn
from tests.fakes.records import ended_task, execution, open_task, pending_run
from tests.fakes.settling import PRICES, World
from tests.fakes.sweeping import OTHERS_ARN, SweepingExecutions

MILLISECOND = timedelta(milliseconds=1)
REUSED = NOON + timedelta(days=91)


def of(arn: str | None, created_at: datetime, task_id: str = SECOND_ID, **changes: object) -> Detail:
    """A task with the run's id that says that it is of this execution."""
    variables = {"RUN_ID": RUN_ID, "RUN_EXECUTION_ARN": arn, "TASK_TOKEN": SECOND_TOKEN}
    environment = [{"name": name, "value": value} for name, value in variables.items() if value]
    given = {"containerOverrides": [{"name": "main", "environment": environment}]}
    return detail(**{"taskArn": task_arn(task_id), "createdAt": created_at.isoformat(), "overrides": given, **changes})


@pytest.fixture
def world() -> World:
    """A run that failed at noon."""
    world = World()
    world.settle(detail(containers=[container("main", 3)]))
    world.end_run(ExecutionStatus.FAILED, error="Container.ExitedNonZero")
    return world


def as_it_ended(world: World) -> bool:
    run = world.store.runs[RUN_ID]
    return (run.status, run.error, run.newest_task_id) == (RunStatus.FAILED, "Container.ExitedNonZero", TASK_ID)


STRANGERS = {
    "made a day after the end": of(EXECUTION_ARN, NOON + timedelta(days=1)),
    "made a moment too late": of(EXECUTION_ARN, NOON + JUST_AFTER + MILLISECOND),
    "without an execution": of(None, NOON - timedelta(minutes=1)),
    "of a machine of others": of(OTHERS_ARN, NOON - timedelta(minutes=1)),
    "of another machine of ours": of(execution_arn(MACHINES.sync, RUN_ID), NOON - timedelta(minutes=1)),
}


@pytest.mark.parametrize("name", STRANGERS)
def test_a_run_that_has_ended_stays_as_it_ended(world: World, name: str) -> None:
    assert as_it_ended(world)
    world.settle({**STRANGERS[name], "lastStatus": "RUNNING", "version": 3})
    assert as_it_ended(world)
    done = world.settle(STRANGERS[name])
    assert done.record.outcome, "it has its outcome all the same"
    assert as_it_ended(world)
    shown = ShowRun(world.store, MACHINES, PRICES)(RUN_ID)
    assert (shown["status"], shown["error"]) == ("FAILED", "Container.ExitedNonZero")
    assert [attempt["taskId"] for attempt in shown["attempts"]] == [TASK_ID]  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", [name for name in STRANGERS if "machine of ours" not in name])
def test_the_end_of_an_execution_sorts_out_who_came_before_it_was_known(name: str) -> None:
    world = World()
    world.settle(STRANGERS[name])
    world.settle(detail(containers=[container("main", 3)]))
    world.settle(STRANGERS[name])
    world.end_run(ExecutionStatus.FAILED, error="Container.ExitedNonZero")
    assert as_it_ended(world)


def test_a_task_that_was_made_in_the_moment_of_the_end_is_an_attempt(world: World) -> None:
    world.settle(of(EXECUTION_ARN, NOON + JUST_AFTER))
    assert world.store.runs[RUN_ID].newest_task_id == SECOND_ID


@pytest.mark.parametrize("first", ["the task", "the redrive"])
def test_the_task_of_a_redrive_is_an_attempt(world: World, first: str) -> None:
    """It was made after the first end, and may be seen to its end before the redrive is."""
    later = NOON + timedelta(hours=2)
    world.callbacks.open.add(SECOND_TOKEN)
    if first == "the redrive":
        world.note(Execution(EXECUTION_ARN, ExecutionStatus.RUNNING, redrive_count=1, started_at=NOON))
    world.settle(of(EXECUTION_ARN, later))
    world.clock.pass_by(timedelta(hours=3))
    world.end_run(ExecutionStatus.SUCCEEDED, redrive_count=1)
    run = world.store.runs[RUN_ID]
    assert (run.status, run.newest_task_id) == (RunStatus.SUCCEEDED, SECOND_ID)


def test_an_execution_of_ours_takes_a_run_over_from_tasks_of_others() -> None:
    world = World()
    world.settle(of(OTHERS_ARN, NOON - timedelta(minutes=1)))
    assert world.store.runs[RUN_ID].execution_arn == OTHERS_ARN
    world.note(Execution(EXECUTION_ARN, ExecutionStatus.RUNNING, started_at=NOON))
    run = world.store.runs[RUN_ID]
    assert (run.execution_arn, run.follows, run.status) == (EXECUTION_ARN, True, RunStatus.PENDING)


def test_an_attempt_without_a_known_time_counts() -> None:
    run = with_execution(pending_run(), execution("FAILED"), Pattern.CALLBACK)
    assert is_attempt(run, ended_task(createdAt=None))
    assert is_attempt(pending_run(), ended_task(createdAt="2031-01-01T00:00:00Z"))
    assert not is_attempt(run, ended_task(createdAt="2031-01-01T00:00:00Z"))


def test_what_is_long_before_and_just_after() -> None:
    assert (timedelta(days=30), timedelta(seconds=10)) == (LONG_BEFORE, JUST_AFTER)


@pytest.mark.parametrize(
    ("made_at", "started_at", "is_one"),
    [
        (NOON - LONG_BEFORE, NOON, False),
        (NOON - LONG_BEFORE - MILLISECOND, NOON, False),
        (NOON - LONG_BEFORE + MILLISECOND, NOON, True),
        (NOON - LONG_BEFORE, None, True),
        (NOON + timedelta(days=300), NOON, True),
    ],
)
def test_a_task_from_long_before_the_execution_is_of_an_earlier_one_of_its_name(
    made_at: datetime, started_at: datetime | None, is_one: bool
) -> None:
    run = with_execution(pending_run(), execution("RUNNING", started_at=started_at), Pattern.CALLBACK)
    assert is_attempt(run, ended_task(createdAt=made_at.isoformat())) is is_one


@pytest.mark.parametrize(
    ("made_at", "accepted_at", "is_one"),
    [
        (NOON - LONG_BEFORE, NOON, False),
        (NOON - LONG_BEFORE + MILLISECOND, NOON, True),
        (NOON - LONG_BEFORE, None, True),
        (NOON + timedelta(days=300), NOON, True),
        (None, NOON, True),
    ],
)
def test_so_is_one_from_long_before_a_run_whose_execution_was_not_seen_yet(
    made_at: datetime | None, accepted_at: datetime | None, is_one: bool
) -> None:
    """The API has accepted a run under the name of one of long ago, and the tasks of that one are still recorded."""
    run = pending_run(created_at=accepted_at)
    assert is_attempt(run, ended_task(createdAt=made_at.isoformat() if made_at else None)) is is_one


# ---- names are used again (fact B32) ----


@pytest.mark.parametrize("arn", [EXECUTION_ARN, execution_arn(MACHINES.sync, RUN_ID)])
@pytest.mark.parametrize("first", ["the execution", "its task"])
def test_a_name_that_is_used_again_is_a_new_run(world: World, arn: str, first: str) -> None:
    again = of(arn, REUSED + timedelta(seconds=5), lastStatus="RUNNING", version=3)
    told = Execution(arn, ExecutionStatus.RUNNING, started_at=REUSED)
    if first == "its task":
        world.settle(again)
    world.note(told)
    world.settle({**again, "version": 4})
    run = world.store.runs[RUN_ID]
    assert (run.status, run.created_at, run.execution_arn, run.newest_task_id) == ("RUNNING", REUSED, arn, SECOND_ID)
    world.clock.pass_by(REUSED - NOON + timedelta(minutes=1))
    world.settle({**again, "lastStatus": "STOPPED", "version": 5})
    world.note(Execution(arn, ExecutionStatus.SUCCEEDED, started_at=REUSED, stopped_at=world.clock.now()))
    assert world.store.runs[RUN_ID].status is RunStatus.SUCCEEDED
    shown = ShowRun(world.store, MACHINES, PRICES)(RUN_ID)
    assert [attempt["taskId"] for attempt in shown["attempts"]] == [SECOND_ID]  # type: ignore[attr-defined]


def test_a_replayed_event_of_the_old_execution_changes_nothing(world: World) -> None:
    old = world.executions.describe(EXECUTION_ARN)
    assert old
    world.note(Execution(EXECUTION_ARN, ExecutionStatus.RUNNING, started_at=REUSED))
    new = world.store.runs[RUN_ID]
    world.note(old)
    world.settle(detail(version=9))
    assert world.store.runs[RUN_ID] == new


@pytest.mark.parametrize(("later", "is_new"), [(LONG_BEFORE, True), (LONG_BEFORE - MILLISECOND, False)])
def test_what_a_new_execution_is_measured_by(later: timedelta, is_new: bool) -> None:
    ended = with_execution(with_task(None, open_task(), follows=True), execution("FAILED"), Pattern.CALLBACK)
    again = with_execution(ended, execution("RUNNING", started_at=NOON + later), Pattern.SYNC)
    assert (again.status is RunStatus.PENDING, again.pattern) == (is_new, Pattern.SYNC if is_new else Pattern.CALLBACK)
    never_started = with_execution(pending_run(), execution("RUNNING", started_at=NOON + later), Pattern.CALLBACK)
    assert (never_started.input is None) is is_new
    unknown = replace(pending_run(), created_at=None)
    assert with_execution(unknown, execution("RUNNING", started_at=NOON + later), Pattern.CALLBACK).input


@pytest.mark.parametrize(
    ("earlier", "stands"),
    [(LONG_BEFORE, True), (LONG_BEFORE + MILLISECOND, True), (LONG_BEFORE - MILLISECOND, False), (None, False)],
)
def test_what_an_execution_of_the_past_is_measured_by(earlier: timedelta | None, stands: bool) -> None:
    run = with_execution(pending_run(), execution("RUNNING"), Pattern.CALLBACK)
    started_at = None if earlier is None else NOON - earlier
    seen = execution("FAILED", started_at=started_at)
    assert (with_execution(run, seen, Pattern.CALLBACK) == run) is stands
    unknown = with_execution(pending_run(), execution("RUNNING", started_at=None), Pattern.CALLBACK)
    assert with_execution(unknown, seen, Pattern.CALLBACK).execution == seen


# ---- ids that look like names ----


@pytest.mark.parametrize("run_id", [f"fargate-runs-run-task-callback:{RUN_ID}", f"{RUN_ID}:3", f"a:{RUN_ID}", ":"])
def test_an_id_with_colons_of_their_own_closes(run_id: str) -> None:
    world = SweepingExecutions()
    given = overrides(run_id=run_id)
    world.settle(running(overrides=given))
    world.settle(detail(overrides=given))
    world.show("SUCCEEDED")
    world.sweep_executions()
    assert (world.run(run_id).status, world.run(run_id).follows) == (RunStatus.SUCCEEDED, False)
    assert run_id not in [run.run_id for run in world.open_runs()]
