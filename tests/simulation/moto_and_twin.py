"""The twin of DynamoDB and moto, asked the same."""

from typing import Any

from botocore.exceptions import ClientError

from tests.fakes.tables import TABLE
from tests.simulation import template
from tests.simulation.dynamodb import DynamoDb
from tests.simulation.network import Client

Answer = Any

ITEM: dict[str, Any] = {
    "pk": {"S": "RUN#1"},
    "sk": {"S": "TASK#1"},
    "text": {"S": "some text"},
    "count": {"N": "10"},
    "rate": {"N": "0.5"},
    "yes": {"BOOL": True},
    "nothing": {"NULL": True},
    "map": {"M": {"inner": {"S": "x"}, "number": {"N": "1"}, "list": {"L": [{"S": "a"}, {"N": "2"}]}}},
    "texts": {"L": [{"S": "a"}, {"S": "b"}]},
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


def placeholders(text: str) -> dict[str, Any]:
    """The names and values that an expression uses."""
    words = text.replace("(", " ").replace(")", " ").replace(",", " ").replace(".", " ").replace("[", " ").split()
    names = {word: word[1:] for word in words if word.startswith("#")}
    values = {word: VALUES[word] for word in words if word.startswith(":")}
    return {
        **({"ExpressionAttributeNames": names} if names else {}),
        **({"ExpressionAttributeValues": values} if values else {}),
    }


class Both:
    """moto and the twin, both with an empty table."""

    def __init__(self, moto: Any) -> None:
        for item in moto.scan(TableName=TABLE)["Items"]:
            moto.delete_item(TableName=TABLE, Key={name: item[name] for name in KEY})
        self.moto = moto
        self.twin = new_twin()

    def __call__(self, operation: str, **request: Any) -> Answer:
        """The answer that both give."""
        expected, given = (asked(each, operation, **request) for each in (self.moto, self.twin))
        assert comparable(given) == comparable(expected)
        return given


def new_twin() -> Client:
    """With an empty table."""
    return Client("dynamodb", DynamoDb(template.table(), TABLE))


def asked(client: Any, operation: str, **request: Any) -> Answer:
    """What a client answers, or the code and the item of its error."""
    try:
        answer = getattr(client, operation)(TableName=TABLE, **request)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response.get("Item")
    return {name: value for name, value in answer.items() if name not in {"ResponseMetadata", "ConsumedCapacity"}}


def comparable(answer: Answer) -> Answer:
    """Sets have no order, and numbers are equal however they are written."""
    if isinstance(answer, dict):
        if set(answer) == {"SS"}:
            return {"SS": sorted(answer["SS"])}
        if set(answer) == {"N"}:
            return {"N": float(answer["N"])}
        return {name: comparable(value) for name, value in answer.items()}
    return [comparable(each) for each in answer] if isinstance(answer, list | tuple) else answer
