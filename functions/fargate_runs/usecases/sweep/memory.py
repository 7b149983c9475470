"""What a process remembers from sweep to sweep, to ask less. Forgetting costs calls and nothing else."""

from collections.abc import Callable, Hashable, Iterable
from typing import Final, Generic, TypeVar

MOST_REMEMBERED: Final = 100_000

T = TypeVar("T", bound=Hashable)


class Memory(Generic[T]):
    """Things that were added. Where there are too many, the first stay: forgetting the oldest would forget each of them
    before it is asked for again, where more of them come round than there is room for."""

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._things: set[T] = set()

    def add(self, thing: T) -> None:
        """Remember one, if there is room."""
        if len(self._things) < self._most:
            self._things.add(thing)

    def update(self, things: Iterable[T]) -> None:
        """Remember several."""
        for each in things:
            self.add(each)

    def keep(self, comes_round: Callable[[T], bool]) -> None:
        """Forget what does not come round any more."""
        self._things = set(filter(comes_round, self._things))

    def __contains__(self, thing: object) -> bool:
        return thing in self._things
