"""The demo on the screen: a live table on a terminal, a line per change elsewhere."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from cli.interrupts import displayed, whole
from cli.progress import phase, steps
from cli.render import COLOURS
from cli.text import compact, duration, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import Console
    from rich.table import Table

    from cli.demo import Row

COLUMNS = ("run id", "pattern", "what it shows", "status", "error", "duration", "result")
_WIDE_CHARACTERS = 110
_LEFT_OUT_WHEN_NARROW = frozenset({"what it shows", "result", "duration"})  # the lines at the end have them
#: With these no word is cut in 80 columns.
_LEAST_WIDTHS = {"run id": 24, "pattern": 16, "status": 9, "error": 24}


@contextmanager
def view(console: Console, rows: Sequence[Row], clock: Callable[[], float]) -> Iterator[Callable[[], None]]:
    """A function that shows the rows as they are now."""
    if not console.is_terminal:
        with steps(lambda line: console.print(line, soft_wrap=True), "waiting for the runs") as tell:
            yield _changes(tell, rows, clock)
        return
    from rich.live import Live

    # The table is drawn anew several times a second, so that durations move between two answers.
    live = Live(get_renderable=lambda: table(rows, clock, console.width), console=console, refresh_per_second=8)
    with displayed(live, console.file):
        yield whole(live.refresh)


def cells(row: Row, clock: Callable[[], float]) -> tuple[str, ...]:
    """The texts of a row, in the order of COLUMNS."""
    run = row.run
    return (
        row.run_id,
        row.scenario.pattern,
        row.scenario.shows,
        row.status if run is None else phase(run),
        (run.error if run else None) or "",
        duration(_seconds(row, clock)),
        "" if run is None or run.result is None else one_line(compact(run.result), 60),
    )


def _seconds(row: Row, clock: Callable[[], float]) -> float | None:
    if row.run is not None and row.run.ended:
        return row.run.duration_seconds
    return None if row.began is None else clock() - row.began


def table(rows: Sequence[Row], clock: Callable[[], float], width: int) -> Table:
    """One line a row, whatever the width: a table that outgrows the terminal cannot be drawn over."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    title = "Success and failure in every pattern"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    narrow = width < _WIDE_CHARACTERS
    shown = [column for column in COLUMNS if not (narrow and column in _LEFT_OUT_WHEN_NARROW)]
    for column in shown:
        table.add_column(column, no_wrap=True, min_width=_LEAST_WIDTHS.get(column))
    for row in rows:
        named = dict(zip(COLUMNS, cells(row, clock), strict=True))
        if narrow:
            named["status"] = row.status
        style = {"status": COLOURS.get(row.status, "")}
        table.add_row(*(Text(named[column], style.get(column, "")) for column in shown))
    return table


def _changes(tell: Callable[[str], None], rows: Sequence[Row], clock: Callable[[], float]) -> Callable[[], None]:
    last: dict[int, str] = {}

    def show() -> None:
        for index, row in enumerate(rows):
            if row.began is None:
                continue
            state = f"{row.run_id} {row.status}"
            if last.get(index) != state:
                last[index] = state
                tell("  ".join(cell for cell in cells(row, clock) if cell))

    return show
