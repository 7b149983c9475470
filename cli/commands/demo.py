"""`runs demo`: what `make run` ends with."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from cli.errors import FAILED, INTERRUPTED, OK
from cli.program import program
from cli.surroundings import Surroundings, pass_surroundings
from cli.target import Target, resolve, target_options
from cli.target_choice import TargetOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cli.demo import Demo, Row

LOCAL_DEADLINE_SECONDS = 120
AWS_DEADLINE_SECONDS = 900  # a task takes up to 57 s to start there and 166 s to be reported stopped (fact B13)


@click.command()
@click.option("--deadline", type=click.IntRange(1), metavar="SECONDS", help="Give up then; default: 120, in AWS 900.")
@target_options
@pass_surroundings
@click.pass_context
def demo(
    context: click.Context,
    surroundings: Surroundings,
    /,
    deadline: int | None,
    options: TargetOptions,
) -> None:
    """Start runs that succeed and runs that fail, in every integration pattern, and watch them.

    Each run has to end exactly as it should: status, error, exit code, result, and how Step Functions ended the
    execution behind it.

    \b
      runs demo
      runs demo --stack jobs --region eu-west-1

    Exit codes: 0 every run ended as it should; 1 one did not; 69 the API or the local runtime cannot be asked;
    130 interrupted, the runs go on.
    """
    from rich.console import Console

    from cli.demo_view import view

    target = resolve(options, surroundings)
    played = _demo(target, surroundings)
    seconds = deadline or (LOCAL_DEADLINE_SECONDS if target.endpoint else AWS_DEADLINE_SECONDS)
    console = Console(file=sys.stdout, highlight=False, markup=False)
    try:
        with view(console, played.rows, surroundings.clock) as show:
            played.play(seconds, show)
    except KeyboardInterrupt:
        click.echo("\nInterrupted; the runs that were started go on.", err=True)
        context.exit(INTERRUPTED)
    click.echo(f"\n{_lines(played.rows, surroundings.clock)}\n")
    context.exit(_conclusion(played, target, seconds))


def _demo(target: Target, surroundings: Surroundings) -> Demo:
    from cli.api_client import ApiClient
    from cli.demo import Demo
    from cli.demo_scenarios import SCENARIOS

    return Demo(SCENARIOS, ApiClient(target, sleep=surroundings.sleep), surroundings)


def _lines(rows: Sequence[Row], clock: Callable[[], float]) -> str:
    """One line per run, in columns; where the terminal is too narrow for them, broken between words."""
    from cli.demo_view import cells
    from cli.text import columns, wrapped

    table = [cells(row, clock) for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*table, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
    if max(map(len, lines)) <= columns():
        return "\n".join(lines)
    indent = "\n    "
    return "\n".join(indent.join(wrapped("  ".join(filter(None, row)), columns() - len(indent))) for row in table)


def _conclusion(played: Demo, target: Target, seconds: int) -> int:
    differing = [(row, found) for row in played.rows if (found := row.differences())]
    if not differing:
        click.echo(f"All {len(played.rows)} runs ended as they should.\n\n{_next(played.rows, target)}")
        return OK
    if not played.done:
        click.echo(f"The demo gave up after {seconds} s; --deadline gives it more.", err=True)
    click.echo(f"{len(differing)} of {len(played.rows)} runs did not end as they should:", err=True)
    for row, found in differing:
        scenario = row.scenario
        click.echo(f"  {row.run_id} ({scenario.pattern}, {scenario.shows}): {'; '.join(found)}", err=True)
        click.echo(f"    {program()} show {row.run_id}{target.options}", err=True)
    return FAILED


def _next(rows: Sequence[Row], target: Target) -> str:
    failed = next((row for row in rows if row.status == "FAILED"), rows[0])
    runs, options = program(), target.options
    hints = [
        f"  {runs} show {failed.run_id}{options}",
        f"""  {runs} start --wait{options} -- python -c "print('hello')\"""",
    ]
    if target.endpoint:
        hints.append(f"  {runs} local down")
    return "\n".join(["What to type next:", *hints])
