"""What should hold, and how that compares with what was seen."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from verify.place import Place


@dataclass(frozen=True)
class Like:
    """A text that matches a regular expression as a whole."""

    pattern: str


@dataclass(frozen=True)
class OneOf:
    """Any of these values."""

    values: tuple[object, ...]


@dataclass(frozen=True)
class Fact:
    """Something that AWS does. `expected` is a JSON value that may have `Like` and `OneOf` in it."""

    key: str
    """Its name in the suite and in recordings."""
    number: str
    """Of docs/facts.md; empty where none says it."""
    holds: str
    """One sentence."""
    expected: object


#: What a scenario sees, one after the other: a fact's key, and what was seen of it.
Seen = Iterator[tuple[str, object]]


@dataclass(frozen=True)
class Scenario:
    """Something that is done once, and the facts that it shows."""

    name: str
    facts: tuple[Fact, ...]
    observe: Callable[[Place], Seen]
    tasks: int = 0
    """Fargate tasks that it starts: they cost money in AWS."""


class Verdict(StrEnum):
    """What became of a fact."""

    AS_EXPECTED = "as expected"
    DIFFERS = "differs"
    NOT_SEEN = "could not be seen"


@dataclass(frozen=True)
class Finding:
    """A fact and what was seen of it."""

    fact: Fact
    verdict: Verdict
    seen: object = None
    why: str = ""
    """Why nothing was seen."""


def scenario(*facts: Fact, tasks: int = 0) -> Callable[[Callable[[Place], Seen]], Scenario]:
    """Make a scenario of the function that does it; it is named as the function is."""

    def made(observe: Callable[[Place], Seen]) -> Scenario:
        return Scenario(observe.__name__.replace("_", "-"), facts, observe, tasks)

    return made


def judged(fact: Fact, seen: object) -> Finding:
    """Compare a fact with what was seen of it."""
    value = as_json(seen)
    return Finding(fact, Verdict.AS_EXPECTED if matches(fact.expected, value) else Verdict.DIFFERS, value)


def matches(expected: object, seen: object) -> bool:
    """Whether a JSON value is the expected one, in every part. True is not 1 here."""
    match expected:
        case Like(pattern):
            return isinstance(seen, str) and re.fullmatch(pattern, seen, re.DOTALL) is not None
        case OneOf(values):
            return any(matches(value, seen) for value in values)
        case Mapping():
            return (
                isinstance(seen, Mapping)
                and expected.keys() == seen.keys()
                and all(matches(value, seen[key]) for key, value in expected.items())
            )
        case list() | tuple():
            return (
                isinstance(seen, list)
                and len(expected) == len(seen)
                and all(matches(one, other) for one, other in zip(expected, seen, strict=True))
            )
        case _:
            return type(expected) is type(seen) and expected == seen


def as_json(value: object) -> object:
    """A value as JSON would give it back: tuples as lists, and sets in order."""
    match value:
        case Mapping():
            return {str(key): as_json(one) for key, one in value.items()}
        case set() | frozenset():
            return sorted((as_json(one) for one in value), key=str)
        case str():
            return value
        case Sequence():
            return [as_json(one) for one in value]
        case None | bool() | int() | float():
            return value
        case _:
            return str(value)


def plain(expected: object) -> object:
    """What is expected, as JSON: a pattern as `{"like": …}`, a choice as `{"oneOf": […]}`."""
    match expected:
        case Like(pattern):
            return {"like": pattern}
        case OneOf(values):
            return {"oneOf": [plain(value) for value in values]}
        case Mapping():
            return {str(key): plain(value) for key, value in expected.items()}
        case list() | tuple():
            return [plain(value) for value in expected]
        case _:
            return as_json(expected)


def worded(value: object) -> str:
    """A value on one line, in full."""
    return json.dumps(plain(value), ensure_ascii=False)
