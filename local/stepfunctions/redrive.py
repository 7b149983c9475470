"""Which executions may be redriven, in the words of DescribeExecution and of status change events.

Source: RedriveExecution of the API reference, and "Redriving executions" of the developer guide (fact B32).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from local.ecs.model import Json

PERIOD: Final = timedelta(days=14)
MOST_EVENTS: Final = 24_999
UNSUCCESSFUL: Final = frozenset({"FAILED", "TIMED_OUT", "ABORTED"})


def redrive_view(record: Json, now: datetime) -> Json:
    """`redriveCount`, `redriveDate`, `redriveStatus` and `redriveStatusReason` of an execution's record."""
    refusal = refusal_of(record, now)
    by_map_run = refusal is not None and record["status"] in UNSUCCESSFUL and "mapRunArn" in record
    status = "REDRIVABLE" if refusal is None else "REDRIVABLE_BY_MAP_RUN" if by_map_run else "NOT_REDRIVABLE"
    return {
        "redriveCount": redrive_count(record),
        "redriveDate": record.get("redriveDate"),
        "redriveStatus": status,
        "redriveStatusReason": None if by_map_run else refusal,
    }


def redrive_count(record: Json) -> int:
    """How often an execution was redriven."""
    count = record.get("redriveCount")
    return count if isinstance(count, int) else 0


def refusal_of(record: Json, now: datetime) -> str | None:
    """Returns why RedriveExecution would refuse; None if it would accept."""
    status, events = record["status"], record["events"]
    if status not in UNSUCCESSFUL:
        return f"Execution is {status} and cannot be redriven"
    if "mapRunArn" in record:
        return "Execution was started by a Map Run: redrive the parent execution"
    if isinstance(events, list) and len(events) >= MOST_EVENTS:
        return "Execution history event limit exceeded"
    if now - datetime.fromisoformat(str(record["stopDate"])) > PERIOD:
        return "Execution redrivable period exceeded"
    return None
