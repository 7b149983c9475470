"""What a command ends with: the exit codes, and the errors that carry them.

CliError                readable message on stderr, exit code 1
├─ BadInputError        the input is wrong: exit code 2, as for a wrong option
│  └─ InvalidFieldsError   … as the API says, field by field
├─ RefusedError         the API cannot do it with this run, by name: exit code 1, or 2 for a name that nothing has
└─ UnavailableError     the API, AWS or the local runtime cannot be asked: exit code 69
   ├─ NotRunningError   no local runtime
   ├─ UnseenEndError    the run that was waited for cannot be asked for any more
   └─ ApiError          the API refused or failed
      ├─ NoAnswerError      it may answer a moment later
      └─ RunNotFoundError   exit code 2: an id that the API does not know is wrong input

An interrupt is an exit of its own: 130. Codes that a container may end with too are told apart by what stderr says.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import click

from cli.documents import SKIPPED, SUCCEEDED
from cli.interrupts import ENDED_BY_CTRL_C
from cli.text import columns, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cli.documents import Run

OK: Final = 0
FAILED: Final = 1
BAD_INPUT: Final = 2
UNAVAILABLE: Final = 69  # EX_UNAVAILABLE of sysexits.h
TIMED_OUT: Final = 124  # that of timeout(1)
INTERRUPTED: Final = ENDED_BY_CTRL_C
#: A process has one byte for its code: what does not fit could become 0.
LARGEST: Final = 255
#: The errors of a run that was not given more time: by Step Functions (fact B27), by the sweep, or by its
#: totalTimeoutSeconds, which hold while it waits for a slot too.
TIMEOUTS: Final = frozenset(
    {"States.Timeout", "States.HeartbeatTimeout", "Task.TimedOut", "Run.TotalTimeout", "Run.QueueTimedOut"}
)


def exit_code_of(run: Run) -> int:
    """The exit code that says how a run ended, as `docker run` does: its container's own code where there is one.

    A time-out comes first: the container's code tells then only how it was stopped. A skipped run is no failure.
    """
    if run.status in {SUCCEEDED, SKIPPED}:
        return OK
    if run.error in TIMEOUTS:
        return TIMED_OUT
    if run.exit_code is not None and OK < run.exit_code <= LARGEST:
        return run.exit_code
    return FAILED


class CliError(click.ClickException):
    """A message for the person at the keyboard; click prints it on stderr as `Error: …`."""

    exit_code = FAILED

    def format_message(self) -> str:
        """The message; on a terminal in lines that are broken between words."""
        if not sys.stderr.isatty():
            return super().format_message()
        before = "Error: "  # what click writes before it
        return "\n".join(wrapped(before + super().format_message(), columns())).removeprefix(before)


class BadInputError(CliError):
    """What was given cannot be used, and nothing was called."""

    exit_code = BAD_INPUT


class InvalidFieldsError(BadInputError):
    """The API found something wrong with a request. `problems` are the fields and what is wrong with each."""

    def __init__(self, message: str, problems: Sequence[tuple[str, str]]) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class RefusedError(CliError):
    """The API cannot do what it was asked with this run: it has ended, it has no log, it is forgotten …"""

    def __init__(self, message: str, name: str, exit_code: int = FAILED) -> None:
        super().__init__(message)
        self.name = name
        """That of the problem, such as `Log.NotYet`."""
        self.exit_code = exit_code


class UnavailableError(CliError):
    """The service that has the answer cannot be asked: no runtime, no stack, no credentials, or no response."""

    exit_code = UNAVAILABLE


class NotRunningError(UnavailableError):
    """The local runtime is not up."""


class UnseenEndError(UnavailableError):
    """The end of the run can no longer be read. This says nothing about the run itself."""


class ApiError(UnavailableError):
    """The API refused a request, failed, or could not be reached."""


class NoAnswerError(ApiError):
    """The API could not be reached, or had no time: the same question may be answered a moment later."""


class RunNotFoundError(ApiError):
    """The API knows no run of this id."""

    exit_code = BAD_INPUT


def refused(problems: Iterable[str]) -> BadInputError:
    """The error for a run request with these problems, one per line."""
    lines = "\n".join(f"  - {problem}" for problem in problems)
    return BadInputError(f"The run was not started, the request is wrong:\n{lines}")
