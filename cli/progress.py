"""What happens, while it takes its time."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cli.text import duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cli.documents import Run

#: Longer than that nobody should wonder whether something still happens.
TICK_SECONDS = 3.0


@contextmanager
def steps(write: Callable[[str], None], waiting: str = "") -> Iterator[Callable[[str], None]]:
    """Yields a function that prints the next step. While a step lasts, its time is printed every few seconds.

    `waiting` is the text beside that time; the step's own text if it is empty.
    """
    done, lock = threading.Event(), threading.Lock()
    step, began = waiting or "at work", time.monotonic()

    def tell(text: str) -> None:
        nonlocal step, began
        with lock:
            step, began = text, time.monotonic()
            write(text)

    def tick() -> None:
        while not done.wait(TICK_SECONDS):
            with lock:
                write(f"  {waiting or step}: {duration(round(time.monotonic() - began))}")

    thread = threading.Thread(target=tick, daemon=True)
    thread.start()
    try:
        yield tell
    finally:
        done.set()
        thread.join()


def phase(run: Run) -> str:
    """The run's status, and while its task is on its way to RUNNING or to its end, what ECS calls that.

    A run that waits for a slot has its place instead.
    """
    if run.slot.place is not None:
        return f"{run.status} (number {run.slot.place} of those that wait)"
    newest = run.attempts[-1].last_status if run.attempts else None
    attempt = f", attempt {len(run.attempts)}" if len(run.attempts) > 1 else ""
    step = f" ({newest}{attempt})" if newest and newest != run.status and not run.ended else attempt
    return run.status + step
