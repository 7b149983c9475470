"""The forms of DynamoDB's expressions that the runs table is asked with, over items as a client has them.

Each form of a condition is a row of `_TESTS`. A text of any other form is refused: add the form, and its text to
`test_dynamodb_twin.py`, which asks moto the same.
"""

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

Value = dict[str, Any]
Item = dict[str, Value]


class UnknownExpressionError(Exception):
    """An expression of a form that the twin does not have."""


@dataclass(frozen=True, slots=True)
class Scope:
    """An item, and what the placeholders of an expression stand for."""

    item: Item
    names: Mapping[str, str]
    values: Mapping[str, Value]

    def at(self, path: str) -> Value | None:
        """The value at `outcome.status` or `#a0.#a1`; None where there is none."""
        first, *more = self.resolved(path)
        value = self.item.get(first)
        for part in more:
            value = value.get("M", {}).get(part) if value else None
        return value

    def resolved(self, path: str) -> list[str]:
        """The names of a path."""
        return [self.names.get(part, part) for part in path.split(".")]


Condition = Callable[[Scope], bool]
_SIGNS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _compared(scope: Scope, path: str, sign: str, value: str) -> bool:
    """Whether it is so: nothing, or a value of another type, is not equal and in no order."""
    left, right = scope.at(path), scope.values[value]
    if left is None or left.keys() != right.keys():
        return False
    ((kind, content),) = left.items()
    return _SIGNS[sign](*map(Decimal, (content, right[kind]))) if kind == "N" else _SIGNS[sign](content, right[kind])


def _is_one_of(scope: Scope, path: str, values: str) -> bool:
    return any(_compared(scope, path, "=", value) for value in values.split(", "))


def _is_between(scope: Scope, path: str, low: str, high: str) -> bool:
    return _compared(scope, path, ">=", low) and _compared(scope, path, "<=", high)


def _begins_with(scope: Scope, path: str, start: str) -> bool:
    return str((scope.at(path) or {}).get("S", "")).startswith(scope.values[start]["S"])


_NAME: Final = r"(#?[A-Za-z]\w*)"
_VALUE: Final = r"(:\w+)"
_TESTS: Final[Mapping[str, Callable[..., bool]]] = {
    rf"attribute_exists\({_NAME}\)": lambda scope, path: scope.at(path) is not None,
    rf"attribute_not_exists\({_NAME}\)": lambda scope, path: scope.at(path) is None,
    rf"attribute_type\({_NAME}, {_VALUE}\)": lambda scope, path, kind: (
        scope.values[kind]["S"] in (scope.at(path) or ())
    ),
    rf"begins_with\({_NAME}, {_VALUE}\)": _begins_with,
    rf"{_NAME} IN \((:\w+(?:, :\w+)*)\)": _is_one_of,
    rf"{_NAME} BETWEEN {_VALUE} AND {_VALUE}": _is_between,
    rf"{_NAME} ([<>]?=|[<>]) {_VALUE}": _compared,
}


@lru_cache(maxsize=256)
def condition(text: str) -> Condition:
    """A condition. Its tests become calls; what is around them, AND, OR and NOT, ranks in Python as in DynamoDB."""
    found: list[tuple[Callable[..., bool], tuple[str, ...]]] = []

    def noted(test: Callable[..., bool], match: re.Match[str]) -> str:
        found.append((test, match.groups()))
        return f"@{len(found) - 1}"

    left = text
    for pattern, test in _TESTS.items():
        left = re.sub(pattern, lambda match, test=test: noted(test, match), left)  # type: ignore[misc]
    if not re.fullmatch(r"(?:@\d+|AND|OR|NOT|[() ])+", left):
        raise UnknownExpressionError(text)
    source = re.sub(
        r"@(\d+)", r"holds(scope, \1)", left.replace("AND", "and").replace("OR", "or").replace("NOT", "not")
    )

    def holds(scope: Scope, number: int) -> bool:
        test, parts = found[number]
        return test(scope, *parts)

    try:
        made: Condition = eval(f"lambda scope: {source}", {"holds": holds})  # nothing but what is matched above
    except SyntaxError:
        raise UnknownExpressionError(text) from None
    return made


_SET: Final = r"#?\w+ = :\w+"
_UPDATE: Final = re.compile(rf"(?:SET (?P<set>{_SET}(?:, {_SET})*))?(?:(?:^| )REMOVE (?P<remove>#?\w+(?:, #?\w+)*))?")


def updated(text: str, scope: Scope) -> Item:
    """The item after an update."""
    match = _UPDATE.fullmatch(text)
    if not text or not match:
        raise UnknownExpressionError(text)
    item = dict(scope.item)
    for pair in _listed(match["set"]):
        path, value = pair.split(" = ")
        item[scope.resolved(path)[0]] = scope.values[value]
    for path in _listed(match["remove"]):
        item.pop(scope.resolved(path)[0], None)
    return item


def projected(text: str, scope: Scope) -> Item:
    """What of an item a projection shows, inside of maps too."""
    shown: Item = {}
    for path in _listed(text):
        value = scope.at(path)
        if value is not None:
            *around, last = scope.resolved(path)
            inner = shown
            for part in around:
                inner = inner.setdefault(part, {"M": {}})["M"]
            inner[last] = value
    return shown


def equals(text: str, scope: Scope) -> Iterator[tuple[str, Value]]:
    """The attributes that a key condition sets to one value, with the value."""
    for name, value in re.findall(rf"{_NAME} = {_VALUE}", text):
        yield scope.resolved(name)[0], scope.values[value]


def placeholders(texts: Iterable[str]) -> frozenset[str]:
    """Those that expressions use."""
    return frozenset(found for text in texts for found in _placeholders(text))


@lru_cache(maxsize=256)
def _placeholders(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[#:]\w+", text))


def _listed(text: str | None) -> list[str]:
    return text.split(", ") if text else []
