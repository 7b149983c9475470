"""Follow a run, and the lines that its containers print, until its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from cli.errors import CliError, NoAnswerError, RunNotFoundError
from cli.text import duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cli.documents import Run
    from cli.log_pages import LogPage, RunLog

T = TypeVar("T")

FIRST_PAUSE_SECONDS: Final = 0.2
GROWTH: Final = 1.4
#: Locally a line is to be seen within two seconds of its print; in AWS its way to the log takes longer than this.
LONGEST_PAUSE_SECONDS: Final = 2.0
LONGEST_LOCAL_PAUSE_SECONDS: Final = 0.5
#: While a log goes on, the run is asked for after so many questions for lines: the log tells when it is complete.
ROUNDS_BETWEEN_LOOKS: Final = 3
#: How often an ended run is asked for its task. It may never come: Task.Lost, or no capacity and so no task at all.
MOST_QUESTIONS_FOR_ITS_TASK: Final = 16
#: For how long an API that does not answer is asked again.
PATIENCE_SECONDS: Final = 60.0


class Spectator(Protocol):
    """Gets to see what happens."""

    def run(self, run: Run) -> None:
        """The run as it is at each poll; the last one is its end."""

    def lines(self, page: LogPage) -> None:
        """Lines that have come."""

    def no_lines(self, refusal: CliError) -> None:
        """Why no lines come, told once."""


def pauses(longest_seconds: float) -> Iterator[float]:
    """How long to wait before each next question: short runs end quickly, long ones are not asked for all the time."""
    pause = FIRST_PAUSE_SECONDS
    while True:
        yield pause
        pause = min(pause * GROWTH, longest_seconds)


def follow(
    look: Callable[[], Run],
    log: RunLog | None,
    spectator: Spectator,
    sleep: Callable[[float], None],
    longest_pause_seconds: float,
) -> Run:
    """Show the run and its lines until there is nothing more of either; return the run at its end.

    The record knows the end: a run between two attempts has not ended, one whose execution ended without a task has.
    A run whose execution told first of its task's end is followed until it shows the task, for some seconds at most.
    The run is asked for less often than its log, so that a line is not late for a question that it does not need.
    The log is over after the run, or before it where one attempt alone is wanted.
    """
    without_its_task = 0
    pausing = pauses(longest_pause_seconds)
    run, rounds = look(), 0
    while True:
        spectator.run(run)
        came = False
        try:
            for page in log.pages(run) if log else ():
                came = came or bool(page.lines)
                spectator.lines(page)
        except RunNotFoundError:
            raise
        except CliError as refusal:
            if isinstance(refusal, NoAnswerError):
                look()  # where nobody answers at all, it says so, and that is enough
            spectator.no_lines(refusal)
            log = None
        without_its_task += run.awaits_its_task
        awaited = run.awaits_its_task and without_its_task < MOST_QUESTIONS_FOR_ITS_TASK
        if log is None and run.ended and not awaited:
            return run
        if log is not None and log.over and not awaited:
            return run
        if came:
            pausing = pauses(longest_pause_seconds)
        sleep(next(pausing))
        rounds += 1
        if run.ended or log is None or not log.goes_on or rounds >= ROUNDS_BETWEEN_LOOKS:
            run, rounds = look(), 0


class Patience:
    """Asks again for a while when nobody answers, and tells of it once."""

    def __init__(
        self,
        sleep: Callable[[float], None],
        clock: Callable[[], float],
        tell: Callable[[str], None],
        hopeless: Callable[[], bool],
    ) -> None:
        self._sleep = sleep
        self._clock = clock
        self._tell = tell
        self._hopeless = hopeless
        """Whether nobody will ever answer again."""

    def __call__(self, ask: Callable[[], T]) -> T:
        """The answer. Raises NoAnswerError when there is none for PATIENCE_SECONDS."""
        until = None
        while True:
            try:
                return ask()
            except NoAnswerError as error:
                if self._hopeless():
                    raise
                if until is None:
                    until = self._clock() + PATIENCE_SECONDS
                    self._tell(f"{error.message} Asking again for {duration(PATIENCE_SECONDS)}.")
                elif self._clock() >= until:
                    raise
            self._sleep(LONGEST_PAUSE_SECONDS)
