"""Words of JSON Schema that all documents of the API are made of."""

from collections.abc import Iterable, Mapping
from typing import Final

Schema = Mapping[str, object]

TEXT: Final[Schema] = {"type": "string"}
TIME: Final[Schema] = {"type": "string", "format": "date-time"}
WHOLE: Final[Schema] = {"type": "integer"}
NUMBER: Final[Schema] = {"type": "number"}
YES_OR_NO: Final[Schema] = {"type": "boolean"}
ANY_OBJECT: Final[Schema] = {"type": "object"}
LINES: Final[Schema] = {"type": "array", "items": TEXT}


def one_of(words: Iterable[str]) -> Schema:
    """A text that is one of these."""
    return {"type": "string", "enum": [str(each) for each in words]}


def maybe(schema: Schema) -> Schema:
    """The same, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def whole(least: int, most: int) -> Schema:
    """A whole number within limits."""
    return {"type": "integer", "minimum": least, "maximum": most}


def document(properties: Mapping[str, Schema], *, description: str) -> Schema:
    """An object with all of these keys. Another version may add some, so there may be others."""
    return {
        "type": "object",
        "description": description,
        "properties": dict(properties),
        "required": list(properties),
    }


def of(name: str) -> Schema:
    """A reference to one of SCHEMAS."""
    return {"$ref": f"#/components/schemas/{name}"}
