"""`runs local fault`: let something go wrong on purpose."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from cli.errors import NotRunningError, UnavailableError
from cli.program import program
from cli.surroundings import Surroundings, pass_surroundings, readable_runtime_errors
from cli.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from local.ecs.faults.kinds import FaultKind

_STRIKES = {
    "call": "each strikes a call of RunTask",
    "start": "each strikes a task that starts",
    "run": "each strikes a task that runs (--after: so many seconds later)",
    "event": "each strikes a task's event (--last-status) or an execution's (--status)",
    "function": "each strikes a function's call to AWS (--call, --function: only such)",
}


class _Kind(click.ParamType):
    """One of the kinds of faults. The local runtime's table is read only when it is needed."""

    name = "kind"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The value, if there is such a kind."""
        from local.ecs.faults.kinds import FAULT_KINDS

        if value not in FAULT_KINDS:
            self.fail(f"{value!r} is not one of {', '.join(FAULT_KINDS)}.", param, ctx)
        return value


class _WithKinds(click.Command):
    """A command whose help ends with the table of kinds."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the kinds, by what they strike."""
        super().format_epilog(ctx, formatter)
        from local.ecs.faults.kinds import FAULT_KINDS

        for stage, strikes in _STRIKES.items():
            kinds = [kind for kind in FAULT_KINDS.values() if kind.stage == stage]
            with formatter.section(f"Kinds, {strikes}"):
                formatter.write_dl([(kind.name, f"{kind.does}{_seconds(kind)}{_when(kind)}") for kind in kinds])


class _GroupWithKinds(_WithKinds, click.Group):
    """A group whose help ends with the table of kinds."""


def _seconds(kind: FaultKind) -> str:
    return "" if kind.seconds is None else f"; --seconds: {kind.seconds_are} (default {kind.seconds:g})"


def _when(kind: FaultKind) -> str:
    return "; --when: before or after (default before)" if kind.has_when else ""


@click.group(cls=_GroupWithKinds)
def fault() -> None:
    """Let something go wrong on purpose in the local runtime, to see how your runs cope."""


@fault.command(cls=_WithKinds)
@click.argument("kind", type=_Kind(), metavar="KIND")
@click.option("--count", type=click.IntRange(1), default=1, show_default=True, help="How often it strikes.")
@click.option("--provider", metavar="NAME", help="Only on this capacity provider: FARGATE or FARGATE_SPOT.")
@click.option("--family", metavar="NAME", help="Only tasks of this task definition family.")
@click.option("--seconds", type=click.FloatRange(0), help="The kind's own time, see below.")
@click.option("--after", type=click.FloatRange(0), help="Seconds for which a task runs before it strikes; default: 0.")
@click.option("--reason", metavar="TEXT", help="Another text than AWS's usual one.")
@click.option("--last-status", "last_status", multiple=True, metavar="STATUS", help="Only events with this lastStatus.")
@click.option("--status", multiple=True, metavar="STATUS", help="Events of executions instead, with this status.")
@click.option("--call", metavar="ACTION", help="Only this action of AWS's API, such as SendTaskFailure.")
@click.option("--when", type=click.Choice(["before", "after"]), help="Before or after the call is carried out.")
@click.option("--function", metavar="NAME", help="Only functions with this in their name.")
@pass_surroundings
def add(
    surroundings: Surroundings,
    /,
    kind: str,
    count: int,
    last_status: tuple[str, ...],
    status: tuple[str, ...],
    **options: str | float | None,
) -> None:
    """Arm a fault for the next call, task or event, or for the next call of a function.

    \b
      runs local fault add out-of-memory
      runs local fault add spot-interruption --after 5
      runs local fault add event-dropped --last-status STOPPED --count 3
      runs local fault add function-killed --call SendTaskFailure --when after
    """
    from local import faults_client

    said = {"lastStatus": list(last_status), "status": list(status), **options}
    body = {name: value for name, value in said.items() if value not in (None, [])}
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
    with readable_runtime_errors(UnavailableError):
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
    with readable_runtime_errors(UnavailableError):
        faults_client.clear(endpoint)
    click.echo("No fault is armed.")


def _endpoint(surroundings: Surroundings) -> str:
    with readable_runtime_errors(UnavailableError):
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
