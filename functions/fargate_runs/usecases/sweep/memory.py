"""A process's memory from sweep to sweep, which saves calls. Forgetting costs calls and nothing else."""

from collections.abc import Callable, Hashable, Iterable
from typing import Final, Generic, TypeVar

MOST_REMEMBERED: Final = 100_000

T = TypeVar("T", bound=Hashable)


class Memory(Generic[T]):
    """A bounded set. If it is full, the first things stay.

    If more things come round than there is room for, a memory that dropped the oldest would drop each thing before its
    next lookup.
    """

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._things: set[T] = set()

    def add(self, thing: T) -> None:
        """Remember a thing, if there is room."""
        if len(self._things) < self._most:
            self._things.add(thing)

    def update(self, things: Iterable[T]) -> None:
        """Remember several things."""
        for each in things:
            self.add(each)

    def keep(self, comes_round: Callable[[T], bool]) -> None:
        """Forget the things that do not come round any more."""
        self._things = set(filter(comes_round, self._things))

    def __contains__(self, thing: object) -> bool:
        return thing in self._things
