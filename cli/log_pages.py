"""The lines of a run's containers, page by page, oldest first, attempt after attempt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cli.api_client import read_as
from cli.documents import flag, text, whole
from cli.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping

    from cli.api_client import Document
    from cli.documents import Run

PAGE_LINES: Final = 10_000
#: CloudWatch Logs gives pages without lines before the end of a log; it would be a fault of its own to give only them.
MOST_EMPTY_PAGES: Final = 100
#: There may be a log a moment later.
NOT_YET: Final = frozenset({"Log.NotYet", "Attempt.NotFound"})
#: There will be none of this attempt; a later one may have one.
GONE: Final = "Log.Gone"
#: How often the log of a run that has ended is asked for lines, when it does not say that it is complete.
MOST_LAST_QUESTIONS: Final = 5


@dataclass(frozen=True)
class LogLine:
    """One line that a container has printed, and when (ISO 8601)."""

    time: str | None
    text: str


@dataclass(frozen=True)
class LogPage:
    """The answer to GET /runs/{runId}/logs."""

    lines: tuple[LogLine, ...]
    cursor: str | None
    attempt: int | None
    complete: bool
    """Whether the task has ended and this is the end of its log."""

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> LogPage:
        """Raises KeyError when it has no lines."""
        lines = document["lines"]
        found = [each for each in lines if isinstance(each, dict)] if isinstance(lines, list) else []
        return cls(
            lines=tuple(LogLine(text(each, "time"), text(each, "text") or "") for each in found),
            cursor=text(document, "cursor"),
            attempt=whole(document, "attempt"),
            complete=flag(document, "isComplete") is True,
        )


class AttemptLog:
    """The log of one container of one attempt, read from its start on."""

    def __init__(self, read: Callable[[dict[str, str | int]], Document], attempt: int | None, container: str | None):
        self._read = read
        self._query: dict[str, str | int] = {"limit": PAGE_LINES}
        if attempt is not None:
            self._query["attempt"] = attempt
        if container is not None:
            self._query["container"] = container
        self.complete = False

    def pages(self) -> Iterator[LogPage]:
        """The pages that there are now after those that were read. Raises RefusedError where there is no log."""
        empty = 0
        while not self.complete and empty < MOST_EMPTY_PAGES:
            page = read_as(LogPage.from_document, self._read(self._query))
            self.complete = page.complete
            empty = 0 if page.lines else empty + 1
            at_the_end = page.cursor is None or page.cursor == self._query.get("cursor")
            if page.cursor is not None:
                self._query["cursor"] = page.cursor
            yield page
            if at_the_end:
                return


class RunLog:
    """The log of a run that goes on: all attempts from the first that is wanted on, or one alone."""

    def __init__(
        self,
        read: Callable[[dict[str, str | int]], Document],
        *,
        container: str | None = None,
        only: int | None = None,
        from_the_first: bool = False,
    ) -> None:
        self._read = read
        self._container = container
        self._only = only
        self._from_the_first = from_the_first
        self._attempt = only
        self._log = None if only is None else AttemptLog(read, only, container)
        self._there = False
        self._last_questions = 0
        self._seen = False
        self.refusal: RefusedError | None = None
        """Why there is no log yet, where that is all that was ever answered."""
        self.over = False
        """Whether no more lines come."""

    @property
    def goes_on(self) -> bool:
        """Whether the log that is read may get more lines. Else only the run tells what comes."""
        return self._there and self._log is not None and not self._log.complete

    def pages(self, run: Run) -> Iterator[LogPage]:
        """The pages that have come; `run` was asked for lately. Raises RefusedError where no line can be read."""
        numbers = attempt_numbers(run)
        if self._log is None and numbers:
            self._turn_to(min(numbers) if self._from_the_first else max(numbers), numbers)
        while not self.over:
            self._there = False
            if self._log is not None:
                self._there = yield from self._pages_if_any(self._log)
            following = min((each for each in numbers if each > (self._attempt or 0)), default=None)
            if following is None:
                self._may_be_over(run)
                return
            if self._only is not None:
                self.over = True
                return
            self._turn_to(following, numbers)

    def _turn_to(self, attempt: int, numbers: Mapping[int, int | None]) -> None:
        self._attempt = attempt
        self._log = AttemptLog(self._read, numbers[attempt], self._container)

    def _may_be_over(self, run: Run) -> None:
        """No later attempt is there: the end is that of this log, or that of the run where it has none."""
        complete = self._log is not None and self._log.complete
        if not run.ended:
            self.over = complete and self._only is not None
            return
        self._last_questions += 1
        self.over = complete or not self._there or self._last_questions >= MOST_LAST_QUESTIONS

    def _pages_if_any(self, log: AttemptLog) -> Generator[LogPage, None, bool]:
        """The pages of a log, and whether there is one."""
        try:
            for page in log.pages():
                self._seen, self.refusal = True, None
                yield page
        except RefusedError as error:
            if error.name not in {*NOT_YET, GONE}:
                raise
            log.complete = error.name == GONE
            self.refusal = None if self._seen else error
            return False
        return True


def attempt_numbers(run: Run) -> Mapping[int, int | None]:
    """The attempts that a run shows, in order, each with its number for the API.

    A task that a machine of somebody's own has started without a number can be asked for only as the newest one.
    """
    places = enumerate(run.attempts, start=run.attempts_left_out + 1)
    return {place if attempt.number is None else attempt.number: attempt.number for place, attempt in places}
