"""Runs as a table: one line each, which fits the terminal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from cli.documents import ENDED, QUEUED, number, text
from cli.render import coloured
from cli.text import clean, fitted, moment, one_line, width_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cli.api_client import ApiClient, Document

LARGEST_PAGE: Final = 100
_LONGEST_REASON: Final = 400
_LEAST_SHOWN_USD: Final = 0.0001
_HEADINGS: Final = ("run id", "status", "age", "took", "cost", "reason")
#: Behind each of them but the last. In 80 columns every one that a gap does without is one for the reason.
_GAPS: Final = ("  ", " ", " ", " ", "  ")
_RIGHT_ALIGNED: Final = frozenset({"age", "took", "cost"})


@dataclass(frozen=True)
class Row:
    """An element of `runs` in the answer to GET /runs."""

    run_id: str
    status: str
    created_at: datetime | None
    started_at: datetime | None
    duration_seconds: float | None
    cost_usd: float | None
    error: str | None
    summary: str | None
    job: str | None = None

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> Row:
        """Raises KeyError when it has no id or no status."""
        return cls(
            run_id=str(document["runId"]),
            status=str(document["status"]),
            created_at=moment(text(document, "createdAt") or ""),
            started_at=moment(text(document, "startedAt") or ""),
            duration_seconds=number(document, "durationSeconds"),
            cost_usd=number(document, "estimatedCostUsd"),
            error=text(document, "error"),
            summary=text(document, "summary"),
            job=text(document, "job"),
        )

    @property
    def ended(self) -> bool:
        """Whether nothing more comes of it."""
        return self.status in ENDED

    @property
    def reason(self) -> str:
        """Why it ended so: the error's name and a sentence, or what it waits for. Empty for a run that succeeded."""
        if self.status == QUEUED:
            return f"waits for a slot of {one_line(self.job or 'its job', _LONGEST_REASON)}"
        return (
            one_line(": ".join(part for part in (self.error, self.summary) if part), _LONGEST_REASON)
            if self.error
            else ""
        )

    def seconds(self, now: datetime) -> float | None:
        """How long its task took, or has taken so far; None where it has not started."""
        if self.duration_seconds is not None or self.ended or self.started_at is None:
            return self.duration_seconds
        return max((now - self.started_at).total_seconds(), 0)


def rows_of(page: Document) -> list[Row]:
    """The runs of a page. Raises KeyError for what is no page of runs."""
    runs = page["runs"]
    return [Row.from_document(each) for each in runs if isinstance(each, dict)] if isinstance(runs, list) else []


def listed(api: ApiClient, filters: Mapping[str, str], most: int) -> tuple[list[Document], bool]:
    """The newest runs that pass the filters, at most `most`, and whether there are more."""
    runs: list[Document] = []
    query: dict[str, str | int] = dict(filters)
    while True:
        page = api.list_runs({**query, "limit": min(most - len(runs), LARGEST_PAGE)})
        found = page.get("runs")
        runs += [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
        cursor = text(page, "cursor")
        if cursor is None or len(runs) >= most:
            return runs[:most], cursor is not None
        query["cursor"] = cursor


def table(rows: Sequence[Row], now: datetime, width: int | None) -> str:
    """One line a run below the headings. Ids stay whole; the reason gets the rest of `width`, or all it needs."""
    cells = [_HEADINGS, *(_cells(row, now) for row in rows)]
    widths = [max(width_of(cell) for cell in column) for column in zip(*cells, strict=True)]
    rest = None if width is None else max(width - sum(widths[:-1]) - sum(map(len, _GAPS)), 1)
    return "\n".join("".join(_line(each, widths, rest)).rstrip() for each in cells)


def _line(cells: Sequence[str], widths: Sequence[int], rest: int | None) -> Iterator[str]:
    for heading, cell, width, gap in zip(_HEADINGS, cells, widths, _GAPS, strict=False):
        padding = " " * (width - width_of(cell))
        shown = coloured(cell) if heading == "status" else cell
        yield f"{padding}{shown}{gap}" if heading in _RIGHT_ALIGNED else f"{shown}{padding}{gap}"
    yield cells[-1] if rest is None else fitted(cells[-1], rest)


def _cells(row: Row, now: datetime) -> tuple[str, ...]:
    age = None if row.created_at is None else (now - row.created_at).total_seconds()
    return (
        clean(row.run_id),
        clean(row.status),
        age_text(age),
        brief(row.seconds(now)),
        cost_text(row.cost_usd),
        row.reason,
    )


def age_text(seconds: float | None) -> str:
    """`12s`, `5m`, `3h`, `8d`: the largest unit alone."""
    if seconds is None:
        return ""
    whole = max(int(seconds), 0)
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if whole >= size:
            return f"{whole // size}{unit}"
    return f"{whole}s"


def brief(seconds: float | None) -> str:
    """`0.4s`, `3m05s`, `2h03m`; empty when not known."""
    if seconds is None:
        return ""
    if round(seconds, 1) < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02d}m" if hours else f"{minutes}m{rest:02d}s"


def cost_text(usd: float | None) -> str:
    """An estimate in USD: `$0.0002`, `$1.25`; empty when not known."""
    if usd is None:
        return ""
    if 0 < usd < _LEAST_SHOWN_USD:
        return f"<${_LEAST_SHOWN_USD}"
    return f"${usd:.4f}" if usd < 1 else f"${usd:.2f}"
