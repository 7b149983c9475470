"""Which lines of a run's log are asked for, and the cursor that reads on. Pure."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Final

from fargate_runs.errors import InvalidCursorError

MOST_LINES: Final = 10_000  # of one GetLogEvents
DEFAULT_LINES: Final = 1_000
LONGEST_CURSOR: Final = 2_048  # characters; a token of CloudWatch Logs has 58
_VERSION: Final = 1
_NONE_OF_OURS: Final = "is none that this API has given; ask without it"


@dataclass(frozen=True, slots=True)
class LogRequest:
    """Lines of a run's log: by default the first ones of the newest attempt's main container.

    A cursor says by itself of which task and container it is; `attempt` and `container` beside it must agree.
    """

    run_id: str
    attempt: int | None = None
    container: str | None = None
    cursor: str | None = None
    limit: int = DEFAULT_LINES


@dataclass(frozen=True, slots=True)
class LogCursor:
    """A place in the log of a container of a task. `token` is CloudWatch Logs' own."""

    task_id: str
    container: str
    token: str

    def __str__(self) -> str:
        """Return base64url of JSON, without padding."""
        text = json.dumps([_VERSION, self.task_id, self.container, self.token], separators=(",", ":"))
        return urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def parsed(cls, text: str) -> "LogCursor":
        """Read one. Raises InvalidCursorError."""
        try:
            version, *parts = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            if version == _VERSION and all(isinstance(each, str) and each for each in parts):
                return cls(*parts)  # a TypeError, unless there are as many as there should be
        except (ValueError, TypeError, RecursionError):  # UnicodeError and binascii.Error are ValueErrors
            pass
        raise InvalidCursorError(_NONE_OF_OURS)
