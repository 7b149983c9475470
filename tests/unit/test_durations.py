"""How long each step of a task took."""

from fargate_runs.answers.durations import durations_of
from fargate_runs.reading.task import NOTHING_YET, EcsTask
from tests.fakes.ecs import failed_start, task


def test_a_whole_life() -> None:
    assert durations_of(task().timeline) == {
        "queuedSeconds": 14.023,
        "pullSeconds": 2.22,
        "startingSeconds": 0.88,
        "runningSeconds": 29.5,
        "stoppingSeconds": 30.501,
    }


def test_a_task_that_never_ran_was_queued_and_no_more_is_known() -> None:
    never = durations_of(EcsTask.from_detail(failed_start("RESOURCE:CPU")).timeline)
    assert (never["queuedSeconds"], never["runningSeconds"]) == (None, None)
    assert never["stoppingSeconds"] == 25.751


def test_nothing_yet_and_clocks_that_disagree() -> None:
    assert set(durations_of(NOTHING_YET).values()) == {None}
    odd = task(startedAt="2025-05-06T11:04:00Z").timeline
    assert durations_of(odd)["runningSeconds"] == 0.0
