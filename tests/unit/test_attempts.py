"""The table of attempts: what is tried again, where, after how long a wait, and what it costs of the retries."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from fargate_runs.outcomes.kinds import KINDS, ErrorName
from fargate_runs.runs.attempts import MOST_THROTTLES, Failed, Next, Plan, Provider, next_attempt, within_its_time
from fargate_runs.runs.request import MOST_RETRIES, Capacity
from tests.fakes.clock import NOON

PLAN = Plan.first(Capacity.ON_DEMAND, 3, (), 10)
NEWER = {"timeoutSeconds", "deadline"}
SPOT_FIRST = Plan.first(Capacity.SPOT_FIRST, 0, (), 10)
STEP_FUNCTIONS_OWN = ["States.TaskFailed", "ECS.AccessDeniedException", "ECS.AmazonECSException", "Job.Failed"]
THROTTLED = Failed("ECS.AmazonECSException", transient=True, throttled=True, started_a_task=False)
ALMOST_ALL = 0.999_999
SPOT_IS_GONE = ["Task.SpotInterrupted", "Task.CapacityUnavailable"]


def failed(error: str, exit_code: int | None = None, **changes: Any) -> Failed:
    transient = error in list(ErrorName) and KINDS[ErrorName(error)].transient
    return replace(Failed(error, transient, exit_code=exit_code), **changes)


def after(plan: Plan, failure: Failed, part: float = ALMOST_ALL) -> Next:
    found = next_attempt(plan, failure, part)
    assert found is not None
    return found


def is_tried_again(plan: Plan, failure: Failed) -> bool:
    return next_attempt(plan, failure, 0.5) is not None


@pytest.mark.parametrize(
    ("capacity", "provider"),
    [(Capacity.ON_DEMAND, "FARGATE"), (Capacity.SPOT, "FARGATE_SPOT"), (Capacity.SPOT_FIRST, "FARGATE_SPOT")],
)
def test_where_a_run_begins(capacity: Capacity, provider: str) -> None:
    plan = Plan.first(capacity, 2, (75,), 10)
    assert (plan.provider, plan.attempt, plan.retried, plan.throttles) == (provider, 1, 0, 0)
    assert (plan.capacity, plan.retries, plan.retry_on_exit_codes, plan.retry_interval_seconds) == (
        capacity,
        2,
        (75,),
        10,
    )


def test_a_plan_is_kept_by_a_state_machine() -> None:
    plan = Plan(Capacity.SPOT_FIRST, Provider.ON_DEMAND, 10, (1, 255), 300, 12, 9, 10)
    assert Plan.from_json(json.loads(json.dumps(plan.as_json()))) == plan
    assert plan.as_json() == {
        "capacity": "spot-first",
        "provider": "FARGATE",
        "retries": 10,
        "retryOnExitCodes": [1, 255],
        "retryIntervalSeconds": 300,
        "attempt": 12,
        "retried": 9,
        "throttles": 10,
        "timeoutSeconds": None,
        "deadline": None,
    }


@pytest.mark.parametrize("deadline", [None, NOON])
@pytest.mark.parametrize("is_any", [True, False])
def test_a_plan_with_a_limit_is_kept_as_well(deadline: datetime | None, is_any: bool) -> None:
    plan = replace(PLAN, timeout_seconds=60, deadline=deadline, retry_on_any=is_any)
    given = json.loads(json.dumps(plan.as_json()))
    assert (given["timeoutSeconds"], given["retryOnExitCodes"]) == (60, "any" if is_any else [])
    assert Plan.from_json(given) == plan


def test_a_plan_of_an_older_version_has_no_limit() -> None:
    """Its machine does not read one either."""
    given = {name: value for name, value in PLAN.as_json().items() if name not in NEWER}
    assert Plan.from_json(given) == PLAN


def test_numbers_may_have_become_others_on_the_way() -> None:
    """A state machine has one kind of numbers, as JSON has."""
    given = {name: float(value) if isinstance(value, int) else value for name, value in PLAN.as_json().items()}
    plan = Plan.from_json(given)
    assert plan == PLAN
    assert all(isinstance(each, int) for each in (plan.retries, plan.attempt, plan.retried, plan.throttles))


@pytest.mark.parametrize("missing", sorted(PLAN.as_json().keys() - NEWER))
def test_half_a_plan_is_none(missing: str) -> None:
    with pytest.raises(KeyError):
        Plan.from_json({name: value for name, value in PLAN.as_json().items() if name != missing})


@pytest.mark.parametrize("error", [*ErrorName, *STEP_FUNCTIONS_OWN])
def test_exactly_the_transient_kinds_are_tried_again(error: str) -> None:
    kind = KINDS.get(ErrorName(error)) if error in list(ErrorName) else None
    found = next_attempt(PLAN, failed(error, exit_code=1), 0.5)
    assert (found is not None) is bool(kind and kind.transient)
    if found:
        assert (found.plan.retried, found.plan.throttles, found.plan.provider) == (1, 0, PLAN.provider)


@pytest.mark.parametrize("error", ErrorName)
def test_an_exit_code_that_is_asked_for_is_tried_again(error: str) -> None:
    """For the endings that are the container's own: after a stop by somebody the code says nothing."""
    again = is_tried_again(replace(PLAN, retry_on_exit_codes=(75,)), failed(error, 75))
    assert again == (KINDS[ErrorName(error)].transient or error.startswith("Container."))


