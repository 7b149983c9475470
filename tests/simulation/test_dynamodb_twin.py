"""The twin of DynamoDB against moto: writes, their conditions and their errors are the same."""

from random import Random
from typing import Any

import pytest

from tests.fakes.tables import TABLE
from tests.simulation.expressions import ExpressionError, Scope, condition
from tests.simulation.moto_and_twin import ITEM, KEY, Answer, Both, asked, comparable, new_twin, placeholders
from tests.simulation.updates import update

CONDITIONS = [
    "attribute_exists(pk)",
    "attribute_not_exists(pk)",
    "attribute_exists(#map.#inner)",
    "attribute_exists(#map.nowhere.more)",
    "attribute_exists(#texts[1])",
    "attribute_exists(#texts[2])",
    "attribute_type(#count, :n)",
    "attribute_type(#text, :n)",
    "begins_with(#text, :some)",
    "begins_with(#count, :some)",
    "contains(#text, :some)",
    "contains(#set, :a)",
    "contains(#texts, :a)",
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
    "size(#texts) < :nine",
    "#yes = :true",
    "#set = :set",
    "#texts = :list",
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
    "SET #texts[0] = :ten",
    "SET #texts[7] = :ten",
    "SET #texts = list_append(#texts, :list)",
    "SET fresh = list_append(if_not_exists(fresh, :list), :list)",
    "SET #text = #text + :ten",
    "REMOVE #text",
    "REMOVE #text, nowhere, #map.#inner, #texts[0]",
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


@pytest.mark.parametrize("text", CONDITIONS)
def test_conditions(both: Both, text: str) -> None:
    both("put_item", Item=ITEM)
    both(
        "put_item",
        Item={**ITEM, "written": {"S": "anew"}},
        ConditionExpression=text,
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
        **placeholders(text),
    )
    both("get_item", Key=KEY, ConsistentRead=True)


@pytest.mark.parametrize("text", ["#text < :ten", "size(nowhere) < :nine", "#yes < :true", "#map <= :ten"])
def test_what_has_no_order_is_in_none(text: str) -> None:
    """By the developer guide; moto fails on these."""
    given = placeholders(text)
    scope = Scope(ITEM, given.get("ExpressionAttributeNames", {}), given["ExpressionAttributeValues"])
    assert not condition(text).holds(scope)


@pytest.mark.parametrize("text", UPDATES)
def test_updates(both: Both, text: str) -> None:
    both("put_item", Item=ITEM)
    both("update_item", Key=KEY, UpdateExpression=text, **placeholders(text))
    both("get_item", Key=KEY, ConsistentRead=True)


def test_an_update_makes_an_item_and_never_changes_what_was_read_before(both: Both) -> None:
    both("update_item", Key=KEY, UpdateExpression="SET #map = :list", **placeholders("#map :list"))
    before = both.twin.get_item(TableName=TABLE, Key=KEY)["Item"]
    copy = dict(before)
    change = {"UpdateExpression": "SET #map[0] = :ten", **placeholders("#map :ten")}
    both.twin.update_item(TableName=TABLE, Key=KEY, **change)
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
def test_wrong_expressions_are_refused(options: dict[str, Any]) -> None:
    """As DynamoDB does; moto fails on some and lets others pass."""
    code, _ = asked(new_twin(), "put_item", Item=ITEM, **options)
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
def test_keys_that_are_missing_empty_or_of_another_type_are_refused(both: Both, item: dict[str, Any]) -> None:
    code, _ = both("put_item", Item=item)
    assert code == "ValidationException"


def test_the_key_of_an_index_has_its_type() -> None:
    """moto does not look."""
    item = {**KEY, "openShard": {"N": "1"}, "openSince": {"S": "x"}}
    assert asked(new_twin(), "put_item", Item=item)[0] == "ValidationException"


def test_deletions(both: Both) -> None:
    both("put_item", Item=ITEM)
    for text in ("attribute_exists(nowhere)", "attribute_exists(#text)", "attribute_not_exists(pk)"):
        both("delete_item", Key=KEY, ConditionExpression=text, **placeholders(text))
    assert both("get_item", Key=KEY) == {}


@pytest.mark.parametrize("seed", range(4))
def test_a_thousand_calls_at_random(both: Both, seed: int) -> None:
    """Writes under conditions, in any order, leave the same table and the same index."""
    rng = Random(seed)
    for _ in range(250):
        key = {"pk": {"S": f"RUN#{rng.randrange(2)}"}, "sk": {"S": f"TASK#{rng.randrange(3)}"}}
        version = str(rng.randrange(5))
        kind = rng.randrange(4)
        if kind == 0:
            both("delete_item", Key=key)
        elif kind == 1:
            item = {**key, "version": {"N": version}, "openShard": {"S": "OPEN#1"}, "openSince": {"S": version}}
            both(
                "put_item",
                Item=item,
                ConditionExpression="attribute_not_exists(pk) OR version < :v",
                ExpressionAttributeValues={":v": {"N": version}},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        else:
            both(
                "update_item",
                Key=key,
                UpdateExpression=f"SET version = :v, {'openSince' if kind == 2 else 'remark'} = :s REMOVE gone",
                ConditionExpression="attribute_exists(pk) AND version <= :v",
                ExpressionAttributeValues={":v": {"N": version}, ":s": {"S": version}},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
    expected, given = (items_of_the_index(each) for each in (both.moto, both.twin))
    assert given == expected


def items_of_the_index(client: Any) -> list[Answer]:
    """Items of an index that are equal in its keys have no order."""
    index = {"IndexName": "open", "KeyConditionExpression": "openShard = :v"}
    page = asked(client, "query", **index, ExpressionAttributeValues={":v": {"S": "OPEN#1"}})
    return sorted(map(comparable, page["Items"]), key=str)
