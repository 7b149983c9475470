"""The body of a backfill."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fargate_runs.errors import InvalidParametersError
from rest.parameters import moment

_FROM: Final = "from"
_TO: Final = "to"
_DRY: Final = "dryRun"
KEYS: Final = (_FROM, _TO, _DRY)


@dataclass(frozen=True, slots=True)
class BackfillRequest:
    """The time whose slots are to be started: from `since` on, and before `until`."""

    since: datetime
    until: datetime
    is_dry_run: bool = False

    @classmethod
    def of_body(cls, body: Mapping[str, object]) -> "BackfillRequest":
        """Reads a body. Raises InvalidParametersError with every problem."""
        problems = [f"{key[:40]}: is not known; the keys are {', '.join(KEYS)}" for key in body if key not in KEYS]
        since, until = _time(body, _FROM, problems), _time(body, _TO, problems)
        is_dry_run = body.get(_DRY, False)
        if not isinstance(is_dry_run, bool):
            problems.append(f"{_DRY}: must be true or false")
        if problems or since is None or until is None:
            raise InvalidParametersError(problems)
        return cls(since, until, is_dry_run is True)


def _time(body: Mapping[str, object], key: str, problems: list[str]) -> datetime | None:
    given = body.get(key)
    try:
        return moment(given if isinstance(given, str) else "")
    except ValueError as error:
        problems.append(f"{key}: {error}")
        return None


def refused(problems: Sequence[str]) -> InvalidParametersError:
    """Return the error of a body that is no request."""
    return InvalidParametersError(problems)
