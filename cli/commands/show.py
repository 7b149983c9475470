"""`runs show`: all that is known of a run."""

from __future__ import annotations

import json

import click

from cli.commands.one_run import NamedRun, of_one_run


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the run as the API gives it.")
@of_one_run
def show(named: NamedRun, as_json: bool) -> None:
    """Show a run: how it ended, why, its result and cost, and each attempt with its timeline and links.

    RUN_ID may be the beginning of an id that no other run has, or @last for the newest run.

    \b
      runs show @last
      runs show 20250131T093000-1a2b3c4d --json --stack jobs --region eu-west-1

    Exit codes: 0 shown; 2 no such run; 69 the API or the local runtime cannot be asked.
    """
    from cli.api_client import run_of
    from cli.render import run_page

    found = named.find()
    document = found.api.get_run(found.run_id)
    click.echo(json.dumps(document, indent=2) if as_json else run_page(run_of(document), found.surroundings.now()))
