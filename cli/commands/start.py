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

    from cli.api_client import Document

PATTERNS = ("callback", "sync", "request-response")
DEFAULT_PATTERN = "callback"
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
@click.option("--job", metavar="NAME", help="A job to run: what is given here comes before what it says.")
@click.option("--force", is_flag=True, help="With --job: above its limit, at once. It is on record.")
@click.option("--pattern", type=click.Choice(PATTERNS), help="How it is run. Default: the job's, or callback.")
@click.option("--env", "environment", metavar="NAME=VALUE", multiple=True, callback=_environment, help="Repeatable.")
@click.option("--cpu", metavar="UNITS", help="CPU units of the task: 256, 512, 1024, …")
@click.option("--memory", metavar="MIB", help="Memory of the task in MiB.")
@click.option("--capacity", type=click.Choice(CAPACITIES), help="Default: on-demand.")
@click.option("--timeout-seconds", type=int, metavar="SECONDS", help="Default: the stack's own.")
@click.option("--total-timeout-seconds", type=int, metavar="SECONDS", help="Of all attempts. Default: none.")
@click.option("--retries", type=int, metavar="COUNT", help="After transient failures. Default: the stack's own.")
@click.option("--retry-on-exit-code", type=int, metavar="CODE", multiple=True, help="Also after this one. Repeatable.")
@click.option("--retry-on-any", is_flag=True, help="Also after every failure of the container.")
@click.option("--task-definition", metavar="ARN", help="One that the stack allows; default: the stack's own.")
@wait_options
@target_options
@click.argument("commands", metavar="[-- COMMAND...]", nargs=-1, type=click.UNPROCESSED)
@pass_surroundings
@click.pass_context
def start(
    context: click.Context,
    surroundings: Surroundings,
    /,
    commands: tuple[str, ...],
    job: str | None,
    waiting: Waiting,
    options: TargetOptions,
    **given: object,
) -> None:
    """Start COMMAND in a container, or a job.

    \b
      runs start -- python -c "print('hello')"
      id=$(runs start -- python job.py)
      runs start --wait --env STAGE=test --cpu 512 --memory 1024 -- python job.py
      runs start --pattern sync --stack jobs --region eu-west-1 -- ./report
      runs start --job nightly --wait
      runs start --job nightly --force --env DAY=2026-12-01 -- python report.py

    A job that has no free slot waits for one, is SKIPPED, or replaces another run, as its policy says.

    Exit codes: 0 started; 2 the request is wrong; 69 the API or the local runtime cannot be asked. With --wait as
    `docker run`: 0 it SUCCEEDED or was SKIPPED; its container's own code, where it ended with one; 1 it FAILED or was
    STOPPED otherwise; 124 it timed out; 69 its end was not seen, and it goes on; 130 stopped waiting, it goes
    on.
    """
    from cli.api_client import ApiClient

    request = _checked(job, commands, given)
    target = resolve(options, surroundings)
    api = ApiClient(target, sleep=surroundings.sleep)

    def begin() -> Document:
        return api.start_run(request, waiting.key) if job is None else api.start_job(job, request, waiting.key)

    context.exit(go_on(api, target, surroundings, begin, waiting))


_KEYS = {
    "pattern": "pattern",
    "force": "force",
    "environment": "environment",
    "cpu": "cpu",
    "memory": "memory",
    "capacity": "capacity",
    "timeout_seconds": "timeoutSeconds",
    "total_timeout_seconds": "totalTimeoutSeconds",
    "retries": "retries",
    "retry_on_exit_code": "retryOnExitCodes",
    "task_definition": "taskDefinition",
}


def _checked(job: str | None, commands: tuple[str, ...], given: Mapping[str, object]) -> dict[str, object]:
    """Returns the body of POST /runs, or of POST /jobs/{name}/runs. Raises BadInputError before anything is called."""
    from fargate_runs.errors import InvalidRunRequestError
    from fargate_runs.runs.request import ANY, RunRequest

    if not commands and job is None:
        raise BadInputError("No command: put it at the end, after `--`, or name a job with --job.")
    if given["retry_on_any"] and given["retry_on_exit_code"]:
        raise BadInputError("--retry-on-any is every exit code: it goes with no --retry-on-exit-code.")
    request: dict[str, object] = {} if job is not None else {"pattern": DEFAULT_PATTERN}
    request |= {"commands": list(commands)} if commands else {}
    request.update((key, _plain(given[name])) for name, key in _KEYS.items() if _is_given(given[name]))
    if given["retry_on_any"]:
        request["retryOnExitCodes"] = ANY
    try:
        RunRequest.from_mapping(request if job is None else {**request, "job": job})
    except InvalidRunRequestError as error:
        raise refused(error.problems) from error
    return request


def _is_given(value: object) -> bool:
    return value is not False and value not in (None, {}, ())


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
