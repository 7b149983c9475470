"""From the text of a path to its steps. What is not understood is refused, never left out."""

from __future__ import annotations

import re
from typing import Final

from local.stepfunctions.jsonpath.steps import Descendants, Filter, Index, Path, Property, Slice, Step, Wildcard
from local.stepfunctions.jsonpath.texts import BadPathError, Text

_INDEXES: Final = re.compile(r"-?\d+(\s*,\s*-?\d+)*")
_SLICE: Final = re.compile(r"(-?\d+)?\s*:\s*(-?\d+)?")
# A name after a dot ends before these; among arguments or in a filter, before what follows it there too.
_NAME: Final = re.compile(r"[^.\[\]()\s*'\"]+")
_NAME_AMONG_OTHERS: Final = re.compile(r"[^.\[\]()\s*'\"=!<>&|,~]+")

__all__ = ["BadPathError", "parse", "read_path"]


def parse(path: str) -> Path:
    """Reads a path that begins with `$`. Raises BadPathError if it is no path, or has a part that is not supported."""
    text = Text(path)
    found = read_path(text, among_others=False)
    text.skip_blanks()
    if not text.is_at_end or found.starts_here:
        raise text.error("a path ends here, or begins with '$'")
    return found


def read_path(text: Text, *, among_others: bool = True) -> Path:
    """The path that begins at the cursor with `$`, or in a filter with `@`, and ends where it cannot go on."""
    root = text.take_any("$", "@")
    if root is None:
        raise text.error("a path begins with '$'")
    name = _NAME_AMONG_OTHERS if among_others else _NAME
    steps: list[Step] = []
    while text.peek() in {".", "["}:
        steps += _steps(text, name)
    return Path(tuple(steps), starts_here=root == "@")


def _steps(text: Text, name: re.Pattern[str]) -> list[Step]:
    if text.take(".."):
        after = _bracketed(text) if text.take("[") else _named(text, name)
        return [Descendants(), after]
    if text.take("."):
        # `.[0]` is `[0]` to Jayway.
        return [_bracketed(text) if text.take("[") else _named(text, name)]
    text.take("[")
    return [_bracketed(text)]


def _named(text: Text, name: re.Pattern[str]) -> Step:
    if text.take("*"):
        return Wildcard()
    found = text.match(name)
    if found is None:
        raise text.error("a name is missing")
    if text.peek() == "(":
        raise text.error("functions of paths are not supported")
    return Property((found.group(),))


def _bracketed(text: Text) -> Step:
    text.skip_blanks()
    if text.take("?"):
        step: Step = _filter(text)
    elif text.take("*"):
        step = Wildcard()
    elif text.peek() in {"'", '"'}:
        names = [text.quoted()]
        while text.take_after_blanks(","):
            text.skip_blanks()
            names.append(text.quoted())
        step = Property(tuple(names))
    elif found := text.match(_SLICE):
        step = Slice(*(int(part) if part else None for part in found.groups()))
        if step.start is None and step.stop is None:
            raise text.error("a slice has a start or an end")
    elif found := text.match(_INDEXES):
        step = Index(tuple(int(part) for part in found.group().split(",")))
    else:
        raise text.error("a name in quotes, an index, a slice, '*' or a filter is missing")
    if not text.take_after_blanks("]"):
        raise text.error("']' is missing")
    return step


def _filter(text: Text) -> Filter:
    from local.stepfunctions.jsonpath.filters import read_condition  # noqa: PLC0415  conditions have paths in them

    return Filter(read_condition(text))
