"""The statuses of a run, and the two that it has if it never got to its task and is no failure. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple


class RunStatus(StrEnum):
    """The status of a run, as users see it."""

    PENDING = "PENDING"
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    STOPPED = "STOPPED"
    SKIPPED = "SKIPPED"
    MISSED = "MISSED"


ENDED: Final = frozenset({*RunStatus} - {RunStatus.PENDING, RunStatus.QUEUED, RunStatus.RUNNING})
"""The statuses that are final."""


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """A run that never got to its task, and is no failure: SKIPPED or MISSED. `by` is the run that stood in its way."""

    status: RunStatus
    reason: str
    by: str | None = None


class _Aside(NamedTuple):
    error: str
    advice: str


TURNED_AWAY: Final[Mapping[RunStatus, _Aside]] = MappingProxyType(
    {
        RunStatus.SKIPPED: _Aside(
            "Run.Skipped",
            "Nothing has failed: the job takes no more runs at a time than its limit. Start the run again when a slot"
            " is free, with force if it must not wait, or give the job the policy queue.",
        ),
        RunStatus.MISSED: _Aside(
            "Run.Missed",
            "Nothing was started. If the work is still wanted, start the job now; a larger startingDeadline of the"
            " schedule lets a late run begin.",
        ),
    }
)
"""The error and the advice of a run that was turned away."""
