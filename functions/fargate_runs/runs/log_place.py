"""The log of a task's container: the stack's own log, or the one that the task definition names."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from fargate_runs.reading import lenient
from fargate_runs.reading.task import TaskState, is_injected
from fargate_runs.runs.log import NO_TAIL, LogLocation, LogTail

_LONGEST_NAME: Final = 255
_LONGEST_GROUP: Final = 512  # characters of a log group's name (quota of CloudWatch Logs)
_LONGEST_PREFIX: Final = 256
_AWSLOGS: Final = "awslogs"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a container logs. If that is not known, `instead` says why, in place of the log's end.

    `may_be_known_later` is true if only the call for it failed.
    """

    location: LogLocation | None = None
    instead: LogTail = NO_TAIL
    may_be_known_later: bool = False

    @classmethod
    def none(cls, why: str) -> "Place":
        """Returns a place without a log to read."""
        return cls(instead=LogTail(absent=why))


@dataclass(frozen=True, slots=True)
class LogPlace:
    """Where the stack's containers log. `task_definition_arn` and `container` are the stack's own."""

    group: str
    stream_prefix: str
    task_definition_arn: str
    container: str

    def of(self, task: TaskState, container: str | None = None) -> LogLocation | None:
        """Returns the log of this container, else of the main one; None if the task has another task definition."""
        return self._location(task, container) if self._family_of(task) == self._own_family else None

    def of_a_job(self, task: TaskState, container: str | None = None) -> LogLocation | None:
        """Returns the same for a task of a job; None if its family does not begin with the stack's.

        A job's own task definition logs where the stack's does. Only DescribeTaskDefinition tells it from another one
        whose family begins alike.
        """
        is_of_a_job = self._family_of(task).startswith(f"{self._own_family}-")
        return self._location(task, container) if is_of_a_job else None

    def _location(self, task: TaskState, container: str | None) -> LogLocation | None:
        name = container or task.main_container or self.container
        return LogLocation.of(task.task_arn, self.group, f"{self.stream_prefix}/{name}/{task.task_id}")

    @property
    def _own_family(self) -> str:
        return self.task_definition_arn.rpartition(":")[0]

    @staticmethod
    def _family_of(task: TaskState) -> str:
        return (task.task_definition_arn or "").rpartition(":")[0]


@dataclass(frozen=True, slots=True)
class LogConfiguration:
    """The log configuration of one container in a task definition. Other options are not kept: some hold secrets."""

    driver: str | None = None
    group: str | None = None
    region: str | None = None
    stream_prefix: str | None = None

    @classmethod
    def of(cls, container: Mapping[str, object]) -> "LogConfiguration":
        """Reads an element of `containerDefinitions`."""
        configuration = lenient.mapping(container.get("logConfiguration"))
        options = lenient.mapping(configuration.get("options"))
        return cls(
            driver=lenient.text(configuration.get("logDriver"), _LONGEST_NAME),
            group=lenient.text(options.get("awslogs-group"), _LONGEST_GROUP),
            region=lenient.text(options.get("awslogs-region"), _LONGEST_NAME),
            stream_prefix=lenient.text(options.get("awslogs-stream-prefix"), _LONGEST_PREFIX),
        )

    def place(self, task: TaskState, container: str) -> Place:
        """Returns the log of this container: the stream is `prefix/container/task id` (documentation of awslogs)."""
        if self.driver is None:
            return Place.none(f"container {container} has no log configuration")
        if self.driver != _AWSLOGS:
            return Place.none(f"container {container} logs with the driver {self.driver}: only awslogs can be read")
        if self.group is None:
            return Place.none(f"the log configuration of container {container} names no log group")
        if self.stream_prefix is None:
            return Place.none(f"the log configuration of container {container} has no awslogs-stream-prefix")
        stream = f"{self.stream_prefix}/{container}/{task.task_id}"
        return Place(LogLocation.of(task.task_arn, self.group, stream, self.region))


def log_configurations_of(definition: Mapping[str, object]) -> dict[str, LogConfiguration]:
    """Reads `taskDefinition` of DescribeTaskDefinition's answer. Returns each container's configuration by its name."""
    containers = tuple(lenient.mappings(definition.get("containerDefinitions")))
    return {str(each["name"]): LogConfiguration.of(each) for each in containers if each.get("name")}


def place_in(configurations: Mapping[str, LogConfiguration], task: TaskState, container: str | None = None) -> Place:
    """Returns where this container of a task logs, else the main one: with RUN_ID or the token, or the only one."""
    names = [name for name in configurations if not is_injected(name)]
    container = container or task.main_container or (names[0] if len(names) == 1 else None)
    if container is None:
        return Place.none("no container of the task is known to be the main one: no log is read")
    if container not in configurations:
        return Place.none(f"the task definition has no container {container}")
    return configurations[container].place(task, container)
