"""Time of the local runtime, which may run faster than the wall's."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta


class Clock:
    """Virtual time: `scale` virtual seconds pass in one real second.

    Everything that waits or stamps in the local runtime asks this clock, so that a time-out of 60 s takes one second at
    scale 60 and the recorded durations still say 60 s.
    """

    def __init__(self, scale: float = 1.0) -> None:
        if scale <= 0:
            raise ValueError(f"the scale of time must be more than 0, not {scale}")
        self._scale = scale
        self._origin_seconds = time.time()
        self._start = time.monotonic()

    @property
    def scale(self) -> float:
        """Virtual seconds per real second."""
        return self._scale

    def epoch_seconds(self) -> float:
        """The virtual time, in seconds since 1970 (UTC), with fractions."""
        return self._origin_seconds + (time.monotonic() - self._start) * self._scale

    def now(self) -> datetime:
        """The virtual time (UTC)."""
        return datetime.fromtimestamp(self.epoch_seconds(), UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait for virtual `seconds`."""
        await asyncio.sleep(max(seconds, 0.0) / self._scale)

    def real_seconds(self, seconds: float) -> float:
        """How long virtual `seconds` take in real seconds."""
        return seconds / self._scale


def iso_milliseconds(moment: datetime) -> str:
    """`2026-01-02T03:04:05.678Z`, the form of times in events (fact B4)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def epoch_milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970, the same ones that `iso_milliseconds` shows."""
    return (moment - datetime.fromtimestamp(0, UTC)) // timedelta(milliseconds=1)
