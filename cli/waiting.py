"""Follow a run until its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cli.documents import Run

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 2.0
GROWTH = 1.4


def pauses() -> Iterator[float]:
    """How long to wait before each next question: short runs end quickly, long ones are not asked for all the time."""
    pause = FIRST_PAUSE_SECONDS
    while True:
        yield pause
        pause = min(pause * GROWTH, LONGEST_PAUSE_SECONDS)


def follow(fetch: Callable[[], Run], sleep: Callable[[float], None]) -> Iterator[Run]:
    """Yield the run as it is at each poll; the last one is its end.

    The record knows it: a run between two attempts has not ended, one whose execution ended without a task has.
    """
    for pause in pauses():
        run = fetch()
        yield run
        if run.ended:
            return
        sleep(pause)
