"""Mutation operators beside cosmic-ray's: for decisions that are tables of enums, for results and for texts.

Of each `changes` gives the texts that may stand in place of a node.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class EnumMember:
    """Every mention of an enum's member becomes every other member: keys and values of tables, results, conditions."""

    def __init__(self, enums: Mapping[str, Sequence[str]]) -> None:
        self._enums = enums

    def changes(self, node: Any) -> Sequence[str]:
        if node.type not in {"atom_expr", "power"} or len(node.children) < 2:  # noqa: PLR2004
            return ()
        owner, trailer = node.children[:2]
        members = self._enums.get(getattr(owner, "value", ""), ())
        code = trailer.get_code(include_prefix=False)
        if code.removeprefix(".") not in members:
            return ()
        rest = "".join(each.get_code() for each in node.children[2:])
        return [f"{owner.value}.{other}{rest}" for other in members if f".{other}" != code]


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
