"""Mutation operators beside cosmic-ray's: for decisions that are tables of enums, for results and for texts.

Of each `changes` gives the texts that may stand in place of a node.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_OWNER_AND_NAME = 2  # parts of `Enum.MEMBER`; with more it is an attribute of the member


class EnumMember:
    """Every mention of an enum's member becomes every other member: keys and values of tables, results, conditions."""

    def __init__(self, enums: Mapping[str, Sequence[str]]) -> None:
        self._enums = enums

    def changes(self, node: Any) -> Sequence[str]:
        found = _member(node, self._enums)
        if found is None:
            return ()
        owner, member = found
        rest = "".join(each.get_code() for each in node.children[2:])
        return [f"{owner}.{other}{rest}" for other in self._enums[owner] if other != member]


class EntryRemoved:
    """Every entry of a table is left out once."""

    def changes(self, node: Any) -> Sequence[str]:
        if node.type != "dictorsetmaker" or node.children[1:2] != [":"]:
            return ()
        entries = _split([each.get_code() for each in node.children])
        if any("for " in part for entry in entries for part in entry[2:]):
            return ()
        return [_joined(entries, left_out) for left_out in range(len(entries))]


class ReturnedNone:
    """Every result becomes None."""

    def changes(self, node: Any) -> Sequence[str]:
        is_return = node.type == "return_stmt" and node.children[1].get_code().strip() != "None"
        return ["return None"] if is_return else ()


class ArgumentRemoved:
    """Every named argument of a call is left out once."""

    def changes(self, node: Any) -> Sequence[str]:
        if node.type != "arglist":
            return ()
        arguments = _split([each.get_code() for each in node.children])
        named = [
            at for at, each in enumerate(node.children[::2]) if each.type == "argument" and each.children[1] == "="
        ]
        return [_joined(arguments, left_out) for left_out in named]


class Text:
    """Every text that is no docstring becomes another one."""

    def changes(self, node: Any) -> Sequence[str]:
        if node.type == "fstring_string" and node.value.strip():
            return ["changed"]
        is_docstring = node.parent is not None and node.parent.type == "simple_stmt"
        return ['"changed"'] if node.type == "string" and not is_docstring else ()


def is_of_members(node: Any, place: tuple[int, int], enums: Mapping[str, Sequence[str]]) -> bool:
    """Whether the comparison's operator at this place stands beside an enum's member: `is` says what `==` says there.

    Members are singletons, and none equals another of its enum. Only a text that is no member could tell them apart.
    """
    at = next(number for number, each in enumerate(node.children) if each.start_pos == place)
    return any(
        _member(side, enums) and len(side.children) == _OWNER_AND_NAME for side in node.children[at - 1 : at + 2]
    )


def _member(node: Any, enums: Mapping[str, Sequence[str]]) -> tuple[str, str] | None:
    """(enum, member) that a node begins with."""
    if node.type not in {"atom_expr", "power"} or len(node.children) < _OWNER_AND_NAME:
        return None
    owner, trailer = node.children[:2]
    name, member = getattr(owner, "value", ""), trailer.get_code(include_prefix=False).removeprefix(".")
    return (name, member) if member in enums.get(name, ()) else None


def _split(parts: Sequence[str]) -> list[list[str]]:
    """At the commas."""
    groups: list[list[str]] = [[]]
    for part in parts:
        if part.strip() == ",":
            groups.append([])
        else:
            groups[-1].append(part)
    return [group for group in groups if group]


def _joined(groups: Sequence[Sequence[str]], left_out: int) -> str:
    return "".join("".join(group) + "," for at, group in enumerate(groups) if at != left_out)
