"""Follow a run until its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.documents import PENDING, Run
from cli.errors import CliError
from cli.executions import ENDED_BADLY, RUNNING, Execution
from cli.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 2.0
GROWTH = 1.4
POLLS_BETWEEN_LOOKS = 10


def pauses() -> Iterator[float]:
    """How long to wait before each next question: short runs end quickly, long ones are not asked for all the time."""
    pause = FIRST_PAUSE_SECONDS
    while True:
        yield pause
        pause = min(pause * GROWTH, LONGEST_PAUSE_SECONDS)


def follow(
    fetch: Callable[[], Run], execution_of: Callable[[Run], Execution | None], sleep: Callable[[float], None]
) -> Iterator[Run]:
    """Yield the run as it is at each poll; the last one is its end.

    Raises CliError when its execution ended before it had started a task: no event will ever tell of such a run.
    """
    watch = _NeverStarted(execution_of)
    for pause in pauses():
        run = fetch()
        yield run
        if run.ended and not _is_retried(run, execution_of):
            return
        watch.look_at(run)
        sleep(pause)


def _is_retried(run: Run, execution_of: Callable[[Run], Execution | None]) -> bool:
    """Whether the state machine still has this failure in hand: the run's next task may come."""
    if not (run.transient or run.retries_exit_codes) or run.pattern == "request-response":
        return False
    execution = execution_of(run)
    return execution is not None and execution.status == RUNNING


class _NeverStarted:
    """Sees that a run waits for a task that nobody starts, from two looks apart: events may be late."""

    def __init__(self, execution_of: Callable[[Run], Execution | None]) -> None:
        self._execution_of = execution_of
        self._polls = 0
        self._seen = False

    def look_at(self, run: Run) -> None:
        self._polls += 1
        if run.status != PENDING or self._polls % POLLS_BETWEEN_LOOKS:
            return
        execution = self._execution_of(run)
        if execution is None or execution.status not in ENDED_BADLY:
            return
        if self._seen:
            raise CliError(_never_started(run, execution))
        self._seen = True


def _never_started(run: Run, execution: Execution) -> str:
    cause = f": {one_line(execution.cause, 500)}" if execution.cause else ""
    reason = f" with {execution.error}{cause}" if execution.error else ""
    return f"Run {run.run_id} never got a task: its execution ended {execution.status}{reason}"
