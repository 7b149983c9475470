"""Check the functions' own protocol with more faults at once than the tests do: `python -m tests.model`."""

import sys
import time

from tests.model.checker import check
from tests.model.protocols import REAL
from tests.model.scenario import DEEP_SCENARIOS
from tests.model.world import World


def say(what: object) -> None:
    print(what, flush=True)  # noqa: T201


def main() -> int:
    """One line for each scenario; the first counter-example ends it."""
    for scenario in DEEP_SCENARIOS:
        began = time.monotonic()
        report = check(World(scenario, REAL))
        seconds = time.monotonic() - began
        say(f"{scenario.name}, at most {scenario.at_most} faults: {report.states} states, {seconds:.0f} s")
        if report.counter_example:
            say(report.counter_example)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
