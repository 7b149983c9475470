"""A Step Functions execution as this application sees it, read from an event or from DescribeExecution.

Its input and output are never kept. Of its cause only a part that anyone may read is kept: the cause of a failed
`.sync` state is the whole task, with its environment in clear.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from fargate_runs.errors import MalformedExecutionError
from fargate_runs.reading import lenient
from fargate_runs.reading.patterns import state_machine_of

_LONGEST_ARN: Final = 1_024
_LONGEST_ERROR: Final = 256  # fact B30
_LONGEST_SUMMARY: Final = 1_000
# The parts of a text that are never kept. A word longer than any ARN is a task token. A brace may begin an input or a
# task: error texts of Step Functions repeat them, cut off or not.
_SECRET: Final = re.compile(r"\{.*|\S{300,}", re.DOTALL)


class ExecutionStatus(StrEnum):
    """The statuses of DescribeExecution."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    ABORTED = "ABORTED"
    PENDING_REDRIVE = "PENDING_REDRIVE"


_OPEN: Final = frozenset({ExecutionStatus.RUNNING, ExecutionStatus.PENDING_REDRIVE})


@dataclass(frozen=True, slots=True)
class Execution:
    """One execution at one moment. `cause` is a sentence for people, not the text of Step Functions."""

    arn: str
    status: ExecutionStatus
    redrive_count: int = 0
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    error: str | None = None
    cause: str | None = None

    @classmethod
    def from_detail(cls, detail: Mapping[str, object]) -> "Execution":
        """Reads an event's `detail`, DescribeExecution's answer or an element of ListExecutions'.

        Raises MalformedExecutionError if executionArn, status or redriveCount cannot be used.
        """
        status = _status(detail)
        return cls(
            arn=_arn(detail),
            status=status,
            redrive_count=_redrive_count(detail),
            started_at=lenient.time(detail.get("startDate")),
            stopped_at=None if status in _OPEN else lenient.time(detail.get("stopDate")),
            error=lenient.text(detail.get("error"), _LONGEST_ERROR),
            cause=summary_of(detail.get("cause")),
        )

    @property
    def name(self) -> str:
        """The last part of the ARN."""
        return self.arn.rpartition(":")[2]

    @property
    def is_closed(self) -> bool:
        """True if it has ended. Only a redrive opens it again."""
        return self.status not in _OPEN

    @property
    def order(self) -> int:
        """Sorts the states of an execution: a later state is greater. It counts redrives, and uses no clock."""
        return 2 * self.redrive_count + int(self.is_closed)


def is_child(execution_arn: str) -> bool:
    """Returns whether a Distributed Map started this execution for its items: then its machine's name has a label."""
    return "/" in execution_arn


def is_named(execution_arn: str | None, run_id: str) -> bool:
    """Returns whether the execution's name is this run id: then the run is the whole execution, not a part of it."""
    return execution_arn is not None and not is_child(execution_arn) and execution_arn.rpartition(":")[2] == run_id


def summary_of(cause: object) -> str | None:
    """Returns the part of a cause that may be shown: the summary of one of ours, else the text before an object.

    Never returns an object.
    """
    text = lenient.text(cause, 262_144)
    if text is None:
        return None
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return lenient.text(_SECRET.sub("…", text), _LONGEST_SUMMARY)
    return lenient.text(parsed.get("summary"), _LONGEST_SUMMARY) if isinstance(parsed, dict) else None


def _arn(detail: Mapping[str, object]) -> str:
    value = lenient.text(detail.get("executionArn"), _LONGEST_ARN)
    if value is None or state_machine_of(value) is None:
        raise MalformedExecutionError("executionArn", "is missing or is no ARN of an execution")
    return value


def _status(detail: Mapping[str, object]) -> ExecutionStatus:
    try:
        return ExecutionStatus(str(detail.get("status")))
    except ValueError:
        known = ", ".join(ExecutionStatus)
        raise MalformedExecutionError("status", f"is none of {known}") from None


def _redrive_count(detail: Mapping[str, object]) -> int:
    """Returns the count of redrives. It orders the writes, so nothing is guessed: absent is 0, a text is refused."""
    value = detail.get("redriveCount")
    if value is None:
        return 0
    number = None if isinstance(value, str) else lenient.whole_number(value)
    if number is None or number < 0:
        raise MalformedExecutionError("redriveCount", "is not a whole number")
    return number
