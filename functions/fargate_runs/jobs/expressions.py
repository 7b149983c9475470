"""When a schedule fires: the cron, rate and at expressions of EventBridge Scheduler. Pure.

Source: "Schedule types in EventBridge Scheduler" of its user guide. What the guide does not name is refused here, for
instance a range that goes backwards. A time that clocks skip fires nothing; one that they pass twice fires once, at the
first of the two.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from fargate_runs.jobs.cron import Cron, parse_cron

_LONGEST_ZONE: Final = 50  # characters, Scheduler's own limit
_ZONE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9][A-Za-z0-9_+-]*){0,2}")
_NO_ZONES: Final = frozenset({"localtime", "posixrules", "Factory"})  # files beside the zones
_NO_PLACES: Final = ("posix/", "right/")  # copies of the zones, for other clocks
_RATE: Final = re.compile(r"([1-9][0-9]{0,5}) +(minute|hour|day)s?")
_MINUTES: Final = {"minute": 1, "hour": 60, "day": 1_440}
_LONGEST_RATE_DAYS: Final = 366
_AT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}")
_WHOLE: Final = re.compile(r"(cron|rate|at)\((.*)\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Rate:
    """Every so many minutes of elapsed time."""

    minutes: int


@dataclass(frozen=True, slots=True)
class At:
    """Once, at this time on the clocks of the schedule's zone."""

    local: datetime


Expression: TypeAlias = Cron | Rate | At


def parse(expression: str) -> Expression:
    """Reads `cron(…)`, `rate(…)` or `at(…)`. Raises ValueError, which says what is right."""
    found = _WHOLE.fullmatch(expression)
    if found is None:
        raise ValueError("must be cron(…), rate(…) or at(…)")
    kind, inside = found.groups()
    return _PARSERS[kind](inside)


def parse_rate(text: str) -> Rate:
    """Reads what is between the parentheses of `rate(…)`, such as `15 minutes`. Raises ValueError."""
    found = _RATE.fullmatch(text.strip())
    if found is None:
        raise ValueError("must be a whole number from 1 on and minutes, hours or days, such as 15 minutes or 1 day")
    minutes = int(found[1]) * _MINUTES[found[2]]
    if minutes > _LONGEST_RATE_DAYS * _MINUTES["day"]:
        raise ValueError(f"must be {_LONGEST_RATE_DAYS} days at most")
    return Rate(minutes)


def parse_at(text: str) -> At:
    """Reads what is between the parentheses of `at(…)`, such as `2026-12-24T18:00:00`. Raises ValueError."""
    try:
        if _AT.fullmatch(text.strip()):
            return At(datetime.fromisoformat(text.strip()))
    except ValueError:
        pass
    raise ValueError("must be a time on the clocks of timeZone, without an offset, such as 2026-12-24T18:00:00")


_PARSERS: Final[Mapping[str, Callable[[str], Expression]]] = {"cron": parse_cron, "rate": parse_rate, "at": parse_at}


def is_zone(name: str) -> bool:
    """Returns whether the IANA database has a time zone of this name."""
    return _zone(name) is not None


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo | None:
    if len(name) > _LONGEST_ZONE or not _ZONE.fullmatch(name) or name in _NO_ZONES or name.startswith(_NO_PLACES):
        return None
    try:
        return ZoneInfo(name)
    except (LookupError, OSError, ValueError):
        return None


def next_fires(expression: str, zone: str, after: datetime, count: int) -> tuple[datetime, ...]:
    """Returns the next fires later than `after`, in UTC, at most `count`.

    A rate is counted from `after`; Scheduler counts it from the moment at which it got the schedule. Raises ValueError
    for a wrong expression or zone.
    """
    return tuple(islice(fires(expression, zone, after), count))


def fires(expression: str, zone: str, after: datetime) -> Iterator[datetime]:
    """Yields every fire later than `after`, in UTC. See next_fires."""
    parsed, place = parse(expression), _zone(zone)
    if place is None:
        raise ValueError(f"there is no time zone {zone!r}")
    if isinstance(parsed, Rate):
        return _every(timedelta(minutes=parsed.minutes), after.astimezone(UTC))
    if isinstance(parsed, At):
        local: Iterator[datetime] = iter((parsed.local,))
    else:
        # A day earlier, because clocks that went back show a fire before `after` a second time.
        local = parsed.times_from((after.astimezone(place) - timedelta(days=1)).replace(tzinfo=None))
    return (moment for each in local if (moment := _moment(each, place)) is not None and moment > after)


def _every(step: timedelta, after: datetime) -> Iterator[datetime]:
    try:
        while True:
            after += step
            yield after
    except OverflowError:
        return


def _moment(local: datetime, zone: ZoneInfo) -> datetime | None:
    """Returns the moment at which clocks first show a time; None if they skip it."""
    moment = local.replace(tzinfo=zone).astimezone(UTC)
    return moment if moment.astimezone(zone).replace(tzinfo=None) == local else None
