"""The slots of a job: who holds one, and who waits, in order. Pure data; slots.py has the table of what happens."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Position:
    """A run at the gate. `is_forced`: it was let in above the limit, because somebody asked for that."""

    execution_arn: str
    since: datetime
    is_forced: bool = False


@dataclass(frozen=True, slots=True)
class Gate:
    """The slots of one job. `limit` is None if it has none any more.

    `holders` and `waiting` are by run id, in the order in which they came. One item of the table holds the whole gate,
    so that every change is one conditional write. `revision` counts the writes: a write names the one it replaces.
    """

    job: str
    limit: int | None = None
    holders: Mapping[str, Position] = field(default_factory=dict)
    waiting: Mapping[str, Position] = field(default_factory=dict)
    revision: int = field(default=0, compare=False)
