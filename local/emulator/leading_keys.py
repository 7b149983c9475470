"""The condition key `dynamodb:LeadingKeys`, which limits a role to some partitions of a table.

Source: "Using IAM policy conditions for fine-grained access control" of the DynamoDB developer guide. MiniStack
does not know the key, and `ForAllValues` holds where a key is not known: a role could write every item of the table.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from ministack.core import iam_actions
from ministack.services import dynamodb

_EQUALS: Final = re.compile(r"(#?[A-Za-z_][A-Za-z0-9_.-]*)\s*=\s*(:[A-Za-z0-9_]+)")


def install_leading_keys() -> None:
    """Give every call of DynamoDB that names partitions this key, with the partition keys that it names."""
    tag_context: Callable[..., dict[str, Any]] = iam_actions.request_tag_context

    def context(service: str, action: str, body: bytes, parameters: dict[str, Any]) -> dict[str, Any]:
        keys = tag_context(service, action, body, parameters)
        found = leading_keys(body) if service == "dynamodb" else []
        return {**keys, "dynamodb:leadingkeys": found} if found else keys

    iam_actions.request_tag_context = context


def leading_keys(body: bytes) -> list[str]:
    """Returns the values of the partition keys that a request names; none for a scan and for what cannot be read."""
    try:
        request = json.loads(body or b"{}")
        return [str(value) for each in _named(request) for value in each.values()]
    except (ValueError, TypeError, AttributeError, LookupError):
        return []


def _named(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yields the typed values, such as `{"S": "GATE#nightly"}`, of partition keys."""
    for table, given in request.get("RequestItems", {}).items():
        items = given.get("Keys", []) if isinstance(given, dict) else [_written(each) for each in given]
        yield from (each[_hash(table)] for each in items)
    for each in request.get("TransactItems", []):
        (operation,) = each.values()
        yield from _named(operation)
    table = request.get("TableName")
    if not table:
        return
    for item in (request.get("Key"), request.get("Item")):
        if item:
            yield item[_hash(table)]
    if expression := request.get("KeyConditionExpression"):
        names, values = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
        key = _hash(table, request.get("IndexName"))
        yield from (values[value] for name, value in _EQUALS.findall(expression) if names.get(name, name) == key)


def _written(request: dict[str, Any]) -> dict[str, Any]:
    """Returns the item of a put, or the key of a delete."""
    (operation,) = request.values()
    item: dict[str, Any] = operation.get("Item") or operation.get("Key")
    return item


def _hash(table: str, index: str | None = None) -> str:
    """Returns the name of the partition key of a table, or of one of its indexes."""
    stored = dynamodb._tables[table.rpartition("/")[2]]
    of = next((each for each in stored["GlobalSecondaryIndexes"] if each["IndexName"] == index), stored)
    return str(next(each["AttributeName"] for each in of["KeySchema"] if each["KeyType"] == "HASH"))
