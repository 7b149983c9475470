"""What the use cases need from the outside, and how each of them may fail.

    PortError
    ├── StoreUnavailableError          the table did not do it: throttled, down, refused
    ├── TokenError
    │   ├── TokenClosedError           the token is answered, timed out, or its execution is over (fact B29)
    │   ├── TokenUnusableError         this never was a token of Step Functions
    │   └── AnswerRefusedError         the answer itself was refused: too long, or no JSON
    ├── CallbacksUnavailableError      the answer may or may not have arrived: throttled, down, timed out
    ├── LogUnavailableError            the log could not be read
    └── ExecutionError
        ├── ExecutionExistsError       an execution of this name exists (fact B32)
        ├── ExecutionThrottledError    certainly not started, may work later
        ├── ExecutionRefusedError      certainly not started, will not work later
        └── ExecutionUnknownError      no answer: may have started

Each port has a twin in memory in tests/fakes and one contract test suite for both. A lost race is a result, no error.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime

from fargate_runs.errors import PortError
from fargate_runs.log import LogLocation
from fargate_runs.record import Delivery, RunRecord, TaskRecord


class StoreUnavailableError(PortError):
    """The table did not do what it was asked: throttled, down or refused."""


class TokenError(PortError):
    """Step Functions did not take the answer, and will not take it later."""


class TokenClosedError(TokenError):
    """The token is answered, timed out, or its execution is over."""


class TokenUnusableError(TokenError):
    """This never was a token of Step Functions: another application's variable of the same name."""


class AnswerRefusedError(TokenError):
    """The token is fine, the answer is not: too long or no JSON."""


class CallbacksUnavailableError(PortError):
    """No answer from Step Functions: what was sent may or may not have arrived."""


class LogUnavailableError(PortError):
    """The log could not be read; its message says why in a few words."""


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


class RunStore(ABC):
    """The runs table. Every method raises StoreUnavailableError when the table does not do it."""

    @abstractmethod
    def find_task(self, run_id: str, task_id: str) -> TaskRecord | None:
        """The record of a task, read consistently."""

    @abstractmethod
    def write_task(self, record: TaskRecord) -> WriteResult:
        """Write if nothing stands, or an older version without an outcome: one conditional write."""

    @abstractmethod
    def mark_delivery(self, record: TaskRecord, delivery: Delivery) -> None:
        """Close an undelivered outcome and drop its token; who knows that it DELIVERED corrects CLOSED_BY_OTHERS.

        Anything else that stands is left alone.
        """

    @abstractmethod
    def mirror_task(self, record: TaskRecord) -> None:
        """Make the run show this task, unless it already shows a newer task or a later state of this one."""

    @abstractmethod
    def create_run(self, run: RunRecord) -> bool:
        """Write a new run; False if one of this id exists."""

    @abstractmethod
    def forget_run(self, run_id: str) -> None:
        """Remove a run that was never started; one that has seen a task stays."""

    @abstractmethod
    def load_run(self, run_id: str) -> tuple[RunRecord | None, tuple[TaskRecord, ...]]:
        """A run and its tasks, read consistently; (None, ()) if there is neither."""


class TokenCallbacks(ABC):
    """Step Functions' end of a task token. Raises TokenError or CallbacksUnavailableError."""

    @abstractmethod
    def send_success(self, token: str, output: str) -> None:
        """Answer with a JSON text."""

    @abstractmethod
    def send_failure(self, token: str, error: str, cause: str) -> None:
        """Answer with an error's name and its cause."""


class LogReader(ABC):
    """The containers' logs. Answers within a few seconds or raises LogUnavailableError."""

    @abstractmethod
    def last_lines(self, location: LogLocation, limit: int) -> tuple[str, ...]:
        """The last lines, oldest first."""


@dataclass(frozen=True, slots=True)
class StartedExecution:
    """An execution that was started, now or by an earlier try with the same name and input."""

    arn: str
    started_at: datetime


class Executions(ABC):
    """Step Functions' executions. Raises ExecutionError."""

    @abstractmethod
    def start(self, state_machine_arn: str, name: str, execution_input: str) -> StartedExecution:
        """Start one; the input is a JSON text."""


class Clock(ABC):
    """The time, for what people read and for expiry; never for the order of writes."""

    @abstractmethod
    def now(self) -> datetime:
        """The moment in UTC."""
