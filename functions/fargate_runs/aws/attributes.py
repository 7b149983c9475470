"""Values of DynamoDB, as its client takes and gives them.

`boto3.dynamodb.types` does the same, and is not used: it imports all of boto3 and s3transfer, a tenth of the cost of a
function's first event (docs/performance.md).
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Attributes = Mapping[str, AttributeValueTypeDef]


def serialized(values: Mapping[str, object]) -> "dict[str, AttributeValueTypeDef]":
    """Returns attributes for a call, without values that are None, inside of maps too.

    Raises TypeError for a value that DynamoDB cannot hold, and for a float, which may lose digits.
    """
    return {name: _attribute(value) for name, value in values.items() if value is not None}


def deserialized(attributes: "Attributes") -> dict[str, object]:
    """Returns the values of an answer's attributes. Numbers are Decimal.

    Sets and bytes stay as they are: nothing here writes them.
    """
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
