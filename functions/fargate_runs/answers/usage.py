"""What a task used and about what it cost, by Fargate's rules. Pure: times, sizes and prices in, numbers out.

What is billed is in `runs/billed.py`. Not in the estimate: ephemeral storage beyond the 20 GB that are free, data
transfer, logs, public IPv4 addresses, savings plans and taxes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from fargate_runs.reading.task import TaskState
from fargate_runs.runs.billed import Billed, billed_of

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
    billed = billed_of(task)
    return usage_of_billed(billed, prices) if billed else None


def usage_of_billed(billed: Billed, prices: Prices) -> Usage:
    """The same of what is billed."""
    vcpu_seconds = billed.seconds * billed.cpu_units / _UNITS_OF_A_VCPU
    gb_seconds = billed.seconds * billed.memory_mib / _MIB_OF_A_GB
    price = vcpu_seconds * prices.vcpu_hour_usd + gb_seconds * prices.gb_hour_usd
    cost = price / _SECONDS_OF_AN_HOUR * (prices.spot_factor if billed.is_spot else 1)
    return Usage(billed.seconds, vcpu_seconds, gb_seconds, cost, billed.is_spot)


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
