"""All mutants of a module."""

from __future__ import annotations

import difflib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import parso
from cosmic_ray.ast import ast_nodes
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.provider import OperatorProvider

from tools.mutation import operators as ours
from tools.mutation.targets import PROJECT, Target

# These two put random numbers in place of variables and need to be told which.
_LEFT_OUT = {"VariableReplacer", "VariableInserter"}
_LIST_ENUMS = """
import enum, importlib, json, sys
module = importlib.import_module(sys.argv[1])
enums = {name: list(each.__members__) for name, each in vars(module).items() if isinstance(each, enum.EnumMeta)}
print(json.dumps(enums))
"""


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
    no_code = _not_code(source)
    found: dict[str, Mutant] = {}
    for name, operator in _operators(target):
        for occurrence, line in _occurrences(source, operator):
            mutated = None if line in no_code else mutate_code(source, operator, occurrence)
            if mutated and mutated != source:
                found.setdefault(mutated, _mutant(target.module, name, line, source, mutated))
    return sorted(found.values(), key=lambda each: each.line)


def _operators(target: Target) -> Iterator[tuple[str, Any]]:
    provider = OperatorProvider()
    yield from ((name, provider[name]()) for name in provider if name not in _LEFT_OUT)
    yield "EnumMember", ours.EnumMember(_enums(target))
    for operator in (ours.EntryRemoved, ours.ReturnedNone, ours.ArgumentRemoved, ours.Text):
        yield operator.__name__, operator()


def _enums(target: Target) -> dict[str, list[str]]:
    """The enums that a module knows, and their members: asked in a process of its own."""
    command = [sys.executable, "-c", _LIST_ENUMS, target.module]
    answer = subprocess.run(command, cwd=PROJECT / "functions", capture_output=True, text=True, check=True)
    found: dict[str, list[str]] = json.loads(answer.stdout)
    return found


def _occurrences(source: str, operator: Any) -> Iterator[tuple[int, int]]:
    """(number, line) of each place where an operator changes something, in the order of cosmic-ray's walk."""
    number = 0
    annotations = _annotations(source)
    for node in ast_nodes(parso.parse(source)):
        for start, _ in operator.mutation_positions(node):
            if not any(first <= start < last for first, last in annotations):
                yield number, start[0]
            number += 1


def _annotations(source: str) -> list[ours.Span]:
    """Where types stand: they decide nothing."""
    found = []
    for node in ast_nodes(parso.parse(source)):
        if node.type == "annassign":
            found.append((node.children[1].start_pos, node.children[1].end_pos))
        elif node.type in {"param", "funcdef"} and getattr(node, "annotation", None):
            found.append((node.annotation.start_pos, node.annotation.end_pos))
    return found


def _not_code(source: str) -> set[int]:
    """The lines of decorators and imports: nothing is decided there."""
    kinds = {"decorator", "import_from", "import_name"}
    nodes = [node for node in ast_nodes(parso.parse(source)) if node.type in kinds]
    return {line for node in nodes for line in range(node.start_pos[0], node.end_pos[0] + 1)}


def _mutant(module: str, operator: str, line: int, source: str, mutated: str) -> Mutant:
    diff = list(difflib.unified_diff(source.splitlines(), mutated.splitlines(), lineterm="", n=0))[2:]
    before = " ".join(each[1:].strip() for each in diff if each.startswith("-"))
    after = " ".join(each[1:].strip() for each in diff if each.startswith("+"))
    return Mutant(module, operator, line, before, after, mutated)
