"""One state of an execution: its run shows it, and what it left behind is stopped."""

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fargate_runs.outcomes.kinds import ErrorName
from fargate_runs.ports import ClusterUnavailableError, StoreUnavailableError
from fargate_runs.reading.execution import Execution, ExecutionStatus
from fargate_runs.reading.patterns import Pattern, execution_arn
from fargate_runs.runs.abandoned import reason_of_end
from fargate_runs.runs.run_state import RunRecord
from fargate_runs.runs.run_status import RunStatus
from fargate_runs.usecases.record_execution_state import ExecutionNoted
from tests.fakes.clock import NOON
from tests.fakes.ecs import EXECUTION_ARN, MACHINES, RUN_ID, TASK_ID, TOKEN, detail, life, overrides, task_arn
from tests.fakes.settling import World


@pytest.fixture
def world() -> World:
    return World()


def execution(status: str, **more: Any) -> Execution:
    ended = None if status == "RUNNING" else NOON
    return Execution(EXECUTION_ARN, ExecutionStatus(status), started_at=NOON, stopped_at=ended, **more)


def test_the_first_event_of_a_run_that_nobody_announced(world: World) -> None:
    """Started by a schedule, the console or another machine: the record begins here."""
    noted = world.note(execution("RUNNING"))
    assert noted == ExecutionNoted(world.store.runs[RUN_ID], 0)
    assert noted.run == RunRecord(
        RUN_ID, NOON, Pattern.CALLBACK, EXECUTION_ARN, follows=True, execution=execution("RUNNING")
    )
    assert noted.run.status is RunStatus.PENDING


@pytest.mark.parametrize("pattern", Pattern)
def test_each_of_our_machines(world: World, pattern: Pattern) -> None:
    arn = execution_arn(MACHINES.arn_of(pattern), "somebody-s-name")
    noted = world.note(replace(execution("ABORTED"), arn=arn))
    assert noted.run
    assert (noted.run.run_id, noted.run.pattern, noted.run.status) == ("somebody-s-name", pattern, RunStatus.STOPPED)


@pytest.mark.parametrize(
    "arn",
    [
        EXECUTION_ARN.replace("fargate-runs-run-task-callback", "somebody-elses"),
        EXECUTION_ARN.replace(f":{RUN_ID}", "/Runs:0c7d2b1e"),
    ],
    ids=["of another machine", "of an item of a distributed map"],
)
def test_an_execution_that_is_no_run_of_ours_still_stops_its_tasks(world: World, arn: str) -> None:
    ours = overrides()
    ours["containerOverrides"][-1]["environment"][1]["value"] = arn
    world.settle({**life()[2], "overrides": ours})
    runs = dict(world.store.runs)
    ended = world.executions.show(replace(execution("ABORTED"), arn=arn))
    assert world.note(ended) == ExecutionNoted(None, 1)
    assert world.store.runs == runs
    assert world.cluster.stops == [(task_arn(), reason_of_end(ended))]


def test_a_run_that_the_api_started_keeps_what_the_api_wrote(world: World) -> None:
    ours = RunRecord(
        RUN_ID, NOON - timedelta(seconds=1), Pattern.CALLBACK, EXECUTION_ARN, follows=True, input={"commands": ["job"]}
    )
    world.store.write_run(ours)
    noted = world.note(execution("RUNNING"))
    assert noted.run == replace(ours, execution=execution("RUNNING"))
    assert world.store.runs[RUN_ID].revision == 2


def test_a_failure_before_there_was_a_task_is_what_the_run_shows(world: World) -> None:
    noted = world.note(execution("FAILED", error="AmazonECS.Unknown", cause="no capacity"))
    assert noted.run
    assert (noted.run.status, noted.run.error, noted.run.summary) == (
        RunStatus.FAILED,
        "AmazonECS.Unknown",
        "no capacity",
    )


def test_an_abort_stops_the_task_and_its_outcome_says_who_it_was(world: World) -> None:
    world.settle(life()[2])
    ended = world.close(ExecutionStatus.ABORTED)
    world.callbacks.close(TOKEN)
    noted = world.note(ended)
    assert noted.stopped == 1
    assert noted.run
    assert noted.run.status is RunStatus.RUNNING, "until its task has ended"
    ((arn, reason),) = world.cluster.stops
    assert arn == task_arn()
    settled = world.settle(detail(stopCode="UserInitiated", stoppedReason=reason))
    assert settled.record.outcome
    assert settled.record.outcome.error is ErrorName.STOPPED_BY_STEP_FUNCTIONS
    assert world.store.runs[RUN_ID].status is RunStatus.STOPPED
    assert not world.stored().is_open


