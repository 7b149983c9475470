"""Logs in memory."""

from fargate_runs.ports import LogReader, LogUnavailableError
from fargate_runs.runs.log import LogLocation


class InMemoryLogs(LogReader):
    def __init__(self, *lines: str) -> None:
        self.streams: dict[str, tuple[str, ...]] = {}
        self.everywhere = lines
        self.is_down = False
        self.reads = 0

    def last_lines(self, location: LogLocation, limit: int) -> tuple[str, ...]:
        self.reads += 1
        if self.is_down:
            raise LogUnavailableError("the log could not be read: ThrottlingException")
        return self.streams.get(location.stream, self.everywhere)[-limit:]
