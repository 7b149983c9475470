"""The twin of DynamoDB against moto: queries, their pages and what an index shows are the same."""

from typing import Any

import pytest

from fargate_runs.aws.dynamodb import PAGED
from fargate_runs.aws.table_errors import TABLE_ERRORS
from tests.fakes.tables import TABLE
from tests.simulation import template
from tests.simulation.dynamodb import DynamoDb
from tests.simulation.moto_and_twin import ITEM, KEY, Both

QUERIES: list[tuple[str, dict[str, str]]] = [
    ("pk = :hash", {":hash": "RUN#1"}),
    ("pk = :hash", {":hash": "RUN#9"}),
    ("pk = :hash AND begins_with(sk, :start)", {":hash": "RUN#1", ":start": "TASK#1"}),
    ("openShard = :hash", {":hash": "OPEN#1"}),
    ("openShard = :hash AND openSince < :end", {":hash": "OPEN#1", ":end": "2026-01-09"}),
    (
        "openShard = :hash AND openSince BETWEEN :from AND :to",
        {":hash": "OPEN#1", ":from": "2026-01-03", ":to": "2026-01-11"},
    ),
]


def filled(both: Both) -> None:
    """24 items in three partitions; all but every fourth in two of the index."""
    for n in range(24):
        shown = {"openShard": {"S": f"OPEN#{n % 2}"}, "openSince": {"S": f"2026-01-{n:02}"}} if n % 4 else {}
        key = {"pk": {"S": f"RUN#{n % 3}"}, "sk": {"S": f"TASK#{n * 7 % 24:02}"}}
        both("put_item", Item={**key, "count": {"N": str(n)}, **shown})


@pytest.mark.parametrize("more", [{}, {"FilterExpression": "#count < :ten"}])
@pytest.mark.parametrize("limit", [{}, {"Limit": 1}, {"Limit": 3}])
@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize(("text", "strings"), QUERIES)
def test_queries_and_their_pages(
    both: Both, text: str, strings: dict[str, str], forward: bool, limit: dict[str, int], more: dict[str, str]
) -> None:
    """A page that is full has a key to go on from, even where nothing comes after it: moto has none then."""
    filled(both)
    values: dict[str, Any] = {name: {"S": value} for name, value in strings.items()}
    query: dict[str, Any] = {
        "KeyConditionExpression": text,
        "ExpressionAttributeValues": {**values, **({":ten": {"N": "10"}} if more else {})},
        **({"ExpressionAttributeNames": {"#count": "count"}} if more else {}),
        "ScanIndexForward": forward,
        **({"IndexName": "open"} if "openShard" in text else {}),
        **limit,
        **more,
    }
    expected, given = (
        [{name: page[name] for name in ("Items", "Count", "ScannedCount")} for page in pages]
        for pages in (
            TABLE_ERRORS.pages(each.query, PAGED, TableName=TABLE, **query) for each in (both.moto, both.twin)
        )
    )
    if limit and len(given) == len(expected) + 1:
        assert given.pop()["ScannedCount"] == 0
    assert given == expected


@pytest.mark.parametrize("shown", ["#text, #count, nowhere", "pk, #map.#a, #map.#b, #map.nowhere, nowhere.#a"])
def test_projections(both: Both, shown: str) -> None:
    both("put_item", Item=ITEM)
    options = {"ProjectionExpression": shown, "ExpressionAttributeNames": {each: each[1:] for each in names_of(shown)}}
    both("get_item", Key=KEY, **options)
    query = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": KEY["pk"]}}
    both("query", **query, **options)


def names_of(shown: str) -> set[str]:
    return {each for path in shown.split(", ") for each in path.split(".") if each.startswith("#")}


@pytest.mark.parametrize("index", ["runs", "runs-by-id", "open"])
def test_an_index_shows_what_it_projects(both: Both, index: str) -> None:
    run = ("list", "runId", "createdAt", "status", "error")
    both("put_item", Item={**ITEM, **{name: {"S": name} for name in run}, "outcome": {"M": {"advice": {"S": "long"}}}})
    name, value = ("openShard", ITEM["openShard"]) if index == "open" else ("list", {"S": "list"})
    query = {
        "IndexName": index,
        "KeyConditionExpression": "#hash = :hash",
        "ExpressionAttributeNames": {"#hash": name},
        "ExpressionAttributeValues": {":hash": value},
    }
    both("query", **query)
    both("query", **query, ProjectionExpression="runId, outcome")


def test_an_index_lags_behind_and_keeps_the_order_of_changes() -> None:
    now, lags = [0.0], iter([5.0, 1.0])
    table = DynamoDb(template.table(), TABLE, now=lambda: now[0], lag=lambda: next(lags, 0.0))
    table._indexes = {"open": table._indexes["open"]}
    query = {"IndexName": "open", "KeyConditionExpression": "openShard = :v"}

    def shown(at: float) -> int:
        now[0] = at
        values = {":v": ITEM["openShard"]}
        return int(table.query(TableName=TABLE, **query, ExpressionAttributeValues=values)["Count"])

    table.put_item(TableName=TABLE, Item=ITEM)
    table.update_item(TableName=TABLE, Key=KEY, UpdateExpression="REMOVE openShard")
    assert (shown(0.0), shown(4.9)) == (0, 0)
    assert shown(5.0) == 0, "both changes are visible, in their order"
    assert "openShard" not in table.get_item(TableName=TABLE, Key=KEY)["Item"]
