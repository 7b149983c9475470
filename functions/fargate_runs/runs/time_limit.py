"""When a task is past its own limit, although nobody waits for it. Pure.

A state that waits for its task has a time-out of its own. Nobody waits for a request-response task, so its limit goes
with the task, as RUN_TIMEOUT_SECONDS, and counts from when ECS made the task.
"""

from datetime import datetime, timedelta
from typing import Final

_WHY: Final = "Fargate Runs stopped the task: it was past its timeoutSeconds"


def is_past_its_time(created_at: datetime | None, timeout_seconds: int | None, now: datetime | None) -> bool:
    """Whether a task that was made then has run for longer than its limit.

    Both times are ECS's own: `now` is by the clock that `created_at` is from, so no clock of ours stops a task. A
    task without a limit, and one whose times are not known, is never past it.
    """
    if created_at is None or timeout_seconds is None or now is None:
        return False
    return now - created_at >= timedelta(seconds=timeout_seconds)


def reason_of_time_limit(timeout_seconds: int) -> str:
    """The reason that ECS keeps for such a task; `rules.py` knows it again."""
    return f"{_WHY} ({timeout_seconds})"
