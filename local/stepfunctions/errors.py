"""Errors inside an execution."""

from __future__ import annotations

from typing import Final

TIMEOUT: Final = "States.Timeout"
HEARTBEAT_TIMEOUT: Final = "States.HeartbeatTimeout"
TASK_FAILED: Final = "States.TaskFailed"
RUNTIME: Final = "States.Runtime"
DATA_LIMIT_EXCEEDED: Final = "States.DataLimitExceeded"
QUERY_EVALUATION: Final = "States.QueryEvaluationError"

LONGEST_OUTPUT_BYTES: Final = 262_144  # fact B30

_UNCATCHABLE: Final = frozenset({RUNTIME, DATA_LIMIT_EXCEEDED})
_TIMEOUTS: Final = frozenset({TIMEOUT, HEARTBEAT_TIMEOUT})


class StateError(Exception):
    """A state ended with an error name and, where there is one, a cause."""

    def __init__(self, error: str, cause: str | None = None) -> None:
        self.error = error
        self.cause = cause
        super().__init__(f"{error}: {cause}")

    def output(self) -> dict[str, object]:
        """What a Catch hands on: `{Error, Cause}`; States.Timeout has no Cause (fact B27)."""
        return {"Error": self.error} if self.cause is None else {"Error": self.error, "Cause": self.cause}


def matches(error_equals: list[str], error: str) -> bool:
    """Whether a retrier's or catcher's `ErrorEquals` names this error (fact B27).

    States.ALL matches all but States.Runtime and States.DataLimitExceeded; States.TaskFailed matches those that
    States.ALL does, but no time-out; States.Timeout also stands for a missed heartbeat.
    """
    if error in error_equals:
        return True
    if error == HEARTBEAT_TIMEOUT and TIMEOUT in error_equals:
        return True
    if error in _UNCATCHABLE:
        return False
    return "States.ALL" in error_equals or (TASK_FAILED in error_equals and error not in _TIMEOUTS)
