"""Times as people type them: `2h`, `30m`, or ISO 8601."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from cli.errors import BadInputError
from cli.text import one_line

_AGO: Final = re.compile(r"(\d{1,6})([smhdw])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def typed(option: str, text: str, now: datetime) -> datetime:
    """The time, in UTC unless it names another offset; `2h` is two hours before `now`. Raises BadInputError."""
    try:
        if ago := _AGO.fullmatch(text):
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        when = datetime.fromisoformat(text)
        return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        example = f"{now:%Y-%m-%dT%H:%M}"
        raise BadInputError(
            f"{option} is no time: {one_line(text, 40)!r}. Give one such as 2h or {example}."
        ) from error


def iso(when: datetime) -> str:
    """A time as the API takes it."""
    return when.astimezone(UTC).isoformat().replace("+00:00", "Z")
