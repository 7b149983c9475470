"""Every scenario of the suite."""

from verify.facts import Scenario
from verify.scenarios import errors, executions, maps, nested, patterns, stops, sync, tasks, timeouts, tokens

SCENARIOS: tuple[Scenario, ...] = (
    *patterns.SCENARIOS,
    *sync.SCENARIOS,
    *stops.SCENARIOS,
    *tasks.SCENARIOS,
    *errors.SCENARIOS,
    *timeouts.SCENARIOS,
    *tokens.SCENARIOS,
    *executions.SCENARIOS,
    *maps.SCENARIOS,
    *nested.SCENARIOS,
)
