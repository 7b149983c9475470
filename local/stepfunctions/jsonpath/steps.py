"""What a path is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Condition = Callable[[object, object], bool]
"""Whether an element, of a whole document, meets a filter's condition."""


@dataclass(frozen=True)
class Property:
    """`.name`, `['name']`, `['one', 'two']`."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class Index:
    """`[0]`, `[-1]`, `[0, 2]`."""

    indexes: tuple[int, ...]


@dataclass(frozen=True)
class Slice:
    """`[1:]`, `[:2]`, `[1:3]`."""

    start: int | None
    stop: int | None


@dataclass(frozen=True)
class Wildcard:
    """`.*`, `[*]`."""


@dataclass(frozen=True)
class Descendants:
    """`..`: the value itself and all that is in it; a step follows."""


@dataclass(frozen=True)
class Filter:
    """`[?(…)]`."""

    condition: Condition


Step = Property | Index | Slice | Wildcard | Descendants | Filter


@dataclass(frozen=True)
class Path:
    """The steps from a document's root, or in a filter from the element (`starts_here`)."""

    steps: tuple[Step, ...]
    starts_here: bool = False

    @property
    def is_definite(self) -> bool:
        """Whether it leads to one place at most."""
        return all(self._is_definite(at) for at in range(len(self.steps)))

    def _is_definite(self, at: int) -> bool:
        step = self.steps[at]
        if isinstance(step, Property):
            # Several properties at the end are one object of them.
            return len(step.names) == 1 or at == len(self.steps) - 1
        return isinstance(step, Index) and len(step.indexes) == 1
