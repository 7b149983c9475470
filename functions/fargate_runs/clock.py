"""The clock of the machine."""

import time
from datetime import UTC, datetime

from fargate_runs.ports import Clock


class SystemClock(Clock):
    """The clock of the machine, in UTC."""

    def now(self) -> datetime:
        """The moment in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Block for this long."""
        time.sleep(seconds)
