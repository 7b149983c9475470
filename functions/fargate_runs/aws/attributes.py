"""Values of DynamoDB, as its client takes and gives them.

boto3 has the same in `boto3.dynamodb.types`. It is not used: it brings all of boto3 and s3transfer with it, which are a
tenth of what a function's first event costs (docs/performance.md).
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Attributes = Mapping[str, AttributeValueTypeDef]


def serialized(values: Mapping[str, object]) -> "dict[str, AttributeValueTypeDef]":
    """Attributes for a call; what is None is left out, inside of maps too.

    Raises TypeError for a value that no attribute can be made of; a float is one, because it may lose digits.
    """
    return {name: _attribute(value) for name, value in values.items() if value is not None}


def deserialized(attributes: "Attributes") -> dict[str, object]:
    """Attributes of an answer; numbers are Decimal. Sets and bytes, which nothing here writes, stay as they came."""
    return {name: _value(value) for name, value in attributes.items()}


def _attribute(value: object) -> "AttributeValueTypeDef":
    if isinstance(value, str):
        return {"S": str(value)}  # an enum's text is a plain one
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int | Decimal):
        return {"N": str(value)}
    if isinstance(value, Mapping):
        return {"M": serialized(value)}
    if isinstance(value, list | tuple):
        return {"L": [_attribute(each) for each in value]}
    if value is None:
        return {"NULL": True}
    raise TypeError(f"no attribute can be made of a value of type {type(value).__name__}")


def _value(attribute: object) -> object:
    ((kind, value),) = cast("Mapping[str, Any]", attribute).items()
    match kind:
        case "N":
            return Decimal(value)
        case "NULL":
            return None
        case "M":
            return deserialized(value)
        case "L":
            return [_value(each) for each in value]
        case _:
            return value
