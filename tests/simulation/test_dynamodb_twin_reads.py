"""The twin of DynamoDB against moto: queries, their pages and what an index shows are the same."""

from random import Random
from typing import Any

import pytest

from tests.fakes.tables import TABLE
from tests.simulation import template
from tests.simulation.dynamodb import DynamoDb
from tests.simulation.moto_and_twin import ITEM, KEY, Both


def filled(both: Both, items: int) -> None:
    rng = Random(1)
    for n in range(items):
        item = {
            "pk": {"S": f"RUN#{n % 3}"},
            "sk": {"S": f"TASK#{rng.getrandbits(32):08x}"},
            "count": {"N": str(n)},
            **({"openShard": {"S": f"OPEN#{n % 2}"}, "openSince": {"S": f"2026-01-{n:02}"}} if n % 4 else {}),
        }
        both("put_item", Item=item)


QUERIES: list[dict[str, Any]] = [
    {"KeyConditionExpression": "pk = :v", "ExpressionAttributeValues": {":v": {"S": "RUN#1"}}},
    {"KeyConditionExpression": "pk = :v", "ExpressionAttributeValues": {":v": {"S": "RUN#9"}}},
    {
        "KeyConditionExpression": "#p = :v AND begins_with(sk, :t)",
        "ExpressionAttributeNames": {"#p": "pk"},
        "ExpressionAttributeValues": {":v": {"S": "RUN#1"}, ":t": {"S": "TASK#8"}},
    },
    {
        "KeyConditionExpression": "pk = :v",
        "FilterExpression": "#c > :ten",
        "ExpressionAttributeNames": {"#c": "count"},
        "ExpressionAttributeValues": {":v": {"S": "RUN#0"}, ":ten": {"N": "10"}},
    },
    {
        "IndexName": "open",
        "KeyConditionExpression": "openShard = :v",
        "ExpressionAttributeValues": {":v": {"S": "OPEN#1"}},
    },
    {
        "IndexName": "open",
        "KeyConditionExpression": "openShard = :v AND openSince < :t",
        "ExpressionAttributeValues": {":v": {"S": "OPEN#1"}, ":t": {"S": "2026-01-09"}},
    },
    {
        "IndexName": "open",
        "KeyConditionExpression": "openShard = :v AND openSince BETWEEN :a AND :b",
        "ExpressionAttributeValues": {":v": {"S": "OPEN#1"}, ":a": {"S": "2026-01-03"}, ":b": {"S": "2026-01-11"}},
    },
]


@pytest.mark.parametrize("limit", [None, 1, 3])
@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_queries_and_their_pages(both: Both, query: dict[str, Any], forward: bool, limit: int | None) -> None:
    """A page that is full has a key to go on from, even where nothing comes after it: moto has none then."""
    filled(both, 24)
    options = {**query, "ScanIndexForward": forward, **({"Limit": limit} if limit else {})}
    expected, given = pages_of(both.moto, options), pages_of(both.twin, options)
    if limit and len(given) == len(expected) + 1:
        assert given.pop()["ScannedCount"] == 0
    assert given == expected


def pages_of(client: Any, options: dict[str, Any]) -> list[dict[str, Any]]:
    """Every page, without where it ends."""
    pages: list[dict[str, Any]] = []
    more: dict[str, Any] = {}
    while True:
        page = client.query(TableName=TABLE, **options, **more)
        pages.append({name: page[name] for name in ("Items", "Count", "ScannedCount")})
        if "LastEvaluatedKey" not in page:
            return pages
        more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("#text, #count, nowhere", {"#text": "text", "#count": "count"}),
        ("pk, #map.#a, #map.#b, #map.#a2, nowhere.#a", {"#map": "map", "#a": "a", "#b": "b", "#a2": "c"}),
    ],
)
def test_projections(both: Both, expression: str, names: dict[str, str]) -> None:
    nested = {"a": {"S": "x"}, "b": {"M": {"deep": {"N": "1"}}}, "left out": {"S": "y"}}
    both("put_item", Item={**ITEM, "map": {"M": nested}})
    options = {"ProjectionExpression": expression, "ExpressionAttributeNames": names}
    both("get_item", Key=KEY, **options)
    query = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": KEY["pk"]}}
    both("query", **query, **options)


@pytest.mark.parametrize("index", ["runs", "runs-by-id", "open"])
def test_an_index_shows_what_it_projects_and_a_filter_sees_no_more(both: Both, index: str) -> None:
    run = {
        "list": {"S": "RUN"},
        "runId": {"S": "r"},
        "createdAt": {"S": "2026-01-01"},
        "status": {"S": "FAILED"},
        "error": {"S": "Task.Failed"},
        "outcome": {"M": {"advice": {"S": "long"}}},
    }
    both("put_item", Item={**ITEM, **run})
    hash_name, value = ("openShard", ITEM["openShard"]) if index == "open" else ("list", run["list"])
    query = {
        "IndexName": index,
        "KeyConditionExpression": "#hash = :hash",
        "ExpressionAttributeNames": {"#hash": hash_name},
        "ExpressionAttributeValues": {":hash": value},
    }
    both("query", **query)
    both("query", **query, ProjectionExpression="runId, outcome")


def test_a_paginator_gives_every_item_once(both: Both) -> None:
    filled(both, 24)
    query = {"TableName": TABLE, **QUERIES[0], "Limit": 3}
    pages = [list(client.get_paginator("query").paginate(**query)) for client in (both.moto, both.twin)]
    found = [[item["sk"]["S"] for page in each for item in page["Items"]] for each in pages]
    assert found[0] == found[1]
    assert len(found[1]) == 8


def test_an_index_lags_behind_and_keeps_the_order_of_changes() -> None:
    now = [0.0]
    lags = iter([5.0, 1.0])
    table = DynamoDb(template.table(), TABLE, now=lambda: now[0], lag=lambda: next(lags, 0.0))
    table._indexes = {"open": table._indexes["open"]}
    query = {"IndexName": "open", "KeyConditionExpression": "openShard = :v"}
    values = {":v": {"S": "OPEN#1"}}

    def shown() -> int:
        return int(table.query(TableName=TABLE, **query, ExpressionAttributeValues=values)["Count"])

    table.put_item(TableName=TABLE, Item=ITEM)
    table.update_item(TableName=TABLE, Key=KEY, UpdateExpression="REMOVE openShard")
    assert shown() == 0
    now[0] = 4.9
    assert shown() == 0
    now[0] = 5.0
    assert shown() == 0, "both changes are visible, in their order"
    assert "openShard" not in table.get_item(TableName=TABLE, Key=KEY)["Item"]
