"""Waiting for AWS, which an interrupt ends at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")
#: A task takes up to 57 s to start and 166 s to be shown as stopped in AWS (fact B13); its image may be slow to pull.
LIMIT_SECONDS = 600.0
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 3.0


class NotInTimeError(Exception):
    """What was waited for did not come."""

    def __init__(self, what: str, seconds: float) -> None:
        super().__init__(f"not within {seconds:.0f} s: {what}")


class GivenUpError(Exception):
    """The suite was interrupted while this was waited for."""


@dataclass
class Patience:
    """How long is waited, and whether anybody still wants to know."""

    limit_seconds: float = LIMIT_SECONDS
    longest_pause_seconds: float = LONGEST_PAUSE_SECONDS
    clock: Callable[[], float] = time.monotonic
    given_up: threading.Event = field(default_factory=threading.Event)

    def until(self, probe: Callable[[], T | None], what: str) -> T:
        """The first value of `probe` that is not None.

        Errors: NotInTimeError, GivenUpError.
        """
        end = self.clock() + self.limit_seconds
        pause = FIRST_PAUSE_SECONDS
        while True:
            if self.given_up.is_set():
                raise GivenUpError(what)
            value = probe()
            if value is not None:
                return value
            if self.clock() > end:
                raise NotInTimeError(what, self.limit_seconds)
            self.given_up.wait(pause)
            pause = min(pause * 1.5, self.longest_pause_seconds)
