"""`runs local`: the application on this machine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from cli.commands.fault import fault
from cli.errors import BadInputError, NotRunningError, UnavailableError
from cli.program import program
from cli.progress import steps
from cli.surroundings import Surroundings, pass_surroundings, readable_runtime_errors
from cli.target_choice import local_options
from cli.text import line_limit, pieces

if TYPE_CHECKING:
    from local.control import RuntimeStatus


class _Containers(click.ParamType):
    """One of the container runtimes. The local runtime's table is read only when it is needed."""

    name = "containers"

    def get_metavar(self, param: click.Parameter) -> str:  # noqa: ARG002 - click's own
        """The runtimes that there are."""
        from local.ecs.runtimes import RUNTIMES

        return f"[{'|'.join(RUNTIMES)}]"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The value, if there is such a runtime."""
        from local.ecs.runtimes import RUNTIMES

        return str(click.Choice(list(RUNTIMES)).convert(value, param, ctx))


@click.group()
def local() -> None:
    """The whole application on this machine: no AWS account, no Docker.

    Exit codes: 0 done; 1 it failed; 2 what was given cannot be; 69 (status, fault) nothing is running.
    """


local.add_command(fault)


@local.command()
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="Where the embedded AWS listens; default: FARGATE_RUNS_PORT, or that of last time, or one of its own.",
)
@click.option("--parameter", "parameters", multiple=True, metavar="NAME=VALUE", help="A parameter of the template.")
@click.option(
    "--containers",
    type=_Containers(),
    help="What containers are; default: FARGATE_RUNS_CONTAINERS, or what runs already, or process.",
)
@click.option("--replace", is_flag=True, help="Let a runtime that is up go, with all that is in it.")
@click.option("--brief", is_flag=True, help="Do not say what to type next.")
@pass_surroundings
def up(
    surroundings: Surroundings,
    port: int | None,
    parameters: tuple[str, ...],
    containers: str | None,
    replace: bool,
    brief: bool,
) -> None:
    """Start the local runtime and deploy the template to it.

    Deploys only what changed since the last time. A parameter keeps the value that was given last, until the local
    runtime is stopped. Another port or other containers need a new runtime: --replace.

    \b
      runs local up
      runs local up --port 4570
      runs local up --containers docker
      runs local up --parameter "ScheduleExpression=rate(5 minutes)"
      runs local up --parameter ScheduleExpression=
    """
    given = dict(_parameter(text) for text in parameters)
    with readable_runtime_errors(), steps(click.echo) as progress:
        control = surroundings.control()
        status = control.up(port=port, parameters=given, containers=containers, replace=replace, progress=progress)
    if brief:
        return
    runs, here = program(), local_options()
    click.echo(
        f"The local runtime is up: {status.endpoint} ({status.region}), stack {status.stack}.\n\n"
        "What to type next:\n"
        f"""  {runs} start --wait{here} -- python -c "print('hello')"\n"""
        f"  {runs} demo{here}\n"
        f"  {runs} local down"
    )


@local.command()
@pass_surroundings
def down(surroundings: Surroundings) -> None:
    """Stop the local runtime and everything that runs in it."""
    with readable_runtime_errors():
        stopped = surroundings.control().down()
    click.echo("The local runtime is stopped." if stopped else "The local runtime was not running.")


@local.command()
@click.option("--json", "as_json", is_flag=True, help="Print endpoint, region, stack and outputs as JSON.")
@pass_surroundings
def status(surroundings: Surroundings, as_json: bool) -> None:
    """Say where the local runtime listens and what is deployed; exit code 69 when it is not running.

    \b
      runs local status
      runs local status --json | jq -r .outputs.ApiUrl
    """
    with readable_runtime_errors(UnavailableError):
        found = surroundings.control().status()
    if found is None:
        raise NotRunningError(f"The local runtime is not running: start it with `{program()} local up`.")
    click.echo(_json(found) if as_json else _page(found))


def _parameter(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise BadInputError(f"--parameter takes NAME=VALUE, not {text!r}.")
    return name, value


def _json(status: RuntimeStatus) -> str:
    keys = {"endpoint": status.endpoint, "region": status.region, "stack": status.stack}
    return json.dumps({**keys, "outputs": dict(status.outputs)}, indent=2)


def _page(status: RuntimeStatus) -> str:
    lines = [f"endpoint  {status.endpoint}", f"region    {status.region}", f"stack     {status.stack}", "outputs"]
    widest = max((len(key) for key in status.outputs), default=0)
    for key, value in sorted(status.outputs.items()):
        lines += _output_lines(key, value, widest, line_limit())
    return "\n".join(lines)


def _output_lines(key: str, value: str, widest: int, limit: int | None) -> list[str]:
    line = f"  {key:<{widest}}  {value}"
    if limit is None or len(line) <= limit:
        return [line]
    return [f"  {key}", *(f"    {piece}" for piece in pieces(value, limit - 4))]
