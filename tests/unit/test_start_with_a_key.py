"""The same idempotency key is the same run, whatever fails in the middle."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fargate_runs import ports
from fargate_runs.errors import (
    IdempotencyKeyReusedError,
    RunAlreadyExistsError,
    RunNotStartedError,
    RunStartUnknownError,
    RunThrottledError,
)
from fargate_runs.ports import CLAIMS_ARE_KEPT, StoreUnavailableError
from fargate_runs.reading.execution import Execution, ExecutionStatus
from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.allowed_definitions import AllowedDefinitions
from fargate_runs.runs.request import RunRequest
from fargate_runs.runs.run_folding import with_execution
from fargate_runs.runs.run_status import RunStatus
from fargate_runs.usecases.start_run import StartRun
from tests.fakes.claims import InMemoryClaims
from tests.fakes.clock import StoppedClock
from tests.fakes.ecs import MACHINES, TASK_DEFINITION_ARN
from tests.fakes.stepfunctions import InMemoryExecutions
from tests.fakes.store import InMemoryRunStore

ASKED = RunRequest.from_mapping({"commands": ["job"], "environment": {"STAGE": "test"}})


class Door:
    """Each start would get an id of its own."""

    def __init__(self) -> None:
        self.clock = StoppedClock()
        self.store = InMemoryRunStore(self.clock)
        self.executions = InMemoryExecutions(self.clock)
        self.claims = InMemoryClaims(self.clock)
        self.ids = iter(range(100))
        self.start = StartRun(
            self.store,
            self.executions,
            self.claims,
            self.clock,
            state_machines=MACHINES,
            task_definitions=AllowedDefinitions(TASK_DEFINITION_ARN),
            suffix=lambda: f"{next(self.ids):08x}",
        )

    def ends(self, run_id: str, status: ExecutionStatus = ExecutionStatus.SUCCEEDED) -> None:
        """The run's execution has ended, and is recorded so."""
        run = self.store.runs[run_id]
        seen = Execution(run.execution_arn or "", status, started_at=self.clock.now(), stopped_at=self.clock.now())
        self.store.write_run(with_execution(run, seen, run.pattern))


@pytest.fixture
def door() -> Door:
    return Door()


def test_without_a_key_each_start_is_a_run_of_its_own(door: Door) -> None:
    assert door.start(ASKED).run_id != door.start(ASKED).run_id
    assert door.claims.claims == {}


def test_the_same_key_is_the_same_run(door: Door) -> None:
    first = door.start(ASKED, key="a")
    assert first.is_new
    door.clock.sleep(60)
    for _ in range(3):
        again = door.start(ASKED, key="a")
        assert (again.run_id, again.execution_arn, again.is_new) == (first.run_id, first.execution_arn, False)
    assert len(door.executions.started) == len(door.store.runs) == 1
    assert door.start(ASKED, key="b").run_id != first.run_id


def test_a_run_that_goes_on_or_has_ended_shows_how_it_stands(door: Door) -> None:
    first = door.start(ASKED, key="a")
    door.ends(first.run_id, ExecutionStatus.FAILED)
    door.executions.fails_with = ports.ExecutionExistsError("it has ended")
    again = door.start(ASKED, key="a")
    assert (again.run_id, again.status, again.is_new) == (first.run_id, RunStatus.FAILED, False)


def test_a_run_that_has_ended_before_its_record_shows_it(door: Door) -> None:
    first = door.start(ASKED, key="a")
    door.executions.fails_with = ports.ExecutionExistsError("it has ended")
    again = door.start(ASKED, key="a")
    assert (again.run_id, again.status, again.is_new) == (first.run_id, RunStatus.PENDING, False)


@pytest.mark.parametrize(
    "other",
    [
        replace(ASKED, commands=("another",)),
        replace(ASKED, environment={"STAGE": "prod"}),
        replace(ASKED, pattern=Pattern.SYNC),
        replace(ASKED, retries=0),
    ],
)
def test_another_request_with_the_key_is_refused(door: Door, other: RunRequest) -> None:
    first = door.start(ASKED, key="a")
    with pytest.raises(IdempotencyKeyReusedError, match=first.run_id) as refused:
        door.start(other, key="a")
    assert refused.value.run_id == first.run_id
    assert len(door.executions.started) == 1


def test_the_order_of_an_environment_makes_no_other_request(door: Door) -> None:
    one, other = replace(ASKED, environment={"A": "1", "B": "2"}), replace(ASKED, environment={"B": "2", "A": "1"})
    assert door.start(one, key="a").run_id == door.start(other, key="a").run_id


def test_after_a_day_the_key_is_free(door: Door) -> None:
    first = door.start(ASKED, key="a")
    door.clock.pass_by(CLAIMS_ARE_KEPT + timedelta(seconds=1))
    assert door.start(ASKED, key="a").run_id != first.run_id


def test_a_call_that_was_cut_off_before_its_record_is_done_by_the_next_one(door: Door) -> None:
    class CutOffError(Exception):
        pass

    def cut_off(*_of: object) -> None:
        raise CutOffError

    write_run, door.store.write_run = door.store.write_run, cut_off  # type: ignore[method-assign,assignment]
    with pytest.raises(CutOffError):
        door.start(ASKED, key="a")
    door.store.write_run = write_run  # type: ignore[method-assign]
    again = door.start(ASKED, key="a")
    (claim, _) = door.claims.claims["a"]
    assert (again.run_id, again.is_new) == (claim.run_id, False)
    assert list(door.executions.started) == [again.run_id]


def test_a_start_that_is_not_known_is_found_out_with_the_key(door: Door) -> None:
    door.executions.fails_with = ports.ExecutionUnknownError("no answer")
    with pytest.raises(RunStartUnknownError) as unknown:
        door.start(ASKED, key="a")
    door.executions.fails_with = None
    again = door.start(ASKED, key="a")
    assert (again.run_id, again.is_new) == (unknown.value.run_id, False)
    assert len(door.store.runs) == 1


def test_a_throttled_start_keeps_its_key_and_its_id(door: Door) -> None:
    door.executions.fails_with = ports.ExecutionThrottledError("x")
    with pytest.raises(RunThrottledError) as throttled:
        door.start(ASKED, key="a")
    assert door.store.runs == {}
    door.executions.fails_with = None
    assert door.start(ASKED, key="a").run_id == throttled.value.run_id


def test_a_refused_start_leaves_the_key_free(door: Door) -> None:
    door.executions.fails_with = ports.ExecutionRefusedError("x")
    with pytest.raises(RunNotStartedError):
        door.start(ASKED, key="a")
    assert door.claims.claims == {}
    door.executions.fails_with = None
    assert door.start(replace(ASKED, retries=0), key="a").is_new


def test_a_name_of_somebody_else_is_no_run_of_this_key(door: Door) -> None:
    door.executions.fails_with = ports.ExecutionExistsError("x")
    with pytest.raises(RunAlreadyExistsError):
        door.start(ASKED, key="a")


def test_without_the_claim_nothing_is_started(door: Door) -> None:
    door.claims.is_down = True
    with pytest.raises(StoreUnavailableError):
        door.start(ASKED, key="a")
    assert (door.store.runs, door.executions.started) == ({}, {})
