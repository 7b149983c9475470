"""What every command about one run has in common: which one, and where."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from cli.surroundings import Surroundings, pass_surroundings
from cli.target import resolve, target_options
from cli.target_choice import TargetOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.api_client import ApiClient
    from cli.attending import Attendance
    from cli.target import Target


@dataclass(frozen=True)
class FoundRun:
    """A run's id, and whom to ask about it."""

    run_id: str
    api: ApiClient
    target: Target
    surroundings: Surroundings

    def attendance(self) -> Attendance:
        """To stay with it."""
        from cli.attending import Attendance

        return Attendance(self.api, self.target, self.surroundings, self.run_id)


@dataclass(frozen=True)
class NamedRun:
    """A run as it was typed; nothing was called yet."""

    typed: str
    options: TargetOptions
    surroundings: Surroundings

    def find(self) -> FoundRun:
        """The run that is meant. Raises an error of `cli.errors` where that is none or several."""
        from cli.api_client import ApiClient
        from cli.run_ids import resolve_id

        target = resolve(self.options, self.surroundings)
        api = ApiClient(target, sleep=self.surroundings.sleep)
        return FoundRun(resolve_id(api, self.typed), api, target, self.surroundings)


def of_one_run(command: Callable[..., None]) -> Callable[..., None]:
    """Add RUN_ID, --stack, --region and --profile to a command, which gets them together as `named`."""

    @functools.wraps(command)
    def with_run(surroundings: Surroundings, /, run_id: str, options: TargetOptions, **others: object) -> None:
        command(named=NamedRun(run_id, options, surroundings), **others)

    return click.argument("run_id", metavar="RUN_ID")(target_options(pass_surroundings(with_run)))
