"""The usage of a task and an estimate of its cost, by Fargate's rules. Pure: times, sizes and prices in, numbers out.

`runs/billed.py` says what is billed. The estimate leaves out ephemeral storage beyond the 20 GB that are free, data
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
    """The prices of one Region, operating system and CPU architecture, in USD. Spot costs `spot_factor` of them."""

    vcpu_hour_usd: float
    gb_hour_usd: float
    spot_factor: float


@dataclass(frozen=True, slots=True)
class Usage:
    """The billed usage of one task, or of all tasks of a run. `spot` is true if some of it was Spot capacity."""

    billed_seconds: int
    vcpu_seconds: float
    gb_seconds: float
    cost_usd: float
    spot: bool

    def as_json(self) -> dict[str, object]:
        """Returns the usage for documents. Names carry their units, and money is rounded to a millionth of a dollar."""
        return {
            "billedSeconds": self.billed_seconds,
            "vcpuSeconds": round(self.vcpu_seconds, _DIGITS_OF_A_SECOND),
            "gbSeconds": round(self.gb_seconds, _DIGITS_OF_A_SECOND),
            "estimatedCostUsd": round(self.cost_usd, _DIGITS_OF_A_DOLLAR),
            "spot": self.spot,
        }


def usage_of(task: TaskState, prices: Prices) -> Usage | None:
    """Returns the usage of a task; None until it has stopped, and if its size or its end is not known."""
    billed = billed_of(task)
    return usage_of_billed(billed, prices) if billed else None


def usage_of_billed(billed: Billed, prices: Prices) -> Usage:
    """Returns the usage for a billed time and size."""
    vcpu_seconds = billed.seconds * billed.cpu_units / _UNITS_OF_A_VCPU
    gb_seconds = billed.seconds * billed.memory_mib / _MIB_OF_A_GB
    price = vcpu_seconds * prices.vcpu_hour_usd + gb_seconds * prices.gb_hour_usd
    cost = price / _SECONDS_OF_AN_HOUR * (prices.spot_factor if billed.is_spot else 1)
    return Usage(billed.seconds, vcpu_seconds, gb_seconds, cost, billed.is_spot)


def total(usages: Iterable[Usage | None]) -> Usage | None:
    """Returns the sum of what is known; None if nothing is."""
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
