"""What the commands need from the machine they run on; tests hand in their own."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

import click

from cli import program
from cli.errors import BadInputError, CliError, NotRunningError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from local.control import RuntimeStatus


class RuntimeControl(Protocol):
    """The part of `local.control` that the command line uses."""

    def up(
        self,
        *,
        port: int | None = None,
        parameters: Mapping[str, str] | None = None,
        containers: str | None = None,
        replace: bool = False,
        progress: Callable[[str], None],
    ) -> RuntimeStatus:
        """Start the local runtime and deploy to it; at once when it is up already."""

    def down(self) -> bool:
        """Stop it; false: nothing ran."""

    def status(self) -> RuntimeStatus | None:
        """Where it listens and what is deployed; None if it is not up. Raises OtherVersionError if it has no key."""


def _local_control() -> RuntimeControl:
    from local import control

    return control


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Surroundings:
    """The local runtime's control, and time."""

    control: Callable[[], RuntimeControl] = field(default=_local_control)
    sleep: Callable[[float], None] = field(default=time.sleep)
    clock: Callable[[], float] = field(default=time.monotonic)
    now: Callable[[], datetime] = field(default=_now)


pass_surroundings = click.make_pass_decorator(Surroundings, ensure=True)


def no_local_runtime() -> NotRunningError:
    """Returns the error of a call to the local runtime if that is not installed."""
    return NotRunningError(
        "The local runtime is not part of this installation: name a stack in AWS with --stack, or clone the project "
        "and type `make run` there, whose `.venv/bin/runs` talks to it."
    )


@contextmanager
def readable_runtime_errors(readable: type[CliError] = CliError) -> Iterator[None]:
    """Turn the local runtime's own errors into `readable` ones, and into exit code 2 for what was given.

    Raises NotRunningError where there is no local runtime to be asked.
    """
    if not program.has_local_runtime():
        raise no_local_runtime()
    from local.errors import BadParametersError, LocalRuntimeError

    try:
        yield
    except BadParametersError as error:
        raise BadInputError(str(error)) from error
    except LocalRuntimeError as error:
        raise readable(str(error)) from error
