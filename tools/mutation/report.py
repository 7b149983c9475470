"""docs/mutation.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tools.mutation.mutants import Mutant
from tools.mutation.targets import EQUIVALENTS, REPORT, Equivalent, Target
from tools.mutation.workers import Verdict

_HEAD = """\
# Mutation testing of the decisions

Written by `make mutation` on {date}. A mutant is the module with one change:

- A member of an enum in a table, a result or a condition becomes each other member.
- An entry of a table, a named argument or a result is removed.
- A text is replaced.
- [cosmic-ray](https://pypi.org/project/cosmic-ray/) changes comparisons, numbers, `and`, `or`, `not` and the like.
  Next to a member of an enum, `is` does not become `==`, nor `is not` `!=`: members are singletons, so both mean the
  same.

A mutant is killed if a test fails. A broken mutant does not load or never ends. A survivor passes every test.

| module | mutants | killed | broken | equivalent | survivors |
| --- | --- | --- | --- | --- | --- |
"""


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
        name = self.target.module.rpartition(".")[2]
        return f"| `{name}.py` | {total} | {killed} | {broken} | {same} | {len(self.survivors)} |\n"


def stale(listed: Sequence[Equivalent], results: Sequence[Result]) -> list[Equivalent]:
    """What is listed as equivalent and was not met."""
    met = {each for result in results for each in result.equivalents}
    return [each for each in listed if each not in met]


def write(results: Sequence[Result]) -> None:
    """Write the report."""
    text = _HEAD.format(date=datetime.now(UTC).date()) + "".join(each.row() for each in results)
    same = [each for result in results for each in dict.fromkeys(result.equivalents)]
    if same:
        text += "\n## Equivalent mutants\n\nNo test can notice these: they behave as the code does.\n"
        text += "".join(map(_shown, same))
    REPORT.write_text(text)


def _shown(each: Equivalent) -> str:
    name = each.module.rpartition(".")[2]
    return f"\n`{name}.py`: {each.why}\n\n```diff\n- {each.before}\n+ {each.after}\n```\n"


def _listed(mutant: Mutant) -> Equivalent | None:
    return next(
        (
            each
            for each in EQUIVALENTS
            if (each.module, each.before, each.after) == (mutant.module, mutant.before, mutant.after)
        ),
        None,
    )
