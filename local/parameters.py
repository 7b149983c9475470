"""Parameters of the template that a person gives: what cannot be right is refused before a minute of building.

CloudFormation refuses most of it too, and names one thing at a time.
"""

from __future__ import annotations

import difflib
import json
import re
import zoneinfo
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import yaml

from local.errors import BadParametersError
from local.paths import PROJECT

#: Those of the machine at hand: functions run in the interpreter that runs this.
OF_THIS_MACHINE: Final = frozenset({"Architecture", "Runtime"})


class _Loader(yaml.SafeLoader):
    """Reads a template; what CloudFormation's tags stand for is of no account here."""


_Loader.add_multi_constructor("!", lambda _loader, _suffix, _node: None)


def check_parameters(given: Mapping[str, str]) -> None:
    """Raises BadParametersError, which names everything that is wrong and the parameters that there are."""
    if given:
        known: Mapping[str, Mapping[str, Any]] = yaml.load((PROJECT / "template.yaml").read_text(), Loader=_Loader)[  # noqa: S506  it is a safe one
            "Parameters"
        ]
        if problems := tuple(problems_of(given, known)):
            raise BadParametersError(problems)


def problems_of(given: Mapping[str, str], known: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """What is wrong, a sentence each. `known` is the template's `Parameters`."""
    for name, value in given.items():
        if name not in known:
            yield _unknown(name, sorted(known.keys() - OF_THIS_MACHINE))
        elif name in OF_THIS_MACHINE:
            yield f"{name} is what this machine has, and cannot be given here."
        elif (problem := _wrong(name, value, known[name])) is not None:
            yield f"{name} must be {problem}"


def _unknown(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"There is no parameter {name}{f': did you mean {near[0]}?' if near else '.'} There are {', '.join(known)}."


def _wrong(name: str, value: str, parameter: Mapping[str, Any]) -> str | None:
    """Returns what the value should have been; None if it may be right."""
    allowed = parameter.get("AllowedValues")
    if allowed is not None and value not in map(str, allowed):
        return f"one of {', '.join(map(str, allowed))}, not {value!r}."
    if parameter["Type"] == "Number" and not _in_range(value, parameter):
        return f"a number from {parameter.get('MinValue', '-')} to {parameter.get('MaxValue', '-')}, not {value!r}."
    if len(value) < parameter.get("MinLength", 0):
        return f"at least {parameter['MinLength']} characters long."
    parts = value.split(",") if parameter["Type"] == "CommaDelimitedList" else [value]
    if not all(re.search(parameter.get("AllowedPattern", ""), part) for part in parts):
        # What it says after its first sentence is about other ways to give a parameter.
        told = str(parameter.get("ConstraintDescription", "")).partition(". ")[0].rstrip(".")
        return f"{told or 'of the form ' + parameter['AllowedPattern']}, not {value!r}."
    return _MORE[name](value) if name in _MORE else None


def _in_range(value: str, parameter: Mapping[str, Any]) -> bool:
    try:
        return bool(parameter.get("MinValue", float("-inf")) <= float(value) <= parameter.get("MaxValue", float("inf")))
    except ValueError:
        return False


def _json_object(value: str) -> str | None:
    try:
        read = json.loads(value)
    except (ValueError, RecursionError):
        read = None
    return None if isinstance(read, dict) else f"a JSON object, not {value!r}."


def _time_zone(value: str) -> str | None:
    if value in zoneinfo.available_timezones():
        return None
    near = difflib.get_close_matches(value, sorted(zoneinfo.available_timezones()), n=1)
    return f"a time zone that there is, such as {near[0] if near else 'Asia/Seoul'}, not {value!r}."


#: What no pattern can tell.
_MORE: Final[Mapping[str, Callable[[str], str | None]]] = {
    "ScheduleInput": _json_object,
    "ScheduleTimeZone": _time_zone,
}
