"""The containers' logs on CloudWatch Logs."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from fargate_runs.aws import clients
from fargate_runs.aws.translate import Translation
from fargate_runs.ports import LogReader, LogUnavailableError
from fargate_runs.runs.log import LogLocation

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import GetLogEventsRequestTypeDef, GetLogEventsResponseTypeDef

_TRANSLATED: Final = Translation("the log could not be read:", LogUnavailableError)


class CloudWatchLogReader(LogReader):
    """See LogReader. At most two calls: the newest page of a stream may be empty although the one before is not.

    `elsewhere` gives the client of another Region: a task definition may name one for its log.
    """

    def __init__(
        self, client: "CloudWatchLogsClient", elsewhere: Callable[[str], "CloudWatchLogsClient"] = clients.logs_in
    ) -> None:
        self._client = client
        self._elsewhere = elsewhere

    def last_lines(self, location: LogLocation, limit: int) -> tuple[str, ...]:
        """See LogReader."""
        with _TRANSLATED:
            client = self._in(location.region)
            page = _page(client, location, limit)
            if not page["events"]:
                page = _page(client, location, limit, page["nextBackwardToken"])
        return tuple(event.get("message", "") for event in page["events"][-limit:])

    def _in(self, region: str) -> "CloudWatchLogsClient":
        return self._client if region == self._client.meta.region_name else self._elsewhere(region)


def _page(
    client: "CloudWatchLogsClient", location: LogLocation, limit: int, token: str | None = None
) -> "GetLogEventsResponseTypeDef":
    request: GetLogEventsRequestTypeDef = {
        "logGroupName": location.group,
        "logStreamName": location.stream,
        "limit": limit,
        "startFromHead": False,
    }
    if token:
        request["nextToken"] = token
    return client.get_log_events(**request)
