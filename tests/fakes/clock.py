"""A clock that stands still."""

from datetime import UTC, datetime

from fargate_runs.ports import Clock

NOON = datetime(2025, 5, 6, 12, 0, 0, tzinfo=UTC)


class StoppedClock(Clock):
    def __init__(self, moment: datetime = NOON) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment
