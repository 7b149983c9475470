"""`runs start`: start a run and, when asked, wait for its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cli.commands.waiting import Waiting, go_on, wait_options
from cli.errors import BadInputError, refused
from cli.surroundings import Surroundings, pass_surroundings
from cli.target import resolve, target_options
from cli.target_choice import TargetOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

PATTERNS = ("callback", "sync", "request-response")
CAPACITIES = ("on-demand", "spot", "spot-first")


def _environment(_context: click.Context, _option: click.Parameter, pairs: tuple[str, ...]) -> dict[str, str]:
    """K=V … as a mapping; a value may hold further equal signs and may be empty."""
    environment: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not name or not equals:
            raise click.BadParameter(f"{pair!r} is not NAME=VALUE")
        if name in environment:
            raise click.BadParameter(f"{name} is given twice")
        environment[name] = value
    return environment


@click.command(context_settings={"allow_interspersed_args": False})
@click.option("--pattern", type=click.Choice(PATTERNS), default="callback", show_default=True, help="How it is run.")
@click.option("--env", "environment", metavar="NAME=VALUE", multiple=True, callback=_environment, help="Repeatable.")
@click.option("--cpu", metavar="UNITS", help="CPU units of the task: 256, 512, 1024, …")
@click.option("--memory", metavar="MIB", help="Memory of the task in MiB.")
@click.option("--capacity", type=click.Choice(CAPACITIES), help="Default: on-demand.")
@click.option("--timeout-seconds", type=int, metavar="SECONDS", help="Default: the stack's own.")
@click.option("--retries", type=int, metavar="COUNT", help="After transient failures. Default: the stack's own.")
@click.option("--retry-on-exit-code", type=int, metavar="CODE", multiple=True, help="Also after this one. Repeatable.")
@click.option("--task-definition", metavar="ARN", help="One that the stack allows; default: the stack's own.")
@wait_options
@target_options
@click.argument("commands", metavar="-- COMMAND...", nargs=-1, type=click.UNPROCESSED)
@pass_surroundings
@click.pass_context
def start(
    context: click.Context,
    surroundings: Surroundings,
    /,
    commands: tuple[str, ...],
    pattern: str,
    waiting: Waiting,
    options: TargetOptions,
    **given: object,
) -> None:
    """Start COMMAND in a container.

    \b
      runs start -- python -c "print('hello')"
      id=$(runs start -- python job.py)
      runs start --wait --env STAGE=test --cpu 512 --memory 1024 -- python job.py
      runs start --pattern sync --stack jobs --region eu-west-1 -- ./report

    Exit codes: 0 started; 2 the request is wrong; 69 the API or the local runtime cannot be asked. With --wait as
    `docker run`: 0 it SUCCEEDED or was SKIPPED; its container's own code, where it ended with one; 1 it FAILED or was
    STOPPED otherwise; 124 it timed out; 69 its end was not seen, and it goes on; 130 stopped waiting, it goes
    on.
    """
    from cli.api_client import ApiClient

    request = _checked(pattern, commands, given)
    target = resolve(options, surroundings)
    api = ApiClient(target, sleep=surroundings.sleep)
    context.exit(go_on(api, target, surroundings, lambda: api.start_run(request, waiting.key), waiting))


_KEYS = {
    "environment": "environment",
    "cpu": "cpu",
    "memory": "memory",
    "capacity": "capacity",
    "timeout_seconds": "timeoutSeconds",
    "retries": "retries",
    "retry_on_exit_code": "retryOnExitCodes",
    "task_definition": "taskDefinition",
}


def _checked(pattern: str, commands: tuple[str, ...], given: Mapping[str, object]) -> dict[str, object]:
    """Returns the body of POST /runs for these options. Raises BadInputError before anything is called."""
    from fargate_runs.errors import InvalidRunRequestError
    from fargate_runs.runs.request import RunRequest

    if not commands:
        raise BadInputError("No command: put it at the end, after `--`.")
    request: dict[str, object] = {"pattern": pattern, "commands": list(commands)}
    request.update((key, _plain(given[name])) for name, key in _KEYS.items() if given[name] not in (None, {}, ()))
    try:
        RunRequest.from_mapping(request)
    except InvalidRunRequestError as error:
        raise refused(error.problems) from error
    return request


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
