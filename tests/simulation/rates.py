"""How fast the functions call AWS, against the quotas of B34 to B36 (invariant I10): buckets that fill up again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

#: Calls that share a quota, under one name.
SHARED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "list_tasks": "ecs reads",
        "describe_tasks": "ecs reads",
        "stop_task": "ecs stops",
        "describe_execution": "describe execution",
        "list_executions": "list executions",
        "start_execution": "start execution",
        "send_task_success": "task tokens",
        "send_task_failure": "task tokens",
        "send_task_heartbeat": "task tokens",
        "get_log_events": "log reads",
    }
)
#: (calls at once, calls a second), in small Regions where they have quotas of their own.
QUOTAS: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "ecs reads": (100, 20),
        "ecs stops": (100, 40),
        "describe execution": (250, 10),
        "list executions": (100, 2),
        "start execution": (500, 150),
        "task tokens": (1_000, 300),
        "log reads": (10, 10),
    }
)


@dataclass(slots=True)
class Bucket:
    """What is left of a quota. `lowest` is the least that there ever was: below nothing, a call would be throttled."""

    left: float
    lowest: float
    at: float = 0.0


@dataclass
class Rates:
    """The calls of all functions together: quotas are the account's."""

    buckets: dict[str, Bucket] = field(default_factory=dict)

    def called(self, operation: str, at: float) -> None:
        """One call was made."""
        name = SHARED.get(operation)
        if name is None:
            return
        most, each_second = QUOTAS[name]
        bucket = self.buckets.setdefault(name, Bucket(most, most, at))
        bucket.left = min(most, bucket.left + (at - bucket.at) * each_second) - 1
        bucket.at = at
        bucket.lowest = min(bucket.lowest, bucket.left)

    @property
    def exceeded(self) -> list[str]:
        """The quotas that were too small at some moment."""
        return [name for name, bucket in self.buckets.items() if bucket.lowest < 0]
