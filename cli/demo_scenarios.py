"""The runs of the demo: success and failure in every pattern, and how each has to end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cli.text import compact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.documents import Run

Result = Mapping[str, object]


@dataclass(frozen=True)
class Expected:
    """How a run and its execution have to end."""

    status: str
    error: str | None = None
    exit_code: int | None = None
    result: Result | None = None
    execution_status: str = "SUCCEEDED"
    execution_error: str | None = None


@dataclass(frozen=True)
class Scenario:
    """One run and what it shows."""

    shows: str
    pattern: str
    commands: tuple[str, ...]
    expected: Expected


def _python(program: str) -> tuple[str, ...]:
    return ("python", "-c", program)


ANSWER: Result = {"answer": 42, "unit": "runs"}
EXITED = "Container.ExitedNonZero"
NOT_STARTED = "Task.FailedToStart"
# A moment of work, so that the table shows them running.
_WORK = "import sys, time; time.sleep(1); "
_EXIT_3 = _python(_WORK + "print('this goes wrong'); sys.exit(3)")


def _reported(error: str, exit_code: int | None) -> Expected:
    """The state machine fails with the outcome's own name, which it got by its token or, in sync, by asking for it."""
    return Expected("FAILED", error, exit_code, execution_status="FAILED", execution_error=error)


SCENARIOS = (
    Scenario(
        "succeeds with a result",
        "callback",
        _python(_WORK + f"import json; print('working'); print(json.dumps({ANSWER!r}))"),
        Expected("SUCCEEDED", None, 0, ANSWER),
    ),
    Scenario("exits with code 3", "callback", _EXIT_3, _reported(EXITED, 3)),
    Scenario(
        "is killed by a signal",
        "callback",
        _python(_WORK + "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"),
        _reported(EXITED, 137),
    ),
    Scenario("command does not exist", "callback", ("no-such-command",), _reported(NOT_STARTED, None)),
    Scenario("succeeds", "sync", _python(_WORK + "print('done')"), Expected("SUCCEEDED", None, 0)),
    Scenario("exits with code 3", "sync", _EXIT_3, _reported(EXITED, 3)),
    Scenario("succeeds", "request-response", _python(_WORK + "print('done')"), Expected("SUCCEEDED", None, 0)),
    # Its execution ended well when the task was started: only the record knows.
    Scenario("exits with code 3", "request-response", _EXIT_3, Expected("FAILED", EXITED, 3)),
)


def compared(expected: Expected, run: Run) -> tuple[tuple[str, object, object], ...]:
    """What is compared of an end: its name, how it should be, how it is."""
    return (
        ("status", expected.status, run.status),
        ("error", expected.error, run.error),
        ("exit code", expected.exit_code, run.exit_code),
        ("result", expected.result, run.result),
        ("execution status", expected.execution_status, run.execution.status if run.execution else None),
        ("execution error", expected.execution_error, run.execution.error if run.execution else None),
    )


def differences(expected: Expected, run: Run) -> Iterator[str]:
    """What ended otherwise than it should, in words; nothing: all is well."""
    for what, should, found in compared(expected, run):
        if should != found:
            yield f"{what} is {_worded(found)}, expected {_worded(should)}"


def _worded(value: object) -> str:
    if value is None:
        return "none"
    return value if isinstance(value, str) else compact(value)
