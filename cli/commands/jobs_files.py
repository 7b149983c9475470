"""`runs jobs export`, `import-copilot` and `schema`: files of jobs."""

from __future__ import annotations

import json
import os

import click

from cli.errors import FAILED, OK, BadInputError
from cli.surroundings import Surroundings, pass_surroundings
from cli.target import resolve, target_options
from cli.target_choice import TargetOptions


@click.command()
def schema() -> None:
    """Print the JSON Schema of jobs.yaml, for editors.

    \b
      runs jobs schema > jobs.schema.json
      # in the first line of jobs.yaml:
      # yaml-language-server: $schema=jobs.schema.json

    Exit codes: 0 printed; 2 a wrong option.
    """
    from cli.jobs_file import editor_schema

    click.echo(json.dumps(editor_schema(), indent=2))


@click.command()
@click.option("--project", help="Its jobs; default: the only project that there is.")
@click.option("--without-values", is_flag=True, help="Leave out environment values that cannot be read.")
@target_options
@pass_surroundings
@click.pass_context
def export(
    context: click.Context,
    surroundings: Surroundings,
    /,
    project: str | None,
    without_values: bool,
    options: TargetOptions,
) -> None:
    """Print the jobs of a project as a file that `apply` takes again without a change.

    The API never gives values of environment variables. They are read from the jobs' task definitions with your own
    credentials (ecs:DescribeTaskDefinition); those of overrides, and of jobs with a taskDefinition, are nowhere to be
    read.

    \b
      runs jobs export --project reports > jobs.yaml

    Exit codes: 0 exported; 1 values are missing, and which (with --without-values: 0, and comments in their place); 2
    no such project; 69 the API or the local runtime cannot be asked.
    """
    from cli.api_client import ApiClient
    from cli.jobs_api import JobsApi
    from cli.jobs_export import exported

    target = resolve(options, surroundings)
    found = exported(JobsApi(ApiClient(target, sleep=surroundings.sleep)), target.ecs, project)
    for line in found.missing:
        click.echo(line, err=True)
    if found.missing and not without_values:
        click.echo("Nothing is exported: give --without-values to leave these out.", err=True)
        context.exit(FAILED)
    click.echo(found.text, nl=False)


@click.command("import-copilot")
@click.option("--env", "environment", metavar="NAME", help="The environment whose overrides hold.")
@click.option("--app", "application", metavar="NAME", help="Default: that of copilot/.workspace.")
@click.option("--image", help="To run instead of the image that Copilot built.")
@click.option("--account", help="Of the secrets that are given by name.")
@click.option("--region", help="Of the secrets that are given by name.")
@click.option("--project", help="Project of the jobs; default: the application.")
@click.option("--workspace", metavar="DIR", help="Where env_file begins; default: the directory above copilot/.")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.pass_context
def import_copilot(
    context: click.Context,
    /,
    files: tuple[str, ...],
    project: str | None,
    workspace: str | None,
    **given: str | None,
) -> None:
    """Print jobs.yaml for scheduled jobs of AWS Copilot.

    A job becomes what was deployed: schedules in UTC, the timeout over all attempts, retries after every failure. Parts
    that do not convert are named on stderr and in the file, with the reason and the way out. Nothing is called.

    \b
      runs jobs import-copilot copilot/report/manifest.yml --env prod > jobs.yaml
      runs jobs diff

    ${NAME} in a manifest is taken from the shell, as Copilot does.

    Exit codes: 0 everything is in the file; 1 something of a manifest is not, and what; 2 that is no manifest of a
    scheduled job.
    """
    from cli.copilot import Context
    from cli.copilot_files import ImportedFile, Workspace, import_file
    from cli.jobs_file import parse
    from cli.jobs_yaml import jobs_yaml

    if given["image"] is not None and len(files) > 1:
        raise BadInputError("--image is that of one job: import one file at a time.")
    found: dict[str, ImportedFile] = {}
    application = given.pop("application")
    for file in files:
        root = Workspace.of(file, workspace)
        application = application or root.application()
        job = import_file(file, Context(application=application, variables=os.environ, read_file=root.read, **given))
        if job.name in found:
            raise BadInputError(f"{file}: {found[job.name].file} has a job {job.name} too.")
        found[job.name] = job
        for line in job.lines():
            click.echo(line, err=True)
    jobs = {name: each.imported.job for name, each in found.items()}
    comments = {name: each.comments() for name, each in found.items()}
    written = jobs_yaml(project or application or "copilot", jobs, comments)
    click.echo(written, nl=False)
    problems = parse(written.encode(), "jobs.yaml").problems
    for problem in problems:
        click.echo(f"To be mended: {problem.line('jobs.yaml')}", err=True)
    is_lost = any(each.is_something_lost for each in found.values())
    context.exit(FAILED if problems or is_lost else OK)
