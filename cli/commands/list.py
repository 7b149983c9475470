"""`runs list`: the newest runs, one line each."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from cli.commands.start import PATTERNS
from cli.program import program
from cli.surroundings import Surroundings, pass_surroundings
from cli.target import Target, resolve, target_options
from cli.target_choice import TargetOptions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

STATUSES = ("PENDING", "QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "STOPPED", "SKIPPED", "MISSED")
_TIMES = frozenset({"since", "until"})


@click.command("list")
@click.option("--status", type=click.Choice(STATUSES, case_sensitive=False), help="Only these.")
@click.option("--pattern", type=click.Choice(PATTERNS), help="Only these.")
@click.option("--job", metavar="NAME", help="Only runs of this job.")
@click.option("--since", metavar="TIME", help="Created at this time or later: 2h, 30m, 7d, or ISO 8601.")
@click.option("--until", metavar="TIME", help="Created at this time or earlier.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many at most.")
@click.option("--json", "as_json", is_flag=True, help='Print {"runs": […]} with each run as the API gives it.')
@target_options
@pass_surroundings
def list_runs(
    surroundings: Surroundings,
    /,
    limit: int,
    as_json: bool,
    options: TargetOptions,
    **filters: str | None,
) -> None:
    """List runs, newest first, and why they failed.

    For each: its status, its age, how long it took, about what it cost, and the reason if it did not succeed.

    \b
      runs list
      runs list --status FAILED --since 2h
      runs list --limit 500 --json --stack jobs | jq -r '.runs[].runId'

    On a terminal each run has one line; into a pipe the reason goes uncut. Times are in UTC unless they name another
    offset. docs/api.md describes the fields of --json.

    Exit codes: 0 listed; 2 a wrong option; 69 the API or the local runtime cannot be asked.
    """
    from cli.api_client import ApiClient
    from cli.run_list import Row, listed, table

    now = surroundings.now()
    given = dict(_given(filters, now))
    target = resolve(options, surroundings)
    runs, more = listed(ApiClient(target, sleep=surroundings.sleep), given, limit)
    if as_json:
        click.echo(json.dumps({"runs": runs}, indent=2))
    elif runs:
        click.echo(table([Row.from_document(each) for each in runs], now, _width()))
    else:
        click.echo(_nothing(target, is_filtered=bool(given)), err=True)
    if more:
        click.echo(f"There are more; --limit shows more than {limit}.", err=True)


def _given(filters: Mapping[str, str | None], now: datetime) -> Iterator[tuple[str, str]]:
    """The filters that were given, as the API takes them."""
    from cli.moments import iso, typed

    for name, value in filters.items():
        if value is not None:
            yield name, iso(typed(f"--{name}", value, now)) if name in _TIMES else value


def _width() -> int | None:
    """The terminal's; None where there is none, and nothing has to be cut."""
    from cli.text import columns

    return columns() if sys.stdout.isatty() else None


def _nothing(target: Target, *, is_filtered: bool) -> str:
    if is_filtered:
        return f"No run in {target.label} is like that."
    return f"There is no run in {target.label} yet. Start one:  {program()} start{target.options} -- echo hello"
