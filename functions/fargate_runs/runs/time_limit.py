"""The time limit of a task for which nothing waits. Pure.

A state that waits for its task has a time-out of its own. Nothing waits for a request-response task, so its limit goes
with the task, as RUN_TIMEOUT_SECONDS, and counts from its creation in ECS.
"""

from datetime import datetime, timedelta
from typing import Final

_WHY: Final = "Fargate Runs stopped the task: it was past its timeoutSeconds"


def is_past_its_time(created_at: datetime | None, timeout_seconds: int | None, now: datetime | None) -> bool:
    """Returns whether a task has run for longer than its limit.

    `now` is read from the clock of `created_at`, ECS's own, so no clock of ours stops a task. A task without a limit,
    or without known times, is never past its limit.
    """
    if created_at is None or timeout_seconds is None or now is None:
        return False
    return now - created_at >= timedelta(seconds=timeout_seconds)


def reason_of_time_limit(timeout_seconds: int) -> str:
    """Returns the reason that ECS keeps for such a task; `rules.py` matches it."""
    return f"{_WHY} ({timeout_seconds})"
