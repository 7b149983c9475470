"""What a command ends with when it cannot do what it was asked.

CliError            readable message on stderr, exit code 1
├─ BadInputError    the input is wrong: exit code 2, as for a wrong option
├─ NotRunningError  no local runtime: exit code 3
├─ UnseenEndError   the run that was waited for could not be asked for any more: exit code 4
├─ ApiError         the API refused or failed
│  └─ RunNotFoundError
└─ (InterruptedWait is an exit of its own: 130)
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from cli.text import columns, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterable

OK = 0
FAILED = 1
BAD_INPUT = 2
NOT_RUNNING = 3
UNSEEN_END = 4
INTERRUPTED = 130  # what shells report for Ctrl-C


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


class NotRunningError(CliError):
    """The local runtime is not up."""

    exit_code = NOT_RUNNING


class UnseenEndError(CliError):
    """Whoever knows how the run ends cannot be asked any more: nothing is said of the run itself."""

    exit_code = UNSEEN_END


class ApiError(CliError):
    """The API refused a request, failed, or could not be reached."""


class RunNotFoundError(ApiError):
    """The API knows no run of this id."""


def refused(problems: Iterable[str]) -> BadInputError:
    """The error for a run request with these problems, one per line."""
    lines = "\n".join(f"  - {problem}" for problem in problems)
    return BadInputError(f"The run was not started, the request is wrong:\n{lines}")
