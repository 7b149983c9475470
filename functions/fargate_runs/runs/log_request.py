"""The question for lines of a run's log."""

from dataclasses import dataclass
from typing import Final

MOST_LINES: Final = 10_000  # of one GetLogEvents
DEFAULT_LINES: Final = 1_000
LONGEST_CURSOR: Final = 2_048  # characters; a token of CloudWatch Logs has 58


@dataclass(frozen=True, slots=True)
class LogRequest:
    """Lines of a run's log: by default the first ones of the newest attempt's main container.

    A cursor names its task and container itself. `attempt` and `container` beside it must agree with it.
    """

    run_id: str
    attempt: int | None = None
    container: str | None = None
    cursor: str | None = None
    limit: int = DEFAULT_LINES
