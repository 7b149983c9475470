"""The ids of scheduled runs. One schedule and one time give one id, so a start that is tried twice is one run. Pure.

A name has no underscore, so `a-b` with `c` and `a` with `b-c` have different ids. The longest has 80 characters, as
many as an execution's name may have.
"""

from datetime import UTC, datetime


def scheduled_run_id(job: str, schedule: str, at: datetime, number: int = 1) -> str:
    """Returns the id of the run of a schedule at a time. `number` is 2 and more for a later try of a backfill."""
    again = f"-{number}" if number > 1 else ""
    return f"{job}_{schedule}_{at.astimezone(UTC):%Y%m%dT%H%M%SZ}{again}"