@pytest.mark.parametrize(
    ("exit_code", "codes", "again"),
    [(75, [75], True), (75, [3, 75], True), (75, [3], False), (75, [], False), (None, [75], False), (7, [75], False)],
)
def test_which_exit_codes(exit_code: int | None, codes: Sequence[int], again: bool) -> None:
    plan = replace(PLAN, retry_on_exit_codes=tuple(codes))
    assert is_tried_again(plan, failed("Container.ExitedNonZero", exit_code)) is again


@pytest.mark.parametrize("error", ErrorName)
@pytest.mark.parametrize("exit_code", [None, 0, 1, 137])
def test_any_failure_of_the_container_itself(error: str, exit_code: int | None) -> None:
    """Also one whose exit code nobody knows."""
    again = is_tried_again(replace(PLAN, retry_on_any=True), failed(error, exit_code))
    assert again == (KINDS[ErrorName(error)].transient or error.startswith("Container."))
    assert not is_tried_again(replace(PLAN, retry_on_any=True, retries=0), failed(error, exit_code))


@pytest.mark.parametrize(
    ("rest_seconds", "wait_seconds", "timeout_seconds", "limit"),
    [
        (100, 0, 60, 60),
        (60, 0, 60, 60),
        (59.2, 0, 60, 60),
        (59, 0, 60, 59),
        (100, 70, 60, 30),
        (100, 99, 60, 1),
        (0.1, 0, 60, 1),
        (100, 100, 60, None),
        (0, 0, 60, None),
        (-50, 0, 60, None),
        (100, 10, None, 90),
    ],
)
def test_an_attempt_ends_by_the_deadline_or_does_not_begin(
    rest_seconds: float, wait_seconds: int, timeout_seconds: int | None, limit: int | None
) -> None:
    plan = replace(PLAN, timeout_seconds=timeout_seconds, deadline=NOON + timedelta(seconds=rest_seconds))
    found = within_its_time(Next(wait_seconds, plan), NOON)
    assert (found.plan.timeout_seconds if found else None) == limit
    assert found is None or found == Next(wait_seconds, replace(plan, timeout_seconds=limit))


def test_without_a_deadline_there_is_always_time() -> None:
    attempt = Next(300, replace(PLAN, timeout_seconds=60))
    assert within_its_time(attempt, NOON) is attempt


@pytest.mark.parametrize(
    ("rest_seconds", "limit"), [(None, 60), (61, 60), (60, 60), (59.5, 60), (30, 30), (0, 1), (-9, 1)]
)
def test_the_limit_of_the_first_attempt(rest_seconds: float | None, limit: int) -> None:
    deadline = None if rest_seconds is None else NOON + timedelta(seconds=rest_seconds)
    assert PLAN.limited(60, deadline, NOON) == replace(PLAN, timeout_seconds=limit, deadline=deadline)


@pytest.mark.parametrize(
    ("retried", "retries", "again"),
    [(0, 0, False), (0, 1, True), (2, 3, True), (3, 3, False), (4, 3, False), (9, 10, True)],
)
@pytest.mark.parametrize("error", ["Task.ImagePullFailed", "Container.ExitedNonZero"])
def test_there_is_one_limit_for_both(error: str, retried: int, retries: int, again: bool) -> None:
    plan = replace(PLAN, retry_on_exit_codes=(3,), retried=retried, retries=retries)
    assert is_tried_again(plan, failed(error, 3)) is again


