"""One contract for the runs table, for its twin in memory and for DynamoDB with the table of the real template."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError
from moto import mock_aws

from fargate_runs.aws.dynamodb import DynamoRunStore
from fargate_runs.log import LogLocation, Result
from fargate_runs.outcome import outcome_of
from fargate_runs.patterns import Pattern
from fargate_runs.ports import LostRace, RunStore, StoreUnavailableError, Written
from fargate_runs.record import Delivery, RunRecord, RunStatus, TaskRecord
from fargate_runs.task import EcsTask
from tests.fakes.clock import NOON, StoppedClock
from tests.fakes.ecs import CANARY, EXECUTION_ARN, RUN_ID, TASK_ID, TOKEN, container, detail, failed_start, life, task
from tests.fakes.store import InMemoryRunStore
from tests.fakes.tables import TABLE, create_runs_table

LOG = LogLocation("/jobs/tasks", f"runs/main/{TASK_ID}", "us-east-1")
RESULT = Result('{"rows":3,"ratio":0.1}', "a note")


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        create_runs_table(client)
        yield client


def on_dynamodb(client: Any) -> DynamoRunStore:
    return DynamoRunStore(client, TABLE, clock=StoppedClock(), retention=timedelta(days=120))


@pytest.fixture(params=["in-memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> RunStore:
    if request.param == "in-memory":
        return InMemoryRunStore()
    return on_dynamodb(request.getfixturevalue("dynamodb"))


def open_task(**changes: object) -> TaskRecord:
    return TaskRecord.of(EcsTask.from_detail({**life()[2], **changes}), Pattern.CALLBACK, LOG)


def ended_task(**changes: object) -> TaskRecord:
    ended = task(**changes)
    outcome = outcome_of(ended)
    assert outcome
    return TaskRecord.of(ended, Pattern.CALLBACK, LOG).ended(outcome, RESULT)


def pending_run(**changes: Any) -> RunRecord:
    run = RunRecord(
        run_id=RUN_ID,
        status=RunStatus.PENDING,
        created_at=NOON,
        pattern=Pattern.CALLBACK,
        execution_arn=EXECUTION_ARN,
        input={"commands": ["job"], "environmentNames": ["A"], "retries": 2, "retryOnExitCodes": [75]},
    )
    return replace(run, **changes)


def found(store: RunStore) -> TaskRecord:
    record = store.find_task(RUN_ID, TASK_ID)
    assert record
    return record


def shown(store: RunStore) -> RunRecord:
    run, _ = store.load_run(RUN_ID)
    assert run
    return run


def test_nothing_is_there(store: RunStore) -> None:
    assert store.find_task(RUN_ID, TASK_ID) is None
    assert store.load_run(RUN_ID) == (None, ())


RECORDS = {
    "running": open_task(),
    "ended": ended_task(),
    "failed": ended_task(containers=[container(exit_code=3)]),
    "failed start": TaskRecord.of(task(**failed_start("x")), None, None),
    "bare": TaskRecord("r", "t", "arn:aws:ecs:us-east-1:1:task/t", "arn:aws:ecs:us-east-1:1:cluster/c", 0, "RUNNING"),
    "without an outcome's details": ended_task(stopCode=None, stoppedReason=None, containers=[]),
}


@pytest.mark.parametrize("name", RECORDS)
def test_what_is_written_is_found(store: RunStore, name: str) -> None:
    record = RECORDS[name]
    assert store.write_task(record) == Written(record)
    assert store.find_task(record.run_id, record.task_id) == record


def test_a_newer_version_replaces_an_older_one(store: RunStore) -> None:
    store.write_task(open_task(version=3))
    newer = open_task(version=4)
    assert store.write_task(newer) == Written(newer)


@pytest.mark.parametrize("version", [2, 3])
def test_the_same_or_an_older_version_loses(store: RunStore, version: int) -> None:
    stands = open_task(version=3)
    store.write_task(stands)
    assert store.write_task(ended_task(version=version)) == LostRace(stands)
    assert found(store) == stands


@pytest.mark.parametrize("version", [4, 5, 6])
def test_an_outcome_never_changes(store: RunStore, version: int) -> None:
    stands = ended_task()
    store.write_task(stands)
    assert store.write_task(ended_task(version=version, containers=[container(exit_code=1)])) == LostRace(stands)
    assert store.write_task(open_task(version=version)) == LostRace(stands)
    assert found(store) == stands


MARKS = [
    (None, Delivery.DELIVERED, Delivery.DELIVERED),
    (None, Delivery.CLOSED_BY_OTHERS, Delivery.CLOSED_BY_OTHERS),
    (Delivery.DELIVERED, Delivery.CLOSED_BY_OTHERS, Delivery.DELIVERED),
    (Delivery.CLOSED_BY_OTHERS, Delivery.DELIVERED, Delivery.DELIVERED),
    (Delivery.CLOSED_BY_OTHERS, Delivery.CLOSED_BY_OTHERS, Delivery.CLOSED_BY_OTHERS),
    (Delivery.NOT_NEEDED, Delivery.DELIVERED, Delivery.NOT_NEEDED),
]


@pytest.mark.parametrize(("before", "mark", "after"), MARKS)
def test_mark_delivery(store: RunStore, before: Delivery | None, mark: Delivery, after: Delivery) -> None:
    record = ended_task()
    store.write_task(record.delivered(before) if before else record)
    store.mark_delivery(record, mark)
    assert found(store) == record.delivered(after)


def test_a_delivery_is_not_marked_before_there_is_an_outcome(store: RunStore) -> None:
    store.write_task(open_task())
    store.mark_delivery(open_task(), Delivery.DELIVERED)
    assert found(store) == open_task()


def test_nor_for_a_task_that_is_not_there(store: RunStore) -> None:
    store.mark_delivery(ended_task(), Delivery.DELIVERED)
    assert store.find_task(RUN_ID, TASK_ID) is None


def test_a_run_is_created_once(store: RunStore) -> None:
    assert store.create_run(pending_run())
    assert shown(store) == pending_run()
    assert store.create_run(pending_run()), "the second try of the same call has created it"
    assert not store.create_run(pending_run(created_at=NOON + timedelta(seconds=1)))
    assert shown(store) == pending_run()


def test_a_run_that_never_started_is_forgotten(store: RunStore) -> None:
    store.create_run(pending_run())
    store.forget_run(RUN_ID)
    store.forget_run(RUN_ID)
    assert store.load_run(RUN_ID) == (None, ())


def test_a_run_that_has_seen_a_task_is_not(store: RunStore) -> None:
    store.create_run(pending_run())
    store.mirror_task(open_task())
    store.forget_run(RUN_ID)
    assert shown(store).status is RunStatus.RUNNING


def test_a_mirror_keeps_what_the_api_wrote(store: RunStore) -> None:
    store.create_run(pending_run())
    store.mirror_task(ended_task(containers=[container(exit_code=3)]))
    run = shown(store)
    assert (run.created_at, run.input) == (NOON, pending_run().input)
    assert (run.status, run.exit_code, run.transient) == (RunStatus.FAILED, 3, False)
    assert run.error == "Container.ExitedNonZero"
    assert run.advice


def test_a_run_that_was_started_elsewhere_is_made_by_its_task(store: RunStore) -> None:
    store.mirror_task(open_task())
    run = shown(store)
    assert (run.status, run.input, run.pattern) == (RunStatus.RUNNING, None, Pattern.CALLBACK)
    assert (run.execution_arn, run.created_at) == (EXECUTION_ARN, datetime(2025, 5, 6, 11, 2, 13, 877_000, UTC))


def test_a_mirror_of_a_task_without_any_time(store: RunStore) -> None:
    store.mirror_task(RECORDS["bare"])
    run, _ = store.load_run("r")
    assert run
    assert run.created_at == NOON


LATER = {"taskArn": str(detail()["taskArn"])[:-1] + "e", "createdAt": "2025-05-06T11:05:00Z"}
TWIN = {"taskArn": str(detail()["taskArn"])[:-1] + "g"}
STATES = [open_task(version=3), open_task(version=4), ended_task(), open_task(**LATER), ended_task(**LATER)]


def test_the_newest_task_is_what_a_run_shows_in_any_order(store: RunStore) -> None:
    for later in range(len(STATES)):
        for earlier in range(later + 1):
            store.mirror_task(STATES[later])
            store.mirror_task(STATES[earlier])
            expected = RunStatus.SUCCEEDED if STATES[later].outcome else RunStatus.RUNNING
            assert shown(store).status is expected


def test_a_new_attempt_takes_the_old_error_away(store: RunStore) -> None:
    store.mirror_task(ended_task(containers=[container(exit_code=3)]))
    store.mirror_task(open_task(**LATER))
    run = shown(store)
    gone = (run.error, run.summary, run.advice, run.exit_code, run.transient, run.stopped_at)
    assert gone == (None,) * 6


def test_two_tasks_of_the_same_moment_have_one_order(store: RunStore) -> None:
    store.mirror_task(open_task(**TWIN))
    store.mirror_task(ended_task())
    assert shown(store).status is RunStatus.RUNNING


def test_a_run_and_all_of_its_tasks(store: RunStore) -> None:
    store.create_run(pending_run())
    tasks = [ended_task(), open_task(**LATER)]
    for each in tasks:
        store.write_task(each)
    _, loaded = store.load_run(RUN_ID)
    assert sorted(loaded, key=lambda each: each.version, reverse=True) == tasks


def items(client: Any, **query: Any) -> list[dict[str, Any]]:
    answer: list[dict[str, Any]] = (client.query(TableName=TABLE, **query) if query else client.scan(TableName=TABLE))[
        "Items"
    ]
    return answer


def test_dynamodb_open_index_holds_what_is_still_to_do(dynamodb: Any) -> None:
    store = on_dynamodb(dynamodb)

    def open_items() -> list[dict[str, Any]]:
        return list(dynamodb.scan(TableName=TABLE, IndexName="open")["Items"])

    store.write_task(open_task())
    (item,) = open_items()
    assert item["openShard"]["S"].startswith("OPEN#")
    assert item["openSince"]["S"] == "2025-05-06T11:02:13.877Z"
    store.write_task(ended_task())
    assert len(open_items()) == 1
    store.mirror_task(ended_task())
    store.mark_delivery(ended_task(), Delivery.DELIVERED)
    assert open_items() == []


def test_dynamodb_list_index_holds_runs_only(dynamodb: Any) -> None:
    store = on_dynamodb(dynamodb)
    store.write_task(ended_task())
    store.mirror_task(ended_task())
    listed = items(
        dynamodb,
        IndexName="runs-by-status",
        KeyConditionExpression="listStatus = :s",
        ExpressionAttributeValues={":s": {"S": "SUCCEEDED"}},
    )
    assert [item["sk"]["S"] for item in listed] == ["RUN"]


def test_dynamodb_items_expire_and_hold_no_secrets(dynamodb: Any) -> None:
    store = on_dynamodb(dynamodb)
    store.write_task(ended_task())
    store.mirror_task(ended_task())
    assert {item["expiresAt"]["N"] for item in items(dynamodb)} == {str(int(NOON.timestamp()) + 120 * 86_400)}
    assert sum(TOKEN in str(item) for item in items(dynamodb)) == 1, "kept until it is delivered, in the task alone"
    store.mark_delivery(ended_task(), Delivery.DELIVERED)
    assert TOKEN not in str(items(dynamodb))
    assert CANARY not in str(items(dynamodb))


@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.find_task("r", "t"),
        lambda store: store.write_task(ended_task()),
        lambda store: store.mark_delivery(ended_task(), Delivery.DELIVERED),
        lambda store: store.mirror_task(ended_task()),
        lambda store: store.create_run(pending_run()),
        lambda store: store.forget_run("r"),
        lambda store: store.load_run("r"),
    ],
)
def test_dynamodb_that_does_not_answer_is_one_error_without_content(dynamodb: Any, call: Any) -> None:
    dynamodb.delete_table(TableName=TABLE)
    with pytest.raises(StoreUnavailableError, match="ResourceNotFoundException") as raised:
        call(on_dynamodb(dynamodb))
    assert TOKEN not in str(raised.value)


def test_dynamodb_that_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    class Unreachable:
        def __getattr__(self, _name: str) -> Any:
            def call(**_request: object) -> None:
                raise ReadTimeoutError(endpoint_url="x")

            return call

    store = on_dynamodb(Unreachable())
    with pytest.raises(StoreUnavailableError, match="ReadTimeoutError"):
        store.find_task("r", "t")
    with pytest.raises(StoreUnavailableError, match="ReadTimeoutError"):
        store.write_task(ended_task())
    with pytest.raises(StoreUnavailableError, match="ReadTimeoutError"):
        store.mirror_task(ended_task())


def test_dynamodb_refusal_without_the_item_reads_it(dynamodb: Any) -> None:
    """An older endpoint does not give back what stands."""
    on_dynamodb(dynamodb).write_task(ended_task())

    class Forgetful:
        def __getattr__(self, name: str) -> Any:
            def call(**request: Any) -> Any:
                request.pop("ReturnValuesOnConditionCheckFailure", None)
                return getattr(dynamodb, name)(**request)

            return call

    assert on_dynamodb(Forgetful()).write_task(open_task(version=9)) == LostRace(ended_task())
