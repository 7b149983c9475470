"""The indexes of DynamoDB tables, kept in their order.

For each page, MiniStack sorts a whole partition and evaluates the key condition on every entry: ten seconds for a page
of 100,000 entries. Here entries are in order, and MiniStack gets only those that the page can have. It still decides
everything itself: what is refused, the condition, the order, the filter, where a page ends, what an index shows.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextvars import ContextVar
from functools import wraps
from operator import itemgetter
from typing import Any, Final

from ministack.services import dynamodb

Item = dict[str, Any]
Key = tuple[str, str]
#: Its place among the others (range key, then the table's own keys), and the key in the table.
Entry = tuple[tuple[Any, ...], Key]

_PLACE: Final = itemgetter(0)
_QUERY: ContextVar[dict[str, Any] | None] = ContextVar("query", default=None)
#: The table's time to live deletes on a thread of its own.
_LOCK: Final = threading.RLock()


class Index:
    """The entries of an index by partition. It stands where MiniStack has a dictionary of a partition's keys."""

    def __init__(self, table: Item, definition: Item) -> None:
        self._table = table
        self._name: str = definition["IndexName"]
        self._hashes, self._ranges = dynamodb._index_key_lists(definition)
        self._order: list[tuple[str, str]] = dynamodb._index_order_keys(table, self._ranges)
        self._partitions: dict[Hashable, list[Entry]] = {}
        self._placed: dict[Key, tuple[Hashable, Entry]] = {}

    def put(self, key: Key, item: Item) -> None:
        """Place an item anew, or leave it out because it lacks a key. Most writes change no key, and nothing moves."""
        partition: Hashable = dynamodb._index_partition(item, self._hashes, self._ranges)
        place = None if partition is None else (partition, (self._place(item), key))
        if place == self._placed.get(key):
            return
        self.drop(key)
        if place is not None:
            insort(self._partitions.setdefault(partition, []), place[1])
            self._placed[key] = place

    def drop(self, key: Key) -> None:
        """Take an item out, if it is in."""
        partition, entry = self._placed.pop(key, (None, None))
        if entry is not None:
            entries = self._partitions[partition]
            del entries[bisect_left(entries, entry)]
            if not entries:
                del self._partitions[partition]

    def get(self, partition: Hashable, default: Iterable[Key] = ()) -> Iterable[Key]:
        """The keys of what the query at hand can return from a partition."""
        entries = self._partitions.get(partition)
        query = _QUERY.get()
        if entries is None or query is None:
            return default if entries is None else [key for _, key in entries]
        low, high, is_exact = self._span(entries, query)
        forward = query.get("ScanIndexForward", True)
        if start := query.get("ExclusiveStartKey"):
            place = self._place(start)
            low = max(low, bisect_right(entries, place, key=_PLACE)) if forward else low
            high = high if forward else min(high, bisect_left(entries, place, key=_PLACE))
        keys = (entries[at][1] for at in (range(low, high) if forward else range(high - 1, low - 1, -1)))
        return list(self._page(keys, query.get("Limit")) if is_exact else keys)

    def _page(self, keys: Iterator[Key], limit: object) -> Iterator[Key]:
        """As many as a page has at most, by number and by size, and the one that does not fit."""
        size = 0
        for number, (pk, sk) in enumerate(keys):
            if size > dynamodb._DDB_PAGE_SIZE_BYTES or (limit is not None and number >= int(str(limit))):
                return
            yield pk, sk
            item = self._table["items"][pk][sk]
            size += dynamodb._item_size_bytes(dynamodb._apply_index_projection(item, self._table, self._name))

    def _span(self, entries: Sequence[Entry], query: Item) -> tuple[int, int, bool]:
        """From where to where the key condition holds, and whether it holds for all between them."""
        everything = 0, len(entries), False
        names = query.get("ExpressionAttributeNames") or {}
        clauses = [_words(each, names) for each in _clauses(query.get("KeyConditionExpression") or "")]
        others = [each for each in clauses if each[:2] != [self._hashes[0], "="]]
        if len(others) != len(clauses) - 1 or len(self._hashes) != 1:
            return everything
        if not others:
            return 0, len(entries), True
        values = query.get("ExpressionAttributeValues") or {}
        range_name, range_type = self._order[0]
        match others[0]:
            case [name, operator, *given] if name == range_name:
                bounds = [dynamodb._sort_key_value(values[each], range_type) for each in given if each in values]
                return (
                    (*_between(entries, operator.upper(), bounds), True) if operator.upper() in _BOUNDS else everything
                )
            case _:
                return everything

    def _place(self, item: Item) -> tuple[Any, ...]:
        return tuple(dynamodb._index_order_value(item, name, type_) for name, type_ in self._order)


