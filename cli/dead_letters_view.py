"""What became of the dead letters, counted: as a table, a line, and JSON."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cli.resending import GONE, Fate, Settled
from cli.text import columns, duration, one_line, wrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from cli.dead_letters import Kind

_REASON_CHARACTERS: Final = 60
_DETAILS_CHARACTERS: Final = 200
MESSAGES_A_LINE: Final = 100


@dataclass(slots=True)
class Group:
    """Messages with the same fate, kind, target and reason."""

    first: Settled
    count: int = 0
    oldest: datetime | None = None
    newest: datetime | None = None

    def add(self, settled: Settled) -> None:
        """One more."""
        self.count += 1
        known = [when for when in (self.oldest, self.newest, settled.sent) if when is not None]
        self.oldest, self.newest = min(known, default=None), max(known, default=None)


class Tally:
    """Counts how the messages were settled."""

    def __init__(self) -> None:
        self._groups: dict[tuple[Fate, Kind, str, str], Group] = {}
        self.hidden = 0
        """About how many messages somebody else had taken."""
        self.more = False
        """Whether the limit left messages behind."""

    def add(self, settled: Settled) -> None:
        """One more."""
        key = (settled.fate, settled.kind, settled.target, settled.reason)
        self._groups.setdefault(key, Group(settled)).add(settled)

    @property
    def count(self) -> int:
        """How many there were."""
        return sum(group.count for group in self._groups.values())

    @property
    def left(self) -> bool:
        """Whether anything stays in the queues."""
        return self.more or self.hidden > 0 or any(group.first.fate not in GONE for group in self._groups.values())

    def groups(self) -> list[Group]:
        """Those that need attention come last, where they are seen. The most frequent come first."""
        order = list(Fate)
        return sorted(self._groups.values(), key=lambda group: (order.index(group.first.fate), -group.count))

    def stays(self, reasons: frozenset[str]) -> bool:
        """Whether a message stays for one of these reasons."""
        return any(each.first.fate is Fate.STAYS and each.first.reason in reasons for each in self._groups.values())

    def fates(self) -> dict[Fate, int]:
        """How many of each."""
        found: Counter[Fate] = Counter()
        for group in self._groups.values():
            found[group.first.fate] += group.count
        return {fate: found[fate] for fate in Fate}


def document(tally: Tally, now: datetime) -> dict[str, object]:
    """The tally as JSON; ages in seconds."""
    return {
        **{str(fate): count for fate, count in tally.fates().items()},
        "hidden": tally.hidden,
        "more": tally.more,
        "groups": [_group(group, now) for group in tally.groups()],
    }


def summary(tally: Tally) -> str:
    """`3 sent, 1 stays`."""
    return ", ".join(f"{count} {fate}" for fate, count in tally.fates().items() if count)


def table(tally: Tally, now: datetime) -> str:
    """A line for each group, in columns; where the terminal is too narrow for that, some lines for each group."""
    heading = ("count", "what", "kind", "target", "reason", "in the queue for")
    rows = [heading, *(_cells(group, now) for group in tally.groups())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(heading))]
    lines = []
    for row in rows:
        count, *others = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        lines.append("  ".join([count.strip().rjust(widths[0]), *others]).rstrip())
    if max(map(len, lines)) <= columns():
        return "\n".join(lines)
    return "\n".join(line for row in rows[1:] for line in _narrow(row, heading))


def _narrow(row: Sequence[str], heading: Sequence[str]) -> Iterator[str]:
    """`3 stays` and below it the rest, each broken between words."""
    yield f"{row[0]} {row[1]}"
    for name, cell in zip(heading[2:], row[2:], strict=True):
        if cell:
            yield from (f"    {line}" for line in wrapped(f"{name}: {cell}", columns() - 4))


def details(tally: Tally) -> Iterator[str]:
    """For each group that stays, why: the words of its first message."""
    for first in (group.first for group in tally.groups()):
        words = ": ".join(text for text in (first.reason, first.details) if text)
        if first.fate in {Fate.STAYS, Fate.UNREADABLE}:
            yield one_line(f"{first.fate}: {words}", _DETAILS_CHARACTERS)


def lines_of_progress(write: Callable[[str], None], expected: int) -> Callable[[int], None]:
    """A function that writes a line at every hundredth message."""

    def show(count: int) -> None:
        if count % MESSAGES_A_LINE == 0:
            write(f"{count} of about {max(expected, count)} dead letters …")

    return show


def _group(group: Group, now: datetime) -> dict[str, object]:
    first = group.first
    return {
        "what": first.fate,
        "kind": first.kind,
        "target": first.target,
        "reason": first.reason,
        "message": first.details,
        "count": group.count,
        "oldestSeconds": _age(group.oldest, now),
        "newestSeconds": _age(group.newest, now),
    }


def _cells(group: Group, now: datetime) -> Sequence[str]:
    first = group.first
    reason = one_line(first.reason, _REASON_CHARACTERS)
    ages = dict.fromkeys(duration(_age(when, now)) for when in (group.newest, group.oldest))
    target = one_line(first.target, _REASON_CHARACTERS)
    return str(group.count), first.fate, first.kind, target, reason, " to ".join(ages)


def _age(when: datetime | None, now: datetime) -> float | None:
    return None if when is None else max((now - when).total_seconds(), 0.0)
