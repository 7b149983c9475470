"""`runs dead-letters`: send through again what ended in the dead-letter queues."""

from __future__ import annotations

import json
import sys
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import click

from cli.errors import FAILED, INTERRUPTED, OK, CliError
from cli.interrupts import displayed, whole
from cli.program import program
from cli.surroundings import Surroundings, pass_surroundings
from cli.target import Target, resolve, target_options
from cli.target_choice import TargetOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cli.dead_letters_view import Tally
    from cli.message_queue import Queue
    from cli.resending import Resending


@click.command("dead-letters")
@click.option("--dry-run", is_flag=True, help="Say what is there, by reason, function or job, and age; change nothing.")
@click.option("--discard-refused", is_flag=True, help="Delete events that their function, tried once more, refuses.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Take at most N messages.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
@target_options
@pass_surroundings
@click.pass_context
def dead_letters(
    context: click.Context,
    surroundings: Surroundings,
    /,
    dry_run: bool,
    discard_refused: bool,
    limit: int | None,
    as_json: bool,
    options: TargetOptions,
) -> None:
    """Send through again what ended in the stack's dead-letter queues.

    Events go to the function that missed or failed them, missed starts of schedules to their state machine, those of
    jobs to the function that starts them. What succeeds is deleted; what fails again stays, with its reason. Nothing
    happens twice: it is harmless to repeat this and to stop it half-way.

    \b
      runs dead-letters --dry-run
      runs dead-letters --limit 1
      runs dead-letters --discard-refused --stack jobs --region eu-west-1

    With --discard-refused, events are deleted that no repetition makes usable (MalformedEventError,
    ForeignEventError). While this runs the messages are hidden from others; if it is killed, those that it had taken
    come back after at most 15 minutes.

    Exit codes: 0 nothing is left in the queues; 1 something stays; 2 a wrong option; 69 the queues or the local
    runtime cannot be asked; 130 stopped half-way.
    """
    from cli.dead_letters_view import Tally
    from cli.resending import Resending

    target = resolve(options, surroundings)
    queues = _queues(target)
    resending = Resending.of(target, discard_refused=discard_refused, dry_run=dry_run)
    tally = Tally()
    try:
        _drain(queues, resending, limit, tally)
    except (KeyboardInterrupt, CliError) as stop:
        if tally.count:
            _show(tally, surroundings, target, as_json=as_json)
        if isinstance(stop, CliError):
            raise
        click.echo(f"\nStopped half-way; to go on: {program()} dead-letters{target.options}", err=True)
        context.exit(INTERRUPTED)
    _show(tally, surroundings, target, as_json=as_json)
    context.exit(FAILED if tally.left else OK)


@click.pass_context
def _under_its_old_name(context: click.Context, /, **given: object) -> None:
    """The same command, and a hint: redrive is Step Functions' word for something else."""
    click.echo(f"`{program()} redrive` is `{program()} dead-letters` now.", err=True)
    context.forward(dead_letters, **given)


#: What `dead-letters` was called.
redrive = click.Command(
    "redrive", params=dead_letters.params, callback=_under_its_old_name, help=dead_letters.help, hidden=True
)


def _queues(target: Target) -> list[Queue]:
    from cli.message_queue import Queue
    from cli.resending import QUEUE_OUTPUT, SCHEDULE_QUEUE_OUTPUT, TIMER_QUEUE_OUTPUT

    others = (target.outputs.get(name) for name in (SCHEDULE_QUEUE_OUTPUT, TIMER_QUEUE_OUTPUT))
    client, urls = target.sqs(), [target.output(QUEUE_OUTPUT), *others]
    return [Queue(client, url) for url in dict.fromkeys(urls) if url]


def _drain(queues: list[Queue], resending: Resending, limit: int | None, tally: Tally) -> None:
    """Settles the messages in the queues and counts them. Raises UnavailableError if a queue cannot be read."""
    counts = [queue.counts() for queue in queues]
    tally.hidden = sum(count.hidden for count in counts)
    with _progress(sum(count.waiting for count in counts)) as show:
        for queue in queues:
            left = None if limit is None else limit - tally.count
            with closing(resending.run(queue, left)) as settling:
                for settled in settling:
                    tally.add(settled)
                    show(tally.count)
            tally.more = tally.more or queue.more


@contextmanager
def _progress(expected: int) -> Iterator[Callable[[int], None]]:
    """A function that shows how many are done: on stderr, for stdout is the answer's."""
    from rich.console import Console

    from cli.dead_letters_view import lines_of_progress

    console = Console(file=sys.stderr, highlight=False, markup=False, soft_wrap=True)
    if not console.is_terminal:
        yield lines_of_progress(console.print, expected)
        return
    status = console.status("Reading the dead-letter queues")
    draw = whole(status.update)
    with displayed(status, console.file):
        yield lambda count: draw(f"{count} of about {max(expected, count)} dead letters")


def _show(tally: Tally, surroundings: Surroundings, target: Target, *, as_json: bool) -> None:
    from cli.dead_letters_view import details, document, summary, table

    if as_json:
        click.echo(json.dumps(document(tally, surroundings.now()), indent=2))
        return
    if tally.count:
        click.echo(f"{table(tally, surroundings.now())}\n\n{summary(tally)}.")
    elif not tally.left:
        click.echo("Nothing is in the dead-letter queues.")
    for line in details(tally):
        click.echo(line)
    for line in _hints(tally, target):
        click.echo(line, err=True)


def _hints(tally: Tally, target: Target) -> Iterator[str]:
    from cli.resending import REFUSALS

    if tally.more:
        yield "The limit is reached; there is more in the queues."
    if tally.hidden:
        yield (
            f"About {tally.hidden} more are in the hands of another `runs dead-letters`, or of one that was killed: "
            "they come back within 15 minutes."
        )
    if tally.stays(REFUSALS):
        yield f"No repetition helps events that are refused: {program()} dead-letters --discard-refused{target.options}"
