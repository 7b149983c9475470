"""The turn to sweep. Normally one sweep runs at a time. Two at once do no harm."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from fargate_runs.ports import Clock, RunStore, SweepMark
from fargate_runs.usecases.sweep.places import Places

HELD_FOR: Final = timedelta(seconds=90)  # a sweep that dies holds up the others for this long
RENEWED_AFTER: Final = timedelta(seconds=30)


Go = Callable[[], None]


class OutOfTurnError(Exception):
    """The sweep must stop now: its time is over, or another sweep has taken the turn."""


class OutOfShareError(OutOfTurnError):
    """One part of the sweep must stop now: its share of the time is used up. The other parts have their own."""


class Turn:
    """A taken turn. `seen_until` and `places` are those of an earlier sweep (see SweepMark).

    `began_without_mark`: the earlier mark could not be read, and was replaced.
    """

    def __init__(
        self,
        store: RunStore,
        clock: Clock,
        mark: SweepMark,
        began_at: datetime,
        ends_at: datetime,
        *,
        began_without_mark: bool = False,
    ) -> None:
        self._store = store
        self._clock = clock
        self._mark = mark
        self._renewed_at = began_at
        self._ends_at = ends_at
        self.seen_until = mark.seen_until
        self.places = Places(mark.places)
        self.began_without_mark = began_without_mark

    def go_on(self) -> None:
        """Check the turn, between two pieces of work. Raises OutOfTurnError or StoreUnavailableError."""
        now = self._clock.now()
        if now >= self._ends_at:
            raise OutOfTurnError
        if now - self._renewed_at >= RENEWED_AFTER:
            self._write(held_until=now + HELD_FOR)
            self._renewed_at = now

    def share(self, part: float) -> Go:
        """Return a `go_on` for one part of the work. `part` is its share of the time that is left, from 0 to 1.

        The `go_on` also raises OutOfShareError when the share is used up.
        """
        began_at = self._clock.now()
        ends_at = began_at + (self._ends_at - began_at) * part

        def go_on() -> None:
            self.go_on()
            if self._clock.now() >= ends_at:
                raise OutOfShareError

        return go_on

    def end(self, seen_until: datetime | None) -> None:
        """Free the turn, so that the next sweep may begin at once.

        Raises StoreUnavailableError. Then the next sweep begins a little later.
        """
        with suppress(OutOfTurnError):
            self._write(owner=None, held_until=None, seen_until=seen_until)

    def _write(self, **changes: object) -> None:
        mark = replace(self._mark, places=self.places.as_mapping(), **changes)  # type: ignore[arg-type]
        if not self._store.write_sweep_mark(mark):
            raise OutOfTurnError
        self._mark = replace(mark, revision=mark.revision + 1)


def take_turn(store: RunStore, clock: Clock, owner: str, seconds: float) -> Turn | None:
    """Take a turn of at most `seconds`; returns None if another sweep is at work. Raises StoreUnavailableError."""
    mark, now = store.sweep_mark(), clock.now()
    if mark.held_until and now < mark.held_until <= now + HELD_FOR:
        return None
    mine = replace(mark, owner=owner, held_until=now + HELD_FOR)
    if not store.write_sweep_mark(mine):
        return None
    stands = replace(mine, revision=mine.revision + 1, is_unreadable=False, unreadable_revision=None)
    ends_at = now + timedelta(seconds=seconds)
    return Turn(store, clock, stands, now, ends_at, began_without_mark=mark.is_unreadable)
