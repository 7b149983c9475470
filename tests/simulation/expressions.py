"""DynamoDB's expressions: read once, kept as functions over items as the client has them (`{"S": "text"}`).

Grammar: the developer guide's "Condition and filter expressions, operators, and functions" and "Update expressions".
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

Value = dict[str, Any]
Item = dict[str, Value]
Names = Mapping[str, str]
Values = Mapping[str, Value]
#: A path: names of attributes (`#x` and all) and numbers of list elements.
Path = tuple[str | int, ...]


class ExpressionError(Exception):
    """DynamoDB would answer ValidationException."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression is evaluated on."""

    item: Item
    names: Names
    values: Values


Operand = Callable[[Scope], Value | None]
Condition = Callable[[Scope], bool]

_TOKEN: Final = re.compile(r"\s*(?:(<>|<=|>=|[=<>()\[\].,+\-])|([#:]?[A-Za-z0-9_]+))")
_COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_ORDERED: Final = frozenset({"S", "N", "B"})


def tokens(text: str) -> list[str]:
    """The words and signs of an expression."""
    found: list[str] = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ExpressionError(f"syntax error at {text[at : at + 12]!r}")
        found.append(match[1] or match[2])
        at = match.end()
    return found


class Reader:
    """Tokens, read from the left. Notes which placeholders are used."""

    def __init__(self, text: str) -> None:
        self._tokens = tokens(text)
        self._at = 0
        self.names: set[str] = set()
        self.values: set[str] = set()

    @property
    def next(self) -> str:
        """The next token; "" at the end."""
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def take(self) -> str:
        """The next token, read."""
        token = self.next
        self._at += 1
        return token

    def takes(self, word: str) -> bool:
        """Whether the next token is this word (in any case), which then is read."""
        if self.next.upper() == word:
            self._at += 1
            return True
        return False

    def expect(self, word: str) -> None:
        """The next token must be this one."""
        if not self.takes(word):
            raise ExpressionError(f"expected {word!r}, found {self.next!r}")

    def several(self, one: Callable[[], Any]) -> list[Any]:
        """One or more with commas between them."""
        found = [one()]
        while self.takes(","):
            found.append(one())
        return found

    def path(self) -> Path:
        """A path to an attribute."""
        parts: list[str | int] = [self._name()]
        while True:
            if self.takes("."):
                parts.append(self._name())
            elif self.takes("["):
                parts.append(int(self.take()))
                self.expect("]")
            else:
                return tuple(parts)

    def value(self) -> str:
        """A placeholder of a value."""
        token = self.take()
        if not token.startswith(":"):
            raise ExpressionError(f"expected a value, found {token!r}")
        self.values.add(token)
        return token

    def _name(self) -> str:
        token = self.take()
        if not token or not (token[0].isalpha() or token[0] in "#_"):
            raise ExpressionError(f"expected a name, found {token!r}")
        if token.startswith("#"):
            self.names.add(token)
        return token


def found_at(item: Item, path: Path, names: Names) -> Value | None:
    """The value at a path; None where there is none."""
    first = str(path[0])
    value = item.get(names.get(first, first))
    for part in path[1:]:
        if value is None:
            return None
        if isinstance(part, int):
            elements = value.get("L", ())
            value = elements[part] if part < len(elements) else None
        else:
            value = value.get("M", {}).get(names.get(part, part))
    return value


def plain(value: Value) -> tuple[str, Any]:
    """(type, what to compare it by)."""
    ((kind, content),) = value.items()
    if kind == "N":
        return kind, Decimal(content)
    if kind in {"SS", "NS", "BS"}:
        return kind, frozenset(content)
    return kind, content


