"""Faults on demand: what goes wrong next, so that a test or a person can see it."""

from __future__ import annotations

from collections import Counter
from typing import Final

from local.ecs.model import Json

ANY_PROVIDER: Final = "*"


class Faults:
    """Faults that are armed for a number of coming calls."""

    def __init__(self) -> None:
        self._no_capacity: Counter[str] = Counter()

    def no_capacity(self, calls: int = 1, *, provider: str = ANY_PROVIDER) -> None:
        """The next `calls` RunTask calls (of one capacity provider, or of any) find no capacity (facts B23, B37)."""
        self._no_capacity[provider] += calls

    def clear(self) -> None:
        """Nothing goes wrong on purpose from here on."""
        self._no_capacity.clear()

    def take_capacity(self, provider: str | None) -> bool:
        """Whether the call at hand finds no capacity; counts it."""
        for key in (provider, ANY_PROVIDER):
            if key is not None and self._no_capacity[key] > 0:
                self._no_capacity[key] -= 1
                return True
        return False

    @staticmethod
    def failures(cluster_arn: str) -> list[Json]:
        """RunTask's `failures` when there is no capacity (fact B37)."""
        return [{"arn": cluster_arn, "reason": "RESOURCE:CPU"}]
