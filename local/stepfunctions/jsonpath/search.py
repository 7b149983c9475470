"""Looks up what a path leads to, with Jayway's errors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from local.stepfunctions.jsonpath.steps import Descendants, Filter, Index, Path, Property, Slice, Step, Wildcard


class NoResultError(Exception):
    """A definite path leads nowhere; the message is Jayway's."""


@dataclass(frozen=True)
class _Place:
    """A value, how it was reached, and whether every step to it was definite."""

    value: object
    way: str
    is_definite: bool

    def at_property(self, name: str, value: object, *, is_definite: bool) -> _Place:
        return _Place(value, f"{self.way}['{name}']", self.is_definite and is_definite)

    def at_index(self, index: int, value: object, *, is_definite: bool) -> _Place:
        return _Place(value, f"{self.way}[{index}]", self.is_definite and is_definite)


def look_up(path: Path, document: object) -> object:
    """The value of a definite path, or NoResultError; the list of all values of an indefinite one."""
    found = [place.value for place in _follow(path.steps, _Place(document, "$", is_definite=True), document)]
    if not path.is_definite:
        return found
    if not found:
        raise NoResultError(f"No results for path: ${''.join(_written(step) for step in path.steps)}")
    return found[-1]


def _follow(steps: tuple[Step, ...], place: _Place, root: object) -> Iterator[_Place]:
    if not steps:
        yield place
        return
    step, rest = steps[0], steps[1:]
    if isinstance(step, Descendants):
        yield from _below(rest, place, root)
        return
    for next_place in _taken(step, place, root, is_last=not rest):
        yield from _follow(rest, next_place, root)


def _taken(step: Step, place: _Place, root: object, *, is_last: bool) -> Iterator[_Place]:
    if isinstance(step, Property):
        return _properties(step, place, is_last=is_last)
    if isinstance(step, Index):
        return _elements(list(step.indexes), place, f"[{','.join(map(str, step.indexes))}]")
    if isinstance(step, Slice):
        length = len(place.value) if isinstance(place.value, list) else 0
        return _elements(_indexes(step, length), place, _written(step), is_definite=False)
    if isinstance(step, Filter):
        return _filtered(step, place, root)
    return _children(place)


def _properties(step: Property, place: _Place, *, is_last: bool) -> Iterator[_Place]:
    if not isinstance(place.value, dict):
        if place.is_definite:
            raise NoResultError(
                f"Expected to find an object with property {_written(step)} in path {place.way} "
                f"but found '{_kind(place.value)}'. This is not a json object."
            )
        return
    if is_last and len(step.names) > 1:
        yield _Place(
            {name: place.value[name] for name in step.names if name in place.value}, place.way, is_definite=True
        )
        return
    for name in step.names:
        if name in place.value:
            yield place.at_property(name, place.value[name], is_definite=len(step.names) == 1)
        elif not is_last and place.is_definite and len(step.names) == 1:
            raise NoResultError(f"Missing property in path {place.way}['{name}']")


def _elements(indexes: list[int], place: _Place, written: str, *, is_definite: bool = True) -> Iterator[_Place]:
    if not isinstance(place.value, list):
        if place.is_definite:
            raise NoResultError(
                f"The path {place.way} is null"
                if place.value is None
                else f"Filter: {written} can only be applied to arrays. Current context is: {_json(place.value)}"
            )
        return
    for index in indexes:
        if -len(place.value) <= index < len(place.value):
            yield place.at_index(index, place.value[index], is_definite=is_definite and len(indexes) == 1)


def _indexes(step: Slice, length: int) -> list[int]:
    """As Jayway's: with a start and an end, a negative one is no distance from the end but an index of its own."""
    if step.start is None:
        stop = step.stop or 0
        return list(range(min(length, stop + length if stop < 0 else stop)))
    if step.stop is None:
        return list(range(max(0, step.start + length if step.start < 0 else step.start), length))
    return list(range(max(-length, step.start), min(length, step.stop)))


def _filtered(step: Filter, place: _Place, root: object) -> Iterator[_Place]:
    """The elements of a list that meet a condition, or an object that does."""
    if isinstance(place.value, dict):
        if step.condition(place.value, root):
            yield _Place(place.value, place.way, is_definite=False)
    elif isinstance(place.value, list):
        for index, element in enumerate(place.value):
            if step.condition(element, root):
                yield place.at_index(index, element, is_definite=False)
    elif place.is_definite:
        raise NoResultError(f"Filter: [?] can not be applied to primitives. Current context is: {_json(place.value)}")


def _children(place: _Place) -> Iterator[_Place]:
    if isinstance(place.value, dict):
        for name, value in place.value.items():
            yield place.at_property(name, value, is_definite=False)
    elif isinstance(place.value, list):
        for index, value in enumerate(place.value):
            yield place.at_index(index, value, is_definite=False)


def _below(rest: tuple[Step, ...], place: _Place, root: object) -> Iterator[_Place]:
    """The rest of the path from a value and from all that is in it, outer ones first."""
    if not isinstance(place.value, dict | list):
        return
    # A list's elements have their turn themselves: a filter that looked into the list would find them twice.
    if not (isinstance(rest[0], Filter) and isinstance(place.value, list)):
        yield from _follow(rest, _Place(place.value, place.way, is_definite=False), root)
    for child in _children(place):
        yield from _below(rest, child, root)


def _written(step: Step) -> str:
    if isinstance(step, Property):
        quoted = (f"'{name}'" for name in step.names)
        return f"[{','.join(quoted)}]"
    if isinstance(step, Index):
        return f"[{','.join(map(str, step.indexes))}]"
    if isinstance(step, Slice):
        return f"[{'' if step.start is None else step.start}:{'' if step.stop is None else step.stop}]"
    return "[*]" if isinstance(step, Wildcard) else ".." if isinstance(step, Descendants) else "[?]"


def _kind(value: object) -> str:
    names = {type(None): "null", bool: "boolean", str: "string", int: "number", float: "number", list: "array"}
    return names.get(type(value), "object")


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
