"""Cursors: where a page ended, as a text that a caller hands back. It is read, never trusted.

A cursor belongs to what was asked: `scope` is a text that names it, and a cursor of another scope is refused. It holds
nothing that its caller may not see.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from typing import Final

from fargate_runs.errors import InvalidCursorError

VERSION: Final = 1
_DIGITS: Final = 16  # of the digest of a scope: enough to notice a mistake, and nobody gains by a forged one


def cursor_of(scope: str, place: Mapping[str, str]) -> str:
    """Return the cursor of a place."""
    text = json.dumps([VERSION, _digest(scope), dict(place)], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place_of(scope: str, cursor: str) -> Mapping[str, str]:
    """Return the place of a cursor. Raises InvalidCursorError for one that is not of this scope, or is none."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        version, digest, place = json.loads(text)
    except (ValueError, TypeError, RecursionError, binascii.Error):
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
    if not isinstance(place, dict) or not place:
        return False
    return all(isinstance(value, str) and value for value in place.values())
