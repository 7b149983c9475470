"""A run that is followed, on the screen: the container's lines on stdout, everything of ours on stderr."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from cli.container_lines import written
from cli.progress import phase
from cli.text import clean, columns, duration, fitted, wants_colour

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cli.documents import Run
    from cli.errors import CliError
    from cli.log_pages import LogLine, LogPage


class LiveLine:
    """One line on stderr that is written anew.

    It hides no cursor and has no thread, so that a Ctrl-C at any moment leaves the terminal as it was.
    """

    def show(self, text: str) -> None:
        """Write `text` in its place."""
        self._write(fitted(text, columns() - 1))

    def clear(self) -> None:
        """Take it away: what is written next has its place."""
        self._write("")

    def _write(self, text: str) -> None:
        sys.stderr.write(f"\r\x1b[2K{text}")
        sys.stderr.flush()


class FollowView:
    """Shows lines as they come, and below them on a terminal one live line with the run's status."""

    def __init__(
        self,
        live: LiveLine | None,
        *,
        clock: Callable[[], float],
        lines_to_stderr: bool = False,
        strict: bool = False,
        wanted: Callable[[LogLine], bool] = lambda _line: True,
    ) -> None:
        self._live = live
        self._clock = clock
        self._began = clock()
        self._lines_to_stderr = lines_to_stderr
        self._strict = strict
        self._wanted = wanted
        self._phase = ""

    def run(self, run: Run) -> None:
        """On a terminal the live line; elsewhere a line whenever the status changes."""
        if self._live is not None:
            self._live.show(f"{phase(run)}  {duration(self._clock() - self._began)}")
        elif phase(run) != self._phase:
            click.echo(phase(run), err=True)
        self._phase = phase(run)

    def lines(self, page: LogPage) -> None:
        """The lines of a page."""
        lines = [line.text for line in page.lines if self._wanted(line)]
        if not lines:
            return
        self._make_room()
        write_lines(lines, to_stderr=self._lines_to_stderr)

    def no_lines(self, refusal: CliError) -> None:
        """Why none come: a note, or an error for whoever wants nothing else."""
        if self._strict:
            raise refusal
        self.tell(f"Its lines cannot be shown: {refusal.message}")

    def tell(self, text: str) -> None:
        """A note of ours."""
        self._make_room()
        click.echo(clean(text), err=True)

    def _make_room(self) -> None:
        if self._live is not None:
            self._live.clear()


def write_lines(lines: list[str], *, to_stderr: bool = False) -> None:
    """What a container has printed, at once."""
    terminal = (sys.stderr if to_stderr else sys.stdout).isatty()
    click.echo(written(lines, terminal=terminal, colour=wants_colour()), nl=False, err=to_stderr)


@contextmanager
def live_line() -> Iterator[LiveLine | None]:
    """One live line on stderr, which is gone in the end; None where that is no terminal."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield None
        return
    line = LiveLine()
    try:
        yield line
    finally:
        line.clear()
