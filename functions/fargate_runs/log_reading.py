"""Reading the end of a task's log, best effort: a log that cannot be read changes nothing."""

from typing import Final

from fargate_runs.kinds import ErrorName
from fargate_runs.log import MOST_LINES, LogTail
from fargate_runs.outcome import Outcome
from fargate_runs.ports import LogReader, LogUnavailableError
from fargate_runs.record import TaskRecord

NOT_KNOWN: Final = "where a task definition that is not the stack's own logs is not known: its log is not read"
NEVER_STARTED: Final = "the container never started"


def tail_of(logs: LogReader, record: TaskRecord, outcome: Outcome) -> LogTail:
    """The last lines, its own token masked; nothing is asked where no container ever ran.

    Whether a task ran that ECS has forgotten nobody knows but its log.
    """
    if record.log is None:
        return LogTail(absent=NOT_KNOWN)
    is_known = outcome.error is not ErrorName.LOST
    if is_known and outcome.exit_code is None and record.timeline.started_at is None:
        return LogTail(absent=NEVER_STARTED)
    try:
        lines = tuple(map(_sendable, logs.last_lines(record.log, MOST_LINES)))
    except LogUnavailableError as error:
        return LogTail(problem=str(error))
    return LogTail(lines).without(record.token)


def _sendable(line: str) -> str:
    """Without half characters, which a container may print and JSON may carry, but no UTF-8 can."""
    return line.encode("utf-8", "replace").decode("utf-8")
