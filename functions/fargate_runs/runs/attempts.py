"""Decides whether a run is tried again after a failure, where, and after how long a wait: one table. Pure.

    what failed                                                  what comes next       longest wait, seconds
    spot-first on Spot: no capacity, or interrupted              on-demand, no retry   0
    ECS had too many calls at once, up to ten times              the same, no retry    2, doubled, up to 120
    it passes, or its exit code was asked for, within `retries`  a retry               interval, doubled, up to 300
    anything else                                                the run has failed

The first row that fits decides. A wait is a random part of the longest one (full jitter), so that runs which failed
together do not come back together. A run with a deadline gets no attempt that would begin after it, and no attempt
longer than what is left then.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil
from typing import Any, Final

from fargate_runs.outcomes.kinds import ErrorName
from fargate_runs.reading import lenient
from fargate_runs.runs.request import ANY, Capacity

#: So many let a burst of 3,000 starts pass at a new account's 20 launches a second (fact B34).
MOST_THROTTLES: Final = 10
LONGEST_AFTER_A_THROTTLE: Final = 120  # seconds
LONGEST_AFTER_A_FAILURE: Final = 300  # seconds
_SPOT_IS_GONE: Final = frozenset({ErrorName.CAPACITY_UNAVAILABLE, ErrorName.SPOT_INTERRUPTED})
#: Only for these the exit code counts: after a stop from outside it says nothing.
_CONTAINERS_OWN: Final = frozenset({ErrorName.EXITED_NON_ZERO, ErrorName.OUT_OF_MEMORY})


class Provider(StrEnum):
    """ECS's names of the two capacity providers of Fargate."""

    ON_DEMAND = "FARGATE"
    SPOT = "FARGATE_SPOT"


@dataclass(frozen=True, slots=True)
class Plan:
    """The attempts that a run still has. `attempt` is the number for its next task, from 1, without redrives.

    `timeout_seconds` is the limit of its next task. All of them end by the `deadline`, if there is one. A plan of an
    older version has no limit.
    """

    capacity: Capacity
    provider: Provider
    retries: int
    retry_on_exit_codes: tuple[int, ...]
    retry_interval_seconds: int
    attempt: int = 1
    retried: int = 0
    throttles: int = 0
    retry_on_any: bool = False
    timeout_seconds: int | None = None
    deadline: datetime | None = None

    @classmethod
    def first(
        cls, capacity: Capacity, retries: int, retry_on_exit_codes: tuple[int, ...], retry_interval_seconds: int
    ) -> "Plan":
        """Returns the plan of a run that begins."""
        provider = Provider.ON_DEMAND if capacity is Capacity.ON_DEMAND else Provider.SPOT
        return cls(capacity, provider, retries, retry_on_exit_codes, retry_interval_seconds)

    def limited(self, timeout_seconds: int, deadline: datetime | None, now: datetime) -> "Plan":
        """Returns the plan with the limit of its first task: at most what is left of the time, and at least 1 s."""
        rest = timeout_seconds if deadline is None else max(1, _seconds_to(deadline, now))
        return replace(self, timeout_seconds=min(timeout_seconds, rest), deadline=deadline)

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> "Plan":
        """Reads a plan that the state machine has kept. Raises KeyError, TypeError or ValueError for anything else."""
        codes = given["retryOnExitCodes"]
        return cls(
            capacity=Capacity(given["capacity"]),
            provider=Provider(given["provider"]),
            retries=int(given["retries"]),
            retry_on_exit_codes=() if codes == ANY else tuple(map(int, codes)),
            retry_interval_seconds=int(given["retryIntervalSeconds"]),
            attempt=int(given["attempt"]),
            retried=int(given["retried"]),
            throttles=int(given["throttles"]),
            retry_on_any=codes == ANY,
            timeout_seconds=lenient.whole_number(given.get("timeoutSeconds")),
            deadline=lenient.time(given.get("deadline")),
        )

    def as_json(self) -> dict[str, object]:
        """Returns the plan for the state machine, which keeps it from one attempt to the next."""
        return {
            "capacity": self.capacity,
            "provider": self.provider,
            "retries": self.retries,
            "retryOnExitCodes": ANY if self.retry_on_any else list(self.retry_on_exit_codes),
            "retryIntervalSeconds": self.retry_interval_seconds,
            "attempt": self.attempt,
            "retried": self.retried,
            "throttles": self.throttles,
            "timeoutSeconds": self.timeout_seconds,
            "deadline": lenient.iso(self.deadline),
        }


@dataclass(frozen=True, slots=True)
class Failed:
    """A failure. `started_a_task` is false if ECS refused the call: then the next call is for the same attempt."""

    error: str
    transient: bool = False
    throttled: bool = False
    exit_code: int | None = None
    started_a_task: bool = True


@dataclass(frozen=True, slots=True)
class Next:
    """Another attempt: the wait before it, and the plan from then on."""

    wait_seconds: int
    plan: Plan


@dataclass(frozen=True, slots=True)
class _Row:
    fits: Callable[[Plan, Failed], bool]
    then: Callable[[Plan], Plan]
    longest_wait_seconds: Callable[[Plan], int]


def _leaves_spot(plan: Plan, failed: Failed) -> bool:
    on_spot = plan.capacity is Capacity.SPOT_FIRST and plan.provider is Provider.SPOT
    return on_spot and failed.error in _SPOT_IS_GONE


def _is_throttled(plan: Plan, failed: Failed) -> bool:
    return failed.throttled and plan.throttles < MOST_THROTTLES


def _is_retried(plan: Plan, failed: Failed) -> bool:
    is_asked_for = plan.retry_on_any or failed.exit_code in plan.retry_on_exit_codes
    is_own = failed.error in _CONTAINERS_OWN
    return plan.retried < plan.retries and (failed.transient or (is_own and is_asked_for))


_TABLE: Final = (
    _Row(_leaves_spot, lambda plan: replace(plan, provider=Provider.ON_DEMAND), lambda _: 0),
    _Row(
        _is_throttled,
        lambda plan: replace(plan, throttles=plan.throttles + 1),
        lambda plan: min(LONGEST_AFTER_A_THROTTLE, 2 * 2**plan.throttles),
    ),
    _Row(
        _is_retried,
        lambda plan: replace(plan, retried=plan.retried + 1),
        lambda plan: min(LONGEST_AFTER_A_FAILURE, plan.retry_interval_seconds * 2**plan.retried),
    ),
)


def next_attempt(plan: Plan, failed: Failed, part: float) -> Next | None:
    """Returns the attempt after a failure; None if the run has failed. `part`, of the wait, is random: 0 up to 1."""
    row = next((row for row in _TABLE if row.fits(plan, failed)), None)
    if row is None:
        return None
    counted = replace(plan, attempt=plan.attempt + failed.started_a_task)
    return Next(int(part * (row.longest_wait_seconds(plan) + 1)), row.then(counted))


def within_its_time(attempt: Next, now: datetime) -> Next | None:
    """Returns an attempt with a limit that ends by the deadline of its plan; None if it would begin too late."""
    plan = attempt.plan
    if plan.deadline is None:
        return attempt
    rest = _seconds_to(plan.deadline, now + timedelta(seconds=attempt.wait_seconds))
    if rest < 1:
        return None
    limit = rest if plan.timeout_seconds is None else min(plan.timeout_seconds, rest)
    return replace(attempt, plan=replace(plan, timeout_seconds=limit))


def _seconds_to(deadline: datetime, now: datetime) -> int:
    """Returns whole seconds, rounded up: a run that has just begun has all of its time."""
    return ceil((deadline - now).total_seconds())
