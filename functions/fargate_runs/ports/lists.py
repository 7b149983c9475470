"""The port of lists of runs."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.billed import Billed
from fargate_runs.runs.run_status import RunStatus

DEFAULT_LIMIT: Final = 50  # runs of a page whose caller names no limit
Place = Mapping[str, str]
"""Where a page ends: texts by name, for the list that made it and for nobody else."""


@dataclass(frozen=True, slots=True)
class RunQuery:
    """Which runs to list. None asks for all. `since` and `until` are about `created_at`, and include their own time."""

    status: RunStatus | None = None
    pattern: Pattern | None = None
    since: datetime | None = None
    until: datetime | None = None
    id_prefix: str | None = None
    job: str | None = None


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run in a list. The words are as they are stored: another version of this application may have written them."""

    run_id: str
    status: str
    created_at: datetime | None = None
    pattern: str | None = None
    error: str | None = None
    summary: str | None = None
    exit_code: int | None = None
    execution_arn: str | None = None
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    attempts: Mapping[str, Billed | None] = field(default_factory=dict)
    rerun_of: str | None = None
    job: str | None = None


@dataclass(frozen=True, slots=True)
class RunPage:
    """A page of a list. `place` is where the next page begins; None after the last one."""

    rows: tuple[RunRow, ...]
    place: Place | None = None


class RunLists(ABC):
    """Lists of runs, as they were a moment ago (indexes)."""

    @abstractmethod
    def page(self, query: RunQuery, limit: int, after: Place | None = None) -> RunPage:
        """Return at most `limit` runs, newest first; with `id_prefix` by id, descending.

        A page may be short, or empty, although another one follows: a list that is filtered reads no more than two
        pages of its index at once. Raises StoreUnavailableError, and ValueError for a place of another list.
        """
