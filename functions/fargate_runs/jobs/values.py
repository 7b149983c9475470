"""Kinds of values in a definition: how each is checked and read, and how a JSON Schema describes it. Pure.

A reader notes each problem where it is and reads on, so that a person sees all of them at once.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from fargate_runs.errors import Problem
from fargate_runs.reading import lenient

_LONGEST_SHOWN: Final = 60
_MOST_UNKNOWN_KEYS: Final = 20
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_DURATION: Final = re.compile(r"([1-9][0-9]{0,8})([smhd])")
_DURATION_PATTERN: Final = "^[1-9][0-9]{0,8}[smhd]$"
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a document. All places of a document share one list of problems."""

    path: tuple[str | int, ...] = ()
    problems: list[Problem] = field(default_factory=list)

    def at(self, key: str | int) -> "Place":
        """Returns the place one step further in."""
        return Place((*self.path, key), self.problems)

    def refuse(self, detail: str) -> None:
        """Notes a problem. `detail` is a sentence without a subject: what is wrong, and what would be right."""
        self.problems.append(Problem(self.path, detail))


#: Reads a value, or notes its problems and returns None.
Reader = Callable[[Place, object], Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value: its JSON Schema, and its reader. `words` describes it in the documents."""

    schema: Mapping[str, object]
    read: Reader = field(repr=False)
    words: str = ""


@dataclass(frozen=True, slots=True)
class Key:
    """A key of an object. `default` is in words: what holds without the key."""

    kind: Kind
    description: str
    default: str = ""
    is_required: bool = False


Keys = Mapping[str, Key]


def read_keys(place: Place, value: object, keys: Keys) -> dict[str, Any]:
    """Returns the values of an object by key: those that are there and right. Notes a problem for each other one."""
    if not isinstance(value, Mapping):
        place.refuse(f"must be an object with the keys {', '.join(keys)}")
        return {}
    unknown = [key for key in value if key not in keys]
    for key in unknown[:_MOST_UNKNOWN_KEYS]:
        place.at(shown(key)).refuse(f"is not known; the keys are {', '.join(keys)}")
    if len(unknown) > _MOST_UNKNOWN_KEYS:
        place.refuse(f"has {len(unknown) - _MOST_UNKNOWN_KEYS} more keys that are not known")
    found: dict[str, Any] = {}
    for name, key in keys.items():
        if name in value:
            read = _present(place.at(name), value[name], key.kind)
            if read is not None:
                found[name] = read
        elif key.is_required:
            place.refuse(f"has no {name}: {key.description}")
    return found


def _present(place: Place, value: object, kind: Kind) -> Any:
    if value is None:
        place.refuse("is empty; give a value, or leave out the key")
        return None
    return kind.read(place, value)


def of_keys(keys: Keys, words: str = "an object") -> Kind:
    """An object with these keys."""
    required = [name for name, key in keys.items() if key.is_required]
    return Kind(
        {
            "type": "object",
            "properties": properties(keys),
            "additionalProperties": False,
            **({"required": required} if required else {}),
        },
        lambda place, value: read_keys(place, value, keys),
        words,
    )


def properties(keys: Keys) -> dict[str, object]:
    """Returns the `properties` of a JSON Schema."""
    return {
        name: {
            **key.kind.schema,
            "description": f"{key.description} Default: {key.default}." if key.default else key.description,
        }
        for name, key in keys.items()
    }


def text(pattern: str, problem: str, words: str, longest: int) -> Kind:
    """A text that a regular expression matches as a whole. `problem` says what would be right."""
    expression = re.compile(pattern, re.ASCII)

    def read(place: Place, value: object) -> str | None:
        if isinstance(value, str) and len(value) <= longest and expression.fullmatch(value):
            return value
        place.refuse(problem)
        return None

    return Kind({"type": "string", "pattern": f"^(?:{pattern})$", "maxLength": longest}, read, words)


def checked_text(check: Callable[[str], object], words: str, longest: int) -> Kind:
    """A text that `check` takes; it raises ValueError with what is wrong."""

    def read(place: Place, value: object) -> str | None:
        if not isinstance(value, str):
            place.refuse(f"must be a text: {words}; put it in quotes")
            return None
        if len(value) > longest:
            place.refuse(f"has {len(value)} characters, and {longest} is the most: {words}")
            return None
        try:
            check(value)
        except ValueError as error:
            place.refuse(str(error))
            return None
        return value

    return Kind({"type": "string", "minLength": 1, "maxLength": longest}, read, words)


def choice(kinds: type[StrEnum] | Sequence[str]) -> Kind:
    """One of several words."""
    values = [str(each) for each in kinds]
    quoted = ", ".join(f'"{each}"' for each in values)

    def read(place: Place, value: object) -> object:
        if not isinstance(value, str) or value not in values:
            place.refuse(f"must be one of {quoted}")
            return None
        return kinds(value) if isinstance(kinds, type) else value

    return Kind({"type": "string", "enum": values}, read, " or ".join(f"`{each}`" for each in values))


def whole(least: int, most: int) -> Kind:
    """A whole number. JSON has one kind of numbers, so 60.0 is as whole as 60."""

    def read(place: Place, value: object) -> int | None:
        number = _whole(value)
        if number is not None and least <= number <= most:
            return number
        place.refuse(f"must be a whole number from {least} to {most}")
        return None

    return Kind({"type": "integer", "minimum": least, "maximum": most}, read, f"{least:,} to {most:,}")


def one_number(values: Sequence[int]) -> Kind:
    """One of several whole numbers."""

    def read(place: Place, value: object) -> int | None:
        number = _whole(value)
        if number in values:
            return number
        place.refuse(f"must be one of the numbers {', '.join(map(str, values))}")
        return None

    return Kind({"type": "integer", "enum": list(values)}, read, ", ".join(map(str, values)))


def _whole(value: object) -> int | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return lenient.whole_number(value) if is_number else None


def duration(least: int, most: int) -> Kind:
    """A time span: `90s`, `15m`, `1h`, `2d`, or whole seconds. The limits are in seconds; it is read as seconds."""

    def read(place: Place, value: object) -> int | None:
        found = _DURATION.fullmatch(value) if isinstance(value, str) else None
        seconds = int(found[1]) * _SECONDS[found[2]] if found else _whole(value)
        if seconds is not None and least <= seconds <= most:
            return seconds
        place.refuse(f"must be a duration such as 90s, 15m, 1h or 2d, from {least} to {most} seconds")
        return None

    schema = {
        "anyOf": [
            {"type": "string", "pattern": _DURATION_PATTERN},
            {"type": "integer", "minimum": least, "maximum": most},
        ]
    }
    return Kind(schema, read, f"a duration, {least:,} to {most:,} seconds")


def duration_words(seconds: int) -> str:
    """Returns the shortest text of a duration without a remainder: `90m`, `1h`, `2d`."""
    unit = next(each for each in reversed(_SECONDS) if seconds % _SECONDS[each] == 0)
    return f"{seconds // _SECONDS[unit]}{unit}"


def boolean() -> Kind:
    """True or false."""

    def read(place: Place, value: object) -> bool | None:
        if isinstance(value, bool):
            return value
        place.refuse("must be true or false")
        return None

    return Kind({"type": "boolean"}, read, "`true` or `false`")


def only(value: object, words: str) -> Kind:
    """One value alone."""

    def read(place: Place, given: object) -> object:
        if given == value and not isinstance(given, bool):
            return value
        place.refuse(f"must be {words}")
        return None

    return Kind({"const": value}, read, words)


def list_of(kind: Kind, most: int, words: str) -> Kind:
    """A list. An empty one is valid and stands for nothing."""

    def read(place: Place, value: object) -> tuple[Any, ...] | None:
        if not isinstance(value, list | tuple):
            place.refuse(f"must be a list of {words}")
            return None
        if len(value) > most:
            place.refuse(f"has {len(value)} parts, and {most} is the most")
            return None
        return tuple(_present(place.at(index), each, kind) for index, each in enumerate(value))

    return Kind({"type": "array", "items": kind.schema, "maxItems": most}, read, f"a list of {words}")


def variables(of: Kind, most: int, words: str) -> Kind:
    """An object of names of environment variables and values."""

    def read(place: Place, value: object) -> dict[str, Any] | None:
        if not isinstance(value, Mapping):
            place.refuse(f"must be an object of {words}")
            return None
        if len(value) > most:
            place.refuse(f"has {len(value)} variables, and {most} is the most")
            return None
        return {
            str(name): _present(place.at(shown(name)), each, of)
            for name, each in value.items()
            if _is_name(place, name)
        }

    schema = {
        "type": "object",
        "propertyNames": {"pattern": f"^{_VARIABLE.pattern}$"},
        "additionalProperties": of.schema,
        "maxProperties": most,
    }
    return Kind(schema, read, f"an object of {words}")


def _is_name(place: Place, name: object) -> bool:
    if isinstance(name, str) and _VARIABLE.fullmatch(name):
        return True
    place.at(shown(name)).refuse("is no name for a variable; use letters, digits and underscores, no digit first")
    return False


def sendable() -> Kind:
    """A text that survives JSON, UTF-8 and a process's arguments. Its problems never show it."""

    def read(place: Place, value: object) -> str | None:
        if not isinstance(value, str):
            place.refuse("must be a text; write numbers, true and false in quotes")
        elif "\0" in value or value.encode("utf-8", "replace").decode("utf-8") != value:
            place.refuse(
                "must be Unicode text without the character NUL: encode what is binary, with Base64 for instance"
            )
        else:
            return value
        return None

    return Kind({"type": "string"}, read, "a text")


def shown(name: object) -> str:
    """Returns a key for a path, cut if it is long."""
    return lenient.text(str(name), _LONGEST_SHOWN) or '""'
