"""How fast the functions call AWS, against the quotas of B34 to B36 (invariant I10)."""

from collections import Counter
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
#: Calls a second, in large Regions.
QUOTAS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "ecs reads": 20,
        "ecs stops": 40,
        "describe execution": 15,
        "list executions": 5,
        "start execution": 300,
        "task tokens": 500,
        "log reads": 10,
    }
)


@dataclass
class Rates:
    """Calls in each second. `peaks` is the most there were in one, by who called and what shares a quota."""

    _calls: Counter[tuple[str, str, int]] = field(default_factory=Counter)

    def called(self, function: str, operation: str, at: float) -> None:
        """One call was carried out."""
        name = SHARED.get(operation)
        if name:
            self._calls[function.partition("-")[0], name, int(at)] += 1

    @property
    def peaks(self) -> Mapping[tuple[str, str], int]:
        """By function and quota."""
        found: dict[tuple[str, str], int] = {}
        for (function, name, _), calls in self._calls.items():
            found[function, name] = max(calls, found.get((function, name), 0))
        return found
