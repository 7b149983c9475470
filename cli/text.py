"""Text for a terminal."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import textwrap
import unicodedata
from datetime import datetime

_KEPT = frozenset("\n\t")
_WIDE = frozenset("WF")


def clean(text: str) -> str:
    """`text` without what would steer a terminal or cannot be encoded: others wrote it (reasons, logs, arguments)."""
    return "".join(char if char in _KEPT or unicodedata.category(char)[0] != "C" else "�" for char in text)


def one_line(text: str, longest: int) -> str:
    """`text` on one line of at most `longest` characters."""
    line = " ".join(clean(text).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def wants_colour() -> bool:
    """Whether nobody has asked for none (no-color.org)."""
    return not os.environ.get("NO_COLOR")


def width_of(line: str) -> int:
    """How many columns of a terminal a line takes: wide characters take two, those that combine none."""
    return sum(map(_columns_of, line))


def fitted(line: str, width: int) -> str:
    """`line`, cut with an ellipsis where it takes more than `width` columns."""
    if width_of(line) <= width:
        return line
    kept, taken = [], 1  # the ellipsis
    for char in line:
        taken += _columns_of(char)
        if taken > width:
            break
        kept.append(char)
    return "".join(kept).rstrip() + "…"


def _columns_of(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in _WIDE else 1


NARROWEST = 40


def columns() -> int:
    """Returns the width of the terminal; 80 if there is none."""
    return max(shutil.get_terminal_size().columns, NARROWEST)


def wrapped(text: str, width: int) -> list[str]:
    """Returns the lines of `text`, broken between words at `width`. A longer word stays whole."""
    return [
        part
        for line in text.split("\n")
        for part in textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False) or [""]
    ]


def line_limit() -> int | None:
    """Returns how wide a line may be; None for a pipe or a file, unless COLUMNS is set."""
    return columns() if sys.stdout.isatty() or os.environ.get("COLUMNS") else None


def pieces(value: str, width: int) -> list[str]:
    """Returns an ARN, a URL or a list in lines of at most `width`, broken behind separators only."""
    lines = [""]
    for part in re.findall(r"[^:/,-]*[:/,-]+|[^:/,-]+", value):
        if lines[-1] and len(lines[-1]) + len(part) > width:
            lines.append("")
        lines[-1] += part
    return lines


def compact(value: object) -> str:
    """A JSON value on one line."""
    return clean(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def duration(seconds: float | None) -> str:
    """`0.4 s`, `3 min 05 s`, `2 h 03 min`; empty when not known."""
    if seconds is None:
        return ""
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def moment(text: str) -> datetime | None:
    """An ISO 8601 time; None when it is none."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
