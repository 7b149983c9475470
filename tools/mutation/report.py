"""docs/mutation.md."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from tools.mutation.mutants import Mutant
from tools.mutation.targets import EQUIVALENTS, REPORT, TARGETS, Equivalent, Target, name_of
from tools.mutation.workers import Verdict

_HEAD = """\
# Mutation testing of the decisions

Written by `make mutation`. A mutant is the module with one change:

- A member of an enum in a table, a result or a condition becomes each other member.
- An entry of a table, a named argument or a result is removed.
- A text is replaced.
- [cosmic-ray](https://pypi.org/project/cosmic-ray/) changes comparisons, numbers, `and`, `or`, `not` and the like.
  Next to a member of an enum, `is` does not become `==`, nor `is not` `!=`: members are singletons, so both mean the
  same.

A mutant is killed if a test fails. A broken mutant does not load or never ends. A survivor passes every test.
Each row says when the module's mutants were run, and of which source: the begin of its SHA-256.

| module | source | run on | mutants | killed | broken | equivalent | survivors |
| --- | --- | --- | --- | --- | --- | --- | --- |
"""
_ROW = re.compile(r"^\| `(.*?)` \| `(.*?)` \| .* \|\n", re.MULTILINE)


@dataclass(frozen=True)
class Result:
    """What became of the mutants of one module."""

    target: Target
    counts: Mapping[Verdict, int]
    survivors: Sequence[Mutant]
    equivalents: Sequence[Equivalent]

    @classmethod
    def of(cls, target: Target, mutants: Sequence[Mutant], found: Mapping[int, Verdict]) -> Result:
        """Survivors that are listed as equivalent are none."""
        alive = [mutants[number] for number in sorted(found) if found[number] is Verdict.SURVIVED]
        pairs = [(each, _listed(each)) for each in alive]
        return cls(
            target,
            Counter(found.values()),
            [each for each, listed in pairs if listed is None],
            [listed for _, listed in pairs if listed],
        )

    def row(self) -> str:
        """In the table."""
        killed, broken = self.counts[Verdict.KILLED], self.counts[Verdict.BROKEN]
        total, same = sum(self.counts.values()), len(self.equivalents)
        today, alive = datetime.now(UTC).date(), len(self.survivors)
        numbers = f"{total} | {killed} | {broken} | {same} | {alive}"
        return f"| `{self.target.name}` | `{_source(self.target)}` | {today} | {numbers} |\n"


def stale(listed: Sequence[Equivalent], results: Sequence[Result]) -> list[Equivalent]:
    """What is listed as equivalent for a module that was run, and was not met."""
    met = {each for result in results for each in result.equivalents}
    ran = {result.target.module for result in results}
    return [each for each in listed if each.module in ran and each not in met]


def write(results: Sequence[Result]) -> None:
    """Write the report. Modules that were not run keep their rows as long as they do not change; others are named."""
    kept = {(row[1], row[2]): row[0] for row in _ROW.finditer(REPORT.read_text())}
    rows = {each.name: kept[place] for each in TARGETS if (place := (each.name, _source(each))) in kept}
    rows |= {each.target.name: each.row() for each in results}
    shown = [each for each in TARGETS if each.name in rows]
    text = _HEAD + "".join(rows[each.name] for each in shown)
    if left := [each.name for each in TARGETS if each.name not in rows]:
        text += "\nThe mutants of these modules were not run since the modules were written or changed:\n\n"
        text += "".join(f"- `{name}`\n" for name in left)
    modules = {each.module for each in shown}
    if same := [each for each in EQUIVALENTS if each.module in modules]:
        text += "\n## Equivalent mutants\n\nNo test can notice these: they behave as the code does.\n"
        text += "".join(map(_shown, same))
    REPORT.write_text(text)


def _source(target: Target) -> str:
    return sha256(target.path.read_bytes()).hexdigest()[:8]


def _shown(each: Equivalent) -> str:
    return f"\n`{name_of(each.module)}`: {each.why}\n\n```diff\n- {each.before}\n+ {each.after}\n```\n"


def _listed(mutant: Mutant) -> Equivalent | None:
    return next(
        (
            each
            for each in EQUIVALENTS
            if (each.module, each.before, each.after) == (mutant.module, mutant.before, mutant.after)
        ),
        None,
    )
