"""The containers' logs on CloudWatch Logs."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from fargate_runs.aws import clients
from fargate_runs.aws.translate import AwsError, Translation, code_of
from fargate_runs.ports import (
    LogLine,
    LogMissingError,
    LogPage,
    LogPages,
    LogReader,
    LogRefusedError,
    LogThrottledError,
    LogTokenError,
    LogUnavailableError,
)
from fargate_runs.runs.log import LogLocation

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import GetLogEventsRequestTypeDef, GetLogEventsResponseTypeDef

_TRANSLATED: Final = Translation(
    "the log could not be read:",
    LogUnavailableError,
    {
        "AccessDeniedException": LogRefusedError,
        "ResourceNotFoundException": LogMissingError,
        "ThrottlingException": LogThrottledError,
    },
)
_INVALID: Final = "InvalidParameterException"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class _Streams:
    """Log streams. `elsewhere` gives the client of another Region: a task definition may name one for its log."""

    def __init__(
        self, client: "CloudWatchLogsClient", elsewhere: Callable[[str], "CloudWatchLogsClient"] = clients.logs_in
    ) -> None:
        self._client = client
        self._elsewhere = elsewhere

    def _in(self, region: str) -> "CloudWatchLogsClient":
        return self._client if region == self._client.meta.region_name else self._elsewhere(region)


class CloudWatchLogReader(_Streams, LogReader):
    """See LogReader. Makes at most two calls: a stream's newest page may be empty although an earlier one has lines."""

    def last_lines(self, location: LogLocation, limit: int) -> tuple[str, ...]:
        """See LogReader."""
        with _TRANSLATED:
            client = self._in(location.region)
            page = _page(client, location, limit)
            if not page["events"]:
                page = _page(client, location, limit, page["nextBackwardToken"])
        return tuple(event.get("message", "") for event in page["events"][-limit:])


class CloudWatchLogPages(_Streams, LogPages):
    """See LogPages. Makes one call."""

    def page(self, location: LogLocation, limit: int, token: str | None = None) -> LogPage:
        """See LogPages. At the end of a stream GetLogEvents returns the token that it was given (API reference)."""
        try:
            answer = _page(self._in(location.region), location, limit, token, from_head=True)
        except (BotoCoreError, ClientError) as error:
            raise _port_error(error, token) from None
        lines = tuple(LogLine(_time(each.get("timestamp", 0)), each.get("message", "")) for each in answer["events"])
        return LogPage(lines, answer["nextForwardToken"], is_end=not lines and answer["nextForwardToken"] == token)


def _port_error(error: AwsError, token: str | None) -> Exception:
    """Returns the port's error. AWS gives a missing stream and a missing group the same code, so its message decides.

    The message itself is not passed on.
    """
    found = _TRANSLATED.of(error)
    if isinstance(found, LogMissingError):
        return LogMissingError(str(found), is_group="log group does not exist" in str(error))
    if token and code_of(error) == _INVALID:
        return LogTokenError(str(found))
    return found


def _time(milliseconds: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds)


def _page(
    client: "CloudWatchLogsClient",
    location: LogLocation,
    limit: int,
    token: str | None = None,
    *,
    from_head: bool = False,
) -> "GetLogEventsResponseTypeDef":
    request: GetLogEventsRequestTypeDef = {
        "logGroupName": location.group,
        "logStreamName": location.stream,
        "limit": limit,
        "startFromHead": from_head,
    }
    if token:
        request["nextToken"] = token
    return client.get_log_events(**request)