def _clauses(condition: str) -> list[list[tuple[str, str]]]:
    clauses: list[list[tuple[str, str]]] = dynamodb._key_condition_clauses(dynamodb._tokenize(condition))
    return clauses


def _words(clause: list[tuple[str, str]], names: dict[str, str]) -> list[str]:
    """A clause as name, operator and values, whatever stands around them."""
    words = [names.get(text, text) for kind, text in clause if kind not in {"LPAREN", "RPAREN", "COMMA"}]
    return [words[1], words[0], *words[2:]] if words and words[0].lower() == "begins_with" else words


def _first(entry: Entry) -> Any:
    return entry[0][0]


def _prefixed(entries: Sequence[Entry], bounds: list[Any]) -> tuple[int, int]:
    length = len(bounds[0])
    low = bisect_left(entries, bounds[0], key=lambda entry: _first(entry)[:length])
    return low, bisect_right(entries, bounds[0], lo=low, key=lambda entry: _first(entry)[:length])


_BOUNDS: Final[dict[str, Callable[[Sequence[Entry], list[Any]], tuple[int, int]]]] = {
    "=": lambda entries, b: (bisect_left(entries, b[0], key=_first), bisect_right(entries, b[0], key=_first)),
    "<": lambda entries, b: (0, bisect_left(entries, b[0], key=_first)),
    "<=": lambda entries, b: (0, bisect_right(entries, b[0], key=_first)),
    ">": lambda entries, b: (bisect_right(entries, b[0], key=_first), len(entries)),
    ">=": lambda entries, b: (bisect_left(entries, b[0], key=_first), len(entries)),
    "BETWEEN": lambda entries, b: (bisect_left(entries, b[0], key=_first), bisect_right(entries, b[1], key=_first)),
    "BEGINS_WITH": _prefixed,
}


def _between(entries: Sequence[Entry], operator: str, bounds: list[Any]) -> tuple[int, int]:
    return _BOUNDS[operator](entries, bounds)


def install_table_indexes() -> None:
    """Keep indexes in order, and show a query no more of them than its page can have."""
    dynamodb._index_members = index_members
    dynamodb._index_item = index_item
    dynamodb._set_item = set_item
    dynamodb._remove_item = _alone(dynamodb._remove_item)
    dynamodb._query = _reading(dynamodb._query)


def index_members(table: Item) -> dict[str, Index]:
    """The indexes of a table by name; made from its items where they are not kept yet."""
    kept: dict[str, Index] | None = table.get(dynamodb._INDEX_MEMBERS)
    if kept is None:
        kept = {each["IndexName"]: Index(table, each) for each in _definitions(table)}
        for pk, by_sort_key in table["items"].items():
            for sk, item in by_sort_key.items():
                for index in kept.values():
                    index.put((pk, sk), item)
        table[dynamodb._INDEX_MEMBERS] = kept
    return kept


def index_item(table: Item, pk: str, sk: str, item: Item, add: bool) -> None:
    """Take in an item, or take out one that is removed."""
    for index in index_members(table).values():
        if add:
            index.put((pk, sk), item)
        else:
            index.drop((pk, sk))


def set_item(table: Item, pk: str, sk: str, item: Item) -> Item | None:
    """Store an item, keep the counts and indexes current, and return the old item."""
    with _LOCK:
        old: Item | None = table["items"].get(pk, {}).get(sk)
        if old is None:
            table["ItemCount"] = table.get("ItemCount", 0) + 1
            table["TableSizeBytes"] = table["ItemCount"] * 200
        table["items"].setdefault(pk, {})[sk] = item
        index_item(table, pk, sk, item, add=True)
        return old


def _definitions(table: Item) -> list[Item]:
    return [*(table.get("GlobalSecondaryIndexes") or []), *(table.get("LocalSecondaryIndexes") or [])]


def _reading(query: Callable[[Item], Any]) -> Callable[[Item], Any]:
    @wraps(query)
    def handle(data: Item) -> Any:
        with _LOCK:
            token = _QUERY.set(data)
            try:
                return query(data)
            finally:
                _QUERY.reset(token)

    return handle


def _alone(change: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(change)
    def handle(*arguments: Any) -> Any:
        with _LOCK:
            return change(*arguments)

    return handle
