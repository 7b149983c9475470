"""The ports of ECS, Step Functions, CloudWatch Logs and the clock."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from fargate_runs.reading.execution import Execution
from fargate_runs.runs.log import LogLocation
from fargate_runs.runs.log_place import LogConfiguration


class TokenCallbacks(ABC):
    """Answers task tokens. The methods raise TokenError or CallbacksUnavailableError."""

    @abstractmethod
    def send_success(self, token: str, output: str) -> None:
        """Answer with a JSON text."""

    @abstractmethod
    def send_failure(self, token: str, error: str, cause: str) -> None:
        """Answer with an error's name and its cause."""

    @abstractmethod
    def is_closed(self, token: str) -> bool:
        """Return whether the token is closed. Sends a heartbeat, which restarts the time-out of an open token.

        Raises no TokenError except TokenKeyError. A text that was never a token counts as not closed.
        """


class LogReader(ABC):
    """The containers' logs. Returns within a few seconds or raises LogUnavailableError."""

    @abstractmethod
    def last_lines(self, location: LogLocation, limit: int) -> tuple[str, ...]:
        """Return at most `limit` last lines, oldest first."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One event of a log stream. `time` is when the container's line was taken, to the millisecond."""

    time: datetime
    text: str


@dataclass(frozen=True, slots=True)
class LogPage:
    """Lines of a stream, oldest first. `token` reads on behind them.

    A page may be empty although lines follow. `is_end` is true if there was nothing behind the token that was given.
    """

    lines: tuple[LogLine, ...]
    token: str
    is_end: bool


class LogPages(ABC):
    """Log streams from their beginning. Raises LogUnavailableError or one of its subclasses within a few seconds."""

    @abstractmethod
    def page(self, location: LogLocation, limit: int, token: str | None = None) -> LogPage:
        """Return at most `limit` lines (1 to 10,000) behind `token`, else from the beginning."""


class TaskDefinitions(ABC):
    """Task definitions. Returns within a few seconds or raises TaskDefinitionUnavailableError."""

    @abstractmethod
    def log_configurations(self, task_definition_arn: str) -> Mapping[str, LogConfiguration]:
        """Return the log configuration of each container of a revision, by container name."""


@dataclass(frozen=True, slots=True)
class StartedExecution:
    """A started execution. An earlier try with the same name and input may have started it."""

    arn: str
    started_at: datetime


class ExecutionStarts(ABC):
    """StartExecution. Raises ExecutionError."""

    @abstractmethod
    def start(self, state_machine_arn: str, name: str, execution_input: str) -> StartedExecution:
        """Start an execution. The input is a JSON text."""


class ExecutionStates(ABC):
    """DescribeExecution. Raises ExecutionsUnavailableError."""

    @abstractmethod
    def describe(self, execution_arn: str) -> Execution | None:
        """Return the state of an execution; None if it does not exist or cannot be described (express)."""


class ExecutionStops(ABC):
    """StopExecution. Raises ExecutionsUnavailableError."""

    @abstractmethod
    def stop(self, execution_arn: str, error: str, cause: str) -> bool:
        """Stop an execution with an error and its cause; returns False if it does not exist.

        An execution that has ended stays as it is, and that is no error.
        """


class ExecutionInputs(ABC):
    """The inputs of executions. Raises ExecutionsUnavailableError."""

    @abstractmethod
    def input_of(self, execution_arn: str) -> str | None:
        """Return the JSON text that an execution was started with; None if Step Functions does not know it any more."""


class ExecutionLists(ABC):
    """ListExecutions. Raises ExecutionsUnavailableError."""

    @abstractmethod
    def running(self, state_machine_arn: str) -> Iterator[Sequence[Execution]]:
        """Yield pages of the running executions of a machine, as they were a moment ago.

        Unreadable executions are left out. ExecutionStates raises ExecutionNotShownError for them.
        """

    @abstractmethod
    def newest(self, state_machine_arn: str) -> Iterator[Sequence[Execution]]:
        """Yield pages of all executions of a machine, newest start first, as they were a moment ago."""


class TaskList(StrEnum):
    """The two lists of ECS. They go by a task's desired status, not by its last status."""

    RUNNING = "RUNNING"
    STOPPED = "STOPPED"


@dataclass(frozen=True, slots=True)
class Described:
    """DescribeTasks' answer: `tasks` in the form of an event's detail, and the ARNs that ECS does not know."""

    tasks: tuple[Mapping[str, object], ...]
    missing: frozenset[str]


class Cluster(ABC):
    """The tasks of this application's cluster in ECS (fact B12). The methods raise ClusterUnavailableError."""

    @abstractmethod
    def listed(self, which: TaskList) -> Iterator[Sequence[str]]:
        """Yield pages of at most 100 task ARNs."""

    @abstractmethod
    def describe(self, task_arns: Sequence[str]) -> Described:
        """Describe at most 100 tasks."""

    @abstractmethod
    def answered_at(self) -> datetime | None:
        """Return the time of ECS's last answer to a list or a description, by ECS's clock; None if it is not known."""

    @abstractmethod
    def stop(self, task_arn: str, reason: str) -> None:
        """Stop a task, with a reason of at most 255 characters. A stopped or unknown task is no error."""


class Clock(ABC):
    """The time, for texts that people read and for expiry. It never orders writes."""

    @abstractmethod
    def now(self) -> datetime:
        """Return the time in UTC."""

    @abstractmethod
    def sleep(self, seconds: float) -> None:
        """Sleep for this many seconds."""
