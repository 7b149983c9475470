"""Waiting for something to become true: tests poll conditions with generous limits, never sleep for luck."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
LIMIT_SECONDS = 120.0


def eventually(probe: Callable[[], T | None], what: str, *, limit_seconds: float = LIMIT_SECONDS) -> T:
    """The first value of `probe` that is neither None nor False; fails naming `what` after `limit_seconds`."""
    deadline = time.monotonic() + limit_seconds
    pause = 0.01
    while True:
        value = probe()
        if value is not None and value is not False:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {limit_seconds} s: {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.25)
