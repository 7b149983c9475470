"""A client twin of DynamoDB: one table as template.yaml has it, real expressions, indexes that lag behind."""

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.simulation.expressions import Item, Scope, Value, condition, equals, placeholders, projected, updated
from tests.simulation.faults import client_error

Key = tuple[str, str]
Entry = tuple[str, str, str]
Observer = Callable[[Item | None, Item | None], None]
_NOTHING: Final[Item] = {}
_MOST_OF_A_BATCH: Final = 100
_EXPRESSIONS: Final = ("Condition", "Filter", "KeyCondition", "Projection", "Update")
_OPTIONS: Final = frozenset(
    {
        *(f"{kind}Expression" for kind in _EXPRESSIONS),
        "ConsistentRead",
        "ExclusiveStartKey",
        "ExpressionAttributeNames",
        "ExpressionAttributeValues",
        "IndexName",
        "Limit",
        "ReturnValuesOnConditionCheckFailure",
        "ScanIndexForward",
    }
)


@dataclass
class Index:
    """A secondary index: `entries` of a partition are (range, pk, sk), in order. Changes become visible in order.

    `shows` are the attributes that it projects; None stands for all.
    """

    hash_name: str
    range_name: str
    shows: frozenset[str] | None = None
    partitions: dict[str, list[Entry]] = field(default_factory=dict)
    items: dict[tuple[str, Entry], Item] = field(default_factory=dict)
    placed: dict[Key, tuple[str, Entry]] = field(default_factory=dict)
    pending: deque[tuple[float, Key, Item | None]] = field(default_factory=deque)

    def catch_up(self, now: float) -> None:
        """Take in what has become visible."""
        while self.pending and self.pending[0][0] <= now:
            _, key, item = self.pending.popleft()
            self._take_in(key, item)

    def add(self, at: float, key: Key, item: Item | None) -> None:
        """A change that becomes visible at a moment, and not before those that were made earlier."""
        if self.pending:
            at = max(at, self.pending[-1][0])
        self.pending.append((at, key, item))

    def _take_in(self, key: Key, item: Item | None) -> None:
        old = self.placed.pop(key, None)
        if old:
            entries = self.partitions[old[0]]
            del entries[bisect_left(entries, old[1])]
            del self.items[old]
        if item and self.hash_name in item and self.range_name in item:
            place = item[self.hash_name]["S"], (item[self.range_name]["S"], *key)
            insort(self.partitions.setdefault(place[0], []), place[1])
            self.items[place] = item if self.shows is None else {n: v for n, v in item.items() if n in self.shows}
            self.placed[key] = place


