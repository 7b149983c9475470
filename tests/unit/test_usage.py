"""What a task used and about what it cost, by Fargate's rules."""

import pytest

from fargate_runs.answers.usage import Prices, Usage, total, usage_of
from fargate_runs.reading.task import EcsTask
from tests.fakes.ecs import Detail, detail, failed_start, life

ROUND = Prices(vcpu_hour_usd=3.6, gb_hour_usd=0.36, spot_factor=0.5)
PULLED = "2025-05-06T11:00:00Z"


def used(of: Detail, prices: Prices = ROUND) -> Usage | None:
    return usage_of(EcsTask.from_detail(of), prices)


def lasting(stopped: str, **changes: object) -> Detail:
    return detail(pullStartedAt=PULLED, stoppedAt=stopped, **changes)


#: (the task, billed seconds, vCPU-seconds, GB-seconds, USD)
TABLE: dict[str, tuple[Detail, int, float, float, float]] = {
    "an hour of a vCPU and 2 GB": (
        lasting("2025-05-06T12:00:00Z", cpu="1024", memory="2048"),
        3_600,
        3_600,
        7_200,
        3.6 + 0.72,
    ),
    "seen when ECS shows it as DELETED": (
        lasting("2025-05-06T11:10:00Z", lastStatus="DELETED"),
        600,
        150,
        300,
        0.15 + 0.03,
    ),
    "the smallest size": (lasting("2025-05-06T11:10:00Z"), 600, 150, 300, 0.15 + 0.03),
    "one minute at least": (lasting("2025-05-06T11:00:01Z"), 60, 15, 30, 0.015 + 0.003),
    "a minute and a bit": (lasting("2025-05-06T11:01:00.001Z"), 61, 15.25, 30.5, 0.01525 + 0.00305),
    "Spot, at its part of the price": (
        lasting("2025-05-06T11:10:00Z", capacityProviderName="FARGATE_SPOT"),
        600,
        150,
        300,
        0.09,
    ),
    "another provider": (
        lasting("2025-05-06T11:10:00Z", capacityProviderName="of-our-own"),
        600,
        150,
        300,
        0.18,
    ),
    "never pulled: nothing": (failed_start("Timeout waiting for network interface provisioning"), 0, 0, 0, 0),
    "a failed pull is billed": (
        failed_start("CannotPullContainerError: x", pullStartedAt=PULLED),
        212,
        53,
        106,
        0.0636,
    ),
    "no pull on record, but it ran": (
        detail(pullStartedAt=None, startedAt=PULLED, stoppedAt="2025-05-06T11:10:00Z"),
        600,
        150,
        300,
        0.18,
    ),
    "times that make no sense": (lasting("2025-05-06T10:00:00Z"), 60, 15, 30, 0.018),
    "no time of its stop, but of its containers'": (
        detail(pullStartedAt=PULLED, stoppedAt=None, executionStoppedAt="2025-05-06T11:10:00Z"),
        600,
        150,
        300,
        0.18,
    ),
}


@pytest.mark.parametrize("case", TABLE)
def test_table(case: str) -> None:
    task, seconds, vcpu_seconds, gb_seconds, usd = TABLE[case]
    usage = used(task)
    assert usage
    assert usage.billed_seconds == seconds
    assert (usage.vcpu_seconds, usage.gb_seconds) == (vcpu_seconds, gb_seconds)
    assert usage.cost_usd == pytest.approx(usd)
    assert usage.spot is ("Spot" in case)


UNKNOWN: dict[str, Detail] = {
    "still running": life()[2],
    "stopping": life()[3],
    "no cpu": detail(cpu=None),
    "no memory": detail(memory="null"),
    "no end": detail(stoppedAt=None, executionStoppedAt=None),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_what_is_not_known_is_not_guessed(case: str) -> None:
    assert used(UNKNOWN[case]) is None


def test_the_published_price_of_us_east_1() -> None:
    """A vCPU at 0.04048 USD and 2 GB at 0.004445 USD for an hour."""
    usage = used(lasting("2025-05-06T12:00:00Z", cpu="1024", memory="2048"), Prices(0.04048, 0.004445, 1))
    assert usage
    assert usage.as_json()["estimatedCostUsd"] == 0.04937


def test_a_run_costs_what_its_attempts_cost() -> None:
    first, second = used(lasting("2025-05-06T11:10:00Z")), used(TABLE["Spot, at its part of the price"][0])
    together = total([first, None, second])
    assert together
    assert together.as_json() == {
        "billedSeconds": 1_200,
        "vcpuSeconds": 300.0,
        "gbSeconds": 600.0,
        "estimatedCostUsd": 0.27,
        "spot": True,
    }
    assert total([None]) is None
    assert total([]) is None
