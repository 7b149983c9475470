"""The slots of a job: who holds one, and who waits, in order. Pure data; slots.py has the table of what happens."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Position:
    """A run at the gate, since when.

    `is_forced`: it was let in above the limit, because somebody asked for that or its execution was redriven.
    `replaces`: it waits for the oldest holders to be stopped (policy replace).
    """

    execution_arn: str
    since: datetime
    is_forced: bool = False
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class Gate:
    """The slots of one job. `limit` is None if it has none.

    `holders` and `waiting` are by run id, in the order in which they came. `withdrawn` has the runs that waited and no
    longer may, each with the run that took its place: they stay until they have learnt it.

    One item of the table holds the whole gate, so that every change is one conditional write. `revision` counts the
    writes: a write names the one it replaces.
    """

    job: str
    limit: int | None = None
    holders: Mapping[str, Position] = field(default_factory=dict)
    waiting: Mapping[str, Position] = field(default_factory=dict)
    withdrawn: Mapping[str, str] = field(default_factory=dict)
    revision: int = field(default=0, compare=False)

    @property
    def has_free_slot(self) -> bool:
        """True if one more run may hold a slot."""
        return self.limit is None or len(self.holders) < self.limit

    @property
    def is_empty(self) -> bool:
        """True if no run is here."""
        return not (self.holders or self.waiting or self.withdrawn)

    def place_of(self, run_id: str) -> int | None:
        """Returns the place of a run among those that wait, from 1; None if it does not wait."""
        return [*self.waiting].index(run_id) + 1 if run_id in self.waiting else None

    @property
    def in_the_way(self) -> tuple[str, ...]:
        """The oldest holders that must end before the first run that waits can begin, if that one replaces them."""
        first = next(iter(self.waiting.values()), None)
        if first is None or not first.replaces or self.limit is None:
            return ()
        return tuple(self.holders)[: max(len(self.holders) - self.limit + 1, 0)]
