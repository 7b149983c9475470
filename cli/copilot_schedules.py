"""The rule that AWS Copilot made of `on.schedule`. It does not always do as the manifest says.

Source: `awsSchedule` in internal/pkg/deploy/cloudformation/stack/scheduled_job.go of aws/copilot-cli 1.33.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

#: Copilot looked for one of these anywhere in the text, and left it all as it was.
_AS_IT_IS: Final = re.compile(r"(?:rate|cron)\(.*\)|none")
_NONE: Final = "none"
_PRESETS: Final = {
    "@hourly": "0 * * * ? *",
    "@midnight": "0 0 * * ? *",
    "@daily": "0 0 * * ? *",
    "@weekly": "0 0 ? * 1 *",
    "@monthly": "0 0 1 * ? *",
    "@annually": "0 0 1 1 ? *",
    "@yearly": "0 0 1 1 ? *",
}
_EVERY: Final = "@every "
_GO_DURATION: Final = re.compile(r"(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+")
_GO_PART: Final = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)")
_GO_SECONDS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}
_FIELDS: Final = 5
_DAY, _WEEKDAY = 2, 4


class NeverDeployedError(ValueError):
    """Copilot refused this schedule, so nothing ever ran by it."""


@dataclass(frozen=True)
class Deployed:
    """The schedule of the rule in EventBridge, in UTC. `kind` is `cron` or `rate`; empty for a rule that was off.

    `surprise` says where the rule does something else than the manifest says.
    """

    kind: str
    fields: str
    surprise: str = ""


def deployed(schedule: str) -> Deployed:
    """Returns the deployed rule. Raises NeverDeployedError."""
    if _AS_IT_IS.search(schedule):
        return _as_it_is(schedule)
    if schedule.startswith(_EVERY):
        return _every(schedule.removeprefix(_EVERY))
    if schedule.startswith("@"):
        if schedule not in _PRESETS:
            raise NeverDeployedError(f"{schedule} is none of {', '.join(_PRESETS)}")
        return Deployed("cron", _PRESETS[schedule])
    return _standard_cron(schedule)


def seconds_of(duration: str) -> float:
    """Returns the seconds of a duration in Go's form, such as 1h30m. Raises ValueError."""
    if not _GO_DURATION.fullmatch(duration):
        raise ValueError(f"{duration!r} is no duration such as 1h30m")
    return sum(float(count) * _GO_SECONDS[unit] for count, unit in _GO_PART.findall(duration))


def _as_it_is(schedule: str) -> Deployed:
    if schedule == _NONE:
        return Deployed("", "")
    found = re.fullmatch(r"(rate|cron)\((.*)\)", schedule)
    if found is None:
        raise NeverDeployedError("CloudFormation takes nothing around cron(…) or rate(…)")
    return Deployed(found[1], found[2].strip())


def _every(duration: str) -> Deployed:
    try:
        minutes = seconds_of(duration) / 60
    except ValueError as error:
        raise NeverDeployedError(str(error)) from error
    if minutes < 1 or minutes != int(minutes):
        raise NeverDeployedError("an interval had to be a whole number of minutes")
    return Deployed("rate", f"{int(minutes)} minute{'' if minutes == 1 else 's'}")


def _standard_cron(schedule: str) -> Deployed:
    fields = schedule.split()
    if len(fields) != _FIELDS:
        raise NeverDeployedError(f"cron has {_FIELDS} fields there, and this has {len(fields)}")
    day, weekday = fields[_DAY], fields[_WEEKDAY]
    if _is_specific(day) and _is_specific(weekday):
        raise NeverDeployedError("Copilot refuses a day of the month beside a day of the week")
    if _is_specific(weekday):
        fields[_DAY] = "?"
    else:
        fields[_WEEKDAY] = "?"
        fields[_DAY] = day if _is_specific(day) else "*"
    # AWS counts Sunday as 1, cron as 0. Copilot added 1 to every digit, the steps behind a slash included.
    fields[_WEEKDAY] = re.sub(r"\d", lambda digit: str(int(digit[0]) + 1), fields[_WEEKDAY])
    lost = [each for each in (day, weekday) if not _is_specific(each) and each not in {"*", "?"}]
    surprise = ""
    if lost:
        surprise = f"Copilot dropped {' and '.join(lost)}: it runs on every day that the other fields allow"
    elif "/" in weekday and _is_specific(weekday):
        surprise = f"Copilot made {fields[_WEEKDAY]} of the days {weekday}: the step grew by one"
    return Deployed("cron", " ".join([*fields, "*"]), surprise)


def _is_specific(field: str) -> bool:
    return not {"*", "?"} & set(field)
