"""Parameters of the API's routes: how each is read from a request, and how the OpenAPI document describes it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from fargate_runs.errors import InvalidParametersError

Reader = Callable[[str], object]
LONGEST_SHOWN: Final = 40  # characters of a name that a problem repeats


KEY_HEADER: Final = "Idempotency-Key"
LONGEST_KEY: Final = 255


def key_of(headers: Mapping[str, str]) -> str | None:
    """Return the Idempotency-Key of a request, or None. Raises InvalidParametersError."""
    found = next((value for name, value in headers.items() if name.lower() == KEY_HEADER.lower()), None)
    if found is None:
        return None
    if not (1 <= len(found) <= LONGEST_KEY and found.isascii() and found.isprintable()):
        raise InvalidParametersError((f"{KEY_HEADER}: must have 1 to {LONGEST_KEY} printable ASCII characters",))
    return found


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter in the query of a request. `read` raises ValueError with a sentence about what would be right."""

    name: str
    description: str
    schema: Mapping[str, object]
    read: Reader = field(repr=False)


def choice(name: str, description: str, values: Sequence[str]) -> Parameter:
    """One of several words."""

    def read(text: str) -> str:
        if text not in values:
            raise ValueError(f"must be one of {', '.join(values)}")
        return text

    return Parameter(name, description, {"type": "string", "enum": list(values)}, read)


def boolean(name: str, description: str) -> Parameter:
    """`true` or `false`."""

    def read(text: str) -> bool:
        if text not in {"true", "false"}:
            raise ValueError("must be true or false")
        return text == "true"

    return Parameter(name, description, {"type": "boolean", "default": False}, read)


def moment(text: str) -> datetime:
    """Read a time in ISO 8601 (RFC 3339), with its offset. Raises ValueError with a sentence about what is right."""
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError("must be a time with its offset, such as 2026-11-30T09:30:00Z")


def whole(name: str, description: str, least: int, most: int, default: int | None = None) -> Parameter:
    """A whole number."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and least <= int(text) <= most):
            raise ValueError(f"must be a whole number from {least} to {most}")
        return int(text)

    schema: dict[str, object] = {"type": "integer", "minimum": least, "maximum": most}
    return Parameter(name, description, schema if default is None else {**schema, "default": default}, read)


def time(name: str, description: str) -> Parameter:
    """A time in ISO 8601 (RFC 3339), with its offset."""
    return Parameter(name, description, {"type": "string", "format": "date-time"}, moment)


def text(name: str, description: str, longest: int) -> Parameter:
    """A text that is not empty."""

    def read(given: str) -> str:
        if not 1 <= len(given) <= longest:
            raise ValueError(f"must have 1 to {longest} characters")
        return given

    return Parameter(name, description, {"type": "string", "minLength": 1, "maxLength": longest}, read)


def values_of(parameters: Sequence[Parameter], query: Mapping[str, Sequence[str]]) -> dict[str, object]:
    """Return the values that a query gives, by name. Raises InvalidParametersError with every problem at once."""
    values: dict[str, object] = {}
    problems = tuple(_problems(parameters, query, values))
    if problems:
        raise InvalidParametersError(problems)
    return values


def _problems(
    parameters: Sequence[Parameter], query: Mapping[str, Sequence[str]], values: dict[str, object]
) -> Iterator[str]:
    known = {each.name: each for each in parameters}
    for name, given in query.items():
        if name not in known:
            there_are = f"the parameters are {', '.join(known)}" if known else "this route has no parameters"
            yield f"{name[:LONGEST_SHOWN]}: is not known; {there_are}"
        elif len(given) != 1:
            yield f"{name}: is given {len(given)} times; give it once"
        else:
            try:
                values[name] = known[name].read(given[0])
            except ValueError as error:
                yield f"{name}: {error}"
