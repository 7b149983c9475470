"""What a world is like: how many runs, how wild, how much lags behind. A function of the seed."""

from dataclasses import dataclass
from random import Random
from typing import Final, TypeVar

from tests.fakes.ecs import MACHINES
from tests.simulation.executions import Pattern, RunSpec, Says
from tests.simulation.faults import Weather
from tests.simulation.template import MAPPER_ARN

T = TypeVar("T")
_OF_USERS: Final = "arn:aws:states:us-east-1:123456789012:stateMachine:somebody-elses"
MACHINE_OF: Final = {
    Pattern.REQUEST_RESPONSE: MACHINES.request_response,
    Pattern.SYNC: MACHINES.sync,
    Pattern.CALLBACK: MACHINES.callback,
}
_PATTERNS: Final = (Pattern.CALLBACK, Pattern.CALLBACK, Pattern.CALLBACK, Pattern.SYNC, Pattern.REQUEST_RESPONSE)
_WEATHERS: Final = (Weather.CALM, Weather.MILD, Weather.ROUGH, Weather.ROUGH, Weather.WILD)
SWEEPS: Final = (60.0, 180.0, 300.0, 600.0)


@dataclass(frozen=True, slots=True)
class Profile:
    """Times are seconds. `lag` is the longest that an index may be behind, `page` how much one page of a list has,
    `callers` how many people start a run by the API. `prints` says that the functions log and count,
    `lists_by_end` in which order executions are listed.
    """

    weather: Weather
    runs: int
    arrive_within: float
    active_for: float
    sweep_every: float
    sweep_pause: tuple[float, float]
    lag: float
    page: int
    concurrency: int | None
    poison: int
    callers: int
    prints: bool
    lists_by_end: bool

    @classmethod
    def of(cls, rng: Random, *, runs: int | None = None) -> "Profile":
        """A seeded one; small worlds find most, and find it quickly."""
        count = runs or 1 + int(rng.random() * 5)
        pause_from = rng.random() * 600
        outage = 5_000.0 if rng.random() < 0.08 else 0.0
        return cls(
            weather=_pick(rng, _WEATHERS),
            runs=count,
            arrive_within=max(60.0, count * 2.0),
            active_for=400 + rng.random() * 500 + count * 2.0 + outage,
            sweep_every=_pick(rng, SWEEPS),
            sweep_pause=(pause_from, pause_from + 3_000 + outage) if outage or rng.random() < 0.2 else (0.0, 0.0),
            lag=_pick(rng, (0.05, 0.05, 2.0, 20.0)),
            page=_pick(rng, (1, 2, 7, 100)) if count < 20 else 100,
            concurrency=_pick(rng, (None, None, 1, 3)) if count < 20 else None,
            poison=int(rng.random() * 3),
            prints=rng.random() < 0.25,
            lists_by_end=rng.random() < 0.5,
            callers=int(rng.random() * 3) if rng.random() < 0.4 else 0,
        )


def spec_of(rng: Random, name: str) -> RunSpec:
    """A seeded run of one of our machines, or of a machine of somebody else."""
    pattern = _pick(rng, _PATTERNS)
    kind = rng.random()
    ours = kind < 0.7
    items = 1 + int(rng.random() * 4) if kind > 0.85 and pattern is Pattern.CALLBACK else 0
    says = Says.ALL if ours or items else _pick(rng, (Says.ALL, Says.RUN_ID, Says.NOTHING))
    return RunSpec(
        name=name,
        machine_arn=MAPPER_ARN if items else MACHINE_OF[pattern] if ours else _OF_USERS,
        pattern=pattern,
        says=says,
        token_variable="TASK_TOKEN" if ours else "TASK_TOKEN_ENV_VARIABLE",
        items=items,
        items_are_children=rng.random() < 0.5,
        tolerates_failures=items > 0 and rng.random() < 0.5,
        timeout_seconds=_pick(rng, (60.0, 200.0, 500.0, 3_600.0)),
        retries=int(rng.random() * 3),
        retries_timeouts=rng.random() < 0.5,
        abort_after=rng.random() * 500 if rng.random() < 0.25 else None,
        redrive_after=rng.random() * 300 if rng.random() < 0.3 else None,
    )


def _pick(rng: Random, choices: tuple[T, ...]) -> T:
    return choices[int(rng.random() * len(choices))]
