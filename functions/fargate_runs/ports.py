"""What the use cases need from the outside, and how each of them may fail.

    PortError
    ├── StoreUnavailableError          the table did not do it: throttled, down, refused
    ├── UnreadableRecordError          a record has a word or a shape that this version does not know
    ├── TokenError
    │   ├── TokenClosedError           the token is answered, timed out, or its execution is over (fact B29)
    │   ├── TokenUnusableError         this never was a token of Step Functions
    │   ├── TokenKeyError              the key of the token's machine is not ours to use: perhaps later
    │   └── AnswerRefusedError         the answer itself was refused: too long, or no JSON
    ├── CallbacksUnavailableError      the answer may or may not have arrived: throttled, down, timed out
    ├── LogUnavailableError            the log could not be read
    ├── TaskDefinitionUnavailableError ECS did not say what a task definition is: throttled, down
    │   └── TaskDefinitionRefusedError … because it is not there, or not ours to read
    ├── ClusterUnavailableError        ECS did not answer: throttled, down, refused
    │   └── TasksRefusedError          it refuses for one of the tasks that were named, or for all
    ├── ExecutionsUnavailableError     Step Functions did not say how an execution stands
    │   └── ExecutionNotShownError     it will not say so of this one, now or later
    └── ExecutionError
        ├── ExecutionExistsError       an execution of this name exists (fact B32)
        ├── ExecutionThrottledError    certainly not started, may work later
        ├── ExecutionRefusedError      certainly not started, will not work later
        └── ExecutionUnknownError      no answer: may have started

Each port has a twin in memory in tests/fakes and one contract test suite for both. A lost race is a result, no error.
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
    """The table did not do what it was asked: throttled, down or refused."""


class UnreadableRecordError(PortError):
    """A record that this version cannot read: written by a newer one, or by hand. Its neighbours can be read.

    `task_id` is None where the record is the run's own. `problem` holds at most the one word that is not known.
    """

    def __init__(self, run_id: str, task_id: str | None, problem: str) -> None:
        record = f"task {task_id} of run {run_id!r}" if task_id else f"run {run_id!r}"
        super().__init__(f"the record of {record} cannot be read: {problem}")
        self.run_id = run_id
        self.task_id = task_id
        self.problem = problem


class TokenError(PortError):
    """Step Functions did not take the answer, and will not take it later."""


class TokenClosedError(TokenError):
    """The token is answered, timed out, or its execution is over."""


class TokenUnusableError(TokenError):
    """This never was a token of Step Functions: another application's variable of the same name."""


class TokenKeyError(TokenError):
    """The machine of this token has a key that is not ours to use. Whoever mends that lets the answer through."""


class AnswerRefusedError(TokenError):
    """The token is fine, the answer is not: too long or no JSON."""


class CallbacksUnavailableError(PortError):
    """No answer from Step Functions: what was sent may or may not have arrived."""


class LogUnavailableError(PortError):
    """The log could not be read; its message says why in a few words."""


class TaskDefinitionUnavailableError(PortError):
    """ECS did not say what a task definition is; its message says why in a few words."""


class TaskDefinitionRefusedError(TaskDefinitionUnavailableError):
    """It is not there, or not ours to read: asking again soon is of no use."""


class ClusterUnavailableError(PortError):
    """ECS did not do what it was asked, or nobody knows whether it did: throttled, down, timed out, refused."""


class ExecutionsUnavailableError(PortError):
    """Step Functions did not say how an execution stands: throttled, down, refused."""


class TasksRefusedError(ClusterUnavailableError):
    """ECS refuses the call for what it names. Of several tasks it may be one that it will not hear of."""


class ExecutionNotShownError(ExecutionsUnavailableError):
    """Step Functions will not say how this execution stands, or says what cannot be read. Others it may well show.

    `is_denied` says that a permission is missing, be it for this one or for all.
    """

    def __init__(self, problem: str, *, is_denied: bool = False) -> None:
        super().__init__(problem)
        self.is_denied = is_denied


class ExecutionError(PortError):
    """An execution was not started, or not surely."""


class ExecutionExistsError(ExecutionError):
    """An execution of this name exists."""


class ExecutionThrottledError(ExecutionError):
    """Certainly not started; the same call may work later."""


class ExecutionRefusedError(ExecutionError):
    """Certainly not started; the same call will not work later."""


class ExecutionUnknownError(ExecutionError):
    """No answer: it may have started."""


@dataclass(frozen=True, slots=True)
class Written:
    """The conditional write took place: `record` now stands."""

    record: TaskRecord


