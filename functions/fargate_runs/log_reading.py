"""Where a task logs and how its log ends, best effort: what cannot be read changes nothing of an outcome."""

from typing import Final

from fargate_runs.log import MOST_LINES, LogTail
from fargate_runs.log_place import LogPlace, Place, place_in
from fargate_runs.outcome import Outcome
from fargate_runs.ports import LogReader, LogUnavailableError, TaskDefinitions, TaskDefinitionUnavailableError
from fargate_runs.record import TaskRecord
from fargate_runs.task import EcsTask

NEVER_STARTED: Final = "the container never started"
NOT_KNOWN: Final = "where the container logs is not known"
NOT_ALLOWED: Final = (
    "the task definition is not the stack's own, and the stack reads no other logs (parameter AllowedLogGroups)"
)
NO_LOG: Final = LogTail(absent=NOT_KNOWN)


class TaskLogs:
    """The logs of tasks. `definitions` is None where logs of other task definitions than the stack's are not read."""

    def __init__(self, reader: LogReader, own: LogPlace, definitions: TaskDefinitions | None) -> None:
        self._reader = reader
        self._own = own
        self._definitions = definitions

    def place_of(self, task: EcsTask) -> Place:
        """Where the main container of a task logs. Never raises."""
        own = self._own.of(task)
        if own:
            return Place(own)
        if self._definitions is None:
            return Place.none(NOT_ALLOWED)
        if task.task_definition_arn is None:
            return Place.none(NOT_KNOWN)
        try:
            return place_in(self._definitions.log_configurations(task.task_definition_arn), task)
        except TaskDefinitionUnavailableError as error:
            return Place(instead=LogTail(problem=str(error)))

    def tail_of(self, record: TaskRecord, outcome: Outcome, instead: LogTail = NO_LOG) -> LogTail:
        """The last lines, its own token masked; `instead` where no log is known. Never raises.

        Nothing is asked where the container never started. Whether it did in a task that ECS has forgotten nobody knows
        but its log.
        """
        if not outcome.may_have_logged:
            return LogTail(absent=NEVER_STARTED)
        if record.log is None:
            return instead
        try:
            lines = tuple(map(_sendable, self._reader.last_lines(record.log, MOST_LINES)))
        except LogUnavailableError as error:
            return LogTail(problem=str(error))
        return LogTail(lines).without(record.token)


def _sendable(line: str) -> str:
    """Without half characters, which a container may print and JSON may carry, but no UTF-8 can."""
    return line.encode("utf-8", "replace").decode("utf-8")
