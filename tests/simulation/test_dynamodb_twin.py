"""The twin of DynamoDB against moto: the same calls have the same answers, errors and pages."""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.fakes.tables import TABLE, create_runs_table
from tests.simulation import template
from tests.simulation.dynamodb import DynamoDb
from tests.simulation.expressions import ExpressionError, Scope, condition
from tests.simulation.network import Client
from tests.simulation.updates import update

Answer = Any
Call = Callable[[Any], Answer]


@pytest.fixture(scope="module")
def moto_client() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as environment:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            environment.setenv(name, "test")
        with mock_aws():
            client = boto3.client("dynamodb", region_name="us-east-1")
            create_runs_table(client)
            yield client


@pytest.fixture
def moto(moto_client: Any) -> Any:
    """moto with an empty table."""
    for item in moto_client.scan(TableName=TABLE)["Items"]:
        moto_client.delete_item(TableName=TABLE, Key={name: item[name] for name in ("pk", "sk")})
    return moto_client


@pytest.fixture
def twin() -> Client:
    return Client("dynamodb", DynamoDb(template.table(), TABLE))


def asked(client: Any, call: Call) -> Answer:
    """What a client answers, or the code and the item of its error."""
    try:
        answer = call(client)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response.get("Item")
    return {name: value for name, value in answer.items() if name not in {"ResponseMetadata", "ConsumedCapacity"}}


ITEM: dict[str, Any] = {
    "pk": {"S": "RUN#1"},
    "sk": {"S": "TASK#1"},
    "text": {"S": "some text"},
    "count": {"N": "10"},
    "rate": {"N": "0.5"},
    "yes": {"BOOL": True},
    "nothing": {"NULL": True},
    "map": {"M": {"inner": {"S": "x"}, "number": {"N": "1"}, "list": {"L": [{"S": "a"}, {"N": "2"}]}}},
    "list": {"L": [{"S": "a"}, {"S": "b"}]},
    "set": {"SS": ["a", "b"]},
    "openShard": {"S": "OPEN#1"},
    "openSince": {"S": "2026-01-01"},
}
KEY = {name: ITEM[name] for name in ("pk", "sk")}
VALUES: dict[str, Any] = {
    ":text": {"S": "some text"},
    ":some": {"S": "some"},
    ":a": {"S": "a"},
    ":ten": {"N": "10"},
    ":ten2": {"N": "10.0"},
    ":nine": {"N": "9"},
    ":hundred": {"N": "100"},
    ":true": {"BOOL": True},
    ":n": {"S": "N"},
    ":set": {"SS": ["b", "a"]},
    ":list": {"L": [{"S": "a"}, {"S": "b"}]},
}
CONDITIONS = [
    "attribute_exists(pk)",
    "attribute_not_exists(pk)",
    "attribute_exists(#map.#inner)",
    "attribute_exists(#map.nowhere.more)",
    "attribute_exists(#list[1])",
    "attribute_exists(#list[2])",
    "attribute_type(#count, :n)",
    "attribute_type(#text, :n)",
    "begins_with(#text, :some)",
    "begins_with(#count, :some)",
    "contains(#text, :some)",
    "contains(#set, :a)",
    "contains(#list, :a)",
    "contains(nowhere, :a)",
    "#count = :ten",
    "#count = :ten2",
    "#count <> :ten",
    "#count < :hundred",
    "#count <= :nine",
    "#count > :nine AND #text = :text",
    "#count >= :ten OR attribute_not_exists(pk)",
    "#text = :ten",
    "#text <> :ten",
    "nowhere = :ten",
    "nowhere <> :ten",
    "nowhere < :ten",
    "NOT nowhere = :ten",
    "NOT (#count = :ten AND attribute_exists(pk))",
    "#count BETWEEN :nine AND :hundred",
    "#count BETWEEN :ten AND :ten2 AND #text = :text",
    "#count IN (:nine, :ten)",
    "#count IN (:nine, :hundred)",
    "#text IN (:text)",
    "size(#text) > :nine",
    "size(#list) < :nine",
    "#yes = :true",
    "#set = :set",
    "#list = :list",
    "(#count = :nine OR #count = :ten) AND NOT attribute_exists(nowhere)",
    "#count = :nine OR #count = :ten AND #text = :some",
    "attribute_not_exists(pk) OR (#count < :hundred AND attribute_not_exists(outcome))",
    "#count = #count",
    "#count > #rate",
]
UPDATES = [
    "SET #text = :a",
    "SET fresh = :a, #count = :nine",
    "SET #count = #count + :nine",
    "SET #count = #count - :nine",
    "SET #count = if_not_exists(#count, :nine)",
    "SET fresh = if_not_exists(fresh, :nine) + :ten",
    "SET fresh = if_not_exists(fresh, :nine)",
    "SET fresh = #text",
    "SET fresh = nowhere",
    "SET #map.#inner = :a",
    "SET #map.fresh = :a",
    "SET nowhere.fresh = :a",
    "SET #list[0] = :ten",
    "SET #list[7] = :ten",
    "SET #list = list_append(#list, :list)",
    "SET fresh = list_append(if_not_exists(fresh, :list), :list)",
    "SET #text = #text + :ten",
    "REMOVE #text",
    "REMOVE #text, nowhere, #map.#inner, #list[0]",
    "REMOVE nowhere.more",
    "SET fresh = :a REMOVE #text",
    "REMOVE #text SET fresh = #text",
    "ADD #count :nine",
    "ADD fresh :nine",
    "ADD #set :set",
    "DELETE #set :set",
    "SET openShard = :a",
    "REMOVE openShard, openSince",
    "SET pk = :a",
]


