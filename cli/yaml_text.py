"""YAML as data, with the line and the column of everything in it.

Scalars are those of YAML 1.2's core schema: `on`, `yes`, `12:30` and `1_000` are texts. YAML 1.1, which PyYAML reads
unless it is told otherwise, makes them a truth value, 750 and 1000. Nothing here can make an object of Python.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

import yaml

from cli.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Path = tuple[str | int, ...]

LARGEST_BYTES: Final = 1_048_576
#: Aliases are written out here: a few lines of them may stand for billions of values.
MOST_VALUES: Final = 100_000
DEEPEST: Final = 30
_LONGEST_NUMBER: Final = 40
_MERGE: Final = "<<"


class Place(NamedTuple):
    """A place in a file. Both count from 1."""

    line: int
    column: int


class Flaw(NamedTuple):
    """Something wrong, and its place."""

    place: Place
    path: Path
    detail: str


@dataclass(frozen=True)
class Document:
    """A YAML document as JSON knows values. The parts with `flaws` are left out."""

    data: object
    places: Mapping[Path, Place]
    flaws: tuple[Flaw, ...]

    def place(self, path: Path) -> Place:
        """Returns where a value begins: at its key, or in a list at itself. If it is absent, what it would be in."""
        known = (self.places[path[:length]] for length in range(len(path), -1, -1) if path[:length] in self.places)
        return next(known, Place(1, 1))


class _CoreLoader(yaml.SafeLoader):
    """Composes nodes with the tags of the core schema."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - that is how PyYAML keeps them
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose a node and those in it. Raises ComposerError if they are nested too deep: Python would give up."""
        if self.depth == DEEPEST:
            problem = f"is nested deeper than {DEEPEST} levels"
            raise yaml.composer.ComposerError(None, None, problem, self.peek_event().start_mark)  # type: ignore[no-untyped-call]
        self.depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


_TAG: Final = "tag:yaml.org,2002:"
for _name, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
):
    _CoreLoader.add_implicit_resolver(_TAG + _name, re.compile(f"(?:{_pattern})$"), _first)


def read(content: bytes, *, as_written: frozenset[str] = frozenset(), merges: bool = False) -> Document:
    """Read one document.

    Below a key of `as_written`, numbers and truth values are texts, as they were written. With `merges`, the key `<<`
    brings in another mapping, as in YAML 1.1. Flaws are results: this raises nothing.
    """
    node, flaws = _composed(content)
    if node is None:
        return Document(None, {}, tuple(flaws))
    reading = _Reading(as_written, merges)
    try:
        data = reading.value(node, ())
    except _TooManyError:
        told = f"holds more than {MOST_VALUES:,} values, aliases written out"
        return Document(None, reading.places, (Flaw(Place(1, 1), (), told),))
    return Document(data, reading.places, tuple(reading.flaws))


def _composed(content: bytes) -> tuple[yaml.Node | None, list[Flaw]]:
    if len(content) > LARGEST_BYTES:
        return None, [Flaw(Place(1, 1), (), f"is larger than {LARGEST_BYTES // 1024} KiB")]
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return None, [
            Flaw(_place_at(content[: error.start].decode("utf-8", "replace")), (), "is no UTF-8 from here on")
        ]
    try:
        node = yaml.compose(text, _CoreLoader)
    except yaml.reader.ReaderError as error:
        told = f"the character U+{error.character:04X} is not allowed in YAML"
        return None, [Flaw(_place_at(text[: error.position]), (), told)]
    except yaml.MarkedYAMLError as error:
        return None, [Flaw(_place(error.problem_mark or error.context_mark), (), _why(error))]
    return (node, []) if node is not None else (None, [Flaw(Place(1, 1), (), "is empty")])


def _why(error: yaml.MarkedYAMLError) -> str:
    told = ": ".join(part for part in (error.context, error.problem) if part)
    return f"is no YAML: {one_line(told, 200)}"


def _place(mark: yaml.Mark | None) -> Place:
    return Place(1, 1) if mark is None else Place(mark.line + 1, mark.column + 1)


def _place_at(before: str) -> Place:
    """The place behind this text."""
    return Place(before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)


class _TooManyError(Exception):
    """The document stands for more values than anybody has written."""


@dataclass
class _Reading:
    as_written: frozenset[str]
    merges: bool
    places: dict[Path, Place] = field(default_factory=dict)
    flaws: list[Flaw] = field(default_factory=list)
    looked_at: int = 0

    def value(self, node: yaml.Node, path: Path) -> object:
        """The value of a node; None for one that is flawed."""
        self._count(len(path))
        self.places.setdefault(path, _place(node.start_mark))
        if isinstance(node, yaml.MappingNode) and node.tag == f"{_TAG}map":
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{_TAG}seq":
            return [self.value(each, (*path, index)) for index, each in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode) and node.tag in _SCALARS:
            return self._scalar(node, path)
        self.flaws.append(
            Flaw(self.places[path], path, f"has the tag {one_line(node.tag, 60)}, which means nothing here")
        )
        return None

    def _count(self, depth: int) -> None:
        self.looked_at += 1
        if self.looked_at > MOST_VALUES or depth > DEEPEST:  # an alias may name what it is part of
            raise _TooManyError

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, object]:
        found: dict[str, object] = {}
        for key, value in self._entries(node, path):
            if not isinstance(key, yaml.ScalarNode):
                self.flaws.append(Flaw(_place(key.start_mark), path, "has a key that is no text"))
                continue
            inside = (*path, key.value)
            if key.value in found:
                told = f"is there twice, first in line {self.places[inside].line}"
                self.flaws.append(Flaw(_place(key.start_mark), inside, told))
                continue
            self.places[inside] = _place(key.start_mark)
            found[key.value] = self.value(value, inside)
        return found

    def _entries(self, node: yaml.MappingNode, path: Path, depth: int = 0) -> Iterator[tuple[yaml.Node, yaml.Node]]:
        """The entries of a mapping: its own, then those of `<<` that it does not have."""
        self._count(depth)
        brought: list[yaml.Node] = []
        own: set[str] = set()
        for key, value in node.value:
            if self.merges and key.value == _MERGE:
                brought += value.value if isinstance(value, yaml.SequenceNode) else [value]
            else:
                own.add(str(key.value))
                yield key, value
        for each in brought:
            if not isinstance(each, yaml.MappingNode):
                self.flaws.append(
                    Flaw(_place(each.start_mark), path, f"{_MERGE} brings in something that is no mapping")
                )
                continue
            others = self._entries(each, path, depth + 1)
            inherited = [(key, value) for key, value in others if str(key.value) not in own]
            own |= {str(key.value) for key, _ in inherited}
            yield from inherited

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> object:
        kind = node.tag.removeprefix(_TAG)
        if kind != "null" and not self.as_written.isdisjoint(path):
            return node.value
        return _SCALARS[node.tag](str(node.value)) if len(node.value) <= _LONGEST_NUMBER else node.value


def _number(text: str) -> int | str:
    try:
        return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)
    except ValueError:  # of a tag that somebody wrote
        return text


def _decimal(text: str) -> float | str:
    try:
        return value if math.isfinite(value := float(text)) else text
    except ValueError:
        return text


_SCALARS: Final[dict[str, Callable[[str], object]]] = {
    f"{_TAG}str": str,
    f"{_TAG}null": lambda _: None,
    f"{_TAG}bool": lambda text: {"true": True, "false": False}.get(text.lower(), text),
    f"{_TAG}int": _number,
    f"{_TAG}float": _decimal,
}