def compared(sign: str, left: Value | None, right: Value | None) -> bool:
    """A comparison: what is not there, or of another type, is not equal and in no order."""
    if left is None or right is None:
        return sign == "<>" and left is not right
    left_kind, left_content = plain(left)
    right_kind, right_content = plain(right)
    if left_kind != right_kind:
        return sign == "<>"
    if sign not in {"=", "<>"} and left_kind not in _ORDERED:
        return False
    return _COMPARISONS[sign](left_content, right_content)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A condition, ready to be evaluated, and the placeholders that it uses.

    `equals` has the paths that must be equal to a value for the whole to hold: what a key condition is read from.
    """

    holds: Condition
    names: frozenset[str]
    values: frozenset[str]
    equals: tuple[tuple[Path, str], ...] = ()


@lru_cache(maxsize=4096)
def condition(text: str) -> Compiled:
    """A condition, filter or key condition expression."""
    reader = Reader(text)
    parser = _Conditions(reader)
    holds = parser.alternatives()
    if reader.next:
        raise ExpressionError(f"syntax error at {reader.next!r}")
    return Compiled(holds, frozenset(reader.names), frozenset(reader.values), tuple(parser.equals))


@lru_cache(maxsize=1024)
def projection(text: str) -> tuple[tuple[Path, ...], frozenset[str]]:
    """The paths of a projection expression, and its placeholders."""
    reader = Reader(text)
    return tuple(reader.several(reader.path)), frozenset(reader.names)


class _Conditions:
    """Recursive descent: OR, AND, NOT, then comparisons and functions."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.equals: list[tuple[Path, str]] = []

    def alternatives(self) -> Condition:
        parts = [self._together()]
        while self._reader.takes("OR"):
            parts.append(self._together())
        if len(parts) == 1:
            return parts[0]
        self.equals.clear()
        return lambda scope: any(part(scope) for part in parts)

    def _together(self) -> Condition:
        parts = [self._negated()]
        while self._reader.takes("AND"):
            parts.append(self._negated())
        return parts[0] if len(parts) == 1 else lambda scope: all(part(scope) for part in parts)

    def _negated(self) -> Condition:
        if not self._reader.takes("NOT"):
            return self._simple()
        inner = self._negated()
        self.equals.clear()
        return lambda scope: not inner(scope)

    def _simple(self) -> Condition:
        reader = self._reader
        if reader.takes("("):
            inner = self.alternatives()
            reader.expect(")")
            return inner
        function = _FUNCTIONS.get(reader.next)
        if function:
            reader.take()
            reader.expect("(")
            made = function(reader)
            reader.expect(")")
            return made
        return self._comparison()

    def _comparison(self) -> Condition:
        reader = self._reader
        left, left_path = self._operand()
        if reader.takes("BETWEEN"):
            low, _ = self._operand()
            reader.expect("AND")
            high, _ = self._operand()
            return lambda s: compared(">=", left(s), low(s)) and compared("<=", left(s), high(s))
        if reader.takes("IN"):
            reader.expect("(")
            choices = [operand for operand, _ in reader.several(self._operand)]
            reader.expect(")")
            return lambda s: any(compared("=", left(s), choice(s)) for choice in choices)
        sign = reader.take()
        if sign not in _COMPARISONS:
            raise ExpressionError(f"expected a comparison, found {sign!r}")
        right, right_path = self._operand()
        if sign == "=" and isinstance(left_path, tuple) and isinstance(right_path, str):
            self.equals.append((left_path, right_path))
        return lambda s: compared(sign, left(s), right(s))

    def _operand(self) -> tuple[Operand, Path | str | None]:
        reader = self._reader
        if reader.next.startswith(":"):
            name = reader.value()
            return (lambda s: s.values[name]), name
        if reader.takes("SIZE"):
            reader.expect("(")
            path = reader.path()
            reader.expect(")")
            return (lambda s: _size(found_at(s.item, path, s.names))), None
        path = reader.path()
        return (lambda s: found_at(s.item, path, s.names)), path


def _size(value: Value | None) -> Value | None:
    if value is None:
        return None
    ((kind, content),) = value.items()
    if kind in {"N", "BOOL", "NULL"}:
        return None
    return {"N": str(len(content.encode() if kind == "S" else content))}


def _exists(reader: Reader) -> Condition:
    path = reader.path()
    return lambda s: found_at(s.item, path, s.names) is not None


def _not_exists(reader: Reader) -> Condition:
    path = reader.path()
    return lambda s: found_at(s.item, path, s.names) is None


def _begins_with(reader: Reader) -> Condition:
    path = reader.path()
    reader.expect(",")
    start = reader.value()
    return lambda s: _texts(lambda a, b: a.startswith(b), found_at(s.item, path, s.names), s.values[start])


def _texts(holds: Callable[[str, str], bool], value: Value | None, other: Value) -> bool:
    return value is not None and "S" in value and "S" in other and holds(value["S"], other["S"])


def _contains(reader: Reader) -> Condition:
    path = reader.path()
    reader.expect(",")
    part = reader.value()
    return lambda s: _has(found_at(s.item, path, s.names), s.values[part])


def _has(value: Value | None, part: Value) -> bool:
    if value is None:
        return False
    ((kind, content),) = value.items()
    if kind == "L":
        return part in content
    ((part_kind, part_content),) = part.items()
    return kind in {part_kind, f"{part_kind}S"} and part_content in content


def _attribute_type(reader: Reader) -> Condition:
    path = reader.path()
    reader.expect(",")
    kind = reader.value()
    return lambda s: s.values[kind]["S"] in (found_at(s.item, path, s.names) or ())


_FUNCTIONS: Final[Mapping[str, Callable[[Reader], Condition]]] = {
    "attribute_exists": _exists,
    "attribute_not_exists": _not_exists,
    "attribute_type": _attribute_type,
    "begins_with": _begins_with,
    "contains": _contains,
}


def resolved(path: Path, names: Names) -> Path:
    """The path with its placeholders replaced."""
    return tuple(names.get(part, part) if isinstance(part, str) else part for part in path)


def undefined(wanted: frozenset[str] | Sequence[str], given: Mapping[str, object]) -> str | None:
    """The first placeholder that nothing defines."""
    return next((name for name in wanted if name not in given), None)
