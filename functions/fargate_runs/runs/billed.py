"""The time that Fargate bills for a task: from the start of the image pull to the stop, at least one minute.

It is billed by the second. A task that never began to pull costs nothing. Pure.
See https://aws.amazon.com/fargate/pricing/.
"""

import math
from dataclasses import dataclass
from typing import Final

from fargate_runs.reading import lenient
from fargate_runs.reading.task import TaskState

SHORTEST_BILLED_SECONDS: Final = 60
SPOT_PROVIDER: Final = "FARGATE_SPOT"


@dataclass(frozen=True, slots=True)
class Billed:
    """The time and the size that Fargate bills for one task. 1,024 CPU units are one vCPU."""

    seconds: int
    cpu_units: int
    memory_mib: int
    is_spot: bool


def billed_of(task: TaskState) -> Billed | None:
    """Returns the billed time and size; None until the task has stopped, and if its size or its end is not known."""
    cpu, memory, seconds = lenient.whole_number(task.cpu), lenient.whole_number(task.memory), _seconds(task)
    if cpu is None or memory is None or seconds is None:
        return None
    return Billed(seconds, cpu, memory, task.capacity_provider_name == SPOT_PROVIDER)


def _seconds(task: TaskState) -> int | None:
    if not task.has_ended:
        return None
    times = task.timeline
    began, ended = times.pull_started_at or times.started_at, times.stopped_at or times.execution_stopped_at
    if began is None:
        return 0
    if ended is None:
        return None
    return max(SHORTEST_BILLED_SECONDS, math.ceil((ended - began).total_seconds()))
