"""The AWS clients, made once for a process, with time-outs that fit inside a function's own.

AWS_ENDPOINT_URL sends all of them to the local runtime: botocore itself honours it. They are botocore's, which boto3's
are too: without boto3's session and s3transfer, a function starts faster (docs/performance.md).
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

# At DEBUG these write what is sent and what comes back: task tokens, environment values, whole records. LogLevel is for
# our own messages, and Lambda sets the root logger to it, so these get a level of their own.
_TALKATIVE: Final = ("boto3", "botocore", "urllib3")
for _name in _TALKATIVE:
    logging.getLogger(_name).setLevel(logging.INFO)


def _config(*, connect: float, read: float, attempts: int) -> Config:
    """Time-outs in seconds; `attempts` counts the first one."""
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
    """For the runs table."""
    return cast("DynamoDBClient", _client("dynamodb", _config(connect=1, read=3, attempts=4)))


@cache
def stepfunctions() -> "SFNClient":
    """For executions and task tokens."""
    return cast("SFNClient", _client("stepfunctions", _config(connect=2, read=5, attempts=3)))


@cache
def starts() -> "SFNClient":
    """For StartExecution: one try with each call, so that what became of every try is known."""
    return cast("SFNClient", _client("stepfunctions", _config(connect=2, read=5, attempts=1)))


@cache
def logs() -> "CloudWatchLogsClient":
    """For the containers' logs: two short tries, because nothing may wait long for a log.

    Not one: GetLogEvents is throttled when many tasks end at once, and a result that was not read then never is.
    """
    return cast("CloudWatchLogsClient", _client("logs", _LOGS))


@lru_cache(maxsize=4)
def logs_in(region: str) -> "CloudWatchLogsClient":
    """The same in another Region."""
    return cast("CloudWatchLogsClient", _client("logs", _LOGS, region))


@cache
def task_definitions() -> "ECSClient":
    """For task definitions, which say where a container logs: nothing may wait long for that either."""
    return cast("ECSClient", _client("ecs", _config(connect=1, read=1, attempts=2)))


@cache
def ecs() -> "ECSClient":
    """For the tasks of the cluster."""
    return cast("ECSClient", _client("ecs", _config(connect=2, read=5, attempts=3)))
