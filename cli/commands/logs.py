"""`runs logs`: what a run's container has printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cli.commands.one_run import NamedRun, of_one_run

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cli.attending import Wanted
    from cli.commands.one_run import FoundRun
    from cli.log_pages import LogLine


@click.command()
@click.option("-f", "--follow", is_flag=True, help="Go on until the run has ended, over all its further attempts.")
@click.option("--attempt", type=click.IntRange(1), metavar="N", help="Of this attempt; default: the newest.")
@click.option("--container", metavar="NAME", help="Of this container; default: the main one.")
@click.option("--since", metavar="TIME", help="Only lines of this time or later: 10m, 2h, or ISO 8601.")
@of_one_run
@click.pass_context
def logs(
    context: click.Context,
    /,
    named: NamedRun,
    follow: bool,
    attempt: int | None,
    container: str | None,
    since: str | None,
) -> None:
    """Print the lines of a run's container, oldest first.

    RUN_ID may be the beginning of an id that no other run has, or @last for the newest run.

    \b
      runs logs @last
      runs logs -f 20250131T0930
      runs logs RUN_ID --attempt 1 --container proxy --stack jobs

    Lines go to stdout as they are, all else to stderr. On a terminal they keep their colours and nothing else that
    would steer it.

    Exit codes: 0 printed, however the run ended; 1 there is no log, or none that may be read; 2 no such run, attempt
    or container; 69 the API or the local runtime cannot be asked; 130 stopped following, the run goes on.
    """
    from cli.attending import Wanted

    wanted = Wanted(only=attempt, container=container, line=_since(since, named.surroundings.now()))
    found = named.find()
    if follow:
        context.exit(found.attendance().read(wanted))
    _print(found, wanted)


def _print(found: FoundRun, wanted: Wanted) -> None:
    """All that there is now."""
    from cli.follow_view import write_lines
    from cli.log_pages import AttemptLog

    log = AttemptLog(lambda query: found.api.read_log(found.run_id, query), wanted.only, wanted.container)
    for page in log.pages():
        write_lines([line.text for line in page.lines if wanted.line(line)])


def _since(text: str | None, now: datetime) -> Callable[[LogLine], bool]:
    """Whether a line is wanted; one without a time is."""
    from cli.moments import typed
    from cli.text import moment

    if text is None:
        return lambda _line: True
    first = typed("--since", text, now)

    def is_late_enough(line: LogLine) -> bool:
        when = moment(line.time or "")
        return when is None or when >= first

    return is_late_enough
