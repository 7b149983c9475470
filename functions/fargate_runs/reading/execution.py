"""A Step Functions execution as this application sees it, read from an event or from DescribeExecution.

Its input and output are never kept, and of its cause only what a person may read anywhere: the cause of a failed
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
# What is left out of a text: a word longer than any ARN is a task token, and from a brace on it may be an input or a
# task, as the error texts of Step Functions repeat them, cut off or not.
_SECRET: Final = re.compile(r"\{.*|\S{300,}", re.DOTALL)


class ExecutionStatus(StrEnum):
    """DescribeExecution's own words."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    ABORTED = "ABORTED"
    PENDING_REDRIVE = "PENDING_REDRIVE"


_OPEN: Final = frozenset({ExecutionStatus.RUNNING, ExecutionStatus.PENDING_REDRIVE})


@dataclass(frozen=True, slots=True)
class Execution:
    """One execution at one moment. `cause` is a sentence for people, not what Step Functions gave."""

    arn: str
    status: ExecutionStatus
    redrive_count: int = 0
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    error: str | None = None
    cause: str | None = None

    @classmethod
    def from_detail(cls, detail: Mapping[str, object]) -> "Execution":
        """Read an event's `detail`, DescribeExecution's answer or an element of ListExecutions'.

        Raises MalformedExecutionError when executionArn, status or redriveCount cannot be used.
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
        """Whether it has ended; only a redrive opens it again."""
        return self.status not in _OPEN

    @property
    def order(self) -> int:
        """Which of two states of an execution is the later one: counted by redrives, never by a clock."""
        return 2 * self.redrive_count + int(self.is_closed)


def is_child(execution_arn: str) -> bool:
    """Whether this is an execution that a Distributed Map started for items: its machine's name has a label."""
    return "/" in execution_arn


def is_named(execution_arn: str | None, run_id: str) -> bool:
    """Whether this run id is the name of this execution: the run is the execution, and not a part of it."""
    return execution_arn is not None and not is_child(execution_arn) and execution_arn.rpartition(":")[2] == run_id


def summary_of(cause: object) -> str | None:
    """What may be shown of a cause: the summary of one of ours, or a text up to an object in it; never an object."""
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
    """It orders the writes, so nothing is guessed: absent and null are 0, a text is refused."""
    value = detail.get("redriveCount")
    if value is None:
        return 0
    number = None if isinstance(value, str) else lenient.whole_number(value)
    if number is None or number < 0:
        raise MalformedExecutionError("redriveCount", "is not a whole number")
    return number
