"""Check the functions' own protocols with more faults at once than the tests do: `python -m tests.model`."""

import sys
import time
from typing import Any

from tests.model.checker import Model, check
from tests.model.protocols import REAL
from tests.model.scenario import DEEP_SCENARIOS
from tests.model.slots.protocols import REAL as SLOTS
from tests.model.slots.scenario import DEEP_SCENARIOS as DEEP_SLOTS
from tests.model.slots.world import World as SlotsWorld
from tests.model.world import World


def say(what: object) -> None:
    print(what, flush=True)  # noqa: T201


def main() -> int:
    """One line for each scenario; the first counter-example ends it."""
    models: list[tuple[Any, Model[Any]]] = [(each, World(each, REAL)) for each in DEEP_SCENARIOS]
    models += [(each, SlotsWorld(each, SLOTS)) for each in DEEP_SLOTS]
    for scenario, model in models:
        began = time.monotonic()
        report = check(model)
        seconds = time.monotonic() - began
        say(f"{scenario.name}, at most {scenario.at_most} faults: {report.states} states, {seconds:.0f} s")
        if report.counter_example:
            say(report.counter_example)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
