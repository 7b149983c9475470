"""All mutants of a module."""

from __future__ import annotations

import difflib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from typing import Any

import parso
from cosmic_ray.ast import ast_nodes
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.provider import OperatorProvider

from tools.mutation import operators as ours
from tools.mutation.targets import PROJECT, Target

# They turn `is` into `==` and `is not` into `!=`.
_EQUAL_FOR_SAME = {"ReplaceComparisonOperator_Is_Eq", "ReplaceComparisonOperator_IsNot_NotEq"}
# These two put random numbers in place of variables and need to be told which.
_LEFT_OUT = {"VariableReplacer", "VariableInserter"}
_LIST_ENUMS = """
import enum, importlib, json, sys
module = importlib.import_module(sys.argv[1])
enums = {name: list(each.__members__) for name, each in vars(module).items() if isinstance(each, enum.EnumMeta)}
print(json.dumps(enums))
"""


_Place = tuple[int, int]  # line and column
_Change = tuple[str, _Place, Callable[[], str | None]]  # the operator, where, and what gives the mutated source


@dataclass(frozen=True)
class Mutant:
    """A module with one change: the changed lines, and the whole source."""

    module: str
    operator: str
    line: int
    before: str
    after: str
    source: str

    def __str__(self) -> str:
        return f"{self.module}:{self.line} {self.operator}\n  - {self.before}\n  + {self.after}"


def mutants_of(target: Target) -> list[Mutant]:
    """Every different one, in the order of the lines."""
    source = target.path.read_text()
    tree = parso.parse(source)
    nodes = list(ast_nodes(tree))
    no_code, annotations = _not_code(nodes), _annotations(nodes)
    found: dict[str, Mutant] = {}
    enums = _enums(target)
    for name, start, mutated in (*_cosmic_rays(source, nodes, enums), *_ours(source, nodes, enums)):
        decides = start[0] not in no_code and not any(first <= start < last for first, last in annotations)
        code = mutated() if decides else source
        if code and code != source:
            found.setdefault(code, _mutant(target.module, name, start[0], source, code))
    return sorted(found.values(), key=lambda each: each.line)


def _cosmic_rays(source: str, nodes: Sequence[Any], enums: Mapping[str, Sequence[str]]) -> Iterator[_Change]:
    """Places are numbered in the order of cosmic-ray's walk."""
    provider = OperatorProvider()
    for name in (name for name in provider if name not in _LEFT_OUT):
        operator = provider[name]()
        places = [(node, start) for node in nodes for start, _ in operator.mutation_positions(node)]
        for number, (node, start) in enumerate(places):
            changes_nothing = name in _EQUAL_FOR_SAME and ours.is_of_members(node, start, enums)
            if not changes_nothing and not _is_mark_of_parameters(node):
                yield name, start, partial(mutate_code, source, operator, number)


def _is_mark_of_parameters(node: Any) -> bool:
    """`*` and `/` between parameters: no arithmetic."""
    return node.type == "operator" and node.parent.type in {"parameters", "param"}


def _ours(source: str, nodes: Sequence[Any], enums: Mapping[str, Sequence[str]]) -> Iterator[_Change]:
    begins = [0, *accumulate(map(len, source.splitlines(keepends=True)))]
    for operator in (
        ours.EnumMember(enums),
        ours.EntryRemoved(),
        ours.ReturnedNone(),
        ours.ArgumentRemoved(),
        ours.Text(),
    ):
        for node in nodes:
            start, end = (begins[line - 1] + column for line, column in (node.start_pos, node.end_pos))
            for code in operator.changes(node):
                yield type(operator).__name__, node.start_pos, partial("".join, (source[:start], code, source[end:]))


def _enums(target: Target) -> dict[str, list[str]]:
    """The enums that a module knows, and their members: asked in a process of its own."""
    command = [sys.executable, "-c", _LIST_ENUMS, target.module]
    answer = subprocess.run(command, cwd=PROJECT / "functions", capture_output=True, text=True, check=True)
    found: dict[str, list[str]] = json.loads(answer.stdout)
    return found


def _annotations(nodes: Sequence[Any]) -> list[tuple[_Place, _Place]]:
    """Where types stand: they decide nothing."""
    found = []
    for node in nodes:
        if node.type == "annassign":
            found.append((node.children[1].start_pos, node.children[1].end_pos))
        elif node.type in {"param", "funcdef"} and getattr(node, "annotation", None):
            found.append((node.annotation.start_pos, node.annotation.end_pos))
    return found


def _not_code(nodes: Sequence[Any]) -> set[int]:
    """The lines of decorators and imports: nothing is decided there."""
    kinds = {"decorator", "import_from", "import_name"}
    spans = [(node.start_pos[0], node.end_pos[0]) for node in nodes if node.type in kinds]
    return {line for first, last in spans for line in range(first, last + 1)}


def _mutant(module: str, operator: str, line: int, source: str, mutated: str) -> Mutant:
    diff = list(difflib.unified_diff(source.splitlines(), mutated.splitlines(), lineterm="", n=0))[2:]
    before = " ".join(each[1:].strip() for each in diff if each.startswith("-"))
    after = " ".join(each[1:].strip() for each in diff if each.startswith("+"))
    return Mutant(module, operator, line, before, after, mutated)
