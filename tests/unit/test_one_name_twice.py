"""Names of executions are unique within a machine only: two machines, one name, and the run is that of the first."""

import pytest

from fargate_runs.reading.execution import ExecutionStatus
from fargate_runs.reading.patterns import Pattern, execution_arn
from fargate_runs.runs.run_status import RunStatus
from fargate_runs.usecases.show_run import ShowRun
from tests.fakes.attempts import SECOND_ID
from tests.fakes.ecs import MACHINES, RUN_ID, TASK_ID, Detail, container, detail
from tests.fakes.settling import PRICES, World
from tests.fakes.sweeping import of_execution

NAMESAKE = execution_arn(MACHINES.arn_of(Pattern.SYNC), RUN_ID)


@pytest.fixture
def world() -> World:
    """A run that succeeded."""
    world = World()
    world.logs.everywhere = ('{"rows": 3}',)
    world.settle(detail())
    world.end_run(ExecutionStatus.SUCCEEDED)
    return world


def of_namesake(**changes: object) -> Detail:
    given = of_execution(NAMESAKE, SECOND_ID)
    return {**detail(createdAt="2025-05-06T11:30:00Z", **changes), **{n: given[n] for n in ("taskArn", "overrides")}}


def test_the_task_of_a_namesake_is_not_the_newest_of_the_run(world: World) -> None:
    settled = world.settle(of_namesake(containers=[container("main", 3)]))
    assert settled.record.outcome is not None
    world.end_run(ExecutionStatus.FAILED, arn=NAMESAKE)
    run = world.store.runs[RUN_ID]
    assert (run.status, run.newest_task_id) == (RunStatus.SUCCEEDED, TASK_ID)
    shown = ShowRun(world.store, MACHINES, PRICES)(RUN_ID)
    assert (shown["status"], shown["exitCode"], shown["result"]) == ("SUCCEEDED", 0, {"rows": 3})


def test_the_task_of_a_namesake_that_is_left_behind_is_stopped_all_the_same(world: World) -> None:
    world.settle({**of_namesake(), "lastStatus": "RUNNING", "stoppedAt": None})
    world.end_run(ExecutionStatus.ABORTED, arn=NAMESAKE)
    assert [arn.rpartition("/")[2] for arn, _ in world.cluster.stops] == [SECOND_ID]
