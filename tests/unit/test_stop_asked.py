"""A task of a run that somebody asked to stop, seen after the request: only a request-response run has one."""

from dataclasses import replace
from typing import Any

import pytest

from fargate_runs.ports import ExecutionsUnavailableError
from fargate_runs.reading.execution import Execution
from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.abandoned import is_asked_to_stop, may_be_asked_to_stop, reason_of_request
from fargate_runs.runs.run_state import RunRecord, StopRequest
from tests.fakes.clock import NOON
from tests.fakes.ecs import EXECUTION_ARN, MACHINES, RUN_ID, detail, task_arn
from tests.fakes.records import changed, execution, open_task, pending_run
from tests.fakes.settling import World

REQUEST = StopRequest(NOON, "jane", "x" * 300)
ARN = EXECUTION_ARN.replace(MACHINES.callback.rpartition(":")[2], MACHINES.request_response.rpartition(":")[2])
RUN = pending_run(pattern=Pattern.REQUEST_RESPONSE, execution_arn=ARN, stop_request=REQUEST)
TASK = replace(changed(open_task(), execution_arn=ARN), pattern=Pattern.REQUEST_RESPONSE)


def of(status: str, **more: Any) -> Execution:
    return replace(execution(status, **more), arn=ARN)


MAY_BE = [
    ("asked", RUN, True),
    ("its execution goes on", replace(RUN, execution=of("RUNNING")), True),
    ("its execution has succeeded", replace(RUN, execution=of("SUCCEEDED")), True),
    ("nobody has asked", replace(RUN, stop_request=None), False),
    ("its execution has failed", replace(RUN, execution=of("FAILED")), False),
    ("its execution took too long", replace(RUN, execution=of("TIMED_OUT")), False),
    ("its execution was stopped", replace(RUN, execution=of("ABORTED")), False),
    ("a run of others", replace(RUN, follows=False), False),
    ("a task of another execution", replace(RUN, execution_arn=EXECUTION_ARN), False),
]


@pytest.mark.parametrize(("_name", "run", "may_be"), MAY_BE, ids=[name for name, *_ in MAY_BE])
def test_whether_a_task_may_be_asked_to_stop(_name: str, run: RunRecord, may_be: bool) -> None:
    assert may_be_asked_to_stop(run, TASK) is may_be


@pytest.mark.parametrize("pattern", [Pattern.SYNC, Pattern.CALLBACK, None])
def test_other_tasks_are_stopped_with_their_execution(pattern: Pattern | None) -> None:
    assert not may_be_asked_to_stop(RUN, replace(TASK, pattern=pattern))


ASKED = [
    (of("RUNNING"), True),
    (of("PENDING_REDRIVE"), True),
    (of("SUCCEEDED"), True),
    (of("FAILED"), False),
    (of("TIMED_OUT"), False),
    (of("ABORTED"), False),
    (of("RUNNING", redrive_count=1), False),
    (of("SUCCEEDED", redrive_count=1), False),
]


@pytest.mark.parametrize(("seen", "is_so"), ASKED)
def test_whether_the_request_is_for_the_execution_as_it_is_now(seen: Execution, is_so: bool) -> None:
    assert is_asked_to_stop(seen) is is_so


def test_the_reason_names_the_caller() -> None:
    assert reason_of_request(StopRequest(NOON, "jane", "wrong input")) == "wrong input (stopped by jane)"


@pytest.fixture
def world() -> World:
    world = World()
    world.store.write_run(RUN)
    return world


def seen_by_event(world: World) -> int:
    variables = {"RUN_ID": RUN_ID, "RUN_EXECUTION_ARN": ARN}
    environment = [{"name": name, "value": value} for name, value in variables.items()]
    given = {"containerOverrides": [{"name": "main", "environment": environment}]}
    return world.settle(detail(lastStatus="PENDING", overrides=given)).stopped


@pytest.mark.parametrize(
    ("execution", "stopped"),
    [(of("SUCCEEDED"), 1), (of("RUNNING"), 1), (of("RUNNING", redrive_count=1), 0), (None, 0)],
    ids=["it has succeeded", "it goes on", "it was redriven", "it is forgotten"],
)
def test_a_task_that_is_seen_after_the_request(world: World, execution: Execution | None, stopped: int) -> None:
    if execution:
        world.executions.show(execution)
    assert seen_by_event(world) == stopped
    reason = reason_of_request(REQUEST)[:255]
    assert world.cluster.stops == [(task_arn(), reason)] * stopped


def test_a_request_is_carried_out_by_the_next_event_where_step_functions_did_not_answer(world: World) -> None:
    world.executions.show(of("SUCCEEDED"))
    world.executions.is_down = True
    with pytest.raises(ExecutionsUnavailableError):
        seen_by_event(world)
    world.executions.is_down = False
    assert seen_by_event(world) == 1
