"""The AWS clients, made once for each process, with time-outs that fit inside a function's own.

AWS_ENDPOINT_URL sends all of them to the local runtime: botocore itself honours it. The clients are botocore's, as
boto3's are. Without boto3's session and s3transfer a function starts faster (docs/performance.md).
"""

import logging
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final, cast

from botocore.config import Config
from botocore.session import get_session

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_stepfunctions import SFNClient

# At DEBUG these loggers write requests and answers: task tokens, environment values, whole records. Lambda sets the
# root logger to LogLevel, which is for our own messages, so these loggers get a level of their own.
_TALKATIVE: Final = ("boto3", "botocore", "urllib3")
for _name in _TALKATIVE:
    logging.getLogger(_name).setLevel(logging.INFO)


def _config(*, connect: float, read: float, attempts: int) -> Config:
    """Returns a configuration. Time-outs are in seconds; `attempts` counts the first one."""
    return Config(
        connect_timeout=connect, read_timeout=read, retries={"mode": "standard", "total_max_attempts": attempts}
    )


@cache
def _session() -> Any:
    return get_session()


def _client(service: str, config: Config, region: str | None = None) -> Any:  # typed by each caller
    return _session().create_client(service, region_name=region, config=config)


_LOGS: Final = _config(connect=1, read=2, attempts=2)


@cache
def dynamodb() -> "DynamoDBClient":
    """Returns the client for the runs table."""
    return cast("DynamoDBClient", _client("dynamodb", _config(connect=1, read=3, attempts=4)))


@cache
def stepfunctions() -> "SFNClient":
    """Returns the client for executions and task tokens."""
    return cast("SFNClient", _client("stepfunctions", _config(connect=2, read=5, attempts=3)))


@cache
def starts() -> "SFNClient":
    """Returns the client for StartExecution. It makes one try with each call, so the result of every try is known."""
    return cast("SFNClient", _client("stepfunctions", _config(connect=2, read=5, attempts=1)))


@cache
def logs() -> "CloudWatchLogsClient":
    """Returns the client for the containers' logs. It makes two short tries: nothing may wait long for a log.

    One try is too few: GetLogEvents is throttled when many tasks end at once, and an unread result is never read later.
    """
    return cast("CloudWatchLogsClient", _client("logs", _LOGS))


@lru_cache(maxsize=4)
def logs_in(region: str) -> "CloudWatchLogsClient":
    """Returns the client for logs in another Region."""
    return cast("CloudWatchLogsClient", _client("logs", _LOGS, region))


@cache
def sns() -> Any:
    """Returns the client for notifications."""
    return _client("sns", _config(connect=2, read=5, attempts=2))


@cache
def task_definitions() -> "ECSClient":
    """Returns the client for task definitions, which say where a container logs. They may not take long either."""
    return cast("ECSClient", _client("ecs", _config(connect=1, read=1, attempts=2)))


@cache
def scheduler() -> Any:
    """Returns the client for the schedules of jobs."""
    return _client("scheduler", _config(connect=2, read=5, attempts=3))


@cache
def ecs() -> "ECSClient":
    """Returns the client for the tasks of the cluster."""
    return cast("ECSClient", _client("ecs", _config(connect=2, read=5, attempts=3)))
