"""`runs start`: start a run and, when asked, wait for its end."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

import click

from cli.errors import INTERRUPTED, ApiError, BadInputError, UnseenEndError, exit_code_of, refused
from cli.program import program
from cli.surroundings import Surroundings, pass_surroundings
from cli.target import Target, resolve, target_options
from cli.target_choice import TargetOptions
from cli.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cli.api_client import ApiClient, Document
    from cli.documents import Run, StartedRun

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
@click.option("--wait", is_flag=True, help="Wait for the end and say how it ended.")
@click.option("--json", "as_json", is_flag=True, help="Print the API's answer (with --wait: the run at its end).")
@target_options
@click.argument("commands", metavar="-- COMMAND...", nargs=-1, type=click.UNPROCESSED)
@pass_surroundings
@click.pass_context
def start(
    context: click.Context,
    surroundings: Surroundings,
    /,
    commands: tuple[str, ...],
    wait: bool,
    as_json: bool,
    pattern: str,
    options: TargetOptions,
    **given: object,
) -> None:
    """Start COMMAND in a container.

    \b
      runs start -- python -c "print('hello')"
      runs start --wait --env STAGE=test --cpu 512 --memory 1024 -- python job.py
      runs start --pattern sync --stack jobs --region eu-west-1 -- ./report

    Exit codes: 0 started; 2 the request is wrong; 69 the API or the local runtime cannot be asked. With --wait as
    `docker run`: 0 it SUCCEEDED; its container's own code, where it ended with one; 1 it FAILED or was STOPPED
    otherwise; 124 it timed out; 69 its end was not seen, and it goes on; 130 stopped waiting, it goes on.
    """
    from cli.api_client import ApiClient, started_of

    request = _checked(pattern, commands, given)
    target = resolve(options, surroundings)
    api = ApiClient(target, sleep=surroundings.sleep)
    answer = api.start_run(request)
    started = started_of(answer)
    if not wait:
        click.echo(json.dumps(answer, indent=2) if as_json else _started(started, target))
        return
    click.echo(_started(started, target), err=as_json)
    context.exit(_wait(api, target, started, surroundings, as_json=as_json))


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


def _started(started: StartedRun, target: Target) -> str:
    return (
        f"Started run {clean(started.run_id)} ({started.pattern}) on {target.label}.\n{_how_to_look(started, target)}"
    )


def _how_to_look(started: StartedRun, target: Target) -> str:
    return f"Look at it:  {program()} show {shlex.quote(started.run_id)}{target.options}"


def _what_becomes(started: StartedRun, target: Target, surroundings: Surroundings) -> str:
    """What to say of a run whose state cannot be read."""
    if target.endpoint is None or surroundings.control().status() is not None:
        return f"The run itself goes on. {_how_to_look(started, target)}"
    return "The local runtime has ended, and the run with it: nothing of it is kept."


def _wait(api: ApiClient, target: Target, started: StartedRun, surroundings: Surroundings, *, as_json: bool) -> int:
    """Show the run until its end and return the exit code. With --json only the end goes to stdout."""
    from cli.api_client import run_of
    from cli.progress import progress
    from cli.render import run_end
    from cli.waiting import follow

    document: Document = {}

    def fetch() -> Run:
        nonlocal document
        document = api.get_run(started.run_id)
        return run_of(document)

    try:
        with progress(to_stderr=as_json, clock=surroundings.clock) as show:
            for run in follow(fetch, surroundings.sleep):
                show(run)
    except KeyboardInterrupt:
        click.echo(f"\nStopped waiting, the run goes on. {_how_to_look(started, target)}", err=True)
        return INTERRUPTED
    except ApiError as error:
        raise UnseenEndError(f"{error.message}\n{_what_becomes(started, target, surroundings)}") from error
    click.echo(json.dumps(document, indent=2) if as_json else run_end(run))
    return exit_code_of(run)