class DynamoDb:
    """The operations. `now` gives the virtual time, `lag` how long the next change takes to reach an index.

    `page` is how many items a page may have, where the caller does not say less: 1 MB, on AWS.
    """

    def __init__(
        self,
        properties: Mapping[str, Any],
        name: str,
        *,
        now: Callable[[], float] = lambda: 0.0,
        lag: Callable[[], float] = lambda: 0.0,
        page: int = 500,
    ) -> None:
        self.name = name
        self._pk, self._sk = (each["AttributeName"] for each in properties["KeySchema"])
        self._indexes = {
            each["IndexName"]: _index(each, self._pk, self._sk) for each in properties.get("GlobalSecondaryIndexes", ())
        }
        self._index_names = {n for each in self._indexes.values() for n in (each.hash_name, each.range_name)}
        self._now, self._lag, self.page = now, lag, page
        self.items: dict[Key, Item] = {}
        self._main = Index(self._pk, self._sk)
        self.observers: list[Observer] = []

    def get_item(self, *, TableName: str, Key: Item, **options: Any) -> dict[str, Any]:  # noqa: N803
        """GetItem."""
        self._check_table(TableName)
        item = self.items.get(self._key(Key))
        return {} if item is None else {"Item": _shown(_scope("GetItem", item, options), options)}

    def batch_get_item(self, *, RequestItems: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N803
        """BatchGetItem: some keys may be left to another call."""
        (name, request), *others = RequestItems.items()
        self._check_table(name)
        keys = [self._key(each) for each in request["Keys"]]
        if others or not keys or len(keys) > _MOST_OF_A_BATCH or len(keys) > len(set(keys)):
            raise _invalid("BatchGetItem", "too many keys, none, or one of them twice")
        now, later = keys[: self.page], keys[self.page :]
        left = {name: {**request, "Keys": [self._as_key(each) for each in later]}} if later else {}
        return {
            "Responses": {name: [self.items[key] for key in now if key in self.items]},
            "UnprocessedKeys": left,
        }

    def _as_key(self, key: Key) -> Item:
        return {self._pk: {"S": key[0]}, self._sk: {"S": key[1]}}

    def put_item(self, *, TableName: str, Item: Item, **options: Any) -> dict[str, Any]:  # noqa: N803
        """PutItem."""
        self._check_table(TableName)
        key = self._key(Item)
        stands, _ = self._checked("PutItem", key, options)
        self._check_index_keys("PutItem", Item)
        self._write(key, stands, dict(Item))
        return {}

    def delete_item(self, *, TableName: str, Key: Item, **options: Any) -> dict[str, Any]:  # noqa: N803
        """DeleteItem."""
        self._check_table(TableName)
        key = self._key(Key)
        stands, _ = self._checked("DeleteItem", key, options)
        if stands is not None:
            self._write(key, stands, None)
        return {}

    def update_item(self, *, TableName: str, Key: Item, **options: Any) -> dict[str, Any]:  # noqa: N803
        """UpdateItem, which makes the item where there is none."""
        self._check_table(TableName)
        key = self._key(Key)
        stands, scope = self._checked("UpdateItem", key, options)
        item = updated(options["UpdateExpression"], Scope(stands or Key, scope.names, scope.values))
        if any(item.get(name) != value for name, value in Key.items()):
            raise _invalid("UpdateItem", "This attribute is part of the key")
        self._check_index_keys("UpdateItem", item)
        self._write(key, stands, item)
        return {}

    def query(self, *, TableName: str, KeyConditionExpression: str, **options: Any) -> dict[str, Any]:  # noqa: N803
        """Query of the table or of an index, in pages."""
        self._check_table(TableName)
        index = self._index_of(options)
        index.catch_up(self._now())
        options["KeyConditionExpression"] = KeyConditionExpression
        scope = _scope("Query", _NOTHING, options)
        partition = dict(equals(KeyConditionExpression, scope)).get(index.hash_name)
        if partition is None:
            raise _invalid("Query", f"Query condition missed key schema element: {index.hash_name}")
        return self._page_of(index, partition["S"], scope, options)

    def _page_of(self, index: Index, partition: str, scope: Scope, options: Mapping[str, Any]) -> dict[str, Any]:
        entries = index.partitions.get(partition, [])
        backwards = options.get("ScanIndexForward") is False
        at = self._start(index, entries, options.get("ExclusiveStartKey"), backwards=backwards)
        limit = min(options.get("Limit", self.page), self.page)
        is_asked_for = condition(options["KeyConditionExpression"])
        is_kept = condition(options["FilterExpression"]) if "FilterExpression" in options else None
        found: list[Item] = []
        looked_at = 0
        last: Entry | None = None
        for entry in reversed(entries[: at + 1]) if backwards else entries[at:]:
            here = Scope(index.items[partition, entry], scope.names, scope.values)
            if not is_asked_for(here):
                continue
            if looked_at == limit:
                break
            looked_at, last = looked_at + 1, entry
            if is_kept is None or is_kept(here):
                found.append(_shown(here, options))
        page: dict[str, Any] = {"Items": found, "Count": len(found), "ScannedCount": looked_at}
        if looked_at == limit and last is not None:
            page["LastEvaluatedKey"] = self._key_of(index, partition, last)
        return page

    def _start(self, index: Index, entries: list[Entry], after: Item | None, *, backwards: bool) -> int:
        if after is None:
            return len(entries) - 1 if backwards else 0
        place = (after[index.range_name]["S"], after[self._pk]["S"], after[self._sk]["S"])
        return bisect_left(entries, place) - 1 if backwards else bisect_right(entries, place)

    def _key_of(self, index: Index, partition: str, entry: Entry) -> Item:
        named = {index.hash_name: partition, index.range_name: entry[0], self._pk: entry[1], self._sk: entry[2]}
        return {name: {"S": value} for name, value in named.items()}

    def _index_of(self, options: Mapping[str, Any]) -> Index:
        name = options.get("IndexName")
        if name is None:
            return self._main
        if name not in self._indexes:
            raise _invalid("Query", "The table does not have the specified index")
        if options.get("ConsistentRead"):
            raise _invalid("Query", "Consistent reads are not supported on global secondary indexes")
        return self._indexes[name]

    def _checked(self, operation: str, key: Key, options: Mapping[str, Any]) -> tuple[Item | None, Scope]:
        """What stands, if the condition holds; else ConditionalCheckFailedException, with what stands if asked for."""
        stands = self.items.get(key)
        scope = _scope(operation, stands or _NOTHING, options)
        if "ConditionExpression" in options and not condition(options["ConditionExpression"])(scope):
            asked = options.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
            message = "The conditional request failed"
            raise client_error(operation, "ConditionalCheckFailedException", message, item=stands if asked else None)
        return stands, scope

    def _check_table(self, name: str) -> None:
        if name != self.name:
            raise client_error("Operation", "ResourceNotFoundException", "Requested resource not found")

    def _key(self, item: Mapping[str, Value]) -> Key:
        try:
            pk, sk = item[self._pk]["S"], item[self._sk]["S"]
        except KeyError:
            raise _invalid("Operation", "One of the required keys was not given a value") from None
        if not pk or not sk:
            raise _invalid("Operation", "The AttributeValue for a key attribute cannot contain an empty string value")
        return pk, sk

    def _check_index_keys(self, operation: str, item: Item) -> None:
        for name in self._index_names & item.keys():
            if not item[name].get("S"):
                raise _invalid(operation, f"Type mismatch for Index Key {name}")

    def _write(self, key: Key, old: Item | None, new: Item | None) -> None:
        if new is None:
            del self.items[key]
        else:
            self.items[key] = new
        self._main.add(self._now(), key, new)
        for index in self._indexes.values():
            if any(index.hash_name in item for item in (old, new) if item):
                index.add(self._now() + self._lag(), key, new)
        for observer in self.observers:
            observer(old, new)


def _index(properties: Mapping[str, Any], *table_keys: str) -> Index:
    names = [each["AttributeName"] for each in properties["KeySchema"]]
    projection = properties["Projection"]
    if projection["ProjectionType"] == "ALL":
        return Index(names[0], names[1])
    return Index(names[0], names[1], frozenset((*table_keys, *names, *projection.get("NonKeyAttributes", ()))))


def _scope(operation: str, item: Item, options: Mapping[str, Any]) -> Scope:
    """Where expressions are evaluated. They use each placeholder that is defined, and no other."""
    if unknown := options.keys() - _OPTIONS:
        raise NotImplementedError(f"{operation} with {unknown}")
    scope = Scope(item, options.get("ExpressionAttributeNames", {}), options.get("ExpressionAttributeValues", {}))
    used = placeholders(options.get(f"{kind}Expression", "") for kind in _EXPRESSIONS)
    if wrong := used ^ {*scope.names, *scope.values}:
        raise _invalid(operation, f"An expression attribute name or value is wrong: {wrong}")
    return scope


def _shown(scope: Scope, options: Mapping[str, Any]) -> Item:
    return projected(options["ProjectionExpression"], scope) if "ProjectionExpression" in options else scope.item


def _invalid(operation: str, message: str) -> Exception:
    return client_error(operation, "ValidationException", message)