def placeholders(text: str) -> dict[str, Any]:
    """The names and values that an expression uses."""
    words = text.replace("(", " ").replace(")", " ").replace(",", " ").replace(".", " ").replace("[", " ").split()
    names = {word: word[1:] for word in words if word.startswith("#")}
    values = {word: VALUES[word] for word in words if word.startswith(":")}
    return {
        **({"ExpressionAttributeNames": names} if names else {}),
        **({"ExpressionAttributeValues": values} if values else {}),
    }


def both(moto: Any, twin: Client, call: Call) -> Answer:
    """The answer that both give."""
    expected, given = asked(moto, call), asked(twin, call)
    assert comparable(given) == comparable(expected)
    return given


def comparable(answer: Answer) -> Answer:
    """Sets have no order, and numbers are equal however they are written."""
    if isinstance(answer, dict):
        if set(answer) == {"SS"}:
            return {"SS": sorted(answer["SS"])}
        if set(answer) == {"N"}:
            return {"N": float(answer["N"])}
        return {name: comparable(value) for name, value in answer.items()}
    return [comparable(each) for each in answer] if isinstance(answer, list | tuple) else answer


@pytest.mark.parametrize("text", CONDITIONS)
def test_conditions(moto: Any, twin: Client, text: str) -> None:
    both(moto, twin, lambda client: client.put_item(TableName=TABLE, Item=ITEM))
    both(
        moto,
        twin,
        lambda client: client.put_item(
            TableName=TABLE,
            Item={**ITEM, "written": {"S": "anew"}},
            ConditionExpression=text,
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **placeholders(text),
        ),
    )
    both(moto, twin, lambda client: client.get_item(TableName=TABLE, Key=KEY, ConsistentRead=True))


@pytest.mark.parametrize("text", ["#text < :ten", "size(nowhere) < :nine", "#yes < :true", "#map <= :ten"])
def test_what_has_no_order_is_in_none(text: str) -> None:
    """By the developer guide; moto fails on these."""
    given = placeholders(text)
    scope = Scope(ITEM, given.get("ExpressionAttributeNames", {}), given["ExpressionAttributeValues"])
    assert not condition(text).holds(scope)


