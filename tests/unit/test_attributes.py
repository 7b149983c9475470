"""Values of DynamoDB, as boto3 itself writes and reads them."""

from decimal import Decimal
from enum import StrEnum

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from fargate_runs.aws.attributes import deserialized, serialized

NUMBERS = st.integers(-(10**37), 10**37) | st.decimals(-(10**6), 10**6, places=3)
ATOMS = st.text() | st.booleans() | NUMBERS
VALUES = st.recursive(
    ATOMS, lambda inner: st.lists(inner | st.none(), max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
)


class Colour(StrEnum):
    RED = "red"


@given(st.dictionaries(st.text(), VALUES, max_size=5))
def test_attributes_are_those_of_boto3(values: dict[str, object]) -> None:
    attributes = serialized(values)

    assert attributes == {name: TypeSerializer().serialize(value) for name, value in values.items()}
    assert deserialized(attributes) == {name: TypeDeserializer().deserialize(each) for name, each in attributes.items()}
    assert deserialized(attributes) == values


@pytest.mark.parametrize(
    ("value", "attribute"),
    [
        (Colour.RED, {"S": "red"}),
        (("a", 1), {"L": [{"S": "a"}, {"N": "1"}]}),
        ({"a": None, "b": Colour.RED}, {"M": {"b": {"S": "red"}}}),
        ([None], {"L": [{"NULL": True}]}),
        (True, {"BOOL": True}),
        (Decimal("1.50"), {"N": "1.50"}),
    ],
)
def test_what_boto3_would_not_take_or_would_write_otherwise(value: object, attribute: object) -> None:
    assert serialized({"given": value, "absent": None}) == {"given": attribute}
    assert type(serialized({"given": Colour.RED})["given"]["S"]) is str


@pytest.mark.parametrize("value", [1.5, b"bytes", {1, 2}, object()])
def test_a_value_that_no_attribute_can_be_made_of(value: object) -> None:
    with pytest.raises(TypeError, match=type(value).__name__):
        serialized({"given": value})


@pytest.mark.parametrize("attribute", [{"B": b"bytes"}, {"SS": ["a", "b"]}, {"NS": ["1"]}])
def test_what_nothing_here_writes_stays_as_it_came(attribute: dict[str, object]) -> None:
    (given,) = attribute.values()
    assert deserialized({"given": attribute}) == {"given": given}  # type: ignore[dict-item]
