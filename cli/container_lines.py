"""What a container has printed, as it goes to stdout: unchanged into a pipe, without power over a terminal."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_COLOUR: Final = re.compile(r"\x1b\[[0-9;:]{0,40}m")
#: Everything else that begins with ESC or its one-character forms, up to its end: titles, cursor, clipboard, queries.
_SEQUENCE: Final = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|(?:\x1b[PX\]^_]|[\x90\x98\x9d\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
)
_RESET: Final = "\x1b[0m"
_JOINERS: Final = "\u200c\u200d"  # of letters and of emoji; other format characters may turn a line round
_KEPT: Final = frozenset(f"\t{_JOINERS}")


def written(lines: Iterable[str], *, terminal: bool, colour: bool) -> bytes:
    """The bytes for stdout, one line each."""
    if not terminal:
        return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass")
    parts = (part for line in lines for part in line.split("\n"))  # a driver may put several lines into one event
    return "".join(f"{for_a_terminal(part, colour=colour)}\n" for part in parts).encode("utf-8", "replace")


def for_a_terminal(line: str, *, colour: bool) -> str:
    """`line` with its colours, if they are wanted, and with nothing else that would steer a terminal.

    Where it goes back to its own start, as a progress bar does, the end that a terminal would show is what is left.
    """
    found, at = [], 0
    line = line.rstrip("\r").rpartition("\r")[2]
    for match in _COLOUR.finditer(line):
        found += [_plain(line[at : match.start()]), match[0] if colour else ""]
        at = match.end()
    found.append(_plain(line[at:]))
    if colour and len(found) > 1:
        found.append(_RESET)
    return "".join(found)


def _plain(text: str) -> str:
    kept = _SEQUENCE.sub("", text)
    return "".join(char if char in _KEPT or unicodedata.category(char)[0] != "C" else "�" for char in kept)
