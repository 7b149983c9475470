"""`runs doctor`: is everything there that a run needs?"""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

import click

from cli.errors import FAILED, OK
from cli.surroundings import Surroundings, pass_surroundings
from cli.target import target_options
from cli.target_choice import TargetOptions, choose
from cli.text import clean, columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cli.doctor.finding import Finding

_COLOURS = {"ok": "green", "warning": "yellow", "problem": "red", "could not tell": "cyan"}
_STATE, _WHAT, _GAP = 14, 17, 2


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects: what, state, found, advice.")
@target_options
@pass_surroundings
@click.pass_context
def doctor(context: click.Context, surroundings: Surroundings, /, as_json: bool, options: TargetOptions) -> None:
    """Look whether everything is there that a run needs, and say what to do where it is not.

    In AWS: credentials, clock, stack, what the caller may do, quotas, and whether tasks can fetch their image. With the
    local runtime: whether it runs and its API answers. Starts and changes nothing.

    \b
      runs doctor
      runs doctor --stack jobs --region eu-west-1

    Exit codes: 0 no problem (warnings are none); 1 a problem; 2 wrong options.
    """
    from cli.doctor import examination
    from cli.doctor.finding import State

    choice = choose(options)
    looking = examination.of_local(surroundings) if choice is None else examination.of_stack(choice, surroundings)
    where = "the local runtime" if choice is None else f"stack {choice.stack}"
    click.echo(
        clean(f"Looking at {where}." + (f" (from {choice.source})" if choice and choice.source else "")), err=True
    )
    findings: list[Finding] = []
    for finding in looking:
        findings.append(finding)
        if not as_json:
            click.echo(_row(finding, columns()))
    if as_json:
        click.echo(json.dumps(_document(findings), indent=2))
    context.exit(FAILED if any(finding.state is State.PROBLEM for finding in findings) else OK)


def _row(finding: Finding, width: int) -> str:
    """A row of the table: the words beside each other, what to do below."""
    before = " " * (_STATE + _GAP + _WHAT + _GAP)
    room = width - len(before)
    words = textwrap.wrap(clean(finding.found), room) or [""]
    words += textwrap.wrap(clean(finding.advice), room, initial_indent="→ ", subsequent_indent="  ")
    state = click.style(f"{finding.state:<{_STATE}}", fg=_COLOURS[finding.state])
    first = f"{state}{' ' * _GAP}{finding.what:<{_WHAT}}{' ' * _GAP}{words[0]}"
    return "\n".join([first.rstrip(), *(f"{before}{line}" for line in words[1:])])


def _document(findings: Sequence[Finding]) -> list[dict[str, str]]:
    return [
        {"what": each.what, "state": str(each.state), "found": each.found, "advice": each.advice} for each in findings
    ]
