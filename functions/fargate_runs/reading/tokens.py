"""Chooses the task's token from several values: a variable of that name may belong to somebody else. Pure."""

import re
from collections.abc import Iterable
from typing import Final

TOKEN_VARIABLE: Final = "TASK_TOKEN"  # noqa: S105 - a name, where this application's own machine puts it

# Every token on record begins with the same header of an encrypted text. The header is not documented, so it is only a
# preference. Next come values with a token's characters and least length, then all others.
_HEADER: Final = re.compile(r"(AQ[A-Za-z0-9+/]{2})?AAAAKgAAAA")
_FORM: Final = re.compile(r"[A-Za-z0-9+/=_-]{32,}")


def token_of(values: Iterable[tuple[str, str]]) -> tuple[str | None, str | None]:
    """Returns the value most like a token, and its container: the first of equal ones; (None, None) without values."""
    return min(values, key=lambda found: _unlikeness(found[0]), default=(None, None))


def _unlikeness(value: str) -> int:
    if _HEADER.match(value):
        return 0
    return 1 if _FORM.fullmatch(value) else 2
