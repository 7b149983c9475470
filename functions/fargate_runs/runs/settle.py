"""The step for an arriving task state, by the stored record: one table. Pure: the use cases carry out the step.

    stored \\ arriving    not ended, newer   ended, newer   same version or older
    ABSENT               RECORD             DECIDE         -
    OPEN                 RECORD             DECIDE         NOTHING
    UNDELIVERED          DELIVER            DELIVER        DELIVER
    CLOSED               NOTHING            NOTHING        NOTHING

An outcome that stands never changes; DELIVER sends the recorded outcome, not the arriving one.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from fargate_runs.reading.task import EcsTask
from fargate_runs.runs.record import TaskRecord


class Stored(StrEnum):
    """The stored record: the rows of the table."""

    ABSENT = "absent"
    OPEN = "no outcome yet"
    UNDELIVERED = "an outcome that its token has not been told"
    CLOSED = "an outcome, and nothing left to do"


class Arriving(StrEnum):
    """The arriving state: the columns of the table. ECS's version compares it, never a clock (fact B9)."""

    NEWER = "newer, not ended"
    ENDED = "newer, ended"
    OLD = "the same version or an older one"


class Step(StrEnum):
    """The step that the table gives."""

    RECORD = "record the task"
    DECIDE = "decide the outcome, once, and deliver it"
    DELIVER = "deliver the recorded outcome"
    NOTHING = "nothing"


STEPS: Final[Mapping[tuple[Stored, Arriving], Step]] = MappingProxyType(
    {
        (Stored.ABSENT, Arriving.NEWER): Step.RECORD,
        (Stored.ABSENT, Arriving.ENDED): Step.DECIDE,
        (Stored.OPEN, Arriving.NEWER): Step.RECORD,
        (Stored.OPEN, Arriving.ENDED): Step.DECIDE,
        (Stored.OPEN, Arriving.OLD): Step.NOTHING,
        (Stored.UNDELIVERED, Arriving.NEWER): Step.DELIVER,
        (Stored.UNDELIVERED, Arriving.ENDED): Step.DELIVER,
        (Stored.UNDELIVERED, Arriving.OLD): Step.DELIVER,
        (Stored.CLOSED, Arriving.NEWER): Step.NOTHING,
        (Stored.CLOSED, Arriving.ENDED): Step.NOTHING,
        (Stored.CLOSED, Arriving.OLD): Step.NOTHING,
    }
)


def decide(stored: TaskRecord | None, arriving: EcsTask) -> Step:
    """Returns the step for this state of a task, given the record of that same task."""
    return STEPS[stored_state(stored), arriving_state(stored, arriving)]


def stored_state(stored: TaskRecord | None) -> Stored:
    """Returns the row of the table."""
    if stored is None:
        return Stored.ABSENT
    if stored.outcome is None:
        return Stored.OPEN
    return Stored.UNDELIVERED if stored.awaits_delivery else Stored.CLOSED


def arriving_state(stored: TaskRecord | None, arriving: EcsTask) -> Arriving:
    """Returns the column of the table."""
    if stored is not None and arriving.version <= stored.task.version:
        return Arriving.OLD
    return Arriving.ENDED if arriving.has_ended else Arriving.NEWER
