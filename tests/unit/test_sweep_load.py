"""A sweep under load takes as long as docs/operations.md predicts, and settles everything (fault F26)."""

import math
from dataclasses import replace

import pytest

from fargate_runs.ports import Clock, OpenRun, OpenTask
from fargate_runs.reading.task import DEFAULT_TOKEN_VARIABLES, EcsTask
from fargate_runs.runs.record import TaskRecord
from fargate_runs.usecases.pace import ECS_READS_PER_SECOND, PacedCluster
from fargate_runs.usecases.sweep.report import SweepReport
from fargate_runs.usecases.sweep.tasks import SweepTasks
from tests.fakes.cluster import PAGE
from tests.fakes.ecs import Detail, detail, life, overrides, task_arn
from tests.fakes.settling import World

TASKS = 1_200


def of_many(number: int, ended: bool) -> Detail:
    """A task with a token and a run of its own."""
    own = {"taskArn": task_arn(f"{number:032x}"), "overrides": overrides(run_id=f"run-{number}", token=f"t{number}")}
    return detail(**own) if ended else {**life()[2], **own}


def prediction_seconds(running: int, stopped: int, unseen: int) -> float:
    """As in docs/operations.md: pages of both lists, and descriptions of what stopped and was not seen so."""
    calls = sum(max(1, math.ceil(tasks / PAGE)) for tasks in (running, stopped)) + math.ceil(unseen / PAGE)
    return calls / ECS_READS_PER_SECOND


def swept(world: World, clock: Clock) -> SweepReport:
    part = SweepTasks(world.store, PacedCluster(world.cluster, clock), world.use_case, DEFAULT_TOKEN_VARIABLES)
    items = list(world.store.open_items())
    tasks = {each.task_arn: each for each in items if isinstance(each, OpenTask)}
    report = SweepReport()
    part(tasks, [each for each in items if isinstance(each, OpenRun)], report, lambda: None)
    return report


@pytest.mark.parametrize("lost", [0, TASKS // 2, TASKS])
def test_a_sweep_takes_as_long_as_is_predicted_and_leaves_nothing(lost: int) -> None:
    """So many of the tasks have ended, and no event told of it."""
    world = World()
    for number in range(TASKS):
        world.callbacks.open.add(f"t{number}")
        record = TaskRecord.of(EcsTask.from_detail(of_many(number, ended=False)), None, None)
        world.store.write_task(replace(record, log=None))
        world.cluster.show(of_many(number, ended=number < lost))
    report = swept(world, world.clock)
    assert report.failures == 0
    assert report.recovered == lost
    assert len(world.callbacks.answers) == lost
    expected = prediction_seconds(TASKS - lost, lost, lost)
    assert world.clock.slept_seconds == pytest.approx(max(0.0, expected - 1), abs=1)
    assert swept(world, world.clock).recovered == 0
