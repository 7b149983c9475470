"""`runs show`: all that is known of a run."""

from __future__ import annotations

import json

import click

from cli.surroundings import Surroundings, pass_surroundings
from cli.target import resolve, target_options
from cli.target_choice import TargetOptions


@click.command()
@click.argument("run_id", metavar="RUN_ID")
@click.option("--json", "as_json", is_flag=True, help="Print the run as the API gives it.")
@target_options
@pass_surroundings
def show(
    surroundings: Surroundings,
    run_id: str,
    as_json: bool,
    options: TargetOptions,
) -> None:
    """Show a run: how it ended, why, its result and cost, and each attempt with its timeline and links.

    \b
      runs show 20250131T093000-1a2b3c4d
      runs show 20250131T093000-1a2b3c4d --json --stack jobs --region eu-west-1

    Exit codes: 0 shown; 2 no such run; 69 the API or the local runtime cannot be asked.
    """
    from cli.api_client import ApiClient, run_of
    from cli.render import run_page

    target = resolve(options, surroundings)
    document = ApiClient(target, sleep=surroundings.sleep).get_run(run_id)
    click.echo(json.dumps(document, indent=2) if as_json else run_page(run_of(document), surroundings.now()))
