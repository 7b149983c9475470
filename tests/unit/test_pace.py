"""The pace of the sweep: never faster than the rate, never slower than it has to be, whatever the clock does."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from fargate_runs.ports import TaskList
from fargate_runs.reading.execution import Execution, ExecutionStatus
from fargate_runs.usecases.pace import (
    DESCRIPTIONS_PER_SECOND,
    ECS_READS_PER_SECOND,
    LISTS_AT_ONCE,
    LISTS_PER_SECOND,
    STOPS_PER_SECOND,
    Pace,
    PacedCluster,
    PacedExecutionLists,
    PacedExecutionStates,
)
from tests.fakes.clock import NOON, StoppedClock
from tests.fakes.cluster import InMemoryCluster
from tests.fakes.ecs import EXECUTION_ARN, MACHINES, detail, task_arn
from tests.fakes.stepfunctions import PAGE, InMemoryExecutions


def moments(pace: Pace, clock: StoppedClock, calls: int) -> list[float]:
    """When each call may be made, in seconds from the first."""
    found = []
    for _ in range(calls):
        pace.wait()
        found.append(round((clock.now() - NOON).total_seconds(), 6))
    return found


@pytest.mark.parametrize(
    ("per_second", "expected"),
    [
        (4.0, [0, 0, 0, 0, 0.25, 0.5, 0.75, 1.0]),
        (1.0, [0, 1, 2, 3]),
        (0.5, [0, 2, 4]),
        (2.5, [0, 0, 0.2, 0.6, 1.0]),
    ],
)
def test_a_second_s_worth_at_once_and_then_the_rate(per_second: float, expected: list[float]) -> None:
    clock = StoppedClock()
    assert moments(Pace(clock, per_second), clock, len(expected)) == expected


def test_what_is_not_used_is_kept_for_a_second_and_not_longer() -> None:
    clock = StoppedClock()
    pace = Pace(clock, 4.0)
    moments(pace, clock, 4)
    clock.pass_by(timedelta(seconds=0.5))
    assert moments(pace, clock, 3) == [0.5, 0.5, 0.75]
    clock.pass_by(timedelta(hours=1))
    assert [round(each - 3600.75, 6) for each in moments(pace, clock, 5)] == [0, 0, 0, 0, 0.25]


def test_calls_that_take_long_are_not_held_up() -> None:
    clock = StoppedClock()
    pace = Pace(clock, 1.0)
    for _ in range(5):
        pace.wait()
        clock.pass_by(timedelta(seconds=2))
    assert clock.slept_seconds == 0


@pytest.mark.parametrize("jump", [timedelta(days=-1), timedelta(minutes=-5), timedelta(days=1)])
def test_a_clock_that_jumps_holds_up_for_one_call_s_time_at_most(jump: timedelta) -> None:
    clock = StoppedClock()
    pace = Pace(clock, 4.0)
    moments(pace, clock, 5)
    clock.pass_by(jump)
    slept = clock.slept_seconds
    pace.wait()
    assert clock.slept_seconds - slept <= 0.25


def test_the_rates_stay_inside_of_the_quotas() -> None:
    """ECS 20/s of reads and 40/s of RunTask and StopTask; DescribeExecution 10/s; ListExecutions 2/s (B34, B35)."""
    rates = ECS_READS_PER_SECOND, STOPS_PER_SECOND, DESCRIPTIONS_PER_SECOND, LISTS_PER_SECOND
    assert rates == (8, 8, 4, 1)


def test_a_cluster_at_a_pace() -> None:
    """Lists and descriptions share one allowance, stops have their own."""
    clock, inner = StoppedClock(), InMemoryCluster(detail())
    cluster = PacedCluster(inner, clock)
    for _ in range(8):
        assert cluster.describe([task_arn()]) == inner.describe([task_arn()])
        cluster.stop(task_arn(), "why")
    assert clock.slept_seconds == 0
    assert inner.stops == [(task_arn(), "why")] * 8
    pages = cluster.listed(TaskList.STOPPED)
    assert clock.slept_seconds == 0, "an iterator asks when it is asked"
    assert next(pages) == [task_arn()]
    assert clock.slept_seconds == 0.125
    cluster.describe([task_arn()])
    assert clock.slept_seconds == 0.25
    cluster.stop(task_arn(), "why")
    assert clock.slept_seconds == 0.25


def test_executions_at_a_pace() -> None:
    clock = StoppedClock()
    inner = InMemoryExecutions(clock)
    arns = [f"{EXECUTION_ARN}-{n}" for n in range(2 * PAGE + 1)]
    shown = [inner.show(Execution(arn, ExecutionStatus.RUNNING, started_at=NOON)) for arn in arns]
    states, lists = PacedExecutionStates(inner, clock), PacedExecutionLists(inner, clock)
    assert [states.describe(each.arn) for each in shown[:4]] == shown[:4]
    assert clock.slept_seconds == 0
    assert states.describe("nobody's") is None
    assert clock.slept_seconds == 0.25
    assert [each for page in lists.newest(MACHINES.callback) for each in page] == shown
    assert clock.slept_seconds == 0.25, "the lists of a usual sweep wait for nothing"
    assert [each for page in lists.running(MACHINES.callback) for each in page] == shown


def test_a_list_is_read_no_further_than_it_is_asked_for() -> None:
    clock = StoppedClock()
    executions = InMemoryExecutions(clock)
    for n in range(60 * PAGE):
        executions.show(Execution(f"{EXECUTION_ARN}-{n}", ExecutionStatus.FAILED, started_at=NOON))
    pages: Iterator[object] = PacedExecutionLists(executions, clock).newest(MACHINES.callback)
    for _ in range(int(LISTS_AT_ONCE) + 1):
        next(pages)
    assert clock.slept_seconds == 1.0
