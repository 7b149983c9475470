"""Caches task definitions: each process reads each revision once, because a revision never changes."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, TypeVar

from fargate_runs.ports import (
    Clock,
    TaskDefinitionRefusedError,
    TaskDefinitions,
    TaskDefinitionUnavailableError,
)
from fargate_runs.runs.log_place import LogConfiguration

MOST_REMEMBERED: Final = 1_000  # revisions; a forgotten one costs a call
# The pause before a failed revision is read again. A permission may be granted at any time. A throttle is over soon. In
# the meantime, tasks that end one after the other do not each wait for the same time-out.
REFUSED_FOR: Final = timedelta(minutes=5)
UNAVAILABLE_FOR: Final = timedelta(seconds=5)

T = TypeVar("T")


class RememberedTaskDefinitions(TaskDefinitions):
    """See TaskDefinitions."""

    def __init__(self, definitions: TaskDefinitions, clock: Clock) -> None:
        self._definitions = definitions
        self._clock = clock
        self._known: dict[str, Mapping[str, LogConfiguration]] = {}
        self._failed: dict[str, tuple[datetime, TaskDefinitionUnavailableError]] = {}

    def log_configurations(self, task_definition_arn: str) -> Mapping[str, LogConfiguration]:
        """See TaskDefinitions."""
        if task_definition_arn not in self._known:
            self._raise_again(task_definition_arn)
            _add(self._known, task_definition_arn, self._ask(task_definition_arn))
        return self._known[task_definition_arn]

    def _ask(self, arn: str) -> Mapping[str, LogConfiguration]:
        try:
            return self._definitions.log_configurations(arn)
        except TaskDefinitionUnavailableError as error:
            pause = REFUSED_FOR if isinstance(error, TaskDefinitionRefusedError) else UNAVAILABLE_FOR
            _add(self._failed, arn, (self._clock.now() + pause, error))
            raise

    def _raise_again(self, arn: str) -> None:
        until, error = self._failed.pop(arn, (None, None))
        if until and error and self._clock.now() < until:
            self._failed[arn] = (until, error)
            raise type(error)(str(error))


def _add(memory: dict[str, T], key: str, value: T) -> None:
    memory[key] = value
    if len(memory) > MOST_REMEMBERED:
        del memory[next(iter(memory))]
