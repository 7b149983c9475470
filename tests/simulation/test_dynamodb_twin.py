"""The twin of DynamoDB against moto: writes, their conditions and their errors are the same."""

from random import Random
from typing import Any

import pytest

from tests.fakes.tables import TABLE
from tests.simulation.expressions import UnknownExpressionError
from tests.simulation.moto_and_twin import ITEM, KEY, Both, answer, placeholders


@pytest.mark.parametrize(
    "text",
    [
        *(f"attribute_{what}({name})" for what in ("exists", "not_exists") for name in ("pk", "#text", "nowhere")),
        *(
            f"{negation}attribute_type({name}, :n)"
            for negation in ("", "NOT ")
            for name in ("#count", "#text", "nowhere")
        ),
        *(f"#count {sign} {value}" for sign in ("=", "<", "<=", ">", ">=") for value in (":nine", ":ten", ":hundred")),
        *(f"{name} = {value}" for name in ("#text", "#yes", "nowhere") for value in (":text", ":ten", ":true", ":a")),
        *(f"#count BETWEEN {low} AND {high}" for low in (":nine", ":hundred") for high in (":ten", ":nine")),
        *(f"#count IN ({values})" for values in (":ten", ":nine", ":nine, :ten", ":nine, :hundred", ":text")),
        *(f"begins_with({name}, {start})" for name in ("#text", "#count", "nowhere") for start in (":some", ":a")),
        "attribute_not_exists(pk) OR (#count < :hundred AND attribute_not_exists(outcome))",
        "attribute_not_exists(pk) OR (#count < :nine AND attribute_not_exists(outcome))",
        "#count = :nine OR #count = :ten AND #text = :some",
        "(#count = :nine OR #count = :ten) AND NOT attribute_exists(nowhere)",
        "NOT (#count = :ten AND attribute_exists(pk))",
        "NOT #count = :nine AND #text = :some",
    ],
)
def test_conditions(both: Both, text: str) -> None:
    both("put_item", Item=ITEM)
    condition = {
        "ConditionExpression": text,
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        **placeholders(text),
    }
    both("put_item", Item={**ITEM, "written": {"S": "anew"}}, **condition)
    both("get_item", Key=KEY, ConsistentRead=True)
    both("delete_item", Key=KEY, **condition)
    both("get_item", Key=KEY)


@pytest.mark.parametrize(
    "text",
    [
        "SET #text = :a",
        "SET fresh = :a, #count = :nine",
        "REMOVE #text, nowhere",
        "SET #count = :nine REMOVE openShard, openSince",
        "SET openShard = :a",
        "SET pk = :a",
    ],
)
def test_updates(both: Both, text: str) -> None:
    both("put_item", Item=ITEM)
    before = both.twin.get_item(TableName=TABLE, Key=KEY)["Item"]
    for key in (KEY, {**KEY, "sk": {"S": "TASK#2"}}):
        both("update_item", Key=key, UpdateExpression=text, **placeholders(text))
        both("get_item", Key=key, ConsistentRead=True)
    assert before == ITEM, "what was read before stays as it was"


UNKNOWN = ["#count <> :ten", "size(#text) < :ten", "#count = :ten AND", "(#count = :ten", "#count == :ten", "pk", ""]


@pytest.mark.parametrize("text", UNKNOWN)
def test_a_condition_of_another_form_is_refused(both: Both, text: str) -> None:
    """No error of AWS: the adapter would take it for one."""
    with pytest.raises(UnknownExpressionError):
        both.twin.put_item(TableName=TABLE, Item=ITEM, ConditionExpression=text, **placeholders(text))


@pytest.mark.parametrize("text", ["ADD #count :ten", "SET #count = #count + :ten", "SET", "SET #text = :a #count", ""])
def test_an_update_of_another_form_is_refused(both: Both, text: str) -> None:
    with pytest.raises(UnknownExpressionError):
        both.twin.update_item(TableName=TABLE, Key=KEY, UpdateExpression=text, **placeholders(text))


def test_an_option_that_the_twin_does_not_have_is_refused(both: Both) -> None:
    with pytest.raises(NotImplementedError):
        both.twin.put_item(TableName=TABLE, Item=ITEM, ReturnValues="ALL_OLD")


@pytest.mark.parametrize(
    "options",
    [
        {"ConditionExpression": "#count = :ten", "ExpressionAttributeNames": {"#count": "count"}},
        {"ConditionExpression": "#count = :ten", "ExpressionAttributeValues": {":ten": {"N": "1"}}},
        {"ConditionExpression": "attribute_exists(pk)", "ExpressionAttributeNames": {"#unused": "x"}},
        {"ConditionExpression": "attribute_exists(pk)", "ExpressionAttributeValues": {":unused": {"S": "x"}}},
    ],
)
def test_each_placeholder_is_defined_and_used(both: Both, options: dict[str, Any]) -> None:
    """As in DynamoDB; moto fails on some and lets others pass."""
    assert answer(both.twin, "put_item", Item=ITEM, **options) == ("ValidationException", None)


@pytest.mark.parametrize(
    "item",
    [
        {"pk": {"S": "x"}},
        {"pk": {"S": ""}, "sk": {"S": "x"}},
        {"pk": {"N": "1"}, "sk": {"S": "x"}},
        {**KEY, "openShard": {"S": ""}, "openSince": {"S": "x"}},
    ],
)
def test_a_key_that_is_missing_empty_or_of_another_type_is_refused(both: Both, item: dict[str, Any]) -> None:
    assert both("put_item", Item=item) == ("ValidationException", None)


def test_the_key_of_an_index_has_its_type(both: Both) -> None:
    """moto does not look."""
    assert answer(both.twin, "put_item", Item={**ITEM, "openShard": {"N": "1"}}) == ("ValidationException", None)


@pytest.mark.parametrize("seed", range(4))
def test_a_thousand_calls_at_random(both: Both, seed: int) -> None:
    """Writes under conditions, in any order, leave the same table and the same index."""
    rng = Random(seed)
    for _ in range(250):
        key = {"pk": {"S": f"RUN#{rng.randrange(2)}"}, "sk": {"S": f"TASK#{rng.randrange(3)}"}}
        version, kind = str(rng.randrange(5)), rng.randrange(4)
        values: dict[str, Any] = {":v": {"N": version}}
        if kind == 0:
            both("delete_item", Key=key)
            continue
        if kind == 1:
            more = {"version": {"N": version}, "openShard": {"S": "OPEN#1"}, "openSince": {"S": version}}
            request: dict[str, Any] = {"Item": {**key, **more}}
            text = "attribute_not_exists(pk) OR version < :v"
        else:
            update = f"SET version = :v, {'openSince' if kind == 2 else 'remark'} = :s REMOVE gone"
            request = {"Key": key, "UpdateExpression": update}
            text = "attribute_exists(pk) AND version <= :v"
            values[":s"] = {"S": version}
        both(
            "put_item" if kind == 1 else "update_item",
            **request,
            ConditionExpression=text,
            ExpressionAttributeValues=values,
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    query = {"KeyConditionExpression": "openShard = :v", "ExpressionAttributeValues": {":v": {"S": "OPEN#1"}}}
    of_moto, of_twin = (answer(each, "query", IndexName="open", **query)["Items"] for each in (both.moto, both.twin))
    assert sorted(of_twin, key=str) == sorted(of_moto, key=str), "equal keys of an index have no order"
