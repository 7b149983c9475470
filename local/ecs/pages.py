"""The pages of ListTasks."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable
from typing import Final

from local.ecs.errors import InvalidParameterError
from local.ecs.model import Json, LocalTask

LARGEST: Final = 100  # ListTasks of the API reference


def page_of(tasks: Iterable[LocalTask], parameters: Json) -> Json:
    """`{taskArns, nextToken?}`: what comes after the token's position, in the order of launch.

    The token is a position and no count: a task that goes, or is forgotten, between two pages hides no other.
    InvalidParameterError where `maxResults` or `nextToken` is none.
    """
    size, after = _size(parameters.get("maxResults")), _position(parameters.get("nextToken"))
    left = sorted((_key(task), task.arn) for task in tasks if _key(task) > after)
    page: Json = {"taskArns": [arn for _, arn in left[:size]]}
    if len(left) > size:
        page["nextToken"] = base64.urlsafe_b64encode(json.dumps(left[size - 1][0]).encode()).decode()
    return page


def _key(task: LocalTask) -> tuple[float, str]:
    return task.times["createdAt"].timestamp(), task.arn


def _size(given: object) -> int:
    if given is None:
        return LARGEST
    if not isinstance(given, int) or not 1 <= given <= LARGEST:
        raise InvalidParameterError(f"maxResults must be between 1 and {LARGEST}.")
    return given


def _position(token: object) -> tuple[float, str]:
    if token is None:
        return 0.0, ""
    try:
        seconds, arn = json.loads(base64.urlsafe_b64decode(str(token).encode()))
        return float(seconds), str(arn)
    except (ValueError, TypeError, binascii.Error):
        raise InvalidParameterError("Invalid token.") from None
