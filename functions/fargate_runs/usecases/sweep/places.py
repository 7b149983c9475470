"""The place of each part of a sweep. The next sweep continues there, so the last items have their turn too."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, TypeVar

_NOWHERE: Final[Mapping[str, str]] = MappingProxyType({})

T = TypeVar("T")


class Places:
    """Maps the name of a part to the key that it has reached. A finished part has none.

    A place only says where to begin. A part always walks through all its items, so an old place does no harm.
    """

    def __init__(self, places: Mapping[str, str] = _NOWHERE) -> None:
        self._places = dict(places)

    def ordered(self, part: str, keys: Iterable[str]) -> Sequence[str]:
        """Return all these keys, from the place of an earlier sweep."""
        found = sorted(keys)
        start = bisect_right(found, self._places.get(part, ""))
        return (*found[start:], *found[:start])

    def at(self, part: str) -> str | None:
        """Return the place of this sweep or an earlier one; None if the part was finished."""
        return self._places.get(part)

    def come_to(self, part: str, key: str) -> None:
        """Note a key, before the work on it. If the work kills the process, the next sweep begins after this key."""
        self._places[part] = key

    def leave(self, part: str) -> None:
        """Note that the part is finished."""
        self._places.pop(part, None)

    def walk(self, part: str, things: Mapping[str, T], go_on: Callable[[], None]) -> Iterator[T]:
        """Yield all these things, from the place of an earlier sweep. Calls `go_on` before each."""
        for key in self.ordered(part, things):
            go_on()
            self.come_to(part, key)
            yield things[key]
        self.leave(part)

    def as_mapping(self) -> Mapping[str, str]:
        """Return the places in the form of the mark."""
        return dict(self._places)
