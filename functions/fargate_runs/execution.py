"""How an execution stands, from "Step Functions Execution Status Change" or DescribeExecution, and where to ask."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from fargate_runs import lenient
from fargate_runs.errors import ForeignEventError, MalformedEventError, PortError
from fargate_runs.patterns import state_machine_of

SOURCE: Final = "aws.states"
DETAIL_TYPE: Final = "Step Functions Execution Status Change"
_LONGEST_CAUSE: Final = 4_096


class ExecutionStatus(StrEnum):
    """Step Functions' own words."""

    RUNNING = "RUNNING"
    PENDING_REDRIVE = "PENDING_REDRIVE"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    ABORTED = "ABORTED"


_OPEN: Final = frozenset({ExecutionStatus.RUNNING, ExecutionStatus.PENDING_REDRIVE})
_GAVE_UP: Final = frozenset({ExecutionStatus.FAILED, ExecutionStatus.TIMED_OUT, ExecutionStatus.ABORTED})


@dataclass(frozen=True, slots=True)
class ExecutionState:
    """One execution as it stands. `error` and `cause` are what it failed with; the cause is cut to 4,096 characters."""

    arn: str
    status: ExecutionStatus
    error: str | None = None
    cause: str | None = None
    stopped_at: datetime | None = None
    redrive_count: int = 0

    @property
    def name(self) -> str:
        """The execution's name, which is the run id."""
        return self.arn.rpartition(":")[2]

    @property
    def closed(self) -> bool:
        """Whether it has come to an end."""
        return self.status not in _OPEN

    @property
    def gave_up(self) -> bool:
        """Whether it ended without waiting for its tasks: then none of them may go on."""
        return self.status in _GAVE_UP

    @property
    def order(self) -> int:
        """Which of two states of one execution is the later: an end after a start, a redrive after an end."""
        return 2 * self.redrive_count + int(self.closed)

    @classmethod
    def from_event(cls, event: object) -> "ExecutionState":
        """Read an event. Raises MalformedEventError or ForeignEventError, which name the field and echo nothing."""
        if not isinstance(event, Mapping):
            raise MalformedEventError("the event", "is not a JSON object")
        if event.get("source") != SOURCE:
            raise ForeignEventError("source", f"is not {SOURCE!r}")
        if event.get("detail-type") != DETAIL_TYPE:
            raise MalformedEventError("detail-type", f"is not {DETAIL_TYPE!r}")
        detail = event.get("detail")
        if not isinstance(detail, Mapping):
            raise MalformedEventError("detail", "is not a JSON object")
        return cls.from_detail(detail)

    @classmethod
    def from_detail(cls, detail: Mapping[str, object]) -> "ExecutionState":
        """Read the event's `detail`, or DescribeExecution's answer: the names are the same."""
        arn = detail.get("executionArn")
        if not isinstance(arn, str) or state_machine_of(arn) is None:
            raise MalformedEventError("detail.executionArn", "is not the ARN of an execution")
        try:
            status = ExecutionStatus(str(detail.get("status")))
        except ValueError:
            raise MalformedEventError("detail.status", "is not a status of executions") from None
        return cls(
            arn=arn,
            status=status,
            error=lenient.text(detail.get("error")),
            cause=lenient.text(detail.get("cause"), _LONGEST_CAUSE),
            stopped_at=lenient.time(detail.get("stopDate")),
            redrive_count=lenient.whole_number(detail.get("redriveCount")) or 0,
        )


class ExecutionsUnavailableError(PortError):
    """Step Functions did not answer; the same call may work later."""


class ExecutionStates(ABC):
    """Where to ask how an execution stands. Raises ExecutionsUnavailableError."""

    @abstractmethod
    def find(self, execution_arn: str) -> ExecutionState | None:
        """The execution as it stands; None where Step Functions does not know it (any more)."""
