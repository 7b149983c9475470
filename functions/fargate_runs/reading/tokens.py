"""Which of several values is the task's token, where a variable of that name may be somebody else's. Pure."""

import re
from collections.abc import Iterable
from typing import Final

TOKEN_VARIABLE: Final = "TASK_TOKEN"  # noqa: S105 - a name, where this application's own machine puts it

# Every token on record begins with the same header of an encrypted text. It is not documented, so it is a preference:
# after it comes what has the signs and at least the length of a token, and then anything at all.
_HEADER: Final = re.compile(r"(AQ[A-Za-z0-9+/]{2})?AAAAKgAAAA")
_FORM: Final = re.compile(r"[A-Za-z0-9+/=_-]{32,}")


def token_of(values: Iterable[tuple[str, str]]) -> tuple[str | None, str | None]:
    """(value, container) of the one that is most like a token; of equal ones the first. (None, None) of none."""
    return min(values, key=lambda found: _unlikeness(found[0]), default=(None, None))


def _unlikeness(value: str) -> int:
    if _HEADER.match(value):
        return 0
    return 1 if _FORM.fullmatch(value) else 2
