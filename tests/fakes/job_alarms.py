"""Notifications about jobs, kept."""

from fargate_runs.ports import AlarmsUnavailableError
from fargate_runs.ports.jobs import JobAlarms


class InMemoryJobAlarms(JobAlarms):
    """`told` has the subject and the message of each notification."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.is_down = False

    def tell(self, subject: str, message: str) -> None:
        if self.is_down:
            raise AlarmsUnavailableError("the notification was not sent: Throttled")
        self.told.append((subject, message))
