"""The runs that are under way, and those that ended lately, as they are now."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from cli.api_client import read_as
from cli.interrupts import displayed, whole
from cli.run_list import rows_of, table
from cli.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from rich.console import Console

    from cli.api_client import ApiClient
    from cli.run_list import Row

PAUSE_SECONDS: Final = 2.0
#: Of each list that is asked for.
MOST_ROWS: Final = 100
#: Lists that are asked for: what is under way may be older than the newest runs.
_LISTS: Final[tuple[dict[str, str | int], ...]] = (
    {"status": "RUNNING"},
    {"status": "PENDING"},
    {"status": "QUEUED"},
    {},
)
_ROUND_THE_TABLE: Final = 4  # the counts, a blank line, the headings, and the cursor's line


def under_way_and_ended(api: ApiClient) -> list[Row]:
    """First what has not ended, then what has, newest first each."""
    found: dict[str, Row] = {}
    for filters in _LISTS:
        page = api.list_runs({**filters, "limit": MOST_ROWS})
        found.update({row.run_id: row for row in read_as(rows_of, page)})
    newest_first = sorted(found.values(), key=lambda row: (row.created_at is not None, row.created_at), reverse=True)
    return sorted(newest_first, key=lambda row: row.ended)


@contextmanager
def view(console: Console) -> Iterator[Callable[[Sequence[Row], datetime], None]]:
    """A function that shows the rows: a live table on a terminal, a line per change elsewhere."""
    if not console.is_terminal:
        yield _changes(lambda line: console.print(line, soft_wrap=True))
        return
    from rich.live import Live
    from rich.text import Text

    live = Live(console=console, auto_refresh=False, vertical_overflow="crop")
    draw = whole(live.update)

    def show(rows: Sequence[Row], now: datetime) -> None:
        shown = page(rows, now, console.width, console.height)
        draw(Text.from_ansi(shown, no_wrap=True), refresh=True)

    with displayed(live, console.file):
        yield show


def page(rows: Sequence[Row], now: datetime, width: int, height: int) -> str:
    """The counts and the table, in as many lines as the terminal has; the oldest runs have no room first."""
    room = max(height - _ROUND_THE_TABLE, 1)
    counts = Counter(row.status for row in rows if not row.ended)
    told = ", ".join(f"{count} {clean(status)}" for status, count in sorted(counts.items())) or "nothing is under way"
    return f"{now:%H:%M:%S}  {told}\n\n{table(rows[:room], now, width)}"


def _changes(tell: Callable[[str], None]) -> Callable[[Sequence[Row], datetime], None]:
    last: dict[str, str] = {}

    def show(rows: Sequence[Row], now: datetime) -> None:
        for row in reversed(rows):
            if last.get(row.run_id) != row.status:
                last[row.run_id] = row.status
                parts = (f"{now:%Y-%m-%dT%H:%M:%SZ}", clean(row.run_id), clean(row.status), row.reason)
                tell("  ".join(part for part in parts if part))

    return show
