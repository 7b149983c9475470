"""How records and items are translated: one row for each attribute. The tables are in items.py.

If an attribute is absent, its field gets the dataclass's default. A value that is None is not written.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import wraps
from typing import Any, Final, NamedTuple, TypeVar

from fargate_runs.ports import Unreadable, UnreadableRecordError
from fargate_runs.reading import lenient

Item = dict[str, object]
T = TypeVar("T")
Read = Callable[[Mapping[str, object]], T]
_LONGEST_PROBLEM: Final = 200


def as_it_is(value: object) -> object:
    """Returns the value itself."""
    return value


def text(value: object) -> str | None:
    """Returns a text; None for anything else."""
    return value if isinstance(value, str) else None


def whole(value: object) -> int:
    """Returns a whole number. Raises ValueError for anything else."""
    return int(str(value))


def values(value: object) -> Mapping[str, object]:
    """Returns a map as it was written, with whole numbers as int. Returns an empty one for anything else."""
    return {name: _whole_numbers(each) for name, each in lenient.mapping(value).items()}


def lines(value: object) -> tuple[str, ...]:
    """Returns the texts of a list; none for anything that is no list."""
    return tuple(map(str, value)) if isinstance(value, list) else ()


class Row(NamedTuple):
    """One attribute and its field. `read` and `write` never get None.

    If `is_needed`, a record without the attribute cannot be read.
    """

    attribute: str
    field: str
    read: Callable[[Any], object] = text
    write: Callable[[Any], object] = as_it_is
    is_needed: bool = False


def needed(attribute: str, field: str, read: Callable[[Any], object] = str) -> Row:
    """Returns a row of an attribute that every item has."""
    return Row(attribute, field, read, is_needed=True)


def names(rows: Iterable[Row]) -> tuple[str, ...]:
    """Returns the attributes of a table."""
    return tuple(row.attribute for row in rows)


def written(rows: Iterable[Row], record: object) -> Item:
    """Returns the attributes of a record that have a value."""
    held = ((row, getattr(record, row.field)) for row in rows)
    return present({row.attribute: row.write(value) for row, value in held if value is not None})


def found(rows: Iterable[Row], item: Mapping[str, object]) -> dict[str, Any]:
    """Returns the fields of a record that an item has.

    Raises KeyError with the name of a needed attribute that is absent, and any error of the rows.
    """
    fields = {}
    for attribute, field, read, _, is_needed in rows:
        value = item.get(attribute)
        if value is not None:
            fields[field] = read(value)
        elif is_needed:
            raise KeyError(attribute)
    return fields


def present(attributes: Mapping[str, object]) -> Item:
    """Returns the attributes that have a value."""
    return {name: value for name, value in attributes.items() if value is not None}


def reads_one(read: "Read[T]") -> "Read[T]":
    """Turns every error of reading a record into one that names the record, so that other records can still be read."""

    @wraps(read)
    def reads(item: Mapping[str, object]) -> T:
        try:
            return read(item)
        except (LookupError, ValueError, TypeError, ArithmeticError) as error:
            raise UnreadableRecordError(*_owner(item), _problem(error)) from None

    return reads


def unless_unreadable(read: "Read[T]", item: Mapping[str, object]) -> T | Unreadable:
    """Returns the record, or Unreadable instead of raising, for readers of several records."""
    try:
        return read(item)
    except UnreadableRecordError as error:
        return Unreadable(error.run_id, error.task_id, error.problem)


def _whole_numbers(value: object) -> object:
    if isinstance(value, list):
        return [_whole_numbers(each) for each in value]
    return int(value) if isinstance(value, Decimal) else value


def _owner(item: Mapping[str, object]) -> tuple[str, str | None]:
    """Returns the run and the task of a record, by its key, which every item has."""
    kind, _, task_id = str(item.get("sk", "")).partition("#")
    return str(item.get("pk", "")).removeprefix("RUN#"), task_id if kind == "TASK" else None


def _problem(error: Exception) -> str:
    """Returns the problem: it names the absent attribute, or the unknown word, as enumerations do."""
    problem = f"it has no {error}" if isinstance(error, KeyError) else str(error)
    return problem[:_LONGEST_PROBLEM]
