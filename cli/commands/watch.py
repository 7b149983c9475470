"""`runs watch`: what is under way, and what ended lately."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from cli.errors import INTERRUPTED
from cli.surroundings import Surroundings, pass_surroundings
from cli.target import Target, resolve, target_options
from cli.target_choice import TargetOptions

if TYPE_CHECKING:
    from typing import NoReturn


@click.command()
@target_options
@pass_surroundings
@click.pass_context
def watch(context: click.Context, surroundings: Surroundings, /, options: TargetOptions) -> None:
    """Watch all runs until Ctrl-C.

    It shows those that are under way, and those that ended lately.

    \b
      runs watch
      runs watch --stack jobs | grep FAILED

    On a terminal this is a table that moves; into a pipe it is a line for each change.

    Exit codes: 0 never; 69 the API or the local runtime cannot be asked; 130 Ctrl-C.
    """
    target = resolve(options, surroundings)
    try:
        _watch(target, surroundings)
    except KeyboardInterrupt:
        context.exit(INTERRUPTED)


def _watch(target: Target, surroundings: Surroundings) -> NoReturn:
    from rich.console import Console

    from cli.api_client import ApiClient
    from cli.following import Patience
    from cli.watching import PAUSE_SECONDS, under_way_and_ended, view

    api = ApiClient(target, sleep=surroundings.sleep)
    patience = Patience(surroundings.sleep, surroundings.clock, _tell, lambda: target.has_ended(surroundings))
    with view(Console(file=sys.stdout, highlight=False, markup=False)) as show:
        while True:
            show(patience(lambda: under_way_and_ended(api)), surroundings.now())
            surroundings.sleep(PAUSE_SECONDS)


def _tell(text: str) -> None:
    click.echo(text, err=True)
