"""What a run of the suite costs in AWS, before it is begun."""

from __future__ import annotations

from collections.abc import Iterable

from verify.facts import Scenario

#: Of us-east-1, Linux, x86, in US cents: the smallest task (0.25 vCPU, 0.5 GB) and its public address, for an hour.
TASK_HOUR_CENTS = 0.25 * 4.048 + 0.5 * 0.4445 + 0.5
#: From the pull of the image to the end, most of it starting and stopping (fact B13); Fargate bills a minute at least.
TASK_HOURS = 150 / 3600
TRANSITION_CENTS = 0.0025
#: Far more than any scenario has.
SCENARIO_TRANSITIONS = 20


def task_count(scenarios: Iterable[Scenario]) -> int:
    """How many Fargate tasks are started."""
    return sum(scenario.tasks for scenario in scenarios)


def cost_cents(scenarios: Iterable[Scenario]) -> float:
    """About what they cost, in US cents; rather too much than too little."""
    found = tuple(scenarios)
    tasks = task_count(found) * TASK_HOUR_CENTS * TASK_HOURS
    return tasks + len(found) * SCENARIO_TRANSITIONS * TRANSITION_CENTS
