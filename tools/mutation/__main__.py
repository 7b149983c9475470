"""Mutation testing of the decisions: `make mutation`, or `python -m tools.mutation [MODULE ...]`.

Every mutant of the modules in `targets.py` is given to their tests; one that no test notices is shown, and the command
fails, unless it is listed there as equivalent. With no arguments it writes docs/mutation.md.
"""

from __future__ import annotations

import sys
from collections import Counter

from tools.mutation.targets import EQUIVALENTS, PACKAGES, TARGETS, Target

sys.path.append(str(PACKAGES))


def main(names: list[str]) -> int:
    """Mutates these modules, or all. Returns the exit code."""
    from tools.mutation import report, workers  # noqa: PLC0415

    known = {each.module.rpartition(".")[2]: each for each in TARGETS}
    if unknown := [name for name in names if name not in known]:
        sys.exit(f"no target: {', '.join(unknown)}; the targets are {', '.join(known)}")
    targets = [known[name] for name in names or known]
    workers.warm_up()
    results = [_result(target) for target in targets]
    for each in (mutant for result in results for mutant in result.survivors):
        print(f"survived: {each}")
    stale = [] if names else report.stale(EQUIVALENTS, results)
    for each in stale:
        print(f"listed as equivalent, but not among the survivors: {each.module} {each.after}")
    if any(result.survivors for result in results) or stale:
        return 1
    if not names:
        report.write(results)
    return 0


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
