"""What a process remembers from sweep to sweep, to ask less. Forgetting costs calls and nothing else."""

from collections.abc import Hashable
from typing import Final, Generic, TypeVar

MOST_REMEMBERED: Final = 100_000

T = TypeVar("T", bound=Hashable)


class Memory(Generic[T]):
    """The last so many things that were added."""

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._things: dict[T, None] = {}

    def add(self, thing: T) -> None:
        """Remember one, and forget the oldest where there are too many."""
        self._things[thing] = None
        if len(self._things) > self._most:
            del self._things[next(iter(self._things))]

    def __contains__(self, thing: object) -> bool:
        return thing in self._things
