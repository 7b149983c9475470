"""`runs replay`: send the archived events of a time range to the stack's rules once more."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from cli.errors import FAILED, INTERRUPTED, OK
from cli.interrupts import displayed, whole
from cli.surroundings import Surroundings, pass_surroundings
from cli.target import resolve, target_options
from cli.target_choice import TargetOptions
from cli.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cli.replays import Progress, Range, Replays


@click.command()
@click.option("--from", "start", required=True, metavar="TIME", help="Replay the events from this time on.")
@click.option("--to", "end", metavar="TIME", help="… and before this one; default: now.")
@click.option("--wait", is_flag=True, help="Wait until the last event is replayed.")
@target_options
@pass_surroundings
@click.pass_context
def replay(
    context: click.Context,
    surroundings: Surroundings,
    /,
    start: str,
    end: str | None,
    wait: bool,
    options: TargetOptions,
) -> None:
    """Send the archived events of a time range to the stack's own rules once more.

    For the time after a fault through which events got lost. It is harmless to repeat: an event changes nothing
    whose effect is there already. Times are ISO 8601, in UTC unless they name another offset.

    \b
      runs replay --from 2026-11-25T10:00
      runs replay --from 2026-11-25T10:00 --to 2026-11-25T11:30 --wait
      runs replay --from 2026-11-25T10:00+09:00 --stack jobs --region eu-west-1

    Exit codes: 0 started (with --wait: completed); 1 it was refused (with --wait: it failed or was cancelled);
    2 the times are wrong; 69 EventBridge or the local runtime cannot be asked (with --wait: the replay goes on);
    130 stopped waiting, the replay goes on.
    """
    from cli.replays import Range, Replays, shown

    now = surroundings.now()
    events = Range.of(start, end, now)
    target = resolve(options, surroundings)
    replays = Replays.of(target)
    name = replays.start(events, now)
    click.echo(f"Started replay {name} of {target.label}: events from {shown(events.start)} to {shown(events.end)}.")
    _warn(events, surroundings)
    if wait:
        context.exit(_wait(replays, name, surroundings))


def _warn(events: Range, surroundings: Surroundings) -> None:
    from cli.replays import LATEST_IN_ARCHIVE

    if events.end > surroundings.now() - LATEST_IN_ARCHIVE:
        click.echo("Events of the last 10 minutes may not be in the archive yet: repeat it later.", err=True)


def _wait(replays: Replays, name: str, surroundings: Surroundings) -> int:
    from cli.replays import COMPLETED

    try:
        with _progress() as show:
            for progress in replays.follow(name, surroundings.sleep):
                show(progress)
    except KeyboardInterrupt:
        click.echo(f"\nStopped waiting, replay {name} goes on.", err=True)
        return INTERRUPTED
    end = f"{progress.state}: {progress.reason}" if progress.reason else progress.state
    click.echo(f"Replay {name}: {one_line(end, 300)}")
    return OK if progress.state == COMPLETED else FAILED


@contextmanager
def _progress() -> Iterator[Callable[[Progress], None]]:
    """A function that shows how far it is: one live line on a terminal, a line per change elsewhere; on stderr."""
    from rich.console import Console

    console = Console(file=sys.stderr, highlight=False, markup=False, soft_wrap=True)
    if not console.is_terminal:
        yield _lines(console.print)
        return
    status = console.status("STARTING")
    draw = whole(status.update)
    with displayed(status, console.file):
        yield lambda progress: draw(_line(progress))


def _line(progress: Progress) -> str:
    from cli.replays import shown

    return progress.state if progress.last is None else f"{progress.state}  events up to {shown(progress.last)}"


def _lines(write: Callable[[str], None]) -> Callable[[Progress], None]:
    last = ""

    def show(progress: Progress) -> None:
        nonlocal last
        if _line(progress) != last:
            last = _line(progress)
            write(last)

    return show
