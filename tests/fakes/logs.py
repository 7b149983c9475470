"""Logs in memory."""

from datetime import timedelta

from fargate_runs.ports import (
    LogLine,
    LogMissingError,
    LogPage,
    LogPages,
    LogReader,
    LogTokenError,
    LogUnavailableError,
)
from fargate_runs.runs.log import LogLocation
from tests.fakes.clock import NOON


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


class InMemoryLogPages(LogPages):
    """`streams` has the lines of each stream of each group. `gaps` empty pages come before each page with lines."""

    def __init__(self) -> None:
        self.streams: dict[str, dict[str, list[LogLine]]] = {}
        self.fails_with: LogUnavailableError | None = None
        self.gaps = 0
        self.reads = 0

    def add(self, group: str, stream: str, *texts: str) -> None:
        """A line each millisecond, from noon on."""
        lines = self.streams.setdefault(group, {}).setdefault(stream, [])
        lines += [LogLine(NOON + timedelta(milliseconds=len(lines) + index), text) for index, text in enumerate(texts)]

    def page(self, location: LogLocation, limit: int, token: str | None = None) -> LogPage:
        self.reads += 1
        if self.fails_with:
            raise self.fails_with
        if location.group not in self.streams:
            raise LogMissingError("the log could not be read: ResourceNotFoundException", is_group=True)
        if location.stream not in self.streams[location.group]:
            raise LogMissingError("the log could not be read: ResourceNotFoundException")
        lines = self.streams[location.group][location.stream]
        start, gaps = _position(token)
        if start < len(lines) and gaps < self.gaps:
            return LogPage((), f"f/{start}/{gaps + 1}", is_end=False)
        page = tuple(lines[start : start + limit])
        following = f"f/{start + len(page)}/0"
        return LogPage(page, following, is_end=not page and following == token)


def _position(token: str | None) -> tuple[int, int]:
    try:
        _, start, gaps = (token or "f/0/0").split("/")
        return int(start), int(gaps)
    except ValueError:
        raise LogTokenError("the log could not be read: InvalidParameterException") from None
