"""One contract for the definitions of jobs: the twin in memory, and DynamoDB as moto has it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from fargate_runs.aws.job_store import DynamoJobStore
from fargate_runs.jobs.definition import read_job
from fargate_runs.jobs.job import StoredJob
from fargate_runs.jobs.rules import JobRules
from fargate_runs.ports import StoreUnavailableError, UnreadableJobError
from fargate_runs.ports.jobs import JobStore
from tests.fakes.clock import NOON, StoppedClock
from tests.fakes.jobs import WHOLE, InMemoryJobStore, stored
from tests.fakes.tables import JOBS_TABLE, create_jobs_table
from tests.fakes.wire import unreachable

FULL = StoredJob(
    read_job("whole", WHOLE, JobRules()),
    created_at=NOON,
    updated_at=NOON + timedelta(hours=1),
    task_definition_arn="arn:aws:ecs:us-east-1:123456789012:task-definition/stack-whole:3",
    definition_digest="0" * 64,
    paused_at=NOON + timedelta(hours=2),
    resumed_at=NOON + timedelta(hours=3),
    deleted_at=NOON + timedelta(hours=4),
    are_schedules_pending=True,
    timers=("often", "weekdays"),
    late_since=NOON + timedelta(hours=5),
)


@pytest.fixture
def client() -> Iterator[Any]:
    with mock_aws():
        made = boto3.client("dynamodb", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
        create_jobs_table(made)
        yield made


def on(client: Any) -> DynamoJobStore:
    return DynamoJobStore(client, JOBS_TABLE, clock=StoppedClock(), retention=timedelta(days=120))


@pytest.fixture(params=["in-memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> JobStore:
    return on(request.getfixturevalue("client")) if request.param == "dynamodb" else InMemoryJobStore()


def test_nothing_is_there(store: JobStore) -> None:
    assert store.find_job("nightly") is None
    assert list(store.all_jobs()) == []


@pytest.mark.parametrize("job", [stored(), FULL, stored("daily", schedules=[{"name": "a", "rate": "1 day"}])])
def test_what_is_written_is_found(store: JobStore, job: StoredJob) -> None:
    assert store.write_job(job) is None
    found = store.find_job(job.job.name)
    assert found == job
    assert found
    assert found.revision == 1


def test_a_job_is_written_over_what_it_was_made_of(store: JobStore) -> None:
    store.write_job(stored())
    first = store.find_job("nightly")
    assert first
    later = replace(first, updated_at=NOON + timedelta(minutes=1))
    assert store.write_job(later) is None
    second = store.find_job("nightly")
    assert second
    assert (second.revision, second.updated_at) == (2, later.updated_at)
    assert store.write_job(replace(first, paused_at=NOON)) == second
    assert store.write_job(stored(cpu=1024, memory=2048)) == second
    assert store.find_job("nightly") == second


def test_all_jobs_are_by_name_deleted_ones_too(store: JobStore) -> None:
    for name in ("weekly", "daily", "hourly"):
        store.write_job(replace(stored(name), deleted_at=NOON if name == "daily" else None))

    assert [each.job.name for each in store.all_jobs()] == ["daily", "hourly", "weekly"]


def test_a_deleted_job_expires_and_another_does_not(client: Any) -> None:
    store = on(client)
    store.write_job(stored("kept"))
    store.write_job(replace(stored("gone"), deleted_at=NOON))
    items = {item["sk"]["S"]: item for item in client.scan(TableName=JOBS_TABLE)["Items"]}

    assert "expiresAt" not in items["kept"]
    assert items["gone"]["expiresAt"] == {"N": str(int((NOON + timedelta(days=120)).timestamp()))}


@pytest.mark.parametrize("job", [stored(), FULL])
def test_a_second_try_that_finds_its_own_write_has_written(client: Any, job: StoredJob) -> None:
    store = on(client)

    assert store.write_job(job) is None
    assert store.write_job(job) is None
    assert store.write_job(replace(job, updated_at=NOON + timedelta(days=1))) == store.find_job(job.job.name)


def spoil(client: Any, name: str, update: str, **values: Any) -> None:
    client.update_item(
        TableName=JOBS_TABLE,
        Key={"pk": {"S": "JOBS"}, "sk": {"S": name}},
        UpdateExpression=update,
        ExpressionAttributeNames={"#name": "pattern" if "SET" in update else "project"},
        **({"ExpressionAttributeValues": values} if values else {}),
    )


def test_a_job_that_cannot_be_read_is_named_and_left_out(client: Any) -> None:
    store = on(client)
    for name in ("daily", "nightly", "weekly"):
        store.write_job(stored(name))
    spoil(client, "nightly", "SET #name = :word", **{":word": {"S": "fan-out"}})
    spoil(client, "daily", "REMOVE #name")

    with pytest.raises(UnreadableJobError, match="'nightly' cannot be read: 'fan-out' is not a valid Pattern"):
        store.find_job("nightly")
    with pytest.raises(UnreadableJobError, match="'daily' cannot be read: it has no 'project'"):
        store.find_job("daily")
    assert [each.job.name for each in store.all_jobs()] == ["weekly"]


def test_a_table_that_does_not_answer() -> None:
    store = on(unreachable("dynamodb"))
    for call in (lambda: store.find_job("a"), lambda: list(store.all_jobs()), lambda: store.write_job(stored())):
        with pytest.raises(StoreUnavailableError, match="the jobs table did not answer: ConnectTimeoutError"):
            call()
