"""Stopping a run: each state of it, and what fails on the way."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fargate_runs.errors import RunHasEndedError, RunNotFoundError, RunNotRunningError
from fargate_runs.ports import ClusterUnavailableError, ExecutionsUnavailableError
from fargate_runs.reading import lenient
from fargate_runs.reading.execution import Execution, ExecutionStatus
from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.record import TaskRecord
from fargate_runs.runs.run_folding import with_execution, with_task
from fargate_runs.runs.run_state import RunRecord, StopRequest
from fargate_runs.runs.run_status import RunStatus
from fargate_runs.usecases.stop_run import NO_REASON, StopRun
from tests.fakes.clock import NOON, StoppedClock
from tests.fakes.cluster import InMemoryCluster
from tests.fakes.ecs import EXECUTION_ARN, MACHINES, RUN_ID
from tests.fakes.records import changed, ended_task, execution, failed_task, open_task, pending_run
from tests.fakes.stepfunctions import InMemoryExecutions
from tests.fakes.store import InMemoryRunStore

JANE = "arn:aws:iam::123456789012:user/jane"


class World:
    def __init__(self) -> None:
        self.clock = StoppedClock()
        self.store = InMemoryRunStore(self.clock)
        self.executions, self.cluster = InMemoryExecutions(self.clock), InMemoryCluster()
        self.stop = StopRun(self.store, self.executions, self.cluster, self.clock, state_machines=MACHINES)

    def has(self, run: RunRecord | None, *tasks: TaskRecord, seen: Execution | None = None) -> None:
        for task in tasks:
            self.store.write_task(task)
            run = with_task(run, task, follows=run.follows if run else False) if run else None
        if run:
            self.store.write_run(run)
        if seen:
            self.executions.show(seen)

    def stopped_tasks(self) -> list[tuple[str, str]]:
        return list(self.cluster.stops)


@pytest.fixture
def world() -> World:
    return World()


RUNNING = execution("RUNNING")
SUCCEEDED = execution("SUCCEEDED")


@pytest.mark.parametrize(
    ("run", "tasks"),
    [
        (pending_run(), ()),
        (pending_run(execution=RUNNING), ()),
        (pending_run(execution=RUNNING), (open_task(),)),
        (pending_run(execution=RUNNING), (ended_task(),)),
    ],
    ids=["accepted", "starting", "running", "between attempts"],
)
def test_a_run_whose_execution_goes_on(world: World, run: RunRecord, tasks: Any) -> None:
    world.has(run, *tasks, seen=RUNNING)
    stopping = world.stop(RUN_ID, reason="wrong input", by=JANE)
    assert stopping.request == StopRequest(NOON, JANE, "wrong input")
    assert world.executions.stops == [(EXECUTION_ARN, "Run.Stopped", f"wrong input (stopped by {JANE})")]
    assert world.stopped_tasks() == []  # what an execution leaves behind is stopped as after every abort
    assert world.store.runs[RUN_ID].stop_request == stopping.request


def test_the_answer_is_what_is_on_record(world: World) -> None:
    world.has(pending_run(execution=RUNNING), seen=RUNNING)
    world.clock.pass_by(timedelta(microseconds=1_999))
    stopping = world.stop(RUN_ID, reason=None, by=JANE)
    at = NOON + timedelta(milliseconds=1)
    assert stopping.request == world.store.runs[RUN_ID].stop_request == StopRequest(at, JANE, "no reason was given")
    assert stopping.as_document() == {
        "runId": RUN_ID,
        "status": "PENDING",
        "stopRequest": {"at": lenient.iso(at), "by": JANE, "reason": "no reason was given"},
    }


def test_a_task_that_no_execution_waits_for(world: World) -> None:
    task = open_task()
    world.has(pending_run(pattern=Pattern.REQUEST_RESPONSE, execution=SUCCEEDED), task, seen=SUCCEEDED)
    world.stop(RUN_ID, reason=None, by=JANE)
    assert world.stopped_tasks() == [(task.task_arn, f"{NO_REASON} (stopped by {JANE})")]
    assert world.executions.stops == []


def test_an_execution_that_has_succeeded_unseen_does_not_keep_its_task(world: World) -> None:
    """A request-response execution succeeds as soon as it has started its task; StopExecution says nothing of that."""
    task = open_task()
    world.has(pending_run(pattern=Pattern.REQUEST_RESPONSE, execution=RUNNING), task, seen=SUCCEEDED)
    world.stop(RUN_ID, reason="x", by=JANE)
    assert world.executions.stops == [(EXECUTION_ARN, "Run.Stopped", f"x (stopped by {JANE})")]
    assert world.stopped_tasks() == [(task.task_arn, f"x (stopped by {JANE})")]


def test_a_task_that_is_recorded_just_before_the_request(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    task, write_run = open_task(), world.store.write_run
    world.has(pending_run(pattern=Pattern.REQUEST_RESPONSE, execution=RUNNING), seen=RUNNING)

    def after_a_task(run: RunRecord) -> RunRecord | None:
        world.store.write_task(task)
        return write_run(run)

    monkeypatch.setattr(world.store, "write_run", after_a_task)
    world.stop(RUN_ID, reason="x", by=JANE)
    assert [task_arn for task_arn, _ in world.stopped_tasks()] == [task.task_arn]


@pytest.mark.parametrize("pattern", Pattern)
def test_an_accepted_run_is_not_running_before_step_functions_knows_it(world: World, pattern: Pattern) -> None:
    for run in (pending_run(pattern=pattern), pending_run(pattern=pattern, execution=RUNNING)):
        world.store.runs.clear()
        world.has(run)
        with pytest.raises(RunNotRunningError):
            world.stop(RUN_ID, reason="x", by=JANE)


@pytest.mark.parametrize("pattern", [Pattern.SYNC, Pattern.CALLBACK])
def test_only_a_request_response_run_may_have_a_task_that_nobody_knows(world: World, pattern: Pattern) -> None:
    world.has(pending_run(pattern=pattern, execution=SUCCEEDED), seen=SUCCEEDED)
    with pytest.raises(RunNotRunningError):
        world.stop(RUN_ID, reason="x", by=JANE)
    other = pending_run(pattern=Pattern.REQUEST_RESPONSE, execution=SUCCEEDED)
    world.store.runs[RUN_ID] = replace(other, revision=world.store.runs[RUN_ID].revision)
    assert world.stop(RUN_ID, reason="x", by=JANE).request.by == JANE
    assert (world.executions.stops, world.stopped_tasks()) == ([], [])


def test_a_run_of_others_that_says_so_is_not_asked_for_more(world: World) -> None:
    task = open_task()
    run = replace(pending_run(pattern=Pattern.REQUEST_RESPONSE), follows=False)
    world.has(run)
    with pytest.raises(RunNotRunningError):
        world.stop(RUN_ID, reason="x", by=JANE)
    world.store.write_task(changed(task, execution_arn=None))
    world.stop(RUN_ID, reason="x", by=JANE)
    assert len(world.stopped_tasks()) == 1


def test_the_request_of_a_run_that_is_not_written_yet_stays_when_it_is(world: World) -> None:
    task = open_task()
    world.store.write_task(task)
    world.executions.show(RUNNING)
    request = world.stop(RUN_ID, reason="x", by=JANE).request
    run = world.store.runs[RUN_ID]
    assert (run.newest_task_id, run.follows) == (task.task_id, True)
    assert with_execution(run, RUNNING, Pattern.CALLBACK).stop_request == request


def test_a_run_whose_start_is_refused_meanwhile(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [None, pending_run()]
    monkeypatch.setattr(world.store, "find_run", lambda _run_id: found.pop())
    with pytest.raises(RunNotFoundError):
        world.stop(RUN_ID, reason="x", by=JANE)
    assert world.store.runs == {}


def test_a_task_of_somebody_elses_machine(world: World) -> None:
    arn = "arn:aws:states:us-east-1:123456789012:execution:theirs:1"
    task = changed(open_task(), execution_arn=arn)
    world.has(RunRecord(RUN_ID), task, seen=Execution(arn, ExecutionStatus.RUNNING))
    world.stop(RUN_ID, reason="x", by=JANE)
    assert [task_arn for task_arn, _ in world.stopped_tasks()] == [task.task_arn]
    assert world.executions.stops == []


def test_a_task_whose_run_is_not_written_yet(world: World) -> None:
    task = changed(open_task(), execution_arn=None)
    world.store.write_task(task)
    assert world.stop(RUN_ID, reason="x", by=JANE).status is RunStatus.RUNNING
    assert len(world.stopped_tasks()) == 1


def test_a_reason_is_cut_for_ecs_and_whole_on_record(world: World) -> None:
    world.has(pending_run(execution=SUCCEEDED), open_task(), seen=SUCCEEDED)
    world.stop(RUN_ID, reason="x" * 1_000, by=JANE)
    ((_, told),) = world.stopped_tasks()
    assert told == "x" * 255
    request = world.store.runs[RUN_ID].stop_request
    assert request
    assert request.reason == "x" * 1_000


@pytest.mark.parametrize("seen", [execution("SUCCEEDED"), execution("FAILED"), execution("ABORTED")])
def test_a_run_that_has_ended(world: World, seen: Execution) -> None:
    world.has(pending_run(execution=seen), ended_task(), seen=seen)
    with pytest.raises(RunHasEndedError, match="has ended already"):
        world.stop(RUN_ID, reason="x", by=JANE)
    assert world.store.runs[RUN_ID].stop_request is None
    assert (world.executions.stops, world.stopped_tasks()) == ([], [])


def test_no_run(world: World) -> None:
    with pytest.raises(RunNotFoundError):
        world.stop(RUN_ID, reason="x", by=JANE)
    assert world.store.runs == {}


def test_a_run_that_was_accepted_and_never_started(world: World) -> None:
    world.has(pending_run())
    with pytest.raises(RunNotRunningError):
        world.stop(RUN_ID, reason="x", by=JANE)


def test_an_execution_that_step_functions_has_forgotten_does_not_keep_its_task(world: World) -> None:
    world.has(pending_run(), open_task())
    world.stop(RUN_ID, reason="x", by=JANE)
    assert len(world.stopped_tasks()) == 1


def test_twice_is_as_good_as_once(world: World) -> None:
    world.has(pending_run(execution=RUNNING), open_task(), seen=RUNNING)
    first = world.stop(RUN_ID, reason="first", by=JANE)
    world.clock.pass_by(timedelta(minutes=1))
    again = world.stop(RUN_ID, reason="second", by="somebody else")
    assert again.request == first.request
    assert world.store.runs[RUN_ID].stop_request == first.request


def test_what_is_down_may_be_tried_again(world: World) -> None:
    world.has(pending_run(execution=RUNNING), seen=RUNNING)
    world.executions.is_down = True
    with pytest.raises(ExecutionsUnavailableError):
        world.stop(RUN_ID, reason="x", by=JANE)
    world.executions.is_down = False
    world.stop(RUN_ID, reason="x", by=JANE)
    assert len(world.executions.stops) == 1


def test_a_cluster_that_is_down(world: World) -> None:
    world.has(pending_run(execution=SUCCEEDED), open_task(), seen=SUCCEEDED)
    world.cluster.is_down = True
    with pytest.raises(ClusterUnavailableError):
        world.stop(RUN_ID, reason="x", by=JANE)


def test_tasks_of_another_run_of_the_same_name_are_left_alone(world: World) -> None:
    ours, other = open_task(), changed(open_task(), execution_arn=f"{EXECUTION_ARN}-2")
    other = replace(other, task=replace(other.task, task_arn=f"{other.task_arn[:-1]}e"))
    world.has(pending_run(execution=SUCCEEDED), ours, seen=SUCCEEDED)
    world.store.write_task(other)
    world.stop(RUN_ID, reason="x", by=JANE)
    assert [task_arn for task_arn, _ in world.stopped_tasks()] == [ours.task_arn]


ABORTED = execution("ABORTED", error="Run.Stopped", cause="wrong input")
ASKED = StopRequest(NOON, JANE, "wrong input")
KILLED = ended_task(
    stopCode="UserInitiated", stoppedReason="AWS Step Functions execution [x] managing this ended: ABORTED"
)


@pytest.mark.parametrize(
    "tasks", [(), (KILLED,), (failed_task(),)], ids=["before a task", "with its task", "between two attempts"]
)
def test_a_run_that_was_stopped_says_by_whom_and_why(tasks: tuple[TaskRecord, ...]) -> None:
    run = pending_run(execution=ABORTED)
    for task in tasks:
        run = with_task(run, task, follows=True)
    asked = replace(run, stop_request=ASKED)
    assert (asked.status, asked.error, asked.transient) == (RunStatus.STOPPED, "Run.Stopped", False)
    assert asked.summary == f"Stopped: wrong input (by {JANE})"
    assert asked.advice == "Nothing is wrong with the run itself. Start it again if that was a mistake."
    assert run.status is RunStatus.STOPPED
    assert run.summary != asked.summary


@pytest.mark.parametrize(
    "run",
    [
        pending_run(),
        pending_run(execution=RUNNING),
        with_task(pending_run(execution=SUCCEEDED), ended_task(), follows=True),
        with_task(pending_run(execution=ABORTED), ended_task(), follows=True),
        with_task(pending_run(execution=execution("FAILED")), failed_task(), follows=True),
        pending_run(execution=execution("FAILED", error="x")),
    ],
)
def test_a_request_that_came_too_late_says_nothing_of_the_end(run: RunRecord) -> None:
    asked = replace(run, stop_request=ASKED)
    assert (asked.status, asked.error, asked.summary) == (run.status, run.error, run.summary)
    assert (asked.advice, asked.transient) == (run.advice, run.transient)
