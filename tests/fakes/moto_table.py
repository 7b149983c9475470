"""The runs table on moto, in the test's own process, and the adapter on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from typing import Any

import boto3
from moto import mock_aws

from fargate_runs.aws.dynamodb import DynamoRunStore
from tests.fakes.clock import StoppedClock
from tests.fakes.tables import TABLE, create_runs_table


@cache
def _session() -> boto3.Session:
    return boto3.Session(region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")


def dynamodb() -> Any:
    """A client for moto. moto takes boto3's default session away, and a new one reads all of AWS's endpoints again."""
    return _session().client("dynamodb")


@contextmanager
def runs_table_on_moto() -> Iterator[Any]:
    """A client of moto that has the table and nothing else."""
    with mock_aws():
        client = dynamodb()
        create_runs_table(client)
        yield client


def empty(client: Any) -> None:
    """Delete what an earlier test left in the table."""
    for item in client.scan(TableName=TABLE)["Items"]:
        client.delete_item(TableName=TABLE, Key={name: item[name] for name in ("pk", "sk")})


def store_on(client: Any) -> DynamoRunStore:
    """The adapter at noon."""
    return DynamoRunStore(client, TABLE, clock=StoppedClock(), retention=timedelta(days=120))