@dataclass(frozen=True, slots=True)
class LostRace:
    """Another writer was first: `record` is what stands."""

    record: TaskRecord


WriteResult = Written | LostRace


@dataclass(frozen=True, slots=True)
class OpenTask:
    """What the index of open items tells of a task, some time ago: enough to know what is still to do."""

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
    """The same of a run that has not ended. `execution_arn` is there where the run is that execution of ours.

    `has_succeeded` says that the execution is recorded as SUCCEEDED: the run is open for its task's sake alone.
    """

    run_id: str
    execution_arn: str | None = None
    created_at: datetime | None = None
    newest_task_id: str | None = None
    has_succeeded: bool = False


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that is there and cannot be read (see UnreadableRecordError); `task_id` is None for a run's own."""

    run_id: str
    task_id: str | None
    problem: str


OpenItem = OpenTask | OpenRun | Unreadable


class LoadedRun(NamedTuple):
    """A run and its tasks. `run` is None where there is none and where it cannot be read: `unreadable` says which."""

    run: RunRecord | None
    tasks: tuple[TaskRecord, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()


@dataclass(frozen=True, slots=True)
class SweepMark:
    """Who sweeps, up to which execution everything was looked at, and where the last sweep has left off.

    `held_until` is by the clock of a function: a wrong one makes two sweeps run at once, which does no harm.
    `seen_until` is by Step Functions' own: when the newest execution started that the last whole sweep has seen.
    `places` has the key that each part of the work came to which did not come to its end.
    `is_unreadable` is true of a mark in place of one that cannot be read: it says nothing, and replaces that one.
    `unreadable_revision` is that one's, where it has a number that counts no writes, such as 0 or 1.5.
    """

    owner: str | None = None
    held_until: datetime | None = None
    seen_until: datetime | None = None
    revision: int = 0
    places: Mapping[str, str] = field(default_factory=dict)
    is_unreadable: bool = False
    unreadable_revision: Decimal | None = None


class RunStore(ABC):
    """The runs table. Every method raises StoreUnavailableError when the table does not do it.

    One that gives a single record raises UnreadableRecordError for one that cannot be read. One that gives several
    gives all that can be read, whatever the others are like.
    """

    @abstractmethod
    def find_task(self, run_id: str, task_id: str) -> TaskRecord | None:
        """The record of a task, read consistently."""

    @abstractmethod
    def find_tasks(self, keys: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], TaskRecord]:
        """The records of many tasks, by run id and task id, read consistently; without those that are not there."""

    @abstractmethod
    def write_task(self, record: TaskRecord) -> WriteResult:
        """Write if nothing stands, or an older version without an outcome: one conditional write.

        A record without a token is not written over one with a token: who writes has to keep it.
        """

    @abstractmethod
    def write_lost(self, record: TaskRecord) -> WriteResult:
        """Write an outcome over this very version of a task that has none: ECS has no newer one, and never will."""

    @abstractmethod
    def mark_delivery(self, record: TaskRecord, delivery: Delivery) -> None:
        """Close an undelivered outcome and drop its token; who knows that it DELIVERED corrects CLOSED_BY_OTHERS.

        Anything else that stands is left alone.
        """

    @abstractmethod
    def mark_missing(self, task: OpenTask, sweeps: int) -> None:
        """Note how many sweeps have found that ECS does not know a task without an outcome; 0: ECS knows it."""

    @abstractmethod
    def live_tasks(self, execution_arn: str) -> tuple[TaskRecord, ...]:
        """The tasks of an execution that have no outcome, as they stood a moment ago (an index).

        Without those that cannot be read: each of them is open, so the sweep meets it by itself.
        """

    @abstractmethod
    def find_run(self, run_id: str) -> RunRecord | None:
        """A run, read consistently."""

    @abstractmethod
    def find_runs(self, run_ids: Collection[str]) -> Mapping[str, RunRecord]:
        """Many runs, by their ids, read consistently; without those that are not there."""

    @abstractmethod
    def write_run(self, run: RunRecord) -> RunRecord | None:
        """Write a run over the revision that it was made of, 0 for none; else what stands, and nothing is written."""

    @abstractmethod
    def forget_run(self, run_id: str) -> None:
        """Remove a run that was never started; one that has seen a task or its execution stays."""

    @abstractmethod
    def load_run(self, run_id: str) -> LoadedRun:
        """A run and its tasks, read consistently; what cannot be read is named. With results and last lines."""

    @abstractmethod
    def tasks_of(self, run_id: str) -> tuple[TaskRecord, ...]:
        """The tasks of a run, read consistently, without results, last lines and their notes: not to be written back.

        Thousands of attempts may have a result of 250 KB each, and who looks after them needs none. Without the tasks
        that cannot be read.
        """

    @abstractmethod
    def open_items(self) -> Iterator[OpenItem]:
        """Everything of which something is still to do, page by page, as it stood a moment ago (an index)."""

    @abstractmethod
    def sweep_mark(self) -> SweepMark:
        """The mark of the sweep, read consistently."""

    @abstractmethod
    def write_sweep_mark(self, mark: SweepMark) -> bool:
        """Write it over the revision that it was made of; False if another sweep was first."""


