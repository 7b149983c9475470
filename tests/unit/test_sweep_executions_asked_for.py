"""Which executions a sweep asks for: all that may leave a task behind, in turn, and none for nothing."""

from datetime import timedelta

import pytest

from fargate_runs.ports import ExecutionsUnavailableError
from fargate_runs.reading.execution import Execution, ExecutionStatus
from fargate_runs.reading.patterns import Pattern
from fargate_runs.usecases.sweep import executions
from fargate_runs.usecases.sweep.report import SweepReport
from tests.fakes.clock import NOON
from tests.fakes.ecs import Detail, task_arn
from tests.fakes.sweeping import MINUTE, OTHERS_ARN, EnoughError, GoOn, SweepingExecutions, counts, of_execution

EXPRESS_ARN = "arn:aws:states:us-east-1:123456789012:express:somebody-elses:one:0a1b2c3d"
NOT_TO_BE_ASKED = [
    EXPRESS_ARN,
    EXPRESS_ARN.replace("somebody-elses:", "somebody-elses/map:"),
    OTHERS_ARN.replace("123456789012", "999999999999"),
    OTHERS_ARN.replace("us-east-1", "eu-west-1"),
    "arn:no-execution-at-all",
]


@pytest.fixture
def world() -> SweepingExecutions:
    return SweepingExecutions()


def without_token(arn: str, task_id: str) -> Detail:
    given = of_execution(arn, task_id)
    del given["overrides"]["containerOverrides"][-1]["environment"][2]
    return given


@pytest.mark.parametrize("minutes", [1, 2, 3, 5, 10])
@pytest.mark.parametrize("is_cold", [False, True])
def test_others_have_their_turn_whatever_time_is_between_two_sweeps(
    world: SweepingExecutions, monkeypatch: pytest.MonkeyPatch, minutes: int, is_cold: bool
) -> None:
    """The turn was told by the minute: of 400 executions, sweeps two minutes apart asked for the same 200 for ever."""
    monkeypatch.setattr(executions, "MOST_OF_OTHERS", 20)
    arns = {f"{OTHERS_ARN}-{n:04d}" for n in range(40)}
    for n, arn in enumerate(sorted(arns)):
        world.settle(of_execution(arn, f"{n:032x}"))
    for _ in range(20 if is_cold else 2):
        world.sweep_executions()
        world.clock.pass_by(minutes * MINUTE + timedelta(microseconds=617))
        world.part = world.new_process() if is_cold else world.part
    assert set(world.executions.described) == arns


def test_a_task_that_comes_after_its_execution_was_left_alone(world: SweepingExecutions) -> None:
    """A machine that starts one task and does not wait, then one with a token, which is recorded late."""
    world.settle(without_token(OTHERS_ARN, "a" * 32))
    world.executions.show(Execution(OTHERS_ARN, ExecutionStatus.SUCCEEDED, stopped_at=NOON))
    world.sweep_executions()
    world.settle(of_execution(OTHERS_ARN, "b" * 32))
    world.clock.pass_by(5 * MINUTE)
    world.sweep_executions()
    assert [arn for arn, _ in world.cluster.stops] == [task_arn("b" * 32)]


def test_a_run_whose_task_works_on_is_asked_for_once(world: SweepingExecutions) -> None:
    """Hundreds of request-response tasks that work for hours took each sweep minutes, and thousands all of its time."""
    for n in range(50):
        done = world.show("SUCCEEDED", f"run-{n}", pattern=Pattern.REQUEST_RESPONSE)
        given = without_token(done.arn, f"{n:032x}")
        given["overrides"]["containerOverrides"][-1]["environment"][0]["value"] = f"run-{n}"
        world.settle(given)
    world.sweep_executions()
    world.executions.described.clear()
    assert counts(world.sweep_executions()) == {}
    assert world.executions.described == []


@pytest.mark.parametrize("arn", NOT_TO_BE_ASKED)
def test_what_step_functions_would_refuse_to_tell_is_not_asked(world: SweepingExecutions, arn: str) -> None:
    """The role may describe executions of its own account and Region, and no express ones: AccessDeniedException."""
    world.settle(of_execution(arn))
    assert counts(world.sweep_executions()) == {}
    assert world.executions.described == []


def test_others_that_cannot_be_asked_for_do_not_hold_back_how_far_ours_were_seen(
    world: SweepingExecutions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else each sweep reads further back than the one before it, while that one task runs."""
    world.settle(of_execution(OTHERS_ARN))
    started = world.show("RUNNING", "ours").started_at

    def refused(_arn: str) -> None:
        raise ExecutionsUnavailableError("Step Functions answered AccessDeniedException")

    monkeypatch.setattr(world.executions, "describe", refused)
    assert world.sweep_executions().failures == 1
    assert world.seen_until == started


def test_it_asks_whether_to_go_on_before_each_execution_that_is_news(world: SweepingExecutions) -> None:
    """After an outage there may be thousands: the sweep lost its turn in the middle of them, without a look at it."""
    for n in range(5):
        world.show("RUNNING", f"run-{n}")
    pages, reads = 3 + 4, 1
    go_on = GoOn(stops_at=pages + reads + 3)
    with pytest.raises(EnoughError):
        world.part([], [], SweepReport(), go_on)
    assert len(world.store.runs) == 2
