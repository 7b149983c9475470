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
_OF_THE_ENGINE: Final = frozenset({RUNTIME, QUERY_EVALUATION})
_TIMEOUTS: Final = frozenset({TIMEOUT, HEARTBEAT_TIMEOUT})


class StateError(Exception):
    """A state ended with an error. Name and cause may be missing."""

    def __init__(self, error: str | None, cause: str | None = None, *, is_located: bool = False) -> None:
        self.error = error
        self.cause = cause
        self._is_located = is_located
        super().__init__(f"{error}: {cause}")

    @property
    def shown(self) -> str | None:
        """The error as histories and descriptions have it: a missed heartbeat is a time-out there (fact B27)."""
        return TIMEOUT if self.error == HEARTBEAT_TIMEOUT else self.error

    def located(self, state: str, entered_at: int) -> StateError:
        """The same with the state in its cause, as AWS has it where the engine itself fails (as recorded, fact B49)."""
        if self._is_located or self.error not in _OF_THE_ENGINE or self.cause is None:
            return self
        where = f"An error occurred while executing the state '{state}' (entered at the event id #{entered_at})."
        return StateError(self.error, f"{where} {self.cause}", is_located=True)

    def output(self) -> dict[str, object]:
        """The output of a Catch: `{Error, Cause}`, null if missing, except for time-outs (facts B27, B40)."""
        cause = "" if self.cause is None and self.error in _TIMEOUTS else self.cause
        return {"Error": self.error, "Cause": cause}


def matches(error_equals: list[str], error: str | None) -> bool:
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
