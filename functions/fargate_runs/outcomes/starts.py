"""Whether a container of a stopped task has run: a container that has run is never a failed start (fact B46).

ECS has no field for it. An exit code shows it; without one, the task's `startedAt` and the container's own fields do.
"""

from collections.abc import Sequence
from enum import Enum, auto
from typing import Final

from fargate_runs.outcomes.start_failures import Says, says_of_start
from fargate_runs.reading.task import Container, EcsTask

FAILED_TO_START: Final = "TaskFailedToStart"


class Start(Enum):
    """Whether a container has started: it has run, it has not, or ECS does not say."""

    RAN = auto()
    NEVER = auto()
    UNSURE = auto()


def start_of(container: Container, task: EcsTask, counted: Sequence[Container]) -> Start:
    """Returns what a stopped task shows about the start of a container. `counted` has no injected containers."""
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
    """Returns whether a container of a started task shows by its own fields that it has run."""
    return container.has_runtime or container.last_status == "RUNNING"


def _in_a_started_task(container: Container, counted: Sequence[Container]) -> Start:
    """Judges a container of a task that has started. Without a runtime it did not run, if another container has one.

    Old events, and tasks with fields removed, show no runtime for any container.
    """
    shown = any(each.has_runtime for each in counted)
    left_out = container.last_status == "PENDING" or (shown and not container.has_runtime)
    return Start.NEVER if left_out else Start.RAN


def _by_the_reason_of_the_task(container: Container, task: EcsTask, counted: Sequence[Container]) -> Start:
    """Judges by the task's reason if the task never ran: the reason may be one container's, without its name."""
    says = says_of_start(task.stopped_reason)
    if says is Says.RAN and len(counted) == 1:
        return Start.RAN
    if says in {Says.RAN, Says.MAYBE}:
        return Start.UNSURE
    if task.stop_code == FAILED_TO_START:
        return Start.NEVER
    # A container that waited for another (`dependsOn`) has no exit code and no reason when that one ends.
    another_ended = any(each.exit_code is not None for each in counted)
    return Start.NEVER if another_ended and container.last_status != "RUNNING" else Start.UNSURE
