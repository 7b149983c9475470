"""What `start` and `rerun` have in common: a run is started, and one may wait for its end."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from cli.errors import INTERRUPTED, OK

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.api_client import ApiClient, Document
    from cli.surroundings import Surroundings
    from cli.target import Target

quiet_option = click.option("--quiet", is_flag=True, help="Show none of the container's lines.")


@dataclass(frozen=True)
class Waiting:
    """By which key to start, whether to wait for the end, and what to show."""

    key: str | None

    wait: bool
    quiet: bool
    as_json: bool


def _key(_context: click.Context, _option: click.Parameter, key: str | None) -> str | None:
    """A header's value. What else is wrong with it, the API says."""
    if key is not None and not (key.isascii() and key.isprintable() and key == key.strip()):
        raise click.BadParameter("only printable ASCII characters, without spaces around them")
    return key


def wait_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add --wait, --quiet, --json and --idempotency-key to a command, which gets them together as `waiting`."""

    @functools.wraps(command)
    def with_options(
        *arguments: object, key: str | None, wait: bool, quiet: bool, as_json: bool, **others: object
    ) -> None:
        command(*arguments, waiting=Waiting(key, wait, quiet, as_json), **others)

    for option in (
        click.option(
            "--idempotency-key",
            "key",
            metavar="TEXT",
            callback=_key,
            help="The same key starts the same run, for 24 hours; default: a new one.",
        ),
        click.option(
            "--json", "as_json", is_flag=True, help="Print the API's answer (with --wait: the run at its end)."
        ),
        quiet_option,
        click.option("--wait", is_flag=True, help="Show the container's lines until its end, and exit with its code."),
    ):
        with_options = option(with_options)
    return with_options


def go_on(
    api: ApiClient, target: Target, surroundings: Surroundings, start: Callable[[], Document], waiting: Waiting
) -> int:
    """Start a run, say so and, where that is wanted, wait for its end. Return the exit code.

    Without --wait stdout gets the run's id alone, or with --json the API's answer: all else is on stderr.
    """
    from cli.api_client import started_of
    from cli.attending import Attendance, Wanted, hint
    from cli.program import program
    from cli.text import clean

    try:
        answer = start()
    except KeyboardInterrupt:
        look = f"{program()} list{target.options}"
        click.echo(f"\nInterrupted before the answer: the run may have been started. Look:  {look}", err=True)
        return INTERRUPTED
    started = started_of(answer)
    run_id = clean(started.run_id)
    if waiting.wait:
        click.echo(f"Started run {run_id} ({started.pattern}) on {target.label}.", err=True)
        wanted = Wanted(quiet=waiting.quiet, as_json=waiting.as_json, from_the_first=True)
        return Attendance(api, target, surroundings, started.run_id).wait(wanted)
    if waiting.as_json:
        click.echo(json.dumps(answer, indent=2))
        return OK
    click.echo(run_id)
    hints = (("Wait for it", "wait"), ("See its lines", "logs -f"), ("Look at it", "show"))
    lines = [f"{said + ':':<15}{hint(command, started.run_id, target)}" for said, command in hints]
    click.echo("\n".join([f"Started ({started.pattern}) on {target.label}.", *lines]), err=True)
    return OK
