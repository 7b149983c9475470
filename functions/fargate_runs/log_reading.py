"""Reading the end of a task's log, best effort: a log that cannot be read changes nothing."""

from fargate_runs.log import MOST_LINES, LogTail
from fargate_runs.outcome import Outcome
from fargate_runs.ports import LogReader, LogUnavailableError
from fargate_runs.record import TaskRecord


def tail_of(logs: LogReader, record: TaskRecord, outcome: Outcome) -> LogTail:
    """The last lines, its own token masked; nothing is asked where no container ever ran."""
    if record.log is None:
        return LogTail()
    if outcome.exit_code is None and record.timeline.started_at is None:
        return LogTail()
    try:
        lines = tuple(map(_sendable, logs.last_lines(record.log, MOST_LINES)))
    except LogUnavailableError as error:
        return LogTail(problem=str(error))
    return LogTail(lines).without(record.token)


def _sendable(line: str) -> str:
    """Without half characters, which a container may print and JSON may carry, but no UTF-8 can."""
    return line.encode("utf-8", "replace").decode("utf-8")
