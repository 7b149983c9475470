"""`runs wait`: attach to a run, or attach again."""

from __future__ import annotations

import click

from cli.commands.one_run import NamedRun, of_one_run
from cli.commands.waiting import quiet_option


@click.command()
@quiet_option
@click.option("--json", "as_json", is_flag=True, help="Print the run at its end; the container's lines go to stderr.")
@of_one_run
@click.pass_context
def wait(context: click.Context, /, named: NamedRun, quiet: bool, as_json: bool) -> None:
    """Show a run's lines until its end.

    The exit code is its container's.

    RUN_ID may be the beginning of an id that no other run has, or @last for the newest run.

    \b
      runs wait @last
      runs wait 20250131T093000-1a2b3c4d --quiet --json | jq .result

    The lines begin with the first one of the newest attempt, and go to stdout; all else goes to stderr. Ctrl-C leaves
    the run alone.

    Exit codes: as `docker run`, 0 it SUCCEEDED or was SKIPPED; its container's own code, where it ended with one; 1
    it FAILED or was STOPPED otherwise; 124 it timed out; 2 no such run; 69 its end was not seen, and it goes on; 130
    stopped waiting, it goes on.
    """
    from cli.attending import Wanted

    context.exit(named.find().attendance().wait(Wanted(quiet=quiet, as_json=as_json)))
