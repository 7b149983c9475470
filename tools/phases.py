"""Run targets of make one after the other and say how long each took: `python -m tools.phases MINUTES TARGET...`.

More than MINUTES is said loudly and fails nothing: how long it takes depends on what else the machine does. Where it
is said again and again, look at the slowest tests, which each target prints.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence


def make(target: str) -> int:
    """Run a target; returns its exit code."""
    return subprocess.run(["make", "--no-print-directory", target], check=False).returncode  # noqa: S607 - whichever make runs this


def run(
    budget_minutes: float,
    targets: Sequence[str],
    *,
    make: Callable[[str], int] = make,
    now: Callable[[], float] = time.monotonic,
) -> int:
    """Run the targets up to the first that fails, report, and return its exit code."""
    took: dict[str, float] = {}
    code = 0
    for target in targets:
        start = now()
        code = make(target)
        took[target] = (now() - start) / 60
        if code:
            break
    for target, minutes in sorted(took.items(), key=lambda each: -each[1]):
        print(f"{minutes:6.1f} min  {target}")
    total = sum(took.values())
    print(f"took {total:.1f} of {budget_minutes:g} minutes")
    if total > budget_minutes:
        print(f"WARNING: {total - budget_minutes:.1f} minutes over its budget, if this machine had nothing else to do")
    return code


if __name__ == "__main__":
    sys.exit(run(float(sys.argv[1]), sys.argv[2:]))
