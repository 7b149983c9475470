"""A request-response task of a run that somebody asked to stop: each sweep stops it until it has ended."""

from dataclasses import replace

import pytest

from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.abandoned import reason_of_request
from fargate_runs.runs.run_state import StopRequest
from tests.fakes.clock import NOON
from tests.fakes.ecs import RUN_ID, task_arn
from tests.fakes.records import BADLY
from tests.fakes.sweeping import SweepingExecutions, counts, of_execution

REQUEST = StopRequest(NOON, "jane", "wrong input")
PATTERN = Pattern.REQUEST_RESPONSE


@pytest.fixture
def world() -> SweepingExecutions:
    """Its execution has succeeded, its task runs on, and no event of the task will come before it ends."""
    world = SweepingExecutions()
    arn = world.show("SUCCEEDED", pattern=PATTERN).arn
    world.accept(pattern=PATTERN, execution_arn=arn)
    world.record(of_execution(arn))
    (task,) = world.store.tasks.values()
    world.store.tasks[RUN_ID, task.task_id] = replace(task, pattern=PATTERN, token=None)
    return world


def ask(world: SweepingExecutions) -> None:
    run = world.run()
    assert world.store.write_run(replace(run, stop_request=REQUEST)) is None


def test_it_is_stopped(world: SweepingExecutions) -> None:
    ask(world)
    assert world.sweep_executions().stopped == 1
    assert world.cluster.stops == [(task_arn(), reason_of_request(REQUEST))]
    assert world.sweep_executions().stopped == 1, "it has not ended yet"


def test_nobody_has_asked(world: SweepingExecutions) -> None:
    for _ in range(2):
        assert world.sweep_executions().stopped == 0
    assert world.cluster.stops == []


def test_it_was_left_alone_before(world: SweepingExecutions) -> None:
    for _ in range(2):
        world.sweep_executions()
    assert counts(world.sweep_executions()) == {}
    ask(world)
    assert world.sweep_executions().stopped == 1


def test_ecs_did_not_answer(world: SweepingExecutions) -> None:
    ask(world)
    world.cluster.is_down = True
    assert world.sweep_executions().failures == 1
    world.cluster.is_down = False
    assert world.sweep_executions().stopped == 1


def test_a_request_that_is_gone_when_it_is_read(world: SweepingExecutions) -> None:
    ask(world)
    runs = world.open_runs()
    world.store.runs[RUN_ID] = replace(world.run(), stop_request=None)
    assert world.use_case.stop_as_asked(RUN_ID, lambda: None) == 0
    assert [run.is_to_stop for run in runs] == [True]
    del world.store.runs[RUN_ID]
    assert world.use_case.stop_as_asked(RUN_ID, lambda: None) == 0


def test_a_task_that_has_ended_is_left_alone(world: SweepingExecutions) -> None:
    ask(world)
    (key,) = world.store.tasks
    world.store.tasks[key] = replace(world.store.tasks[key], outcome=BADLY)
    assert world.use_case.stop_as_asked(RUN_ID, lambda: None) == 0
