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

    def __call__(self, *of: object, **named: object) -> object:
        made = cast("Callable[..., object]", self._made())
        return made(*of, **named)


def later(make: Callable[[], Made]) -> Made:
    """Returns a stand-in for the result of `make`, which is called once, when the stand-in is first used."""
    return cast("Made", _Later(make))