def test_what_does_not_pass_this_time_is_not_tried_again() -> None:
    assert not is_tried_again(PLAN, failed("Task.ImagePullFailed", transient=False))


@pytest.mark.parametrize("error", SPOT_IS_GONE)
def test_spot_first_goes_on_with_on_demand_at_once_and_it_does_not_count(error: str) -> None:
    found = after(SPOT_FIRST, failed(error))
    assert found.wait_seconds == 0
    assert found.plan == replace(SPOT_FIRST, provider=Provider.ON_DEMAND, attempt=2)
    assert not is_tried_again(found.plan, failed(error))


@pytest.mark.parametrize("error", SPOT_IS_GONE)
def test_spot_alone_stays_on_spot(error: str) -> None:
    spot = Plan.first(Capacity.SPOT, 3, (), 10)
    found = after(spot, failed(error))
    assert (found.plan.provider, found.plan.retried) == (Provider.SPOT, 1)


def test_on_demand_stays_on_demand_and_is_a_retry() -> None:
    found = after(replace(PLAN, capacity=Capacity.SPOT_FIRST), failed("Task.CapacityUnavailable"))
    assert (found.plan.provider, found.plan.retried) == (Provider.ON_DEMAND, 1)


def test_spot_first_stays_where_it_is_for_other_failures() -> None:
    found = after(replace(SPOT_FIRST, retries=1), failed("Task.ImagePullFailed"))
    assert (found.plan.provider, found.plan.retried) == (Provider.SPOT, 1)


def test_a_throttle_is_none_of_the_retries_ten_times() -> None:
    plan, longest = replace(PLAN, retries=1), []
    for _ in range(MOST_THROTTLES):
        found = after(plan, THROTTLED)
        longest.append(found.wait_seconds)
        plan = found.plan
    assert longest == [2, 4, 8, 16, 32, 64, 120, 120, 120, 120]
    assert (plan.retried, plan.throttles, plan.attempt) == (0, MOST_THROTTLES, 1)
    last = after(plan, THROTTLED)
    assert (last.plan.retried, last.plan.throttles, last.wait_seconds) == (1, MOST_THROTTLES, 10)
    assert not is_tried_again(last.plan, THROTTLED)
    assert not is_tried_again(replace(last.plan, throttles=MOST_THROTTLES + 1), THROTTLED)


def test_a_throttle_on_spot_stays_on_spot() -> None:
    assert after(SPOT_FIRST, THROTTLED).plan == replace(SPOT_FIRST, throttles=1)


@pytest.mark.parametrize("retried", range(MOST_RETRIES))
def test_the_longest_wait_doubles_up_to_five_minutes(retried: int) -> None:
    plan = replace(PLAN, retried=retried, retries=MOST_RETRIES)
    found = after(plan, failed("Task.ImagePullFailed"))
    assert found.wait_seconds == min(300, 10 * 2**retried)
    assert found.plan.retried == retried + 1


@pytest.mark.parametrize(("part", "seconds"), [(0.0, 0), (0.09, 0), (0.1, 1), (0.5, 5), (0.95, 10), (ALMOST_ALL, 10)])
def test_the_wait_is_a_random_part_of_it_in_whole_seconds(part: float, seconds: int) -> None:
    """Each of them as likely as the next."""
    assert after(PLAN, failed("Task.ImagePullFailed"), part).wait_seconds == seconds


@pytest.mark.parametrize(("interval", "seconds"), [(1, 1), (5, 5), (299, 299), (300, 300), (301, 300)])
def test_the_interval_is_the_stacks(interval: int, seconds: int) -> None:
    plan = Plan.first(Capacity.SPOT, 1, (), interval)
    assert after(plan, failed("Task.ImagePullFailed")).wait_seconds == seconds


def test_what_says_nothing_of_itself_does_not_pass() -> None:
    assert not is_tried_again(PLAN, Failed("Task.Unknown"))


@pytest.mark.parametrize(("started", "attempt"), [(True, 6), (False, 5)])
def test_a_call_that_started_no_task_is_no_attempt(started: bool, attempt: int) -> None:
    for plan in (replace(PLAN, attempt=5), replace(SPOT_FIRST, attempt=5)):
        found = after(plan, failed("Task.CapacityUnavailable", started_a_task=started))
        assert found.plan.attempt == attempt
