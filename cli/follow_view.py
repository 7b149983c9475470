"""A run that is followed, on the screen: the container's lines on stdout, everything of ours on stderr."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from cli.container_lines import written
from cli.progress import phase
from cli.text import clean, duration, wants_colour

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.status import Status

    from cli.documents import Run
    from cli.errors import CliError
    from cli.log_pages import LogLine, LogPage


class FollowView:
    """Shows lines as they come, and below them on a terminal one live line with the run's status."""

    def __init__(
        self,
        status: Status | None,
        *,
        clock: Callable[[], float],
        lines_to_stderr: bool = False,
        strict: bool = False,
        wanted: Callable[[LogLine], bool] = lambda _line: True,
    ) -> None:
        self._status = status
        self._clock = clock
        self._began = clock()
        self._lines_to_stderr = lines_to_stderr
        self._strict = strict
        self._wanted = wanted
        self._phase = ""

    def run(self, run: Run) -> None:
        """On a terminal the live line; elsewhere a line whenever the status changes."""
        if self._status is not None:
            self._status.update(f"{phase(run)}  {duration(self._clock() - self._began)}")
        elif phase(run) != self._phase:
            click.echo(phase(run), err=True)
        self._phase = phase(run)

    def lines(self, page: LogPage) -> None:
        """The lines of a page."""
        lines = [line.text for line in page.lines if self._wanted(line)]
        if not lines:
            return
        with self._apart():
            write_lines(lines, to_stderr=self._lines_to_stderr)

    def no_lines(self, refusal: CliError) -> None:
        """Why none come: a note, or an error for whoever wants nothing else."""
        if self._strict:
            raise refusal
        self.tell(f"Its lines cannot be shown: {refusal.message}")

    def tell(self, text: str) -> None:
        """A note of ours."""
        with self._apart():
            click.echo(clean(text), err=True)

    @contextmanager
    def _apart(self) -> Iterator[None]:
        """Away with the live line, so that another one has its place."""
        if self._status is None:
            yield
            return
        self._status.stop()
        try:
            yield
        finally:
            self._status.start()


def write_lines(lines: list[str], *, to_stderr: bool = False) -> None:
    """What a container has printed, at once."""
    terminal = (sys.stderr if to_stderr else sys.stdout).isatty()
    click.echo(written(lines, terminal=terminal, colour=wants_colour()), nl=False, err=to_stderr)


@contextmanager
def live_status() -> Iterator[Status | None]:
    """One live line on stderr; None where that is no terminal."""
    from rich.console import Console

    console = Console(file=sys.stderr, highlight=False, markup=False, soft_wrap=True)
    if not console.is_terminal:
        yield None
        return
    with console.status("PENDING") as status:
        yield status
