"""The duration of each step of a task, by the times of ECS. Pure."""

from datetime import datetime

from fargate_runs.reading.task import Timeline


def durations_of(times: Timeline) -> dict[str, float | None]:
    """Returns the seconds of each step. A step is None if the task did not reach it, or if ECS gave no time for it.

    queued: until the image pull began; pull; starting: from the pulled image to the running containers; running: until
    the containers ended; stopping: until the task was gone.
    """
    ended = times.execution_stopped_at or times.stopping_at or times.stopped_at
    return {
        "queuedSeconds": _seconds(times.created_at, times.pull_started_at),
        "pullSeconds": _seconds(times.pull_started_at, times.pull_stopped_at),
        "startingSeconds": _seconds(times.pull_stopped_at, times.started_at),
        "runningSeconds": _seconds(times.started_at, ended),
        "stoppingSeconds": _seconds(ended, times.stopped_at),
    }


def _seconds(earlier: datetime | None, later: datetime | None) -> float | None:
    if earlier is None or later is None:
        return None
    return max(0.0, round((later - earlier).total_seconds(), 3))
