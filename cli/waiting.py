"""Follow a run until its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cli.documents import Run

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 2.0
GROWTH = 1.4
#: How often an ended run is asked for its task. It may never come: Task.Lost, or no capacity and so no task at all.
MOST_QUESTIONS_FOR_ITS_TASK = 10


def pauses() -> Iterator[float]:
    """How long to wait before each next question: short runs end quickly, long ones are not asked for all the time."""
    pause = FIRST_PAUSE_SECONDS
    while True:
        yield pause
        pause = min(pause * GROWTH, LONGEST_PAUSE_SECONDS)


def follow(fetch: Callable[[], Run], sleep: Callable[[float], None]) -> Iterator[Run]:
    """Yield the run as it is at each poll; the last one is its end.

    The record knows it: a run between two attempts has not ended, one whose execution ended without a task has.
    A run whose execution told first of its task's end is followed until it shows the task, for some seconds at most.
    """
    without_its_task = 0
    for pause in pauses():
        run = fetch()
        yield run
        without_its_task += run.awaits_its_task
        if run.ended and not (run.awaits_its_task and without_its_task < MOST_QUESTIONS_FOR_ITS_TASK):
            return
        sleep(pause)
