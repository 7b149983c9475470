"""Whether a container of a stopped task has run: nothing that has run may be called a failed start (fact B46).

ECS has no field for it. An exit code says so; without one the task's `startedAt` and the container's own fields do.
"""

from collections.abc import Sequence
from enum import Enum, auto
from typing import Final

from fargate_runs.outcomes.start_failures import Says, says_of_start
from fargate_runs.reading.task import Container, EcsTask

FAILED_TO_START: Final = "TaskFailedToStart"


class Start(Enum):
    """What is known about the start of a container: it has run, it has not, or ECS does not say."""

    RAN = auto()
    NEVER = auto()
    UNSURE = auto()


def start_of(container: Container, task: EcsTask, counted: Sequence[Container]) -> Start:
    """What a stopped task shows of the start of one of its containers; `counted` are those without the injected."""
    says = says_of_start(container.reason)
    if says is Says.NEVER:
        return Start.NEVER  # whatever exit code its runtime made up for it
    if container.exit_code is not None or says is Says.RAN:
        return Start.RAN
    if task.has_started:
        return _in_a_started_task(container, counted)
    if says is Says.NOTHING:
        return _by_the_reason_of_the_task(container, task, counted)
    return Start.UNSURE if says is Says.MAYBE else Start.NEVER


def shows_its_run(container: Container) -> bool:
    """Whether a container of a started task shows by its own fields that it has run."""
    return container.has_runtime or container.last_status == "RUNNING"


def _in_a_started_task(container: Container, counted: Sequence[Container]) -> Start:
    """Decides about a container of a task that has started. Without a runtime it did not run, if another has one.

    Old events, and tasks that were cut down, show no runtime for any container.
    """
    shown = any(each.has_runtime for each in counted)
    left_out = container.last_status == "PENDING" or (shown and not container.has_runtime)
    return Start.NEVER if left_out else Start.RAN


def _by_the_reason_of_the_task(container: Container, task: EcsTask, counted: Sequence[Container]) -> Start:
    """The task never was running, and its reason may be that of one of its containers, without a name."""
    says = says_of_start(task.stopped_reason)
    if says is Says.RAN and len(counted) == 1:
        return Start.RAN
    if says in {Says.RAN, Says.MAYBE}:
        return Start.UNSURE
    if task.stop_code == FAILED_TO_START:
        return Start.NEVER
    # One that waited for another (`dependsOn`) has neither exit code nor reason when that other one ended.
    another_ended = any(each.exit_code is not None for each in counted)
    return Start.NEVER if another_ended and container.last_status != "RUNNING" else Start.UNSURE
