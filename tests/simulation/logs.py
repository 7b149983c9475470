"""A client twin of CloudWatch Logs: every stream has the same few lines."""

from typing import Any, Final

from tests.simulation.faults import FaultPlan, client_error

_LINES: Final = ("working", '{"rows": 3}')


class Logs:
    """GetLogEvents."""

    def __init__(self, plan: FaultPlan) -> None:
        self._plan = plan
        self.large = '{"blob": "' + "x" * 300_000 + '"}'

    def get_log_events(self, *, logGroupName: str, logStreamName: str, **options: Any) -> dict[str, Any]:  # noqa: N803
        """The last lines, at times none at all, a stream that is not there, or a line that is much too long."""
        if self._plan.happens(0.05):
            raise client_error("GetLogEvents", "ResourceNotFoundException", "The specified log stream does not exist.")
        if self._plan.happens(0.1) and "nextToken" not in options:
            return {"events": [], "nextBackwardToken": "b", "nextForwardToken": "f"}
        lines = (self.large,) if self._plan.happens(0.02) else _LINES
        events = [{"timestamp": 0, "ingestionTime": 0, "message": line} for line in lines]
        return {"events": events, "nextBackwardToken": "b", "nextForwardToken": "f"}
