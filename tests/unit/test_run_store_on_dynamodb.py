"""What only DynamoDB as the runs table can show: its indexes, what is kept for how long, and how it fails."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from fargate_runs.aws.batches import MOST_TRIES
from fargate_runs.ports import LostRace, OpenTask, RunStore, StoreUnavailableError, SweepMark, Written
from fargate_runs.runs.log import LARGEST_RESULT, LogTail, Result
from fargate_runs.runs.record import Delivery
from fargate_runs.runs.run_folding import with_task
from tests.fakes.clock import NOON
from tests.fakes.ecs import CANARY, TOKEN, task_arn
from tests.fakes.moto_table import runs_table_on_moto, store_on
from tests.fakes.records import BADLY, ended_task, open_task, pending_run
from tests.fakes.tables import TABLE
from tests.fakes.wire import unreachable


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    with runs_table_on_moto() as client:
        yield client


def items(client: Any, **query: Any) -> list[dict[str, Any]]:
    answer: list[dict[str, Any]] = (client.query(TableName=TABLE, **query) if query else client.scan(TableName=TABLE))[
        "Items"
    ]
    return answer


def test_dynamodb_open_index_is_sharded_and_sorted_by_age(dynamodb: Any) -> None:
    store = store_on(dynamodb)
    store.write_task(open_task())
    (item,) = dynamodb.scan(TableName=TABLE, IndexName="open")["Items"]
    assert item["openShard"]["S"].startswith("OPEN#")
    assert item["openSince"]["S"] == "2025-05-06T11:02:13.877Z"


@pytest.mark.parametrize(
    ("index", "keys"),
    [
        ("runs", {"list": "RUN", "createdAt": "2025-05-06"}),
        ("runs-by-status", {"listStatus": "SUCCEEDED", "createdAt": "2025-05-06"}),
        ("runs-by-id", {"list": "RUN", "runId": ended_task().run_id[:3]}),
    ],
)
def test_dynamodb_list_indexes_hold_runs_only_without_what_no_list_shows(
    dynamodb: Any, index: str, keys: dict[str, str]
) -> None:
    store = store_on(dynamodb)
    store.write_task(ended_task())
    store.write_run(with_task(None, ended_task(), follows=False))
    partition, sort = keys
    (listed,) = items(
        dynamodb,
        IndexName=index,
        KeyConditionExpression="#hash = :hash AND begins_with(#range, :range)",
        ExpressionAttributeNames={"#hash": partition, "#range": sort},
        ExpressionAttributeValues={":hash": {"S": keys[partition]}, ":range": {"S": keys[sort]}},
    )
    assert listed["sk"]["S"] == "RUN"
    shown = {"status", "executionArn", "startedAt", "stoppedAt"}
    assert (listed.keys() & shown == shown) == (index != "runs-by-id")
    assert not listed.keys() & {"outcome", "taskOrder", "expiresAt", "revision"}


@pytest.mark.parametrize("fill", ["x", "\x01", "가"])
def test_dynamodb_takes_the_largest_task(dynamodb: Any, fill: str) -> None:
    """An item has 400 KB at most: a result of a success, or the last lines of another end, never both."""
    reasons = {"stoppedReason": fill * 10_000, "stopCode": fill * 1_000}
    large = LogTail((fill * 99_999, *(fill * 205 for _ in range(19))))
    well = replace(ended_task(**reasons), result=Result("x" * LARGEST_RESULT, "a note"))
    failed = open_task(**reasons, taskArn=task_arn("f" * 32)).settled(BADLY, large)
    store = store_on(dynamodb)
    for record in (well, failed):
        assert store.write_task(record) == Written(record)
        assert store.find_task(record.run_id, record.task_id) == record


def test_dynamodb_items_expire_and_hold_no_secrets(dynamodb: Any) -> None:
    store = store_on(dynamodb)
    store.write_task(ended_task())
    store.write_run(with_task(None, ended_task(), follows=False))
    assert sum(TOKEN in str(item) for item in items(dynamodb)) == 1, "kept until it is delivered, in the task alone"
    store.mark_delivery(ended_task(), Delivery.DELIVERED)
    assert {item["expiresAt"]["N"] for item in items(dynamodb)} == {str(int(NOON.timestamp()) + 120 * 86_400)}
    assert TOKEN not in str(items(dynamodb))
    assert CANARY not in str(items(dynamodb))


@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.find_task("r", "t"),
        lambda store: store.write_task(ended_task()),
        lambda store: store.mark_delivery(ended_task(), Delivery.DELIVERED),
        lambda store: store.write_lost(ended_task()),
        lambda store: store.mark_missing(OpenTask("r", "t", "arn", has_outcome=False), 1),
        lambda store: store.live_tasks("arn"),
        lambda store: store.find_run("r"),
        lambda store: store.find_tasks([("r", "t")]),
        lambda store: store.find_runs(["r"]),
        lambda store: store.write_run(pending_run()),
        lambda store: list(store.open_items()),
        lambda store: store.sweep_mark(),
        lambda store: store.write_sweep_mark(SweepMark()),
        lambda store: store.forget_run("r"),
        lambda store: store.load_run("r"),
        lambda store: store.tasks_of("r"),
    ],
)
def test_dynamodb_that_does_not_answer_is_one_error_without_content(dynamodb: Any, call: Any) -> None:
    dynamodb.delete_table(TableName=TABLE)
    with pytest.raises(StoreUnavailableError, match="ResourceNotFoundException") as raised:
        call(store_on(dynamodb))
    assert TOKEN not in str(raised.value)


def test_dynamodb_is_not_asked_for_what_is_not_needed(dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    store = store_on(dynamodb)
    store.write_run(pending_run())
    store.write_task(ended_task())
    read: list[object] = []
    monkeypatch.setattr("fargate_runs.aws.dynamodb.task_of", read.append)
    store.tasks_of(ended_task().run_id)
    (item,) = read  # the run's own is none
    assert isinstance(item, dict)
    assert not {"result", "resultNote"} & item["outcome"].keys()
    assert not {"lastLogLines", "logNote"} & item.keys()


@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.find_task("r", "t"),
        lambda store: store.find_tasks([("r", "t")]),
        lambda store: store.write_task(ended_task()),
        lambda store: store.write_run(with_task(None, ended_task(), follows=False)),
        lambda store: store.mark_delivery(ended_task(), Delivery.DELIVERED),
        lambda store: store.load_run("r"),
    ],
    ids=["get", "batch", "put", "put a run", "update", "query"],
)
def test_dynamodb_that_cannot_be_reached(call: Callable[[RunStore], object]) -> None:
    with pytest.raises(StoreUnavailableError, match="ConnectTimeoutError"):
        call(store_on(unreachable("dynamodb")))


def test_dynamodb_refusal_without_the_item_reads_it(dynamodb: Any) -> None:
    """An older endpoint does not give back what stands."""
    store_on(dynamodb).write_task(ended_task())

    class Forgetful:
        def __getattr__(self, name: str) -> Any:
            def call(**request: Any) -> Any:
                request.pop("ReturnValuesOnConditionCheckFailure", None)
                return getattr(dynamodb, name)(**request)

            return call

    assert store_on(Forgetful()).write_task(open_task(version=9)) == LostRace(ended_task())


class Partial:
    """DynamoDB that answers for so many keys of a batch at a time: 16 MB, or a throttle."""

    def __init__(self, client: Any, most: int) -> None:
        self._client, self._most, self.calls = client, most, 0

    def batch_get_item(self, **request: Any) -> Any:
        self.calls += 1
        (table, asked), *_ = request["RequestItems"].items()
        now, later = asked["Keys"][: self._most], asked["Keys"][self._most :]
        answer = self._client.batch_get_item(RequestItems={table: {**asked, "Keys": now}}) if now else {}
        left = {table: {**asked, "Keys": later}} if later else {}
        return {"Responses": answer.get("Responses", {table: []}), "UnprocessedKeys": left}


def test_what_a_batch_leaves_out_is_asked_for_again(dynamodb: Any) -> None:
    store = store_on(dynamodb)
    for n in range(10):
        store.write_run(pending_run(run_id=f"run-{n}"))
    names = [f"run-{n}" for n in range(10)]
    for most, calls in ((4, 3), (1, 10)):
        partial = Partial(dynamodb, most)
        assert sorted(store_on(partial).find_runs(names)) == names
        assert partial.calls == calls


def test_a_batch_that_is_never_answered_whole_is_an_error_in_the_end(dynamodb: Any) -> None:
    partial = Partial(dynamodb, 0)
    with pytest.raises(StoreUnavailableError, match="batch"):
        store_on(partial).find_runs(["r"])
    assert partial.calls == MOST_TRIES


def test_of_many_records_those_that_can_be_read_are_given(dynamodb: Any) -> None:
    store = store_on(dynamodb)
    for n in range(3):
        store.write_run(pending_run(run_id=f"run-{n}"))
    dynamodb.update_item(
        TableName=TABLE,
        Key={"pk": {"S": "RUN#run-1"}, "sk": {"S": "RUN"}},
        UpdateExpression="SET #p = :p",
        ExpressionAttributeNames={"#p": "pattern"},
        ExpressionAttributeValues={":p": {"S": "of-tomorrow"}},
    )
    assert sorted(store.find_runs(["run-0", "run-1", "run-2"])) == ["run-0", "run-2"]
