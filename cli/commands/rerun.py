"""`runs rerun`: a new run with the input of another one."""

from __future__ import annotations

import click

from cli.commands.one_run import NamedRun, of_one_run
from cli.commands.waiting import Waiting, go_on, wait_options


@click.command()
@wait_options
@of_one_run
@click.pass_context
def rerun(context: click.Context, /, named: NamedRun, waiting: Waiting) -> None:
    """Start a new run with another one's input.

    Its environment is part of it.

    RUN_ID may be the beginning of an id that no other run has, or @last for the newest run.

    \b
      runs rerun @last --wait
      id=$(runs rerun 20250131T093000-1a2b3c4d)

    Only Step Functions knows the whole input, for 90 days after the run's end.

    Exit codes: 0 started; 1 its input is not known any more; 2 no such run; 69 the API or the local runtime cannot be
    asked. With --wait as `runs start --wait`.
    """
    found = named.find()
    api, run_id = found.api, found.run_id
    context.exit(go_on(api, found.target, found.surroundings, lambda: api.rerun(run_id, waiting.key), waiting))
