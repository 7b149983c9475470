"""A clock that stands still, but for what is slept."""

from datetime import UTC, datetime, timedelta

from fargate_runs.ports import Clock

NOON = datetime(2025, 5, 6, 12, 0, 0, tzinfo=UTC)


class StoppedClock(Clock):
    def __init__(self, moment: datetime = NOON) -> None:
        self.moment = moment
        self.slept_seconds = 0.0

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.pass_by(timedelta(seconds=seconds))
        self.slept_seconds += seconds

    def pass_by(self, time: timedelta) -> None:
        self.moment += time
