"""The ports: the interfaces that the use cases need from the outside, and their errors.

    PortError
    ├── StoreUnavailableError          the table did not carry out the call: throttled, down, refused
    ├── UnreadableRecordError          this version does not know a word or the shape of a record
    ├── TokenError
    │   ├── TokenClosedError           the token is answered, timed out, or its execution is over (fact B29)
    │   ├── TokenUnusableError         this was never a token of Step Functions
    │   ├── TokenKeyError              we may not use the KMS key of the token's machine: perhaps later
    │   └── AnswerRefusedError         Step Functions refused the answer itself: too long, or not JSON
    ├── CallbacksUnavailableError      the answer may or may not have arrived: throttled, down, timed out
    ├── LogUnavailableError            the log could not be read
    ├── TaskDefinitionUnavailableError ECS did not return a task definition: throttled, down
    │   └── TaskDefinitionRefusedError … because it does not exist, or we may not read it
    ├── ClusterUnavailableError        ECS did not answer: throttled, down, refused
    │   └── TasksRefusedError          ECS refused the call for one of its tasks, or for all
    ├── ExecutionsUnavailableError     Step Functions did not return the state of an execution
    │   └── ExecutionNotShownError     it will not return this one, now or later
    └── ExecutionError
        ├── ExecutionExistsError       an execution of this name exists (fact B32)
        ├── ExecutionThrottledError    not started, the same call may work later
        ├── ExecutionRefusedError      not started, the same call will not work later
        └── ExecutionUnknownError      no answer: it may have started

Each port has an in-memory twin in tests/fakes, and one contract test suite for both. A lost race is a result of a
conditional write, not an error.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from fargate_runs.errors import PortError
from fargate_runs.reading.execution import Execution
from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.log import LogLocation
from fargate_runs.runs.log_place import LogConfiguration
from fargate_runs.runs.record import Delivery, TaskRecord
from fargate_runs.runs.run_state import RunRecord


class StoreUnavailableError(PortError):
    """The table did not carry out the call: throttled, down or refused."""


class UnreadableRecordError(PortError):
    """This version cannot read a record: a newer version or a person wrote it. Other records can still be read.

    `task_id` is None if the record is the run's own. `problem` contains at most the one unknown word.
    """

    def __init__(self, run_id: str, task_id: str | None, problem: str) -> None:
        record = f"task {task_id} of run {run_id!r}" if task_id else f"run {run_id!r}"
        super().__init__(f"the record of {record} cannot be read: {problem}")
        self.run_id = run_id
        self.task_id = task_id
        self.problem = problem


class TokenError(PortError):
    """Step Functions did not accept the answer, and will not accept it later."""


class TokenClosedError(TokenError):
    """The token was answered or timed out, or its execution is over."""


class TokenUnusableError(TokenError):
    """This was never a token of Step Functions: another application uses a variable of the same name."""


class TokenKeyError(TokenError):
    """We may not use the KMS key of this token's machine. The answer can be sent once the permission is granted."""


class AnswerRefusedError(TokenError):
    """The token is valid, but the answer is not: too long or not JSON."""


class CallbacksUnavailableError(PortError):
    """Step Functions did not respond: our answer may or may not have arrived."""


class LogUnavailableError(PortError):
    """The log could not be read. The message is a short reason."""


class TaskDefinitionUnavailableError(PortError):
    """ECS did not return a task definition. The message is a short reason."""


class TaskDefinitionRefusedError(TaskDefinitionUnavailableError):
    """The task definition does not exist, or we may not read it. An early retry is useless."""


class ClusterUnavailableError(PortError):
    """ECS did not carry out the call, or may not have: throttled, down, timed out, refused."""


class ExecutionsUnavailableError(PortError):
    """Step Functions did not return the state of an execution: throttled, down, refused."""


class TasksRefusedError(ClusterUnavailableError):
    """ECS refused the call because of its arguments. One of several tasks may be the cause."""


class ExecutionNotShownError(ExecutionsUnavailableError):
    """Step Functions will not return this execution, or its answer cannot be read. It may return others.

    `is_denied` is true if a permission is missing, for this execution or for all.
    """

    def __init__(self, problem: str, *, is_denied: bool = False) -> None:
        super().__init__(problem)
        self.is_denied = is_denied


class ExecutionError(PortError):
    """An execution was not started, or may not have been."""


class ExecutionExistsError(ExecutionError):
    """An execution of this name exists."""


class ExecutionThrottledError(ExecutionError):
    """The execution was not started. The same call may work later."""


class ExecutionRefusedError(ExecutionError):
    """The execution was not started. The same call will not work later."""


class ExecutionUnknownError(ExecutionError):
    """Step Functions did not respond: the execution may have started."""


@dataclass(frozen=True, slots=True)
class Written:
    """The conditional write succeeded: `record` is now stored."""

    record: TaskRecord


@dataclass(frozen=True, slots=True)
class LostRace:
    """Another writer was first: `record` is the stored one."""

    record: TaskRecord


WriteResult = Written | LostRace


@dataclass(frozen=True, slots=True)
class OpenTask:
    """A task as the index of open items showed it a moment ago: enough to decide what is still to do."""

    run_id: str
    task_id: str
    task_arn: str
    has_outcome: bool
    pattern: Pattern | None = None
    execution_arn: str | None = None
    missing_sweeps: int = 0
    created_at: datetime | None = None
    timeout_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A run that has not ended, from the same index. `execution_arn` is set if the run is an execution of our machines.

    `has_succeeded` is true if the execution is recorded as SUCCEEDED: the run is open only because of its task.
    """

    run_id: str
    execution_arn: str | None = None
    created_at: datetime | None = None
    newest_task_id: str | None = None
    has_succeeded: bool = False


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A stored record that cannot be read (see UnreadableRecordError). `task_id` is None for a run's own record."""

    run_id: str
    task_id: str | None
    problem: str


OpenItem = OpenTask | OpenRun | Unreadable


class LoadedRun(NamedTuple):
    """A run and its tasks. `run` is None if there is none, or if its record is among the `unreadable` ones."""

    run: RunRecord | None
    tasks: tuple[TaskRecord, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()


@dataclass(frozen=True, slots=True)
class SweepMark:
    """The turn of the sweep, and how far sweeps have come.

    `held_until` is by a function's clock. A wrong clock makes two sweeps run at once, which does no harm.
    `seen_until` is by Step Functions' clock: the start of the newest execution that a complete sweep has seen.
    `places` has the key that each unfinished part of the sweep has reached.
    `is_unreadable` is true if the stored mark cannot be read. This mark is then empty, and replaces the stored one.
    `unreadable_revision` is the stored mark's revision if it is no count of writes, such as 0 or 1.5.
    """

    owner: str | None = None
    held_until: datetime | None = None
    seen_until: datetime | None = None
    revision: int = 0
    places: Mapping[str, str] = field(default_factory=dict)
    is_unreadable: bool = False
    unreadable_revision: Decimal | None = None


class RunStore(ABC):
    """The runs table. Every method raises StoreUnavailableError if the table does not carry out the call.

    A method that returns one record raises UnreadableRecordError if it cannot be read. A method that returns several
    records returns those that can be read.
    """

    @abstractmethod
    def find_task(self, run_id: str, task_id: str) -> TaskRecord | None:
        """Return the record of a task, or None. The read is consistent."""

    @abstractmethod
    def find_tasks(self, keys: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], TaskRecord]:
        """Return the existing records of many tasks, by run id and task id. The reads are consistent."""

    @abstractmethod
    def write_task(self, record: TaskRecord) -> WriteResult:
        """Write if there is no record yet, or only an older version without an outcome: one conditional write.

        A record without a token never replaces one with a token: the caller must keep the token.
        """

    @abstractmethod
    def write_lost(self, record: TaskRecord) -> WriteResult:
        """Write an outcome over the same version of a task that has none: ECS will never show a newer version."""

    @abstractmethod
    def mark_delivery(self, record: TaskRecord, delivery: Delivery) -> None:
        """Mark an undelivered outcome with this delivery, and drop its token. DELIVERED also replaces CLOSED_BY_OTHERS.

        Any other stored delivery stays.
        """

    @abstractmethod
    def mark_missing(self, task: OpenTask, sweeps: int) -> None:
        """Store how many sweeps in a row found a task without an outcome missing in ECS. 0 means that ECS knows it."""

    @abstractmethod
    def live_tasks(self, execution_arn: str) -> tuple[TaskRecord, ...]:
        """Return the tasks of an execution that have no outcome, as they were a moment ago (an index).

        Unreadable tasks are left out. They are open, so the sweep finds them by itself.
        """

    @abstractmethod
    def find_run(self, run_id: str) -> RunRecord | None:
        """Return a run, or None. The read is consistent."""

    @abstractmethod
    def find_runs(self, run_ids: Collection[str]) -> Mapping[str, RunRecord]:
        """Return the existing ones of many runs, by id. The reads are consistent."""

    @abstractmethod
    def write_run(self, run: RunRecord) -> RunRecord | None:
        """Write if the stored revision matches (0: no record); returns the conflicting record, else None."""

    @abstractmethod
    def forget_run(self, run_id: str) -> None:
        """Remove a run that was never started. A run with a task or a state of its execution stays."""

    @abstractmethod
    def load_run(self, run_id: str) -> LoadedRun:
        """Return a run and its tasks, with results and last lines, read consistently. Unreadable records are named."""

    @abstractmethod
    def tasks_of(self, run_id: str) -> tuple[TaskRecord, ...]:
        """Return the readable tasks of a run, without results, last lines and their notes. The read is consistent.

        Never write these records back. Thousands of attempts may have a result of 250 KB each, and the callers of this
        method need none of them.
        """

    @abstractmethod
    def open_items(self) -> Iterator[OpenItem]:
        """Yield all items with unfinished work, page by page, as they were a moment ago (an index)."""

    @abstractmethod
    def sweep_mark(self) -> SweepMark:
        """Return the mark of the sweep. The read is consistent."""

    @abstractmethod
    def write_sweep_mark(self, mark: SweepMark) -> bool:
        """Write if the stored revision matches; returns False if another sweep was first."""


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


class Executions(ABC):
    """Step Functions' executions. `start` raises ExecutionError, the others ExecutionsUnavailableError."""

    @abstractmethod
    def start(self, state_machine_arn: str, name: str, execution_input: str) -> StartedExecution:
        """Start an execution. The input is a JSON text."""

    @abstractmethod
    def describe(self, execution_arn: str) -> Execution | None:
        """Return the state of an execution; None if it does not exist or cannot be described (express)."""

    @abstractmethod
    def running(self, state_machine_arn: str) -> Iterator[Sequence[Execution]]:
        """Yield pages of the running executions of a machine, as they were a moment ago.

        Unreadable executions are left out. `describe` raises ExecutionNotShownError for them.
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
