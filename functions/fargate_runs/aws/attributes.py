"""Values of DynamoDB, as its client takes and gives them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Attributes = Mapping[str, AttributeValueTypeDef]


def serialized(values: Mapping[str, object]) -> "dict[str, AttributeValueTypeDef]":
    """Attributes for a call; what is None is left out, inside of maps too."""
    serialize = TypeSerializer().serialize
    return {name: serialize(_plain(value)) for name, value in values.items() if value is not None}


def deserialized(attributes: "Attributes") -> dict[str, object]:
    """Attributes of an answer; numbers are Decimal."""
    deserialize = TypeDeserializer().deserialize
    return {name: deserialize(value) for name, value in attributes.items()}


def _plain(value: object) -> object:
    """Enums as their texts: the serializer knows plain types only."""
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items() if each is not None}
    return str(value) if isinstance(value, str) else value
