"""Mutation testing of the decisions: `make mutation`, or `python -m tools.mutation [MODULE ...]`.

Every mutant of the modules in `targets.py` is given to their tests; one that no test notices is shown, and the command
fails, unless it is listed there as equivalent. A module is named by the end of its place: `jobs.slots`, or `slots` for
both of that name. docs/mutation.md is written if no mutant survives. It keeps the rows of modules that were not named.
"""

from __future__ import annotations

import sys
from collections import Counter

from tools.mutation.targets import EQUIVALENTS, PACKAGES, TARGETS, Target

sys.path.append(str(PACKAGES))


def main(names: list[str]) -> int:
    """Mutates these modules, or all. Returns the exit code."""
    from tools.mutation import report, workers  # noqa: PLC0415

    if unknown := [name for name in names if not _named(name)]:
        known = ", ".join(each.module.removeprefix("fargate_runs.") for each in TARGETS)
        sys.exit(f"no target: {', '.join(unknown)}; the targets are {known}")
    targets = [each for each in TARGETS if not names or any(each in _named(name) for name in names)]
    workers.warm_up()
    results = [_result(target) for target in targets]
    for each in (mutant for result in results for mutant in result.survivors):
        print(f"survived: {each}")
    stale = report.stale(EQUIVALENTS, results)
    for each in stale:
        print(f"listed as equivalent, but not among the survivors: {each.module} {each.after}")
    if any(result.survivors for result in results) or stale:
        return 1
    report.write(results)
    return 0


def _named(name: str) -> list[Target]:
    return [each for each in TARGETS if each.module.endswith(f".{name}")]


def _result(target: Target) -> object:
    from tools.mutation import mutants, report, workers  # noqa: PLC0415

    all_of_it = mutants.mutants_of(target)
    jobs = [(target.module, each.source, target.tests) for each in all_of_it]
    unchanged = (target.module, target.path.read_text(), target.tests)
    _, verdict = next(workers.verdicts([unchanged], lambda *_: None))
    if verdict is not workers.Verdict.SURVIVED:
        sys.exit(f"{target.module}: its tests fail without any change")
    found = dict(workers.verdicts(jobs, _progress(target)))
    print(f"\r{target.module}: {dict(Counter(map(str, found.values())))}", flush=True)
    return report.Result.of(target, all_of_it, found)


def _progress(target: Target) -> object:
    def seen(done: int, of: int) -> None:
        if sys.stdout.isatty():
            print(f"\r{target.module}: {done} of {of}", end="", flush=True)

    return seen


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
