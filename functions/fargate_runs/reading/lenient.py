"""Lenient readers for data that others wrote: they use what is there, and never raise (facts B2 to B4)."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

LONGEST_TEXT: Final = 2_048  # ECS's own reasons stay under 1,024; a longer one quotes a log
_WHOLE_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,10}")
_TOO_LARGE: Final = 10_000_000_000
_MILLISECONDS_FROM: Final = 100_000_000_000  # an epoch number above this is in milliseconds (fact B20)


def text(value: object, longest: int = LONGEST_TEXT) -> str | None:
    """Returns a text that can be stored and sent as UTF-8, cut to `longest` characters; None for anything else."""
    if not isinstance(value, str) or not value:
        return None
    clean = value.encode("utf-8", "replace").decode("utf-8")
    return clean if len(clean) <= longest else clean[: longest - 1] + "…"


def says_something(value: object) -> bool:
    """Returns whether there is a value, readable or not. None, empty values, zero and "null" are none (fact B3)."""
    return value.strip().lower() not in {"", "null", "none"} if isinstance(value, str) else bool(value)


def whole_number(value: object) -> int | None:
    """Returns a whole number of at most ten digits, given as such, as a float or as digits in a text.

    Returns None for anything else, True and False included.
    """
    if isinstance(value, str):
        return int(value) if _WHOLE_NUMBER.fullmatch(value.strip()) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _TOO_LARGE:
        return None
    return int(value) if value == int(value) else None


def time(value: object) -> datetime | None:
    """Returns a moment in UTC. Reads ISO 8601 with any number of fraction digits, datetimes and epochs (s or ms)."""
    try:
        if isinstance(value, datetime):
            return _in_utc(value)
        if isinstance(value, str):
            return _in_utc(datetime.fromisoformat(value))
        if isinstance(value, int | float) and not isinstance(value, bool):
            seconds = value / 1_000 if value > _MILLISECONDS_FROM else value
            return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def iso(moment: datetime | None) -> str | None:
    """Returns ISO 8601 with exactly three fraction digits and Z, so that texts sort as the moments do."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def mapping(value: object) -> Mapping[str, object]:
    """Returns the mapping itself, or an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def mappings(value: object) -> Iterator[Mapping[str, object]]:
    """Yields the mappings in a list, and skips everything else in it."""
    if isinstance(value, list | tuple):
        yield from (each for each in value if isinstance(each, Mapping))
