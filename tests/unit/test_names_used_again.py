"""The name of an execution may be used again after 90 days (fact B32): a new run, whatever the old record says."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from fargate_runs import ports
from fargate_runs.errors import FargateRunsError, RunAlreadyExistsError, RunStartUnknownError
from fargate_runs.reading.execution import Execution, ExecutionStatus
from fargate_runs.reading.patterns import Pattern, execution_arn
from fargate_runs.runs.run_folding import order_of, with_execution
from fargate_runs.runs.run_state import GivenUp, RunRecord, TaskView
from fargate_runs.runs.run_status import RunStatus
from fargate_runs.usecases.folding import fold_run
from fargate_runs.usecases.show_run import ShowRun
from tests.fakes.clock import NOON
from tests.fakes.ecs import MACHINES
from tests.fakes.records import changed, ended_task
from tests.fakes.settling import PRICES
from tests.unit.test_start_and_show import ASKED, FAILURES, NEW_ID, Door

ARN: Final = execution_arn(MACHINES.arn_of(ASKED.pattern), NEW_ID)
LONG_AGO: Final = NOON - timedelta(days=90)
OLD: Final = RunRecord(
    NEW_ID, LONG_AGO, Pattern.CALLBACK, ARN, follows=True, input={"commands": ["the old one"]}, revision=7
)
ENDED: Final = Execution(ARN, ExecutionStatus.SUCCEEDED, started_at=LONG_AGO, stopped_at=LONG_AGO)
TASK: Final = changed(
    ended_task(createdAt="2025-02-05T12:00:00Z"), run_id=NEW_ID, execution_arn=ARN, pattern=Pattern.CALLBACK
)
VIEW: Final = TaskView(order_of(TASK), TASK.outcome)
# With an expiry: what has ended, or shows an outcome. Without one: what is open.
RECORDS: Final = {
    "ended": replace(OLD, execution=ENDED, task=VIEW),
    "never started, and given up": replace(OLD, given_up=GivenUp.NOT_STARTED),
    "never started": OLD,
    "under way as far as is known": replace(OLD, execution=replace(ENDED, status=ExecutionStatus.RUNNING)),
    "of another machine": replace(OLD, execution_arn=execution_arn(MACHINES.arn_of(Pattern.SYNC), NEW_ID)),
    "a task's alone": replace(OLD, follows=False, task=VIEW),
}


@pytest.fixture
def door() -> Door:
    return Door()


def show(door: Door) -> dict[str, Any]:
    return ShowRun(door.store, MACHINES, PRICES)(NEW_ID)


@pytest.mark.parametrize("case", RECORDS)
def test_a_new_run_where_step_functions_makes_a_new_execution(door: Door, case: str) -> None:
    door.store.runs[NEW_ID] = RECORDS[case]
    door.store.write_task(TASK)
    assert door.start(ASKED).run_id == NEW_ID
    assert json.loads(door.executions.started[NEW_ID].input) == ASKED.execution_input()
    run = door.store.runs[NEW_ID]
    new = RunRecord(NEW_ID, NOON, ASKED.pattern, ARN, follows=True, input=ASKED.recorded_input())
    assert (run, run.revision) == (new, 8)
    shown = show(door)
    assert (shown["status"], shown["attempts"], shown["input"]["commands"]) == ("PENDING", [], ["job"])


@pytest.mark.parametrize("case", RECORDS)
@pytest.mark.parametrize("is_same_input", [True, False], ids=["the same input", "another"])
def test_no_new_run_where_it_does_not(door: Door, case: str, is_same_input: bool) -> None:
    """The old one runs still (the same input starts nothing), or has ended less than 90 days ago."""
    door.executions.clock = Moment(LONG_AGO + timedelta(days=29))  # by the clock of Step Functions
    asked = ASKED if is_same_input else replace(ASKED, commands=("another",))
    door.executions.start(MACHINES.arn_of(ASKED.pattern), NEW_ID, json.dumps(asked.execution_input()))
    door.store.runs[NEW_ID] = RECORDS[case]
    with pytest.raises(RunAlreadyExistsError):
        door.start(ASKED)
    assert (door.store.runs[NEW_ID], door.store.runs[NEW_ID].revision) == (RECORDS[case], 7)


class Moment(ports.Clock):
    def __init__(self, now: Any) -> None:
        self._now = now

    def now(self) -> Any:
        return self._now

    def sleep(self, seconds: float) -> None:
        raise NotImplementedError


def test_what_a_new_execution_began_30_days_after_is_old(door: Door) -> None:
    """The API's clock, which made the record's time, may be wrong by days."""
    door.executions.clock = Moment(LONG_AGO + timedelta(days=30))
    door.store.runs[NEW_ID] = OLD
    assert door.start(ASKED).run_id == NEW_ID


def test_a_record_that_is_younger_is_not_even_asked_for(door: Door) -> None:
    young = replace(RECORDS["ended"], created_at=LONG_AGO + timedelta(seconds=1))
    door.store.runs[NEW_ID] = young
    with pytest.raises(RunAlreadyExistsError):
        door.start(ASKED)
    assert (door.executions.started, door.store.runs[NEW_ID]) == ({}, young)


@pytest.mark.parametrize(("fails_with", "raised", "_stays"), FAILURES)
def test_the_old_record_goes_only_where_a_new_run_may_have_begun(
    door: Door, fails_with: ports.ExecutionError, raised: type[FargateRunsError], _stays: bool
) -> None:
    door.store.runs[NEW_ID] = OLD
    door.executions.fails_with = fails_with
    with pytest.raises(raised):
        door.start(ASKED)
    is_new = door.store.runs[NEW_ID].input == ASKED.recorded_input()
    assert is_new is (raised is RunStartUnknownError)


def meanwhile(door: Door, happens: Callable[[], object]) -> None:
    """Right after the execution was started, and before its record is written."""
    start = door.executions.start

    def starts(*asked: str) -> ports.StartedExecution:
        started = start(*asked)
        happens()
        return started

    door.executions.start = starts  # type: ignore[assignment, method-assign]


def test_an_event_of_the_new_execution_that_comes_first_stays(door: Door) -> None:
    began = Execution(ARN, ExecutionStatus.RUNNING, started_at=NOON)
    door.store.runs[NEW_ID] = RECORDS["ended"]
    meanwhile(
        door, lambda: fold_run(door.store, NEW_ID, lambda stands: with_execution(stands, began, Pattern.CALLBACK))
    )
    door.start(ASKED)
    run = door.store.runs[NEW_ID]
    assert (run.execution, run.input, run.task) == (began, ASKED.recorded_input(), None)


def test_an_old_record_that_expires_meanwhile(door: Door) -> None:
    door.store.runs[NEW_ID] = OLD
    meanwhile(door, door.store.runs.clear)
    door.start(ASKED)
    assert (door.store.runs[NEW_ID].status, door.store.runs[NEW_ID].revision) == (RunStatus.PENDING, 1)


@pytest.mark.parametrize(
    "error", [ports.StoreUnavailableError("down"), ports.UnreadableRecordError(NEW_ID, None, "a word")]
)
def test_a_run_that_began_and_could_not_be_recorded_has_begun(door: Door, error: FargateRunsError) -> None:
    """An error would make the caller ask again, and the work would be done twice. Its events record it."""

    def fails(_run: object) -> None:
        raise error

    def is_unknown() -> None:
        door.store.write_run = fails  # type: ignore[assignment]
        raise ports.ExecutionUnknownError("no answer")

    door.store.runs[NEW_ID] = OLD
    writes = door.store.write_run
    meanwhile(door, lambda: setattr(door.store, "write_run", fails))
    assert door.start(ASKED).run_id == NEW_ID
    door.store.write_run = writes  # type: ignore[method-assign]
    meanwhile(door, is_unknown)
    with pytest.raises(RunStartUnknownError):
        door.start(ASKED)
