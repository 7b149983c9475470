"""The clock of the machine."""

from datetime import UTC, datetime

from fargate_runs.ports import Clock


class SystemClock(Clock):
    """The clock of the machine, in UTC."""

    def now(self) -> datetime:
        """The moment in UTC."""
        return datetime.now(UTC)
