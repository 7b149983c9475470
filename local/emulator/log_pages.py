"""Pages of GetLogEvents as CloudWatch Logs has them (its API reference).

MiniStack's tokens hold for every stream, its pages have any size, and it names what is not there in the error's text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from typing import Any, Final

from ministack.core.responses import error_response_json, json_response
from ministack.services import cloudwatch_logs

from local.emulator.executions import Response

MOST_EVENTS: Final = 10_000
MOST_BYTES: Final = 1_048_576
BYTES_OF_AN_EVENT: Final = 26  # beside its message, as PutLogEvents counts
_MISSING: Final = ("The specified log group does not exist", "The specified log stream does not exist")

Json = dict[str, Any]
Reader = Callable[[Json], Response]


class _BadTokenError(ValueError):
    """Not a token of this stream."""


def install_log_pages() -> None:
    """Put GetLogEvents of CloudWatch Logs in the place of MiniStack's."""
    cloudwatch_logs._get_log_events = _pages(cloudwatch_logs._get_log_events)


def _pages(read: Reader) -> Reader:
    def get_log_events(request: Json) -> Response:
        if refused := _refused(request):
            return refused
        stream = _stream_mark(request)
        try:
            inner = {**request, **_inner_token(request, stream)}
        except _BadTokenError:
            return _invalid("The specified nextToken is invalid.")
        status, headers, body = read(inner)
        answer = json.loads(body)
        if "events" not in answer:
            return _as_it_says(answer) or (status, headers, body)
        fitting = _fitting(answer["events"], from_the_oldest=_is_forward(inner))
        if fitting < len(answer["events"]):
            answer = json.loads(read({**inner, "limit": fitting})[2])
        for name in ("nextForwardToken", "nextBackwardToken"):
            direction, _, cursor = answer[name].partition("/")
            answer[name] = f"{direction}/{stream}/{cursor}"
        response: Response = json_response(answer)
        return response

    return get_log_events


def _refused(request: Json) -> Response | None:
    limit, token = request.get("limit"), request.get("nextToken")
    if limit is not None and not 1 <= limit <= MOST_EVENTS:
        bound = "greater than or equal to 1" if limit < 1 else f"less than or equal to {MOST_EVENTS}"
        return _invalid(_failed(limit, "limit", f"Member must have value {bound}"))
    if token is not None and not token:
        return _invalid(_failed(token, "nextToken", "Member must have length greater than or equal to 1"))
    return None


def _failed(value: object, name: str, constraint: str) -> str:
    return f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: {constraint}"


def _invalid(text: str) -> Response:
    response: Response = error_response_json("InvalidParameterException", text, 400)
    return response


def _stream_mark(request: Json) -> str:
    """Which stream a token is of: one that was deleted and made anew is another."""
    group = cloudwatch_logs._resolve_log_group_name(request)
    stream = request.get("logStreamName")
    groups = cloudwatch_logs._log_groups
    created = groups[group]["streams"].get(stream, {}).get("creationTime") if group in groups else None
    return hashlib.sha256(json.dumps([group, stream, created]).encode()).hexdigest()[:16]


def _inner_token(request: Json, stream: str) -> Json:
    token = request.get("nextToken")
    if token is None:
        return {}
    direction, _, rest = str(token).partition("/")
    of_stream, _, cursor = rest.partition("/")
    if of_stream != stream:
        raise _BadTokenError(token)
    return {"nextToken": f"{direction}/{cursor}"}


def _is_forward(request: Json) -> bool:
    token = request.get("nextToken")
    return str(token).startswith("f/") if token else bool(request.get("startFromHead"))


def _fitting(events: list[Json], *, from_the_oldest: bool) -> int:
    """How many of these events a page has room for: from the end that the reader comes from."""
    size = 0
    ordered: Iterable[Json] = events if from_the_oldest else reversed(events)
    for number, event in enumerate(ordered):
        size += len(event["message"].encode()) + BYTES_OF_AN_EVENT
        if size > MOST_BYTES:
            return number
    return len(events)


def _as_it_says(error: Json) -> Response | None:
    """What is missing, without its name."""
    for text in _MISSING:
        if str(error.get("message", "")).startswith(text):
            response: Response = error_response_json("ResourceNotFoundException", f"{text}.", 400)
            return response
    return None
