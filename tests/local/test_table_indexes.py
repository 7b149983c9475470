"""Queries of indexes give what MiniStack gives by itself, whatever was written before, and read only what they need."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from ministack.services import dynamodb

from local.emulator.table_indexes import install_table_indexes

REPLACED = ("_index_members", "_index_item", "_query", "_set_item", "_remove_item")
TABLE = "runs"
RANGES: list[tuple[str, dict[str, str]]] = [
    ("", {}),
    (" AND #r = :a", {":a": "07"}),
    (" AND (#r < :a)", {":a": "07"}),
    (" AND #r <= :a", {":a": "07"}),
    (" AND #r > :a", {":a": "07"}),
    (" AND #r >= :a", {":a": "07"}),
    (" AND #r BETWEEN :a AND :b", {":a": "03", ":b": "07"}),
    (" and #r between :a and :b", {":a": "07", ":b": "07"}),
    (" AND begins_with(#r, :a)", {":a": "0"}),
    (" AND begins_with ( #r , :a )", {":a": "99"}),
    (" AND :a = #r", {":a": "07"}),
    (" AND :a < #r", {":a": "07"}),
]


@pytest.fixture(autouse=True)
def ministack_as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in REPLACED:
        monkeypatch.setattr(dynamodb, name, getattr(dynamodb, name))
    dynamodb.reset()
    yield
    dynamodb.reset()


def call(operation: str, **data: Any) -> dict[str, Any]:
    status, _, body = getattr(dynamodb, operation)({"TableName": TABLE, **data})
    answer: dict[str, Any] = json.loads(body)
    return answer if status == 200 else {"refused": answer}


def create() -> None:
    names = {"pk": "S", "sk": "S", "list": "S", "at": "S", "shard": "S", "rank": "N", "raw": "B"}
    indexes = {
        "all": ("list", "at", {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["word"]}),
        "by-rank": ("list", "rank", {"ProjectionType": "ALL"}),
        "by-bytes": ("list", "raw", {"ProjectionType": "KEYS_ONLY"}),
        "shards": ("shard", None, {"ProjectionType": "ALL"}),
    }
    made = call(
        "_create_table",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": type_} for name, type_ in names.items()],
        KeySchema=keys("pk", "sk"),
        GlobalSecondaryIndexes=[
            {"IndexName": name, "KeySchema": keys(hash_, range_), "Projection": projection}
            for name, (hash_, range_, projection) in indexes.items()
        ],
    )
    assert "refused" not in made


def keys(hash_: str, range_: str | None) -> list[dict[str, str]]:
    both = [{"AttributeName": hash_, "KeyType": "HASH"}, {"AttributeName": range_ or "", "KeyType": "RANGE"}]
    return both if range_ else both[:1]


def key(rng: Random) -> dict[str, Any]:
    return {"pk": {"S": f"RUN#{rng.randrange(40)}"}, "sk": {"S": rng.choice(["RUN", "TASK#1", "TASK#2"])}}


def item(rng: Random) -> dict[str, Any]:
    attributes = {
        "list": {"S": rng.choice(["RUN", "RUN", "TASK"])},
        "at": {"S": f"{rng.randrange(12):02}"},
        "shard": {"S": f"{rng.randrange(2)}"},
        "rank": {"N": rng.choice(["-1", "2", "10", "1e1", "9.5"])},
        "raw": {"B": rng.choice(["/w==", "AA==", "AQI="])},
    }
    kept = {name: value for name, value in attributes.items() if rng.random() < 0.8}
    return {**key(rng), **kept, "word": {"S": rng.choice(["yes", "no"])}, "rest": {"S": "x" * rng.randrange(50)}}


def change(rng: Random) -> None:
    match rng.randrange(4):
        case 0 | 1:
            call("_put_item", Item=item(rng))
        case 2:
            values = {":at": {"S": f"{rng.randrange(12):02}"}}
            call(
                "_update_item",
                Key=key(rng),
                UpdateExpression=rng.choice(["SET #at = :at", "SET #at = :at REMOVE shard"]),
                ExpressionAttributeNames={"#at": "at"},
                ExpressionAttributeValues=values,
            )
        case _:
            call("_delete_item", Key=key(rng))


def queries() -> Iterator[dict[str, Any]]:
    for text, given in RANGES:
        yield query("all", f"#l = :l{text}", texts(given), **({"#r": "at"} if text else {}))
    numbers = {":a": {"N": "2"}, ":b": {"N": "10.0"}}
    yield query("by-rank", "#l = :l AND #r BETWEEN :a AND :b", numbers, **{"#r": "rank"})
    yield query("by-rank", "#r > :a AND #l = :l", {":a": {"N": "9"}}, **{"#r": "rank"})
    yield query("by-bytes", "#l = :l AND begins_with(#r, :a)", {":a": {"B": "AQ=="}}, **{"#r": "raw"})
    yield query("by-bytes", "#l = :l AND #r >= :a", {":a": {"B": "AQ=="}}, **{"#r": "raw"})
    yield {
        "IndexName": "shards",
        "KeyConditionExpression": "shard = :s",
        "ExpressionAttributeValues": {":s": {"S": "1"}},
    }
    yield {
        "IndexName": "all",
        "KeyConditions": {"list": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "RUN"}]}},
    }
    yield query("all", "#l = :l AND #r < :a", {":a": {"N": "7"}}, **{"#r": "at"})
    yield query("nowhere", "#l = :l", {})
    yield query("all", "#l = :l AND word = :a", {":a": {"S": "yes"}})


def query(index: str, condition: str, values: dict[str, Any], **names: str) -> dict[str, Any]:
    return {
        "IndexName": index,
        "KeyConditionExpression": condition,
        "ExpressionAttributeNames": {"#l": "list", **names},
        "ExpressionAttributeValues": {":l": {"S": "RUN"}, **values},
    }


def pages(options: dict[str, Any]) -> Iterator[dict[str, Any]]:
    more: dict[str, Any] = {}
    while True:
        page = call("_query", **options, **more)
        yield page
        if "LastEvaluatedKey" not in page:
            return
        more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def everything(seed: int) -> list[Any]:
    """Every page of every query, before and after changes, and while changes are made between two pages."""
    dynamodb.reset()
    create()
    rng = Random(seed)
    found: list[Any] = []
    for _ in range(6):
        for _ in range(60):
            change(rng)
        for asked in queries():
            for forward in (True, False):
                found.extend(pages({**asked, "ScanIndexForward": forward}))
                for page in pages({**asked, "ScanIndexForward": forward, "Limit": rng.choice([1, 3, 7])}):
                    found.append(page)
                    change(rng)
    return found


@pytest.mark.parametrize("seed", range(3))
def test_queries_are_ministacks(seed: int) -> None:
    expected = everything(seed)
    install_table_indexes()
    given = everything(seed)
    assert [page for page in expected if page.get("LastEvaluatedKey")]
    assert [page for page in expected if "refused" in page]
    for one, other in zip(given, expected, strict=True):
        assert one == other


def test_a_filter_comes_after_the_limit() -> None:
    install_table_indexes()
    create()
    for n in range(9):
        call("_put_item", Item=run(n, word="yes" if n % 3 == 0 else "no"))
    asked = query("all", "#l = :l", {":yes": {"S": "yes"}}, **{"#w": "word"})
    found = list(pages({**asked, "FilterExpression": "#w = :yes", "Limit": 3, "ScanIndexForward": False}))
    assert [page["ScannedCount"] for page in found] == [3, 3, 3, 0]
    assert [each["at"]["S"] for page in found for each in page["Items"]] == ["06", "03", "00"]


def test_a_page_ends_at_a_megabyte_of_what_the_index_shows() -> None:
    install_table_indexes()
    create()
    for n in range(12):
        call("_put_item", Item=run(n, word="x" * 300_000, rest="y" * 50_000))
    found = list(pages(query("all", "#l = :l", {})))
    assert [page["Count"] for page in found] == [3, 3, 3, 3]


def test_items_of_before_and_of_another_index_are_found() -> None:
    create()
    call("_put_item", Item=run(1))
    install_table_indexes()
    assert [each["at"]["S"] for page in pages(query("all", "#l = :l", {})) for each in page["Items"]] == ["01"]
    call(
        "_update_table",
        AttributeDefinitions=[{"AttributeName": "word", "AttributeType": "S"}],
        GlobalSecondaryIndexUpdates=[
            {"Create": {"IndexName": "words", "KeySchema": keys("word", None), "Projection": {"ProjectionType": "ALL"}}}
        ],
    )
    call("_put_item", Item=run(2, word="new"))
    asked = {
        "IndexName": "words",
        "KeyConditionExpression": "word = :w",
        "ExpressionAttributeValues": {":w": {"S": "new"}},
    }
    assert [page["Count"] for page in pages(asked)] == [1]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The items that conditions are evaluated on."""
    found: list[dict[str, Any]] = []
    evaluate = dynamodb._evaluate_condition

    def counted(expression: str, subject: dict[str, Any], *rest: Any, **named: Any) -> Any:
        found.append(subject)
        return evaluate(expression, subject, *rest, **named)

    monkeypatch.setattr(dynamodb, "_evaluate_condition", counted)
    return found


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize(
    ("condition", "given"), [("", {}), (" AND #r > :a", {":a": "07"}), (" AND begins_with(#r, :a)", {":a": "2"})]
)
def test_a_page_reads_no_more_items_than_it_has(
    condition: str, given: dict[str, str], forward: bool, read: list[dict[str, Any]]
) -> None:
    install_table_indexes()
    create()
    for n in range(100):
        call("_put_item", Item=run(n))
    asked = query("all", f"#l = :l{condition}", texts(given), **({"#r": "at"} if condition else {}))
    first = call("_query", **asked, Limit=2, ScanIndexForward=forward)
    assert len(first["Items"]) == len(read) == 2
    read.clear()
    second = call("_query", **asked, Limit=2, ScanIndexForward=forward, ExclusiveStartKey=first["LastEvaluatedKey"])
    assert len(second["Items"]) == 2
    assert len(read) == 3, "the key to start from is held to the condition too"


def test_a_page_without_a_limit_reads_up_to_the_item_that_does_not_fit(read: list[dict[str, Any]]) -> None:
    install_table_indexes()
    create()
    for n in range(12):
        call("_put_item", Item=run(n, word="x" * 300_000))
    assert call("_query", **query("all", "#l = :l", {}))["Count"] == 3
    assert len(read) == 4


def texts(values: dict[str, str]) -> dict[str, Any]:
    return {name: {"S": value} for name, value in values.items()}


def run(n: int, word: str = "", rest: str = "") -> dict[str, Any]:
    return texts({"pk": f"RUN#{n}", "sk": "RUN", "list": "RUN", "at": f"{n:02}", "word": word or "none", "rest": rest})
