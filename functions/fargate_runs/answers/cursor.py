"""Cursors: texts that say where a page ended. The caller sends one back for the next page. A cursor is never trusted.

`scope` is a text that names the question. A cursor of another scope is refused. A cursor holds nothing that its caller
may not see.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Final

from fargate_runs.errors import InvalidCursorError

VERSION: Final = 1
_DIGITS: Final = 16  # of a scope's digest: enough to notice a mistake; a forged cursor gains nothing


def cursor_of(scope: str, place: Mapping[str, str]) -> str:
    """Returns the cursor of a place."""
    text = json.dumps([VERSION, _digest(scope), dict(place)], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place_of(scope: str, cursor: str) -> Mapping[str, str]:
    """Returns the place of a cursor. Raises InvalidCursorError if it is no cursor, or one of another scope."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        version, digest, place = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        raise InvalidCursorError("is none that this API has given; leave it out to begin anew") from None
    if version != VERSION or not _is_place(place):
        raise InvalidCursorError("is none that this API has given; leave it out to begin anew")
    if digest != _digest(scope):
        raise InvalidCursorError(
            "is of a request with other parameters; repeat that request's, or leave the cursor out"
        )
    return dict(place)


def _digest(scope: str) -> str:
    return hashlib.sha256(scope.encode("utf-8", "replace")).hexdigest()[:_DIGITS]


def _is_place(place: object) -> bool:
    return isinstance(place, dict) and bool(place) and all(isinstance(each, str) and each for each in place.values())
