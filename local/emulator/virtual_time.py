"""MiniStack's clocks, where what they say is compared with the times of tasks and executions."""

from __future__ import annotations

import time
from typing import Final

from ministack.services import eventbridge, scheduler, stepfunctions

from local.clock import Clock, iso_milliseconds

TICK_SECONDS: Final = 1.0  # MiniStack looks every ten seconds whether a schedule is due
LEAST_TICK_SECONDS: Final = 0.1


class VirtualTime:
    """Stands where MiniStack's Scheduler has the standard library's `time`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def time(self) -> float:
        """Virtual seconds since 1970."""
        return self._clock.epoch_seconds()

    def sleep(self, seconds: float) -> None:
        """Real seconds."""
        time.sleep(seconds)


def install_clock(clock: Clock) -> None:
    """Let executions, events and schedules have the runtime's time. Called once."""
    scheduler.time = VirtualTime(clock)
    # Not its `time`: what it puts into a queue would be delayed until the wall's clock has come so far.
    eventbridge._now_ts = clock.epoch_seconds
    stepfunctions.now_iso = lambda: iso_milliseconds(clock.now())
    tick = max(LEAST_TICK_SECONDS, clock.real_seconds(TICK_SECONDS))
    scheduler._SCHEDULE_TICK_INTERVAL = eventbridge._SCHEDULER_TICK_INTERVAL = tick
