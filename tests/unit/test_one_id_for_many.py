"""A RUN_ID that somebody gives to all tasks of a nightly job: its history costs no calls."""

from tests.fakes.attempts import SECOND, SECOND_ID, running
from tests.fakes.ecs import RUN_ID, detail, overrides, task_arn
from tests.fakes.sweeping import SweepingTasks


def test_a_look_after_a_run_reads_it_once_for_all_its_tasks() -> None:
    """The run was read once for each task that it ever had, whenever one more had started beside one that runs."""
    world = SweepingTasks()
    for n in range(50):
        given = {"taskArn": task_arn(f"{n:032x}"), "createdAt": f"2025-05-06T09:00:{n:02d}Z"}
        world.settle(detail(**given, overrides=overrides(token=f"token-{n}")))
    for each in (running(), running(**SECOND)):
        world.record(each)
        world.cluster.show(each)
    reads = world.count_reads_of_runs()
    world.sweep_tasks()
    assert world.store.runs[RUN_ID].newest_task_id == SECOND_ID
    assert 0 < len(reads) <= 4
