"""What a world is like: how many runs, how wild, how much lags behind. A function of the seed."""

from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random
from typing import Final, TypeVar

from tests.fakes.ecs import MACHINES
from tests.simulation.attempts import Pattern, RunSpec, Says
from tests.simulation.ecs import USUALLY_HIDDEN
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
_RETRIED: Final = 0.3  # worlds that are about replaced attempts


class Theme(StrEnum):
    """What most runs of a world are."""

    ANY = "any"
    RETRIES = "retries"  # attempts that hang, are replaced, run on, and are seen at the wrong moment


@dataclass(frozen=True, slots=True)
class Profile:
    """Times are seconds. `weather` is that of calls, `mail` that of events. `brittle` is the chance that something
    happens to what records a task right after it did; with `spares_sweeps` no sweep's process dies of a fault, so that
    what it remembers grows old; `sweeps_missed` is the part of sweeps that never begins. `lag` is the longest that an
    index may be behind; `hidden` the chance that a task leaves ECS's lists for a while, within how long after its
    beginning, and for how long; `page` how much one page of a list has. `callers` is how many people start a run by the
    API, `prints` says that the functions log and count, `lists_by_end` in which order executions are listed.
    """

    theme: Theme
    weather: Weather
    mail: Weather
    brittle: float
    spares_sweeps: bool
    runs: int
    arrive_within: float
    active_for: float
    sweep_every: float
    sweeps_missed: float
    sweep_pause: tuple[float, float]
    lag: float
    hidden: tuple[float, float, float]
    page: int
    concurrency: int | None
    poison: int
    callers: int
    prints: bool
    lists_by_end: bool

    @classmethod
    def of(cls, rng: Random, *, runs: int | None = None) -> "Profile":
        """A seeded one; small worlds find most, and find it quickly."""
        theme = Theme.RETRIES if rng.random() < _RETRIED else Theme.ANY
        profile = cls._of_any(rng, runs)
        return profile._about_retries(rng, runs) if theme is Theme.RETRIES else profile

    @classmethod
    def _of_any(cls, rng: Random, runs: int | None) -> "Profile":
        count = runs or 1 + int(rng.random() * 3.5)
        weather = _pick(rng, _WEATHERS)
        pause_from = rng.random() * 600
        outage = 5_000.0 if rng.random() < 0.08 else 0.0
        return cls(
            theme=Theme.ANY,
            weather=weather,
            mail=weather if rng.random() < 0.7 else _pick(rng, _WEATHERS),
            brittle=_pick(rng, (0.1, 0.4)) if rng.random() < 0.2 else 0.0,
            spares_sweeps=rng.random() < 0.4,
            runs=count,
            arrive_within=max(60.0, count * 2.0),
            active_for=400 + rng.random() * 500 + count * 2.0 + outage,
            sweep_every=_pick(rng, SWEEPS),
            sweeps_missed=0.0,
            sweep_pause=(pause_from, pause_from + 3_000 + outage) if outage or rng.random() < 0.2 else (0.0, 0.0),
            lag=_pick(rng, (0.05, 0.05, 2.0, 20.0)),
            hidden=USUALLY_HIDDEN,
            page=_pick(rng, (1, 2, 7, 100)) if count < 20 else 100,
            concurrency=_pick(rng, (None, None, 1, 3)) if count < 20 else None,
            poison=int(rng.random() * 3),
            prints=rng.random() < 0.25,
            lists_by_end=rng.random() < 0.5,
            callers=int(rng.random() * 3) if rng.random() < 0.4 else 0,
        )

    def _about_retries(self, rng: Random, runs: int | None) -> "Profile":
        """Few runs with many attempts, hardly a call that fails elsewhere, and sweeps that remember."""
        return replace(
            self,
            theme=Theme.RETRIES,
            weather=_pick(rng, (Weather.MILD, Weather.MILD, Weather.MILD, Weather.ROUGH)),
            mail=Weather.WILD,
            brittle=_pick(rng, (0.4, 0.9)),
            spares_sweeps=rng.random() < 0.9,
            runs=runs or 1 + int(rng.random() * 2),
            active_for=350 + rng.random() * 350 + (runs or 0) * 2.0,
            sweep_every=60.0,
            sweeps_missed=_pick(rng, (0.0, 0.2, 0.6)),
            sweep_pause=(0.0, 0.0),
            lag=_pick(rng, (2.0, 2.0, 20.0, 90.0)),  # 90: longer than from one sweep to the next
            hidden=_pick(rng, (USUALLY_HIDDEN, (0.7, 10.0, 200.0), (0.7, 10.0, 300.0))),
            callers=0,
        )


def spec_of(rng: Random, name: str, theme: Theme = Theme.ANY) -> RunSpec:
    """A seeded run of one of our machines, or of a machine of somebody else."""
    spec = _spec_of(rng, name)
    return _retried(rng, spec) if theme is Theme.RETRIES else spec


def _retried(rng: Random, spec: RunSpec) -> RunSpec:
    """A callback whose attempts hang: one run, or an item of several whose execution goes on without it."""
    kind = rng.random()
    items = 2 if kind < 0.6 else 0
    ours = kind < 0.8
    is_brisk = rng.random() < 0.5
    return replace(
        spec,
        pattern=Pattern.CALLBACK,
        machine_arn=MAPPER_ARN if items else MACHINE_OF[Pattern.CALLBACK] if ours else _OF_USERS,
        says=Says.ALL,
        token_variable="TASK_TOKEN" if ours else "TASK_TOKEN_ENV_VARIABLE",
        items=items,
        items_are_children=False,
        tolerates_failures=items > 0 and rng.random() < 0.9,
        timeout_seconds=60.0 if is_brisk else _pick(rng, (60.0, 90.0, 150.0)),
        retries=2 + int(rng.random() * 2),
        retries_timeouts=True,
        hangs=0.5 if is_brisk else 0.9,
        is_brisk=is_brisk,
        abort_after=spec.abort_after if rng.random() < 0.3 else None,
    )


def _spec_of(rng: Random, name: str) -> RunSpec:
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
