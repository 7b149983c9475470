"""Retriers and catchers."""

from __future__ import annotations

import random
from collections import Counter
from typing import Final

from local.ecs.model import Json
from local.stepfunctions.errors import StateError, matches

DEFAULT_INTERVAL_SECONDS: Final = 1
DEFAULT_MAX_ATTEMPTS: Final = 3
DEFAULT_BACKOFF_RATE: Final = 2.0


class Retries:
    """Counts one state's retries; each retrier has a count of its own."""

    def __init__(self, state: Json) -> None:
        self._retriers = _entries(state, "Retry")
        self._counts: Counter[int] = Counter()

    @property
    def count(self) -> int:
        """How often the state was retried: `$states.context.State.RetryCount`."""
        return self._counts.total()

    def delay_seconds(self, failure: StateError) -> float | None:
        """How long to wait before the next attempt; None when there is to be none.

        The first retrier that names the error decides. Backoff, MaxDelaySeconds and full jitter as the Amazon States
        Language has them.
        """
        for index, retrier in enumerate(self._retriers):
            if matches(_names(retrier), failure.error):
                return self._next_delay(index, retrier)
        return None

    def _next_delay(self, index: int, retrier: Json) -> float | None:
        done = self._counts[index]
        if done >= _number(retrier, "MaxAttempts", DEFAULT_MAX_ATTEMPTS):
            return None
        self._counts[index] += 1
        interval = _number(retrier, "IntervalSeconds", DEFAULT_INTERVAL_SECONDS)
        delay = interval * _number(retrier, "BackoffRate", DEFAULT_BACKOFF_RATE) ** done
        delay = min(delay, _number(retrier, "MaxDelaySeconds", delay))
        return random.uniform(0, delay) if retrier.get("JitterStrategy") == "FULL" else delay  # noqa: S311


def catcher_for(state: Json, failure: StateError) -> Json | None:
    """The first catcher that names the error."""
    return next((c for c in _entries(state, "Catch") if matches(_names(c), failure.error)), None)


def _entries(state: Json, name: str) -> list[Json]:
    entries = state.get(name)
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _names(entry: Json) -> list[str]:
    names = entry.get("ErrorEquals")
    return [str(name) for name in names] if isinstance(names, list) else []


def _number(entry: Json, name: str, default: float) -> float:
    value = entry.get(name, default)
    return float(value) if isinstance(value, int | float) else default
