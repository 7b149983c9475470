"""`runs jobs`: declare, list and change jobs."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from cli.commands.jobs_files import export, import_copilot, schema
from cli.errors import FAILED, INTERRUPTED, OK, BadInputError, RefusedError
from cli.program import program
from cli.surroundings import Surroundings, pass_surroundings
from cli.target import Target, resolve, target_options
from cli.target_choice import TargetOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.jobs_api import JobsApi, LiveRuns
    from cli.jobs_apply import Plan

_HAS_LIVE_RUNS = "Job.HasLiveRuns"


@click.group()
def jobs() -> None:
    """Declare what runs, when, and how many at a time.

    Jobs are in a file, jobs.yaml, which is applied again and again.

    \b
      runs jobs diff
      runs jobs apply
      runs jobs list
      runs start --job nightly --wait

    Exit codes: 0 done; 1 not all of it; 2 wrong input; 69 the API or the local runtime cannot be asked. Each command's
    help says more.
    """


file_option = click.option(
    "-f", "--file", "name", default="jobs.yaml", show_default=True, metavar="FILE", help="The file; - is stdin."
)


def live_runs_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add --stop-runs and --keep-runs, which the command gets as `live_runs`."""
    for value, said in (("keep", "Let runs that have begun go on."), ("stop", "Stop runs that have begun.")):
        command = click.option(f"--{value}-runs", "live_runs", flag_value=value, default=None, help=said)(command)
    return command


@jobs.command()
@file_option
@click.option("--prune", is_flag=True, help="Show jobs of the project that the file does not have as going.")
@target_options
@pass_surroundings
@click.pass_context
def diff(context: click.Context, surroundings: Surroundings, /, name: str, prune: bool, options: TargetOptions) -> None:
    """Show the changes that an apply would make.

    For each job that is new or changes: its fields, and the next five fires of its schedules, in their zones.

    Exit codes: 0 nothing would change; 1 something would; 2 the file is wrong, and where; 69 the API or the local
    runtime cannot be asked.
    """
    plan, _ = _plan(name, prune=prune, target=resolve(options, surroundings), surroundings=surroundings)
    _show(plan)
    context.exit(OK if plan.is_empty else FAILED)