@pytest.mark.parametrize("text", UPDATES)
def test_updates(moto: Any, twin: Client, text: str) -> None:
    both(moto, twin, lambda client: client.put_item(TableName=TABLE, Item=ITEM))
    call: Call = lambda client: client.update_item(  # noqa: E731
        TableName=TABLE, Key=KEY, UpdateExpression=text, **placeholders(text)
    )
    both(moto, twin, call)
    both(moto, twin, lambda client: client.get_item(TableName=TABLE, Key=KEY, ConsistentRead=True))


def test_an_update_makes_an_item_and_never_changes_what_was_read_before(moto: Any, twin: Client) -> None:
    call: Call = lambda client: client.update_item(  # noqa: E731
        TableName=TABLE, Key=KEY, UpdateExpression="SET #map = :list", **placeholders("#map :list")
    )
    both(moto, twin, call)
    before = twin.get_item(TableName=TABLE, Key=KEY)["Item"]
    copy = dict(before)
    twin.update_item(TableName=TABLE, Key=KEY, UpdateExpression="SET #map[0] = :ten", **placeholders("#map :ten"))
    assert before == copy


WRONG = [
    {"ConditionExpression": "#count = :ten", "ExpressionAttributeNames": {"#count": "count"}},
    {"ConditionExpression": "#count = :ten", "ExpressionAttributeValues": {":ten": {"N": "1"}}},
    {"ConditionExpression": "attribute_exists(pk)", "ExpressionAttributeNames": {"#unused": "x"}},
    {"ConditionExpression": "attribute_exists(pk)", "ExpressionAttributeValues": {":unused": {"S": "x"}}},
    {"ConditionExpression": "pk = :a AND", "ExpressionAttributeValues": {":a": {"S": "x"}}},
    {"ConditionExpression": "pk == :a", "ExpressionAttributeValues": {":a": {"S": "x"}}},
    {"ConditionExpression": "(pk = :a", "ExpressionAttributeValues": {":a": {"S": "x"}}},
]


@pytest.mark.parametrize("options", WRONG, ids=range(len(WRONG)))
def test_wrong_expressions_are_refused(twin: Client, options: dict[str, Any]) -> None:
    """As DynamoDB does; moto fails on some and lets others pass."""
    code, _ = asked(twin, lambda client: client.put_item(TableName=TABLE, Item=ITEM, **options))
    assert code == "ValidationException"


@pytest.mark.parametrize("text", ["", "SET", "SET a", "SET a = :b SET c = :b", "GET a", "REMOVE", "ADD a"])
def test_wrong_updates_are_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        update(text)


@pytest.mark.parametrize(
    "item",
    [
        {"pk": {"S": "x"}},
        {"pk": {"S": ""}, "sk": {"S": "x"}},
        {"pk": {"N": "1"}, "sk": {"S": "x"}},
        {**KEY, "openShard": {"S": ""}, "openSince": {"S": "x"}},
    ],
    ids=range(4),
)
def test_keys_that_are_missing_empty_or_of_another_type_are_refused(
    moto: Any, twin: Client, item: dict[str, Any]
) -> None:
    code, _ = both(moto, twin, lambda client: client.put_item(TableName=TABLE, Item=item))
    assert code == "ValidationException"


def test_the_key_of_an_index_has_its_type(twin: Client) -> None:
    """moto does not look."""
    item = {**KEY, "openShard": {"N": "1"}, "openSince": {"S": "x"}}
    assert asked(twin, lambda client: client.put_item(TableName=TABLE, Item=item))[0] == "ValidationException"


def test_deletions(moto: Any, twin: Client) -> None:
    both(moto, twin, lambda client: client.put_item(TableName=TABLE, Item=ITEM))
    for text in ("attribute_exists(nowhere)", "attribute_exists(#text)", "attribute_not_exists(pk)"):
        both(
            moto,
            twin,
            lambda client, text=text: client.delete_item(  # type: ignore[misc]
                TableName=TABLE, Key=KEY, ConditionExpression=text, **placeholders(text)
            ),
        )
    assert both(moto, twin, lambda client: client.get_item(TableName=TABLE, Key=KEY)) == {}


