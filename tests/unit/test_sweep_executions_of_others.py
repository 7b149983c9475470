"""Executions of machines that are not this application's: in no list, so asked for one by one."""

import pytest

from fargate_runs.reading.execution import Execution, ExecutionStatus
from fargate_runs.reading.patterns import FollowedMachines, state_machine_of
from fargate_runs.runs.abandoned import reason_of_end
from fargate_runs.usecases.sweep import executions
from fargate_runs.usecases.sweep.executions import MOST_OF_OTHERS
from tests.fakes.clock import NOON
from tests.fakes.ecs import EXECUTION_ARN, life, task_arn
from tests.fakes.sweeping import MINUTE, OTHERS_ARN, SweepingExecutions, counts, of_execution


@pytest.fixture
def world() -> SweepingExecutions:
    return SweepingExecutions()


def test_a_task_of_another_machine_that_works_on_is_asked_for_once(world: SweepingExecutions) -> None:
    """Its execution has succeeded, and it has neither a token nor the mark of `.sync`: nothing is ever to be done."""
    given = of_execution(OTHERS_ARN)
    del given["overrides"]["containerOverrides"][-1]["environment"][2]
    assert world.settle(given).record.pattern is None
    world.executions.show(Execution(OTHERS_ARN, ExecutionStatus.SUCCEEDED, stopped_at=NOON))
    for _ in range(3):
        world.sweep_executions()
    assert world.executions.described == [OTHERS_ARN]
    world.part = world.new_process()
    world.sweep_executions()
    assert world.executions.described == [OTHERS_ARN] * 2


def test_a_callback_task_of_another_machine_is_stopped_after_its_grace(world: SweepingExecutions) -> None:
    world.settle(of_execution(OTHERS_ARN))
    world.executions.show(Execution(OTHERS_ARN, ExecutionStatus.SUCCEEDED, stopped_at=NOON))
    assert [world.sweep_executions().stopped for _ in range(2)] == [0, 0]
    world.clock.pass_by(5 * MINUTE)
    assert world.sweep_executions().stopped == 1


def test_an_execution_of_another_machine_gets_no_record(world: SweepingExecutions) -> None:
    world.executions.show(Execution(OTHERS_ARN, ExecutionStatus.RUNNING, started_at=NOON))
    assert counts(world.sweep_executions()) == {}
    assert world.store.runs == {}


def test_executions_of_other_machines_are_asked_for_where_the_stack_may(world: SweepingExecutions) -> None:
    world.settle(of_execution(OTHERS_ARN))
    ended = world.executions.show(Execution(OTHERS_ARN, ExecutionStatus.ABORTED, stopped_at=NOON))
    world.part = world.new_process(followed=FollowedMachines())
    assert counts(world.sweep_executions()) == {}
    assert world.executions.described == []
    world.part = world.new_process(followed=FollowedMachines((state_machine_of(OTHERS_ARN) or "",)))
    assert counts(world.sweep_executions()) == {"noted": 1, "stopped": 1}
    assert world.cluster.stops == [(task_arn(), reason_of_end(ended))]
    assert world.run().execution is None, "it is no execution of this run"


@pytest.mark.parametrize("number", [20, 21, 53])
def test_many_executions_of_other_machines_have_their_turn(
    world: SweepingExecutions, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """A few in each sweep, all of them in so many sweeps."""
    monkeypatch.setattr(executions, "MOST_OF_OTHERS", 20)
    arns = {f"{OTHERS_ARN}-{n:04d}" for n in range(number)}
    for n, arn in enumerate(sorted(arns)):
        world.settle(of_execution(arn, f"{n:032x}"))
    for sweep in range(1, 4):
        world.sweep_executions()
        assert len(world.executions.described) == sweep * min(number, 20)
        world.clock.pass_by(MINUTE)
    assert set(world.executions.described) == arns


def test_ours_do_not_wait_for_others(world: SweepingExecutions) -> None:
    for n in range(MOST_OF_OTHERS + 50):
        world.settle(of_execution(f"{OTHERS_ARN}-{n:04d}", f"{n + 1:032x}"))
    world.show("ABORTED")
    world.settle(life()[2])
    assert world.sweep_executions().stopped == 1
    assert world.executions.described[0] == EXECUTION_ARN
