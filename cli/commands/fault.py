"""`runs local fault`: let something go wrong on purpose."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from cli.errors import NotRunningError
from cli.program import program
from cli.surroundings import Surroundings, pass_surroundings, readable_runtime_errors
from cli.text import clean
from local.ecs.faults.kinds import FAULT_KINDS, Option, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from local.ecs.faults.kinds import FaultKind

_COUNTS = {
    Stage.CALL: "each strikes a call of RunTask",
    Stage.START: "each strikes a task that starts",
    Stage.RUN: "each strikes a task that runs (--after: so many seconds later)",
    Stage.EVENT: "each strikes an event of a task (--last-status: only such)",
}


def _table() -> str:
    """The kinds as help text, by what they strike."""
    widest = max(len(name) for name in FAULT_KINDS)
    lines = []
    for stage, counts in _COUNTS.items():
        kinds = [kind for kind in FAULT_KINDS.values() if kind.stage is stage]
        rows = [f"  {kind.name:<{widest}}  {kind.does}{_seconds(kind)}" for kind in kinds]
        lines.append("\b\n" + "\n".join([f"Kinds: {counts}", *rows]))
    return "\n\n".join(lines)


def _seconds(kind: FaultKind) -> str:
    return "" if kind.seconds is None else f"; --seconds is {kind.seconds_are} (default {kind.seconds:g})"


@click.group(help=f"Let something go wrong on purpose in the local runtime, to see how your runs cope.\n\n{_table()}")
def fault() -> None:
    """The group; its help is made from the table of kinds."""


@fault.command(epilog=_table())
@click.argument("kind", type=click.Choice(list(FAULT_KINDS)), metavar="KIND")
@click.option("--count", type=click.IntRange(1), default=1, show_default=True, help="How often it strikes.")
@click.option("--provider", metavar="NAME", help="Only on this capacity provider: FARGATE or FARGATE_SPOT.")
@click.option("--family", metavar="NAME", help="Only tasks of this task definition family.")
@click.option("--seconds", type=click.FloatRange(0), help="The kind's own time, see below.")
@click.option("--after", type=click.FloatRange(0), help="Seconds for which a task runs before it strikes; default: 0.")
@click.option("--reason", metavar="TEXT", help="Another text than AWS's usual one.")
@click.option("--last-status", "last_status", multiple=True, metavar="STATUS", help="Only events with this lastStatus.")
@pass_surroundings
def add(
    surroundings: Surroundings,
    /,
    kind: str,
    count: int,
    last_status: tuple[str, ...],
    **options: str | float | None,
) -> None:
    """Arm a fault for the next call, task or event.

    \b
      runs local fault add out-of-memory
      runs local fault add spot-interruption --after 5
      runs local fault add event-dropped --last-status STOPPED --count 3
    """
    from local import faults_client

    said = {Option.LAST_STATUS: list(last_status), **options}
    body = {str(name): value for name, value in said.items() if value not in (None, [])}
    endpoint = _endpoint(surroundings)
    with readable_runtime_errors():
        armed = faults_client.send(endpoint, {"kind": kind, "count": count, **body})
    click.echo(f"Armed: {_line(armed)}")


@fault.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
@pass_surroundings
def list_faults(surroundings: Surroundings, as_json: bool) -> None:
    """Say what is armed and how often it will still strike."""
    from local import faults_client

    endpoint = _endpoint(surroundings)
    with readable_runtime_errors():
        found = faults_client.armed(endpoint)
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        click.echo("\n".join(_line(each) for each in found) or "No fault is armed.")


@fault.command("clear")
@pass_surroundings
def clear_faults(surroundings: Surroundings) -> None:
    """Disarm every fault; tasks that have been started keep what was planned for them."""
    from local import faults_client

    endpoint = _endpoint(surroundings)
    with readable_runtime_errors():
        faults_client.clear(endpoint)
    click.echo("No fault is armed.")


def _endpoint(surroundings: Surroundings) -> str:
    with readable_runtime_errors():
        found = surroundings.control().status()
    if found is None:
        raise NotRunningError(f"The local runtime is not running: start it with `{program()} local up`.")
    return found.endpoint


def _line(armed: Mapping[str, object]) -> str:
    """`no-capacity, 2 times, provider FARGATE_SPOT`."""
    left = armed.get("left")
    times = "once" if left == 1 else f"{left} times"
    details: Iterable[str] = (
        f"{name} {', '.join(value) if isinstance(value, list) else value}"
        for name, value in armed.items()
        if name not in {"id", "kind", "left"}
    )
    return clean(", ".join([str(armed.get("kind")), times, *details]))
