"""What Step Functions says about the execution behind a run.

The record tells how the task ended; only the execution tells whether the state machine did with it what it should.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.client import SFNClient

RUNNING = "RUNNING"
# Ends in which no task can still be on its way; PENDING_REDRIVE and SUCCEEDED say nothing about that.
ENDED_BADLY = frozenset({"FAILED", "TIMED_OUT", "ABORTED"})


@dataclass(frozen=True)
class Execution:
    """An execution's status and, when it failed, the name of the error and its cause."""

    status: str
    error: str | None = None
    cause: str | None = None


def describe(client: SFNClient, execution_arn: str | None) -> Execution | None:
    """The execution as it is now; None when it cannot be seen (no permission, not found, not reachable)."""
    if not execution_arn:
        return None
    try:
        answer = client.describe_execution(executionArn=execution_arn)
    except (ClientError, BotoCoreError):
        return None
    return Execution(answer["status"], answer.get("error"), answer.get("cause"))
