"""Things that are made when they are first used: an AWS client takes 10 to 40 ms, and most events need few of them."""

from collections.abc import Callable
from functools import cache
from typing import TypeVar, cast

Made = TypeVar("Made")


class _Later:
    def __init__(self, make: Callable[[], object]) -> None:
        self._made = cache(make)

    def __getattr__(self, name: str) -> object:
        return getattr(self._made(), name)


def later(make: Callable[[], Made]) -> Made:
    """What `make` makes, made when an attribute of it is first asked for, and once."""
    return cast("Made", _Later(make))
