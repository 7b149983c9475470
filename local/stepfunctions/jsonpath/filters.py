"""The conditions of filters: `[?(@.price < 10 && @.name)]`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from local.stepfunctions.jsonpath.parsing import read_path
from local.stepfunctions.jsonpath.search import NoResultError, look_up
from local.stepfunctions.jsonpath.steps import Condition, Path
from local.stepfunctions.jsonpath.texts import Text

_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_WORD: Final = re.compile(r"(true|false|null)\b")
_WORDS: Final = {"true": True, "false": False, "null": None}
_LIST_OPERATOR: Final = re.compile(r"(in|nin)\b", re.IGNORECASE)
ABSENT: Final = object()
"""What a path that leads nowhere gives: equal to nothing, null included."""


@dataclass(frozen=True)
class _Operand:
    """A constant, or a path from the element or the root."""

    constant: object = None
    path: Path | None = None

    def value(self, element: object, root: object) -> object:
        """Returns its value for an element; ABSENT if its path leads nowhere."""
        if self.path is None:
            return self.constant
        try:
            return look_up(self.path, element if self.path.starts_here else root)
        except NoResultError:
            return ABSENT


def read_condition(text: Text) -> Condition:
    """The condition at the cursor, in parentheses."""
    if not text.take_after_blanks("("):
        raise text.error("a filter's condition is in parentheses")
    condition = _any_of(text)
    if not text.take_after_blanks(")"):
        raise text.error("')' is missing, or an operator is not supported")
    return condition


def _any_of(text: Text) -> Condition:
    found = [_all_of(text)]
    while text.take_after_blanks("||"):
        found.append(_all_of(text))
    return lambda element, root: any(condition(element, root) for condition in found)


def _all_of(text: Text) -> Condition:
    found = [_one(text)]
    while text.take_after_blanks("&&"):
        found.append(_one(text))
    return lambda element, root: all(condition(element, root) for condition in found)


def _one(text: Text) -> Condition:
    text.skip_blanks()
    if text.take("!"):
        negated = _one(text)
        return lambda element, root: not negated(element, root)
    if text.peek() == "(":
        return read_condition(text)
    return _comparison(text)


def _comparison(text: Text) -> Condition:
    left = _operand(text)
    text.skip_blanks()
    operator = text.take_any(*_OPERATORS)
    if operator is not None:
        compare, right = _OPERATORS[operator], _operand(text)
        return lambda element, root: compare(left.value(element, root), right.value(element, root))
    if found := text.match(_LIST_OPERATOR):
        among, wanted = _constants(text), found.group().lower() == "in"
        return lambda element, root: any(_equal(left.value(element, root), each) for each in among) is wanted
    if left.path is None:
        raise text.error("an operator is missing")
    return lambda element, root: left.value(element, root) is not ABSENT


def _operand(text: Text) -> _Operand:
    text.skip_blanks()
    if text.peek() in {"@", "$"}:
        return _Operand(path=read_path(text))
    return _Operand(constant=_constant(text))


def _constant(text: Text) -> object:
    text.skip_blanks()
    if text.peek() in {"'", '"'}:
        return text.quoted()
    if found := text.match(_NUMBER):
        number = float(found.group())
        return int(number) if number.is_integer() else number
    if found := text.match(_WORD):
        return _WORDS[found.group()]
    raise text.error("a path, a number, a text in quotes, true, false or null is missing")


def _constants(text: Text) -> list[object]:
    if not text.take_after_blanks("["):
        raise text.error("a list is missing")
    found = [_constant(text)]
    while text.take_after_blanks(","):
        found.append(_constant(text))
    if not text.take_after_blanks("]"):
        raise text.error("']' is missing")
    return found


def _equal(left: object, right: object) -> bool:
    """As Jayway's: a number and a text that says it are equal, a truth value and a number are not."""
    if left is ABSENT or right is ABSENT:
        return False
    if _is_number(left) and isinstance(right, str):
        return _number_of(right) == left
    if isinstance(left, str) and _is_number(right):
        return left == str(right)
    return isinstance(left, bool) == isinstance(right, bool) and left == right


def _ordered(holds: Callable[[int], bool]) -> Callable[[object, object], bool]:
    """An order of two numbers or two texts; of all else none holds."""

    def compare(left: object, right: object) -> bool:
        if _is_number(left) and _is_number(right):
            return holds((left > right) - (left < right))  # type: ignore[operator]
        if isinstance(left, str) and isinstance(right, str):
            return holds((left > right) - (left < right))
        return False

    return compare


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number_of(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


# The longer ones first: `<=` begins with `<`.
_OPERATORS: Final[dict[str, Callable[[object, object], bool]]] = {
    "==": _equal,
    "!=": lambda left, right: not _equal(left, right),
    "<=": _ordered(lambda order: order <= 0),
    ">=": _ordered(lambda order: order >= 0),
    "<": _ordered(lambda order: order < 0),
    ">": _ordered(lambda order: order > 0),
}