@jobs.command()
@file_option
@click.option("--prune", is_flag=True, help="Delete jobs of the file's project that the file does not have.")
@click.option("--dry-run", is_flag=True, help="Show the changes; make none.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@live_runs_options
@target_options
@pass_surroundings
@click.pass_context
def apply(
    context: click.Context,
    surroundings: Surroundings,
    /,
    name: str,
    live_runs: LiveRuns | None,
    options: TargetOptions,
    **chosen: bool,
) -> None:
    """Bring the jobs of a project to what the file says.

    Everything is checked before anything changes. Each job changes as a whole, one after the other. Applied again, a
    file changes nothing.

    \b
      runs jobs apply
      runs jobs apply -f jobs.yaml --prune --yes --stack jobs --region eu-west-1

    Only --prune deletes, and only jobs of the same project. A job with runs that have begun is deleted with --stop-runs
    or --keep-runs.

    Exit codes: 0 all is as the file says; 1 not everything was applied, and which jobs are new and which old; 2 the
    file is wrong, and where; 69 the API or the local runtime cannot be asked; 130 stopped, and it is said where.
    """
    from cli.jobs_apply import applied
    from cli.jobs_view import result_lines

    target = resolve(options, surroundings)
    plan, api = _plan(name, prune=chosen["prune"], target=target, surroundings=surroundings)
    _show(plan)
    if plan.is_empty or chosen["dry_run"]:
        return
    if not chosen["yes"] and not _agreed(name):
        context.exit(INTERRUPTED)
    progress = applied(api, plan, live_runs, lambda job, what: click.echo(f"{job}  {what}"))
    for line in result_lines(plan, progress):
        click.echo(line, err=True)
    if isinstance(progress.error, RefusedError) and progress.error.name == _HAS_LIVE_RUNS:
        click.echo("Say what becomes of them: --stop-runs or --keep-runs.", err=True)
    context.exit(progress.exit_code)


def is_asked_at_a_terminal() -> bool:
    """Whether somebody is there to answer."""
    return sys.stdin.isatty()


def _agreed(name: str) -> bool:
    if name == "-" or not is_asked_at_a_terminal():
        raise BadInputError("There is no terminal to ask at: give --yes.")
    try:
        return click.confirm("Apply this?", err=True)
    except click.Abort:
        return False


def _plan(name: str, *, prune: bool, target: Target, surroundings: Surroundings) -> tuple[Plan, JobsApi]:
    from cli.jobs_apply import planned
    from cli.jobs_file import load

    file = load(name)
    api = _api(target, surroundings)
    return planned(api, file, prunes=prune), api


def _api(target: Target, surroundings: Surroundings) -> JobsApi:
    from cli.api_client import ApiClient
    from cli.jobs_api import JobsApi

    return JobsApi(ApiClient(target, sleep=surroundings.sleep))


def _show(plan: Plan) -> None:
    from cli.jobs_view import plan_lines

    for line in plan_lines(plan):
        click.echo(line)
    if plan.is_empty:
        click.echo(f"No change: everything is as {plan.file.name} says.")


@jobs.command("list")
@click.option("--project", help="Only its jobs.")
@click.option("--json", "as_json", is_flag=True, help='Print {"jobs": […]} with each job as the API gives it.')
@target_options
@pass_surroundings
def list_jobs(surroundings: Surroundings, /, project: str | None, as_json: bool, options: TargetOptions) -> None:
    """List the jobs: their schedules, their limits, and what goes on.

    The state is empty when all is well: paused, late (no success for longer than its alarm allows), or schedules
    pending (not all of them are in EventBridge Scheduler yet).

    Exit codes: 0 listed; 2 a wrong option; 69 the API or the local runtime cannot be asked.
    """
    from cli.jobs_view import job_table

    target = resolve(options, surroundings)
    api = _api(target, surroundings)
    found = api.all(project)
    if as_json:
        click.echo(json.dumps({"jobs": found}, indent=2))
    elif found:
        click.echo(job_table([(job, api.standing(str(job.get("name")))) for job in found], surroundings.now()))
    else:
        of_project = f" of project {project}" if project else ""
        hint = f"{program()} jobs apply{target.options}"
        click.echo(f"There is no job{of_project} in {target.label}. Apply a file:  {hint}", err=True)


@jobs.command()
@click.option("--json", "as_json", is_flag=True, help="Print the job as the API gives it.")
@click.argument("job", metavar="JOB")
@target_options
@pass_surroundings
def show(surroundings: Surroundings, /, job: str, as_json: bool, options: TargetOptions) -> None:
    """Show a job: its definition, its schedules' next fires, and how it stands.

    Values of environment variables are not shown, only their names.

    Exit codes: 0 shown; 2 no such job; 69 the API or the local runtime cannot be asked.
    """
    from cli.jobs_view import job_page

    api = _api(resolve(options, surroundings), surroundings)
    found = api.get(job)
    click.echo(json.dumps(found, indent=2) if as_json else job_page(found, api.standing(job), surroundings.now()))


@jobs.command()
@click.argument("job", metavar="JOB")
@target_options
@pass_surroundings
def pause(surroundings: Surroundings, /, job: str, options: TargetOptions) -> None:
    """Pause a job: its schedules start nothing until it is resumed.

    Runs that have begun go on, and anybody may start it. Missed starts are not made up for, except with `backfill`.

    Exit codes: 0 it is paused; 2 no such job; 69 the API or the local runtime cannot be asked.
    """
    target = resolve(options, surroundings)
    _api(target, surroundings).pause(job)
    hint = f"{program()} jobs resume {job}{target.options}"
    click.echo(f"Job {job} is paused: its schedules start nothing. Resume it:  {hint}", err=True)


@jobs.command()
@click.argument("job", metavar="JOB")
@target_options
@pass_surroundings
def resume(surroundings: Surroundings, /, job: str, options: TargetOptions) -> None:
    """Resume a paused job: its schedules start runs again, from their next fires on.

    Exit codes: 0 it is not paused; 2 no such job; 69 the API or the local runtime cannot be asked.
    """
    _api(resolve(options, surroundings), surroundings).resume(job)
    click.echo(f"Job {job} is not paused: its schedules start runs.", err=True)


@jobs.command()
@live_runs_options
@click.argument("job", metavar="JOB")
@target_options
@pass_surroundings
@click.pass_context
def delete(
    context: click.Context, surroundings: Surroundings, /, job: str, live_runs: LiveRuns | None, options: TargetOptions
) -> None:
    """Delete a job and its schedules.

    Its runs stay on record. With runs that have begun it is deleted only with --stop-runs or --keep-runs.

    Exit codes: 0 it is gone; 1 it has runs that have begun; 2 no such job; 69 the API or the local runtime cannot be
    asked.
    """
    from cli.jobs_api import texts

    target = resolve(options, surroundings)
    try:
        answer = _api(target, surroundings).delete(job, live_runs)
    except RefusedError as error:
        if error.name != _HAS_LIVE_RUNS:
            raise
        again = f"{program()} jobs delete {job}{target.options}"
        click.echo(f"Error: {error.message}", err=True)
        click.echo(f"Stop them:       {again} --stop-runs\nLet them go on:  {again} --keep-runs", err=True)
        context.exit(FAILED)
    click.echo(f"Job {job} is deleted.", err=True)
    for run_id in texts(answer, "liveRuns"):
        click.echo(f"Goes on:  {run_id}", err=True)


@jobs.command()
@click.option("--from", "from", required=True, metavar="TIME", help="The first scheduled time: 2d, or ISO 8601.")
@click.option("--to", "to", required=True, metavar="TIME", help="Only times before this one.")
@click.option("--dry-run", is_flag=True, help="List the runs; start none.")
@click.option("--json", "as_json", is_flag=True, help="Print the API's answer.")
@click.argument("job", metavar="JOB")
@target_options
@pass_surroundings
def backfill(
    surroundings: Surroundings,
    /,
    job: str,
    options: TargetOptions,
    dry_run: bool,
    as_json: bool,
    **times: str,
) -> None:
    """Start the runs that a job's schedules missed, and those that failed, between two times.

    A scheduled time has one run, however often this is asked: runs that succeeded or go on are left alone. The times of
    a rate are not known, as EventBridge Scheduler counts it from a moment of its own.

    \b
      runs jobs backfill nightly --from 2026-12-01 --to 2026-12-03 --dry-run

    Times are in UTC unless they name another offset.

    Exit codes: 0 started, or nothing to start; 2 no such job, or a wrong time; 69 the API or the local runtime cannot
    be asked.
    """
    from cli.jobs_view import backfill_lines, unknown_lines
    from cli.moments import iso, typed

    now = surroundings.now()
    limits = {key: iso(typed(f"--{key}", times[key], now)) for key in ("from", "to")}
    body = {**limits, "dryRun": dry_run}
    answer = _api(resolve(options, surroundings), surroundings).backfill(job, body)
    if as_json:
        click.echo(json.dumps(answer, indent=2))
        return
    for line in backfill_lines(answer, is_dry=dry_run):
        click.echo(line)
    for line in unknown_lines(answer):
        click.echo(line, err=True)


for command in (export, import_copilot, schema):
    jobs.add_command(command)
