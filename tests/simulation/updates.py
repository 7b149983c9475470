"""DynamoDB's update expressions, read once and kept as functions from item to item."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from tests.simulation.expressions import ExpressionError, Item, Path, Reader, Scope, Value, found_at, resolved

Operand = Callable[[Scope], Value]
#: Changes the new item, reading from what was there before.
Change = Callable[[Scope, Item], None]


@dataclass(frozen=True, slots=True)
class CompiledUpdate:
    """An update, ready to be applied, the placeholders that it uses and the paths that it changes."""

    changes: tuple[Change, ...]
    names: frozenset[str]
    values: frozenset[str]
    paths: tuple[Path, ...]

    def applied(self, scope: Scope) -> Item:
        """The item after the update. Every operand is read from the item before it."""
        item = dict(scope.item)
        for change in self.changes:
            change(scope, item)
        return item


@lru_cache(maxsize=4096)
def update(text: str) -> CompiledUpdate:
    """An update expression."""
    reader = Reader(text)
    parser = _Updates(reader)
    parser.sections()
    return CompiledUpdate(tuple(parser.changes), frozenset(reader.names), frozenset(reader.values), tuple(parser.paths))


class _Updates:
    """SET, REMOVE, ADD and DELETE, each at most once."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.changes: list[Change] = []
        self.paths: list[Path] = []

    def sections(self) -> None:
        seen: set[str] = set()
        kinds = {"SET": self._set, "REMOVE": self._remove, "ADD": self._add, "DELETE": self._delete}
        while self._reader.next:
            word = self._reader.take().upper()
            if word not in kinds or word in seen:
                raise ExpressionError(f"syntax error at {word!r}")
            seen.add(word)
            self._reader.several(kinds[word])
        if not seen:
            raise ExpressionError("the expression is empty")

    def _path(self) -> Path:
        path = self._reader.path()
        self.paths.append(path)
        return path

    def _set(self) -> None:
        path = self._path()
        self._reader.expect("=")
        value = self._sum()
        self.changes.append(lambda scope, item: _put(item, resolved(path, scope.names), value(scope)))

    def _remove(self) -> None:
        path = self._path()
        self.changes.append(lambda scope, item: _take(item, resolved(path, scope.names)))

    def _add(self) -> None:
        path = self._path()
        name = self._reader.value()
        self.changes.append(
            lambda scope, item: _put(
                item, resolved(path, scope.names), _added(found_at(scope.item, path, scope.names), scope.values[name])
            )
        )

    def _delete(self) -> None:
        path = self._path()
        name = self._reader.value()

        def change(scope: Scope, item: Item) -> None:
            left = _without(found_at(scope.item, path, scope.names), scope.values[name])
            where = resolved(path, scope.names)
            if left is None:
                _take(item, where)
            else:
                _put(item, where, left)

        self.changes.append(change)

    def _sum(self) -> Operand:
        left = self._operand()
        if self._reader.takes("+"):
            right = self._operand()
            return lambda s: _number(left(s), right(s), 1)
        if self._reader.takes("-"):
            right = self._operand()
            return lambda s: _number(left(s), right(s), -1)
        return left

    def _operand(self) -> Operand:
        reader = self._reader
        if reader.next.startswith(":"):
            name = reader.value()
            return lambda s: s.values[name]
        if reader.next == "if_not_exists":
            return self._if_not_exists()
        if reader.next == "list_append":
            return self._list_append()
        path = reader.path()
        return lambda s: _present(found_at(s.item, path, s.names))

    def _if_not_exists(self) -> Operand:
        reader = self._reader
        reader.take()
        reader.expect("(")
        path = reader.path()
        reader.expect(",")
        otherwise = self._operand()
        reader.expect(")")
        return lambda s: found_at(s.item, path, s.names) or otherwise(s)

    def _list_append(self) -> Operand:
        reader = self._reader
        reader.take()
        reader.expect("(")
        first = self._operand()
        reader.expect(",")
        second = self._operand()
        reader.expect(")")
        return lambda s: {"L": [*_of(first(s), "L"), *_of(second(s), "L")]}


def _present(value: Value | None) -> Value:
    if value is None:
        raise ExpressionError("The provided expression refers to an attribute that does not exist in the item")
    return value


def _of(value: Value, kind: str) -> Any:
    if kind not in value:
        raise ExpressionError("An operand in the update expression has an incorrect data type")
    return value[kind]


def _number(left: Value, right: Value, sign: int) -> Value:
    return {"N": str(Decimal(_of(left, "N")) + sign * Decimal(_of(right, "N")))}


def _added(stands: Value | None, more: Value) -> Value:
    if stands is None:
        return more
    if "N" in more:
        return _number(stands, more, 1)
    ((kind, content),) = more.items()
    return {kind: sorted({*_of(stands, kind), *content})}


def _without(stands: Value | None, less: Value) -> Value | None:
    if stands is None:
        return None
    ((kind, content),) = less.items()
    left = sorted(set(_of(stands, kind)) - set(content))
    return {kind: left} if left else None


def _put(item: Item, path: Path, value: Value) -> None:
    _inner(item, path, create=value)


def _take(item: Item, path: Path) -> None:
    _inner(item, path, create=None)


def _inner(item: Item, path: Path, *, create: Value | None) -> None:
    """Change one place, copying what is on the way: the item before is somebody else's too."""
    first = str(path[0])
    if len(path) == 1:
        if create is None:
            item.pop(first, None)
        else:
            item[first] = create
        return
    if first not in item:
        raise ExpressionError("The document path provided in the update expression is invalid for update")
    item[first] = _changed(item[first], path[1:], create)


def _changed(value: Value, path: Path, create: Value | None) -> Value:
    part = path[0]
    if isinstance(part, int):
        return {"L": _changed_list(list(_of(value, "L")), part, path, create)}
    inner = dict(_of(value, "M"))
    _inner(inner, path, create=create)
    return {"M": inner}


def _changed_list(elements: list[Value], part: int, path: Path, create: Value | None) -> list[Value]:
    if len(path) > 1:
        elements[part] = _changed(elements[part], path[1:], create)
    elif create is None:
        del elements[part : part + 1]
    elif part < len(elements):
        elements[part] = create
    else:
        elements.append(create)
    return elements
