"""Stay with a run until its end, and give its container's exit code on: for `start`, `rerun`, `wait` and `logs -f`."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from cli.api_client import run_of
from cli.errors import INTERRUPTED, OK, ApiError, RunNotFoundError, UnseenEndError, exit_code_of
from cli.follow_view import FollowView, live_line
from cli.following import LONGEST_LOCAL_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, Patience, follow
from cli.log_pages import GONE, LogLine, RunLog
from cli.program import program
from cli.render import end_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.api_client import ApiClient, Document
    from cli.documents import Run
    from cli.surroundings import Surroundings
    from cli.target import Target


@dataclass(frozen=True)
class Wanted:
    """What is shown of a run on the way to its end."""

    quiet: bool = False
    """None of its lines."""
    as_json: bool = False
    """The run's document on stdout at the end; its lines go to stderr then."""
    from_the_first: bool = False
    """Lines from the first attempt on, not from the newest one on."""
    only: int | None = None
    """Of this attempt alone."""
    container: str | None = None
    line: Callable[[LogLine], bool] = lambda _line: True


class Attendance:
    """One run and whoever stays with it."""

    def __init__(self, api: ApiClient, target: Target, surroundings: Surroundings, run_id: str) -> None:
        self._api = api
        self._target = target
        self._surroundings = surroundings
        self._run_id = run_id
        self._document: Document = {}

    def wait(self, wanted: Wanted) -> int:
        """Show the run and its lines until its end, then say that in one line. Return its exit code."""
        run = self._follow(wanted)
        if run is None:
            return INTERRUPTED
        if wanted.as_json:
            click.echo(json.dumps(self._document, indent=2))
        click.echo(end_line(run, self._hint("show")), err=True)
        return exit_code_of(run)

    def read(self, wanted: Wanted) -> int:
        """Show the lines until no more come. Return 0, however the run ended."""
        run = self._follow(wanted, strict=True)
        if run is None:
            return INTERRUPTED
        if run.ended:
            click.echo(end_line(run, self._hint("show")), err=True)
        return OK

    def _follow(self, wanted: Wanted, *, strict: bool = False) -> Run | None:
        """The run at its end; None where somebody had enough. `strict`: that there are no lines is an error."""
        try:
            with live_line() as live:
                clock = self._surroundings.clock
                view = FollowView(live, clock=clock, lines_to_stderr=wanted.as_json, strict=strict, wanted=wanted.line)
                patience = Patience(self._surroundings.sleep, clock, view.tell, self._is_gone)
                log = None if wanted.quiet else self._log(wanted, patience)
                run = follow(lambda: patience(self._look), log, view, self._surroundings.sleep, self._longest_pause())
        except KeyboardInterrupt:
            click.echo(f"\n{self._goes_on()}", err=True)
            return None
        except RunNotFoundError:
            raise
        except ApiError as error:
            raise UnseenEndError(f"{error.message}\n{self._what_becomes()}") from error
        if log and log.refusal:
            if strict:
                raise log.refusal
            if log.refusal.name == GONE:
                view.no_lines(log.refusal)
        return run

    def _log(self, wanted: Wanted, patience: Patience) -> RunLog:
        return RunLog(
            lambda query: patience(lambda: self._api.read_log(self._run_id, query)),
            container=wanted.container,
            only=wanted.only,
            from_the_first=wanted.from_the_first,
        )

    def _look(self) -> Run:
        self._document = self._api.get_run(self._run_id)
        return run_of(self._document)

    def _longest_pause(self) -> float:
        return LONGEST_LOCAL_PAUSE_SECONDS if self._target.endpoint else LONGEST_PAUSE_SECONDS

    def _is_gone(self) -> bool:
        """Whether it is the local runtime that does not answer, because it has ended."""
        return self._target.has_ended(self._surroundings)

    def _what_becomes(self) -> str:
        """Of a run that nobody can be asked about."""
        if self._is_gone():
            return "The local runtime has ended, and the run with it: nothing of it is kept."
        return f"The run itself goes on. Attach again:  {self._hint('wait')}"

    def _goes_on(self) -> str:
        return f"The run goes on. Stop it:  {self._hint('stop')}\nAttach again:  {self._hint('wait')}"

    def _hint(self, command: str) -> str:
        return hint(command, self._run_id, self._target)


def hint(command: str, run_id: str, target: Target) -> str:
    """What to type to do that with a run."""
    return f"{program()} {command} {shlex.quote(run_id)}{target.options}"