def filled(moto: Any, twin: Client, items: int) -> None:
    rng = Random(1)
    for n in range(items):
        item = {
            "pk": {"S": f"RUN#{n % 3}"},
            "sk": {"S": f"TASK#{rng.getrandbits(32):08x}"},
            "count": {"N": str(n)},
            **({"openShard": {"S": f"OPEN#{n % 2}"}, "openSince": {"S": f"2026-01-{n:02}"}} if n % 4 else {}),
        }
        both(moto, twin, lambda client, item=item: client.put_item(TableName=TABLE, Item=item))  # type: ignore[misc]


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
def test_queries_and_their_pages(
    moto: Any, twin: Client, query: dict[str, Any], forward: bool, limit: int | None
) -> None:
    """A page that is full has a key to go on from, even where nothing comes after it: moto has none then."""
    filled(moto, twin, 24)
    options = {**query, "ScanIndexForward": forward, **({"Limit": limit} if limit else {})}
    expected, given = pages_of(moto, options), pages_of(twin, options)
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


def test_projections(moto: Any, twin: Client) -> None:
    both(moto, twin, lambda client: client.put_item(TableName=TABLE, Item=ITEM))
    options = {
        "ProjectionExpression": "#text, #count, nowhere",
        "ExpressionAttributeNames": {"#text": "text", "#count": "count"},
    }
    both(moto, twin, lambda client: client.get_item(TableName=TABLE, Key=KEY, **options))


def test_a_paginator_gives_every_item_once(moto: Any, twin: Client) -> None:
    filled(moto, twin, 24)
    query = {"TableName": TABLE, **QUERIES[0], "Limit": 3}
    pages = [list(client.get_paginator("query").paginate(**query)) for client in (moto, twin)]
    found = [[item["sk"]["S"] for page in each for item in page["Items"]] for each in pages]
    assert found[0] == found[1]
    assert len(found[1]) == 8


@pytest.mark.parametrize("seed", range(4))
def test_a_thousand_calls_at_random(moto: Any, twin: Client, seed: int) -> None:
    """Writes under conditions, in any order, leave the same table and the same index."""
    rng = Random(seed)
    for _ in range(250):
        key = {"pk": {"S": f"RUN#{rng.randrange(2)}"}, "sk": {"S": f"TASK#{rng.randrange(3)}"}}
        version = str(rng.randrange(5))
        kind = rng.randrange(4)
        if kind == 0:
            both(moto, twin, lambda client, key=key: client.delete_item(TableName=TABLE, Key=key))  # type: ignore[misc]
        elif kind == 1:
            item = {**key, "version": {"N": version}, "openShard": {"S": "OPEN#1"}, "openSince": {"S": version}}
            both(
                moto,
                twin,
                lambda client, item=item, version=version: client.put_item(  # type: ignore[misc]
                    TableName=TABLE,
                    Item=item,
                    ConditionExpression="attribute_not_exists(pk) OR version < :v",
                    ExpressionAttributeValues={":v": {"N": version}},
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                ),
            )
        else:
            both(
                moto,
                twin,
                lambda client, key=key, version=version, kind=kind: client.update_item(  # type: ignore[misc]
                    TableName=TABLE,
                    Key=key,
                    UpdateExpression=f"SET version = :v, {'openSince' if kind == 2 else 'remark'} = :s REMOVE gone",
                    ConditionExpression="attribute_exists(pk) AND version <= :v",
                    ExpressionAttributeValues={":v": {"N": version}, ":s": {"S": version}},
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                ),
            )
    index = {"IndexName": "open", "KeyConditionExpression": "openShard = :v"}
    values = {"ExpressionAttributeValues": {":v": {"S": "OPEN#1"}}}
    both(moto, twin, lambda client: sorted_items(client.query(TableName=TABLE, **index, **values)))


def sorted_items(page: Answer) -> dict[str, Any]:
    """Items of an index that are equal in its keys have no order."""
    return {"Items": sorted(page["Items"], key=str)}


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
