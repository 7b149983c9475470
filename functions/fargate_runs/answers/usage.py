"""What a task used and about what it cost, by Fargate's rules. Pure: times, sizes and prices in, numbers out.

Fargate bills vCPU and memory from the start of the image pull to the stop of the task, by the second, and one minute at
least (https://aws.amazon.com/fargate/pricing/). A task that never began to pull costs nothing. Not in the estimate:
ephemeral storage beyond the 20 GB that are free, data transfer, logs, public IPv4 addresses, savings plans and taxes.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from fargate_runs.reading import lenient
from fargate_runs.reading.task import STOPPED, TaskState

SHORTEST_BILLED_SECONDS: Final = 60
SPOT_PROVIDER: Final = "FARGATE_SPOT"
_UNITS_OF_A_VCPU: Final = 1_024
_MIB_OF_A_GB: Final = 1_024
_SECONDS_OF_AN_HOUR: Final = 3_600
_DIGITS_OF_A_SECOND: Final = 3
_DIGITS_OF_A_DOLLAR: Final = 6


@dataclass(frozen=True, slots=True)
class Prices:
    """Of one Region, operating system and CPU architecture, in USD. Spot costs `spot_factor` of the same."""

    vcpu_hour_usd: float
    gb_hour_usd: float
    spot_factor: float


@dataclass(frozen=True, slots=True)
class Usage:
    """What was billed for one task, or for all tasks of a run. `spot`: some of it was Spot capacity."""

    billed_seconds: int
    vcpu_seconds: float
    gb_seconds: float
    cost_usd: float
    spot: bool

    def as_json(self) -> dict[str, object]:
        """For documents: each name carries its unit, and money is rounded to a millionth of a dollar."""
        return {
            "billedSeconds": self.billed_seconds,
            "vcpuSeconds": round(self.vcpu_seconds, _DIGITS_OF_A_SECOND),
            "gbSeconds": round(self.gb_seconds, _DIGITS_OF_A_SECOND),
            "estimatedCostUsd": round(self.cost_usd, _DIGITS_OF_A_DOLLAR),
            "spot": self.spot,
        }


def usage_of(task: TaskState, prices: Prices) -> Usage | None:
    """What a task used; None until it has stopped, and where its size or its end is not known."""
    cpu, memory, seconds = lenient.whole_number(task.cpu), lenient.whole_number(task.memory), billed_seconds(task)
    if cpu is None or memory is None or seconds is None:
        return None
    vcpu_seconds, gb_seconds = seconds * cpu / _UNITS_OF_A_VCPU, seconds * memory / _MIB_OF_A_GB
    spot = task.capacity_provider_name == SPOT_PROVIDER
    price = vcpu_seconds * prices.vcpu_hour_usd + gb_seconds * prices.gb_hour_usd
    cost = price / _SECONDS_OF_AN_HOUR * (prices.spot_factor if spot else 1)
    return Usage(seconds, vcpu_seconds, gb_seconds, cost, spot)


def billed_seconds(task: TaskState) -> int | None:
    """The seconds that Fargate bills; None while nobody knows them."""
    if task.last_status != STOPPED:
        return None
    times = task.timeline
    began, ended = times.pull_started_at or times.started_at, times.stopped_at or times.execution_stopped_at
    if began is None:
        return 0
    if ended is None:
        return None
    return max(SHORTEST_BILLED_SECONDS, math.ceil((ended - began).total_seconds()))


def total(usages: Iterable[Usage | None]) -> Usage | None:
    """All that is known together; None when nothing is."""
    known = [usage for usage in usages if usage is not None]
    if not known:
        return None
    return Usage(
        billed_seconds=sum(usage.billed_seconds for usage in known),
        vcpu_seconds=sum(usage.vcpu_seconds for usage in known),
        gb_seconds=sum(usage.gb_seconds for usage in known),
        cost_usd=sum(usage.cost_usd for usage in known),
        spot=any(usage.spot for usage in known),
    )