class TokenCallbacks(ABC):
    """Step Functions' end of a task token. Raises TokenError or CallbacksUnavailableError."""

    @abstractmethod
    def send_success(self, token: str, output: str) -> None:
        """Answer with a JSON text."""

    @abstractmethod
    def send_failure(self, token: str, error: str, cause: str) -> None:
        """Answer with an error's name and its cause."""

    @abstractmethod
    def is_closed(self, token: str) -> bool:
        """Whether the token takes no answer any more. Asks by a heartbeat, so that an open one's time starts anew.

        Of the TokenErrors it raises TokenKeyError alone: what never was a token is not closed.
        """


class LogReader(ABC):
    """The containers' logs. Answers within a few seconds or raises LogUnavailableError."""

    @abstractmethod
    def last_lines(self, location: LogLocation, limit: int) -> tuple[str, ...]:
        """The last lines, oldest first."""


class TaskDefinitions(ABC):
    """What task definitions say. Answers within a few seconds or raises TaskDefinitionUnavailableError."""

    @abstractmethod
    def log_configurations(self, task_definition_arn: str) -> Mapping[str, LogConfiguration]:
        """Where each container of a revision logs, by the container's name."""


@dataclass(frozen=True, slots=True)
class StartedExecution:
    """An execution that was started, now or by an earlier try with the same name and input."""

    arn: str
    started_at: datetime


class Executions(ABC):
    """Step Functions' executions. `start` raises ExecutionError, the others ExecutionsUnavailableError."""

    @abstractmethod
    def start(self, state_machine_arn: str, name: str, execution_input: str) -> StartedExecution:
        """Start one; the input is a JSON text."""

    @abstractmethod
    def describe(self, execution_arn: str) -> Execution | None:
        """How an execution stands; None if there is none of this ARN, or none that can be asked for (express)."""

    @abstractmethod
    def running(self, state_machine_arn: str) -> Iterator[Sequence[Execution]]:
        """Pages of the executions of a machine that run, as they stood a moment ago, without those that cannot be read.

        Whoever asks for one of those by its ARN is told so.
        """

    @abstractmethod
    def newest(self, state_machine_arn: str) -> Iterator[Sequence[Execution]]:
        """Pages of all executions of a machine, newest start first, as they stood a moment ago."""


class TaskList(StrEnum):
    """The two lists that ECS keeps: by what a task is meant to be, not by what it is."""

    RUNNING = "RUNNING"
    STOPPED = "STOPPED"


@dataclass(frozen=True, slots=True)
class Described:
    """DescribeTasks' answer: `tasks` in the shape of an event's detail, and the ARNs that ECS does not know."""

    tasks: tuple[Mapping[str, object], ...]
    missing: frozenset[str]


class Cluster(ABC):
    """The tasks of this application's cluster, as ECS knows them (fact B12). Raises ClusterUnavailableError."""

    @abstractmethod
    def listed(self, which: TaskList) -> Iterator[Sequence[str]]:
        """Pages of task ARNs, at most 100 each."""

    @abstractmethod
    def describe(self, task_arns: Sequence[str]) -> Described:
        """What ECS says of at most 100 tasks."""

    @abstractmethod
    def answered_at(self) -> datetime | None:
        """When ECS last answered a list or a description, by its own clock; None where it has not said so."""

    @abstractmethod
    def stop(self, task_arn: str, reason: str) -> None:
        """Stop a task, with a reason of at most 255 characters; one that has stopped or is not known is no error."""


class Clock(ABC):
    """The time, for what people read and for expiry; never for the order of writes."""

    @abstractmethod
    def now(self) -> datetime:
        """The moment in UTC."""

    @abstractmethod
    def sleep(self, seconds: float) -> None:
        """Let time pass."""
