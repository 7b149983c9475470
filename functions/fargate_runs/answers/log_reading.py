"""Where a task logs and how its log ends. Best effort: an outcome stays the same if the log cannot be read."""

from dataclasses import replace
from typing import Final, NamedTuple

from fargate_runs.outcomes.outcome import Outcome
from fargate_runs.ports import (
    LogReader,
    LogUnavailableError,
    TaskDefinitionRefusedError,
    TaskDefinitions,
    TaskDefinitionUnavailableError,
)
from fargate_runs.reading.task import EcsTask, TaskState, is_injected
from fargate_runs.runs.log import MOST_LINES, LogTail, sendable
from fargate_runs.runs.log_place import LogPlace, Place, place_in
from fargate_runs.runs.record import TaskRecord

NEVER_STARTED: Final = "the container never started"
NOT_KNOWN: Final = "where the container logs is not known"
NOT_ALLOWED: Final = (
    "the task definition is not the stack's own, and the stack reads no other logs (parameter AllowedLogGroups)"
)
NO_LOG: Final = LogTail(absent=NOT_KNOWN)


class Settled(NamedTuple):
    """The record of a task that has ended. `log_problem` says why its log could not be read."""

    record: TaskRecord
    log_problem: str | None = None


class TaskLogs:
    """The logs of tasks. `definitions` is None if only those of the stack's and its jobs' definitions are read."""

    def __init__(self, reader: LogReader, own: LogPlace, definitions: TaskDefinitions | None) -> None:
        self._reader = reader
        self._own = own
        self._definitions = definitions

    def place_of(self, task: TaskState, container: str | None = None) -> Place:
        """Returns where this container of a task logs; without a container, where the main one does. Never raises."""
        if container and is_injected(container):
            return Place.none(f"container {container} is AWS's own: where it logs is not known")
        own = self._own.of(task, container)
        if own:
            return Place(own)
        if self._definitions is None:
            of_a_job = self._own.of_a_job(task, container)
            return Place(of_a_job) if of_a_job else Place.none(NOT_ALLOWED)
        if task.task_definition_arn is None:
            return Place.none(NOT_KNOWN)
        try:
            return place_in(self._definitions.log_configurations(task.task_definition_arn), task, container)
        except TaskDefinitionUnavailableError as error:
            passes = not isinstance(error, TaskDefinitionRefusedError)
            return Place(instead=LogTail(problem=str(error)), may_be_known_later=passes)

    def containers_of(self, task: TaskState) -> tuple[str, ...]:
        """Returns the container names of a task's definition; none if the definition cannot be read. Never raises."""
        if self._definitions is None or task.task_definition_arn is None:
            return ()
        try:
            return tuple(self._definitions.log_configurations(task.task_definition_arn))
        except TaskDefinitionUnavailableError:
            return ()

    def settled(self, record: TaskRecord, outcome: Outcome, task: EcsTask, main: Place) -> Settled:
        """Returns the record of a task with its outcome and the end of the log that explains it. Never raises.

        If another container than the main one is to blame, that is its log. `main` is the place of the main one's log.
        """
        place = self.place_of(task, outcome.culprit) if outcome.culprit else Place(record.log, main.instead)
        record = replace(record, culprit_log=place.location) if outcome.culprit else record
        tail = self._tail_of(record, outcome, place)
        return Settled(record.settled(outcome, tail), tail.problem)

    def settled_without(self, record: TaskRecord, outcome: Outcome) -> Settled:
        """The same for a task that ECS no longer shows. Only its log can tell whether it has started."""
        tail = self._tail_of(record, outcome, Place(record.log, NO_LOG))
        return Settled(record.settled(outcome, tail), tail.problem)

    def _tail_of(self, record: TaskRecord, outcome: Outcome, place: Place) -> LogTail:
        """Returns the last lines, with the task's own token masked. Reads no log if the container never started."""
        if not outcome.may_have_logged:
            return LogTail(absent=NEVER_STARTED)
        if place.location is None:
            return place.instead
        try:
            lines = tuple(map(sendable, self._reader.last_lines(place.location, MOST_LINES)))
        except LogUnavailableError as error:
            return LogTail(problem=str(error))
        return LogTail(lines).without(record.token)
