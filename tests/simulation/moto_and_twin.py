"""The twin of DynamoDB and moto, asked the same."""

from typing import Any

from botocore.exceptions import ClientError

from tests.fakes.moto_table import empty
from tests.fakes.tables import TABLE
from tests.simulation import template
from tests.simulation.dynamodb import DynamoDb
from tests.simulation.network import Client

KEY: dict[str, Any] = {"pk": {"S": "RUN#1"}, "sk": {"S": "TASK#1"}}
ITEM: dict[str, Any] = {
    **KEY,
    "count": {"N": "10"},
    "yes": {"BOOL": True},
    "map": {"M": {"a": {"S": "x"}, "b": {"M": {"deep": {"N": "1"}}}, "left out": {"S": "y"}}},
    "text": {"S": "some text"},
    "openShard": {"S": "OPEN#1"},
    "openSince": {"S": "2026-01-01"},
}
VALUES: dict[str, Any] = {
    ":a": {"S": "a"},
    ":hundred": {"N": "100"},
    ":n": {"S": "N"},
    ":nine": {"N": "9"},
    ":some": {"S": "some"},
    ":ten": {"N": "10.0"},
    ":text": {"S": "some text"},
    ":true": {"BOOL": True},
}


def placeholders(text: str) -> dict[str, Any]:
    """What the names and values of an expression stand for: `#count` for `count`."""
    words = "".join(each if each.isalnum() or each in "#:_" else " " for each in text).split()
    names = {word: word[1:] for word in words if word.startswith("#")}
    values = {word: VALUES[word] for word in words if word.startswith(":")}
    return {f"ExpressionAttribute{kind}": each for kind, each in (("Names", names), ("Values", values)) if each}


class Both:
    """moto and the twin, both with an empty table."""

    def __init__(self, moto: Any) -> None:
        empty(moto)
        self.moto = moto
        self.twin = Client("dynamodb", DynamoDb(template.table(), TABLE))

    def __call__(self, operation: str, **request: Any) -> Any:
        """The answer that both give."""
        expected, given = (answer(each, operation, **request) for each in (self.moto, self.twin))
        assert given == expected
        return given


def answer(client: Any, operation: str, **request: Any) -> Any:
    """What a client answers, or the code and the item of its error. Numbers are equal however they are written."""
    try:
        found = getattr(client, operation)(TableName=TABLE, **request)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response.get("Item")
    return {name: value for name, value in found.items() if name not in {"ResponseMetadata", "ConsumedCapacity"}}
