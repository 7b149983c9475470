"""How intrinsic functions of JSONPath states are read: `States.Format('{}', $.a)`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from local.stepfunctions.jsonpath.parsing import read_path
from local.stepfunctions.jsonpath.steps import Path
from local.stepfunctions.jsonpath.texts import BadPathError, Text

PREFIX: Final = "States."
_NAME: Final = re.compile(r"States\.[A-Za-z0-9]+")
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_WORD: Final = re.compile(r"(true|false|null)\b")
_WORDS: Final = {"true": True, "false": False, "null": None}
_QUOTED: Final = re.compile(r"'((?:[^'\\]|\\.)*)'", re.DOTALL)


@dataclass(frozen=True)
class Constant:
    """A number, `true`, `false` or `null`."""

    value: object


@dataclass(frozen=True)
class Quoted:
    """A text as it is written: States.Format reads its escapes itself."""

    raw: str

    @property
    def text(self) -> str:
        """With its escapes read."""
        return re.sub(r"\\(.)", r"\1", self.raw, flags=re.DOTALL)


@dataclass(frozen=True)
class PathArgument:
    """A path into the input, or with `$$` into the context object."""

    written: str
    path: Path
    of_context: bool


@dataclass(frozen=True)
class Call:
    """A function and its arguments."""

    name: str
    arguments: tuple[Argument, ...]


Argument = Constant | Quoted | PathArgument | Call


def read_intrinsic(expression: str) -> Call:
    """Returns the call that an expression makes. Raises BadPathError if it is no call."""
    text = Text(expression)
    call = _call(text)
    text.skip_blanks()
    if not text.is_at_end:
        raise text.error("an intrinsic function ends here")
    return call


def _call(text: Text) -> Call:
    name = text.match(_NAME)
    if name is None or not text.take_after_blanks("("):
        raise text.error("an intrinsic function is missing")
    arguments: list[Argument] = []
    while not text.take_after_blanks(")"):
        if arguments and not text.take(","):
            raise text.error("',' or ')' is missing")
        arguments.append(_argument(text))
    return Call(name.group(), tuple(arguments))


def _argument(text: Text) -> Argument:
    text.skip_blanks()
    if text.peek() == "$":
        return _path(text)
    if text.text.startswith(PREFIX, text.at):
        return _call(text)
    if found := text.match(_QUOTED):
        return Quoted(found.group(1))
    if found := text.match(_NUMBER):
        return Constant(float(found.group()) if set(found.group()) & set(".eE") else int(found.group()))
    if found := text.match(_WORD):
        return Constant(_WORDS[found.group()])
    raise text.error("an argument is missing")


def _path(text: Text) -> PathArgument:
    start = text.at
    of_context = text.text.startswith("$$", start)
    if of_context:
        text.take("$")
    path = read_path(text)
    return PathArgument(text.text[start : text.at], path, of_context)


__all__ = ["PREFIX", "Argument", "BadPathError", "Call", "Constant", "PathArgument", "Quoted", "read_intrinsic"]
