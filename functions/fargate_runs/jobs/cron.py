"""Cron expressions of EventBridge Scheduler: six fields, with `?`, `L`, `W` and `#`. Pure; times are without a zone."""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final

_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_SATURDAY: Final = 7
_MOST_WEEKS: Final = 5
_WEEK: Final = 7


@dataclass(frozen=True, slots=True)
class _Field:
    """One of the six fields: the numbers that it takes, and their names."""

    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()
    has_steps: bool = True

    @property
    def range(self) -> str:
        named = f" or {self.names[0]} to {self.names[-1]}" if self.names else ""
        return f"{self.least} to {self.most}{named}"


_MINUTE: Final = _Field("minutes", 0, 59)
_HOUR: Final = _Field("hours", 0, 23)
_DAY: Final = _Field("day of month", 1, 31)
_MONTH: Final = _Field("month", 1, 12, _MONTHS)
_WEEKDAY: Final = _Field("day of week", 1, 7, _DAYS, has_steps=False)
_YEAR: Final = _Field("year", 1970, 2199)
_FIELDS: Final = (_MINUTE, _HOUR, _DAY, _MONTH, _WEEKDAY, _YEAR)


@dataclass(frozen=True, slots=True)
class _Days:
    """The days of a month that an expression names. Weekdays are 1 (Sunday) to 7, as AWS counts them."""

    numbers: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    has_last: bool = False
    has_last_workday: bool = False
    near: frozenset[int] = frozenset()
    """Days of which the nearest workday of the month is meant (`15W`)."""
    last: frozenset[int] = frozenset()
    """Weekdays whose last one of the month is meant (`6L`)."""
    nth: tuple[int, int] | None = None
    """A weekday and which one of the month (`6#3`)."""

    def of(self, year: int, month: int) -> list[int]:
        """Returns the days of a month, in order."""
        length = monthrange(year, month)[1]
        days = {day for day in range(1, length + 1) if self._has(day, length, _weekday(year, month, day))}
        days |= {_workday(year, month, day, length) for day in self.near if day <= length}
        if self.has_last_workday:
            days.add(_workday(year, month, length, length))
        return sorted(days)

    def _has(self, day: int, length: int, weekday: int) -> bool:
        return (
            day in self.numbers
            or weekday in self.weekdays
            or (self.has_last and day == length)
            or (weekday in self.last and day + _WEEK > length)
            or self.nth == (weekday, (day - 1) // _WEEK + 1)
        )


@dataclass(frozen=True, slots=True)
class Cron:
    """A parsed expression."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: _Days
    months: frozenset[int]
    years: frozenset[int]

    def times_from(self, start: datetime) -> Iterator[datetime]:
        """Yields its times on the clock from `start` on, in order."""
        for day in self._dates_from(start.date()):
            for hour in self.hours:
                for minute in self.minutes:
                    moment = datetime.combine(day, time(hour, minute))
                    if moment >= start:
                        yield moment

    def _dates_from(self, start: date) -> Iterator[date]:
        for year in sorted(self.years):
            for month in sorted(self.months):
                if (year, month) >= (start.year, start.month):
                    yield from (d for day in self.days.of(year, month) if (d := date(year, month, day)) >= start)


def parse_cron(text: str) -> Cron:
    """Reads what is between the parentheses of `cron(…)`, such as `0 6 ? * MON-FRI *`.

    Raises ValueError with a sentence about what is wrong and what would be right.
    """
    parts = text.upper().split()
    if len(parts) != len(_FIELDS):
        raise ValueError(
            f"has {len(parts)} fields, and needs {len(_FIELDS)}: minutes, hours, day of month, month, day of week,"
            " year, such as 0 6 ? * MON-FRI *"
        )
    minute, hour, day, month, weekday, year = parts
    if (day == "?") == (weekday == "?"):
        raise ValueError(
            "must have ? as its day of month or as its day of week, and a value in the other one,"
            " such as 0 6 ? * MON-FRI * or 0 6 1 * ? *"
        )
    return Cron(
        minutes=tuple(sorted(_numbers(_MINUTE, minute))),
        hours=tuple(sorted(_numbers(_HOUR, hour))),
        days=_days_of_month(day) if weekday == "?" else _days_of_week(weekday),
        months=frozenset(_numbers(_MONTH, month)),
        years=frozenset(_numbers(_YEAR, year)),
    )


def _days_of_month(text: str) -> _Days:
    """Reads the third field: numbers, `L`, `LW` and `15W`."""
    plain = [part for part in text.split(",") if part not in {"L", "LW"} and not part.endswith("W")]
    special = [part for part in text.split(",") if part not in plain]
    return _Days(
        numbers=frozenset(number for part in plain for number in _part(_DAY, part)),
        has_last="L" in special,
        has_last_workday="LW" in special,
        near=frozenset(_number(_DAY, part[:-1]) for part in special if part not in {"L", "LW"}),
    )


def _days_of_week(text: str) -> _Days:
    """Reads the fifth field: numbers, names, `L`, `6L` and `6#3`."""
    if "#" in text:
        return _Days(nth=_nth(text))
    parts = text.split(",")
    last = [part for part in parts if len(part) > 1 and part.endswith("L")]
    return _Days(
        weekdays=frozenset(
            number for part in parts if part not in last for number in _part(_WEEKDAY, "SAT" if part == "L" else part)
        ),
        last=frozenset(_number(_WEEKDAY, part[:-1]) for part in last),
    )


def _nth(text: str) -> tuple[int, int]:
    day, _, which = text.partition("#")
    if not re.fullmatch(rf"[1-{_MOST_WEEKS}]", which):
        raise ValueError(
            f"its day of week {_shown(text)} must be one day, # and a number from 1 to {_MOST_WEEKS}, such as FRI#2"
        )
    return _number(_WEEKDAY, day), int(which)


def _numbers(field: _Field, text: str) -> set[int]:
    return {number for part in text.split(",") for number in _part(field, part)}


def _part(field: _Field, part: str) -> Iterator[int]:
    """Yields the numbers of one part: `*`, `5`, `1-5`, and each of them with a step."""
    span, slash, step = part.partition("/")
    if slash and not field.has_steps:
        raise ValueError(f"its {field.name} {_shown(part)} must not have a step; list the days instead")
    first, dash, end = span.partition("-")
    if span == "*":
        least, most = field.least, field.most
    elif dash:
        least, most = _number(field, first), _number(field, end)
    else:
        least = _number(field, first)
        most = field.most if slash else least
    if least > most:
        raise ValueError(f"its {field.name} {_shown(part)} goes backwards; write it as two parts")
    yield from range(least, most + 1, _step(field, part, step) if slash else 1)


def _step(field: _Field, part: str, step: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,3}", step):
        raise ValueError(f"its {field.name} {_shown(part)} must have a whole number from 1 on behind the /")
    return int(step)


def _number(field: _Field, text: str) -> int:
    if text in field.names:
        return field.names.index(text) + field.least
    if re.fullmatch(r"[0-9]{1,4}", text) and field.least <= int(text) <= field.most:
        return int(text)
    raise ValueError(f"its {field.name} has {_shown(text)}, and takes {field.range}")


def _shown(text: str) -> str:
    return repr(text[:40])


def _weekday(year: int, month: int, day: int) -> int:
    """Returns 1 for a Sunday to 7 for a Saturday."""
    return date(year, month, day).isoweekday() % _WEEK + 1


def _workday(year: int, month: int, day: int, length: int) -> int:
    """Returns the day from Monday to Friday that is nearest, in the same month."""
    weekday = _weekday(year, month, day)
    if weekday == _SATURDAY:
        return day - 1 if day > 1 else day + 2
    if weekday == 1:
        return day + 1 if day < length else day - 2
    return day