def test_every_order_of_the_events_of_a_redriven_execution_ends_the_same(world: World) -> None:
    states = [
        execution("RUNNING"),
        execution("FAILED", error="Task.Lost"),
        execution("RUNNING", redrive_count=1),
        execution("SUCCEEDED", redrive_count=1),
    ]
    for order in itertools.permutations(states):
        fresh = World()
        fresh.executions.show(states[-1])
        for each in (*order, *order):
            fresh.note(each)
        assert fresh.store.runs[RUN_ID].execution == states[-1]
        assert fresh.store.runs[RUN_ID].revision <= len(states)


def test_the_same_again_writes_nothing_and_an_older_state_neither(world: World) -> None:
    world.note(execution("RUNNING"))
    world.note(execution("ABORTED"))
    before = world.store.runs[RUN_ID]
    for again in (execution("RUNNING"), execution("ABORTED"), execution("FAILED")):
        assert world.note(again).run == before
    assert world.store.runs[RUN_ID].revision == before.revision == 2


def test_a_late_event_of_before_a_redrive_leaves_the_new_attempt_alone(world: World) -> None:
    world.executions.show(execution("RUNNING", redrive_count=1))
    world.note(execution("RUNNING", redrive_count=1))
    world.settle(life()[2])
    late = world.note(execution("FAILED"))
    assert (late.stopped, world.cluster.stops) == (0, [])
    assert late.run
    assert late.run.status is RunStatus.RUNNING


def test_the_run_is_written_before_anything_is_stopped(world: World) -> None:
    """A task that is seen for the first time a moment later finds the end there, and is stopped by that."""
    world.settle(life()[2])
    ended = world.close(ExecutionStatus.ABORTED)
    world.cluster.is_down = True
    with pytest.raises(ClusterUnavailableError):
        world.note(ended)
    assert world.store.runs[RUN_ID].execution == ended
    world.cluster.is_down = False
    assert world.note(ended).stopped == 1, "the same call made again goes on from what stands"


def test_the_end_and_the_task_that_it_is_left_with_are_one_write(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that has ended is not open any more: who dies between two writes has nobody to come back to it."""
    world.settle(detail())
    intruder = "e" * 32
    world.settle({**life()[2], "taskArn": task_arn(intruder), "createdAt": "2025-05-07T11:02:13.877Z"})
    assert world.store.runs[RUN_ID].newest_task_id == intruder, "until the end of the execution is known"
    write, writes = world.store.write_run, []

    def first_only(run: RunRecord) -> RunRecord | None:
        writes.append(run)
        if len(writes) > 1:
            raise StoreUnavailableError("the runs table did not answer: InternalServerError")
        return write(run)

    monkeypatch.setattr(world.store, "write_run", first_only)
    world.end_run(ExecutionStatus.SUCCEEDED)
    run = world.store.runs[RUN_ID]
    assert (run.status, run.newest_task_id, len(writes)) == (RunStatus.SUCCEEDED, TASK_ID, 1)


def test_a_task_that_is_first_seen_after_the_end(world: World) -> None:
    """The other half: the event of the end found no task yet, the first event of the task finds the end."""
    ended = world.end_run(ExecutionStatus.ABORTED)
    assert ended.stopped == 0
    done = world.settle(life()[2])
    assert done.stopped == 1
    assert [arn for arn, _ in world.cluster.stops] == [task_arn()]
    assert world.stored().task_id == TASK_ID


def test_a_task_of_another_execution_with_the_same_run_id(world: World) -> None:
    """RUN_ID may be anybody's: the end of one execution says nothing of another one's task."""
    world.end_run(ExecutionStatus.ABORTED)
    ours = overrides()
    ours["containerOverrides"][-1]["environment"][1]["value"] = EXECUTION_ARN + "-of-others"
    assert world.settle({**life()[2], "overrides": ours}).stopped == 0
    assert world.cluster.stops == []


def test_a_task_that_is_seen_alive_while_its_execution_goes_on(world: World) -> None:
    world.note(world.executions.show(execution("RUNNING")))
    assert world.settle(life()[2]).stopped == 0
    assert world.executions.described == []


def test_a_task_whose_end_is_seen_is_not_stopped(world: World) -> None:
    world.end_run(ExecutionStatus.ABORTED)
    assert world.settle(detail()).stopped == 0
    assert world.cluster.calls == []


def test_nor_is_one_that_was_lost_and_whose_end_is_seen_after_all(world: World) -> None:
    world.settle(life()[2])
    world.use_case.lose(RUN_ID, TASK_ID)
    world.end_run(ExecutionStatus.ABORTED)
    assert world.settle(detail()).contradicted
    assert (world.executions.described, world.cluster.calls) == ([], [])


def test_an_old_event_of_a_task_that_has_its_outcome_stops_nothing(world: World) -> None:
    """As a replay of the archive brings them: neither Step Functions nor ECS is asked (fault F24)."""
    world.settle(detail())
    world.end_run(ExecutionStatus.ABORTED)
    for each in life():
        assert world.settle(each).stopped == 0
    assert (world.executions.described, world.cluster.calls) == ([], [])
