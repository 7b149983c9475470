"""Where each part of a sweep was, so that the next one goes on there: what comes last has its turn too."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, TypeVar

_NOWHERE: Final[Mapping[str, str]] = MappingProxyType({})

T = TypeVar("T")


class Places:
    """By the name of a part of the work, the key that it came to. A part that came to its end has none.

    A place that is old only says where to begin: whatever there is to do, it is walked through in whole.
    """

    def __init__(self, places: Mapping[str, str] = _NOWHERE) -> None:
        self._places = dict(places)

    def ordered(self, part: str, keys: Iterable[str]) -> Sequence[str]:
        """All of these, from where an earlier sweep has left off."""
        found = sorted(keys)
        start = bisect_right(found, self._places.get(part, ""))
        return (*found[start:], *found[:start])

    def at(self, part: str) -> str | None:
        """Where an earlier sweep has left off, or this one is; None where it was at its end."""
        return self._places.get(part)

    def come_to(self, part: str, key: str) -> None:
        """Before the work on it: what lets a process die is not where the next one begins."""
        self._places[part] = key

    def leave(self, part: str) -> None:
        """The part is at its end."""
        self._places.pop(part, None)

    def walk(self, part: str, things: Mapping[str, T], go_on: Callable[[], None]) -> Iterator[T]:
        """All of these one by one, from where an earlier sweep has left off. Asks before each whether to go on."""
        for key in self.ordered(part, things):
            go_on()
            self.come_to(part, key)
            yield things[key]
        self.leave(part)

    def as_mapping(self) -> Mapping[str, str]:
        """As they are kept in the mark."""
        return dict(self._places)
