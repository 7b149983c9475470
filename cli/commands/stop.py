"""`runs stop`: end a run before its end."""

from __future__ import annotations

import json

import click

from cli.commands.one_run import NamedRun, of_one_run


@click.command()
@click.option("--reason", metavar="TEXT", help="Why; the run's record keeps it, with your name.")
@click.option("--json", "as_json", is_flag=True, help="Print the API's answer.")
@of_one_run
def stop(named: NamedRun, reason: str | None, as_json: bool) -> None:
    """Stop a run: its execution and its task.

    RUN_ID may be the beginning of an id that no other run has, or @last for the newest run.

    \b
      runs stop @last
      runs stop 20250131T093000-1a2b3c4d --reason "wrong input"

    The container gets SIGTERM and, if it goes on, SIGKILL half a minute later. It is harmless to repeat this; the first
    reason stays.

    Exit codes: 0 its stop is under way; 1 it has ended already; 2 no such run; 69 the API or the local runtime cannot
    be asked.
    """
    from cli.attending import hint

    found = named.find()
    answer = found.api.stop_run(found.run_id, reason)
    if as_json:
        click.echo(json.dumps(answer, indent=2))
    way = hint("wait", found.run_id, found.target)
    click.echo(f"Run {found.run_id} is being stopped. See its end:  {way}", err=True)
