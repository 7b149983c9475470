"""The runs table on DynamoDB."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypedDict, TypeVar, cast

from botocore.exceptions import ClientError

from fargate_runs.aws.attributes import deserialized, serialized
from fargate_runs.aws.batches import items_of
from fargate_runs.aws.items import OPEN_SHARDS, run_item, run_key, run_of, shard, task_item, task_key, task_of
from fargate_runs.aws.mark import SWEEP_KEY, mark_item, mark_of
from fargate_runs.aws.projections import OPEN_ATTRIBUTES, TASK_ATTRIBUTES, open_item_of
from fargate_runs.aws.rows import Item, unless_unreadable
from fargate_runs.aws.table_errors import TABLE_ERRORS, is_refused
from fargate_runs.ports import (
    Clock,
    LoadedRun,
    LostRace,
    OpenItem,
    OpenTask,
    RunStore,
    StoreUnavailableError,
    SweepMark,
    Unreadable,
    WriteResult,
    Written,
)
from fargate_runs.runs.record import Delivery, TaskRecord, replaceable_by
from fargate_runs.runs.run_state import RunRecord

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from fargate_runs.aws.attributes import Attributes


T = TypeVar("T")


class Condition(TypedDict, total=False):
    """The condition of a write, as arguments of PutItem."""

    ConditionExpression: str
    ExpressionAttributeNames: Mapping[str, str]
    ExpressionAttributeValues: "Attributes"


PAGED: Final = {"input_token": "ExclusiveStartKey", "output_token": "LastEvaluatedKey", "result_key": "Items"}
_NOTHING: Final[Condition] = {"ConditionExpression": "attribute_not_exists(pk)"}
_OVER_UNREADABLE: Final[Condition] = {
    "ConditionExpression": "NOT attribute_type(#revision, :number)",
    "ExpressionAttributeNames": {"#revision": "revision"},
    "ExpressionAttributeValues": {":number": {"S": "N"}},
}


class DynamoRunStore(RunStore):
    """See RunStore. Every write is one conditional call, so repeating it after a time-out does no harm."""

    def __init__(self, client: "DynamoDBClient", table: str, *, clock: Clock, retention: timedelta) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._retention = retention

    def find_task(self, run_id: str, task_id: str) -> TaskRecord | None:
        """See RunStore."""
        item = self._get(task_key(run_id, task_id))
        return task_of(item) if item else None

    def find_tasks(self, keys: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], TaskRecord]:
        """See RunStore."""
        found = self._get_many([task_key(*each) for each in dict.fromkeys(keys)], task_of)
        return {(each.run_id, each.task_id): each for each in found}

    def write_task(self, record: TaskRecord) -> WriteResult:
        """See RunStore."""
        older = "#version < :version AND attribute_not_exists(#outcome)"
        if record.token is None:
            older += " AND attribute_not_exists(taskToken)"
        return self._write_task(record, f"attribute_not_exists(pk) OR ({older})")

    def write_lost(self, record: TaskRecord) -> WriteResult:
        """See RunStore."""
        return self._write_task(record, "#version = :version AND attribute_not_exists(#outcome)")

    def _write_task(self, record: TaskRecord, condition: str) -> WriteResult:
        stands = self._put_if(
            task_item(record, now=self._clock.now(), expires_at=self._expires_at()),
            {
                "ConditionExpression": condition,
                "ExpressionAttributeNames": {"#version": "version", "#outcome": "outcome"},
                "ExpressionAttributeValues": serialized({":version": record.task.version}),
            },
        )
        return LostRace(task_of(stands)) if stands else Written(record)

    def mark_delivery(self, record: TaskRecord, delivery: Delivery) -> None:
        """See RunStore."""
        values = {f":from{n}": each for n, each in enumerate(replaceable_by(delivery))}
        self._update_if(
            task_key(record.run_id, record.task_id),
            "SET #delivery = :to, #expires = :expires REMOVE #token, #shard, #since",
            f"attribute_exists(#outcome) AND #delivery IN ({', '.join(values)})",
            names={
                "#delivery": "delivery",
                "#token": "taskToken",
                "#shard": "openShard",
                "#since": "openSince",
                "#outcome": "outcome",
                "#expires": "expiresAt",
            },
            values={":to": delivery, ":expires": self._expires_at(), **values},
        )

    def mark_missing(self, task: OpenTask, sweeps: int) -> None:
        """See RunStore."""
        self._update_if(
            task_key(task.run_id, task.task_id),
            "SET #missing = :sweeps",
            "attribute_exists(pk) AND attribute_not_exists(#outcome)",
            names={"#missing": "missingSweeps", "#outcome": "outcome"},
            values={":sweeps": sweeps},
        )

    def live_tasks(self, execution_arn: str) -> tuple[TaskRecord, ...]:
        """See RunStore."""
        return _readable_tasks(self._query("liveExecutionArn", execution_arn, IndexName="live-by-execution"))

    def find_run(self, run_id: str) -> RunRecord | None:
        """See RunStore."""
        item = self._get(run_key(run_id))
        return run_of(item) if item else None

    def find_runs(self, run_ids: Collection[str]) -> Mapping[str, RunRecord]:
        """See RunStore."""
        return {
            each.run_id: each for each in self._get_many([run_key(each) for each in dict.fromkeys(run_ids)], run_of)
        }

    def write_run(self, run: RunRecord) -> RunRecord | None:
        """See RunStore."""
        item = run_item(run, now=self._clock.now(), expires_at=self._expires_at())
        stands = self._put_if(item, _over(run.revision))
        return run_of(stands) if stands else None

    def forget_run(self, run_id: str) -> None:
        """See RunStore."""
        key = serialized(run_key(run_id))
        self._unless_refused(
            lambda: self._client.delete_item(
                TableName=self._table,
                Key=key,
                ConditionExpression="attribute_not_exists(#task) AND attribute_not_exists(#execution)",
                ExpressionAttributeNames={"#task": "taskOrder", "#execution": "executionStatus"},
            )
        )

    def load_run(self, run_id: str) -> LoadedRun:
        """See RunStore."""
        items = self._query("pk", run_key(run_id)["pk"], ConsistentRead=True)
        found = tuple(unless_unreadable(run_of if item["sk"] == "RUN" else task_of, item) for item in items)
        return LoadedRun(
            next((each for each in found if isinstance(each, RunRecord)), None),
            tuple(each for each in found if isinstance(each, TaskRecord)),
            tuple(each for each in found if isinstance(each, Unreadable)),
        )

    def tasks_of(self, run_id: str) -> tuple[TaskRecord, ...]:
        """See RunStore."""
        return _readable_tasks(
            item
            for item in self._query("pk", run_key(run_id)["pk"], ConsistentRead=True, **_showing(TASK_ATTRIBUTES))
            if item["sk"] != "RUN"
        )

    def open_items(self) -> Iterator[OpenItem]:
        """See RunStore."""
        for number in range(OPEN_SHARDS):
            yield from (
                unless_unreadable(open_item_of, item)
                for item in self._query(
                    "openShard",
                    shard(number),
                    IndexName="open",
                    **_showing(OPEN_ATTRIBUTES),
                )
            )

    def sweep_mark(self) -> SweepMark:
        """See RunStore."""
        item = self._get(SWEEP_KEY)
        return mark_of(item) if item else SweepMark()

    def write_sweep_mark(self, mark: SweepMark) -> bool:
        """See RunStore. A second try that finds its own first write counts as written."""
        item = mark_item(mark)
        stands = self._put_if(item, _over_mark(mark))
        return stands is None or mark_of(stands) == mark_of(item)

    def _expires_at(self) -> int:
        return int((self._clock.now() + self._retention).timestamp())

    def _get(self, key: Mapping[str, str]) -> Item | None:
        with TABLE_ERRORS:
            answer = self._client.get_item(TableName=self._table, Key=serialized(key), ConsistentRead=True)
        return deserialized(answer["Item"]) if "Item" in answer else None

    def _get_many(self, keys: Sequence[Mapping[str, str]], read: Callable[[Mapping[str, object]], T]) -> Iterator[T]:
        """Yields the items of many keys, without missing and unreadable ones."""
        for item in items_of(self._client, self._table, keys, ConsistentRead=True):
            found = unless_unreadable(read, item)
            if not isinstance(found, Unreadable):
                yield found

    def _query(self, key: str, value: str, **more: Any) -> Iterator[Item]:
        """Yields the items of one partition of the table or of an index, page by page."""
        names = {"#key": key, **more.pop("ExpressionAttributeNames", {})}
        for page in TABLE_ERRORS.pages(
            self._client.query,
            PAGED,
            TableName=self._table,
            KeyConditionExpression="#key = :key",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=serialized({":key": value}),
            **more,
        ):
            yield from map(deserialized, page["Items"])

    def _put_if(self, item: Item, condition: Condition) -> Item | None:
        """Puts the item if the condition holds; returns the conflicting item otherwise."""
        with TABLE_ERRORS:
            try:
                self._client.put_item(
                    TableName=self._table,
                    Item=serialized(item),
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    **condition,
                )
            except ClientError as error:
                if not is_refused(error):
                    raise
                return self._standing(error, item)
        return None

    def _standing(self, error: ClientError, item: Item) -> Item:
        """Returns the stored item: from the refusal itself, or read again."""
        refusal = cast("dict[str, Attributes]", error.response)
        if "Item" in refusal:
            return deserialized(refusal["Item"])
        found = self._get({"pk": str(item["pk"]), "sk": str(item["sk"])})
        if found is None:
            raise StoreUnavailableError("the item that stood in the way is gone")
        return found

    def _update_if(
        self,
        key: Mapping[str, str],
        update: str,
        condition: str,
        *,
        names: Mapping[str, str],
        values: Mapping[str, object],
    ) -> None:
        self._unless_refused(
            lambda: self._client.update_item(
                TableName=self._table,
                Key=serialized(key),
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeNames=dict(names),
                ExpressionAttributeValues=serialized(values),
            )
        )

    @staticmethod
    def _unless_refused(call: Callable[[], object]) -> None:
        """Makes a call. If its condition does not hold, nothing is left to do."""
        with TABLE_ERRORS:
            try:
                call()
            except ClientError as error:
                if not is_refused(error):
                    raise


def _readable_tasks(items: Iterable[Item]) -> tuple[TaskRecord, ...]:
    found = (unless_unreadable(task_of, item) for item in items)
    return tuple(each for each in found if not isinstance(each, Unreadable))


def _showing(attributes: Iterable[str]) -> Mapping[str, Any]:
    """Returns arguments that limit a query to these attributes: names, and paths into maps (`outcome.status`)."""
    names: dict[str, str] = {}
    paths = [".".join(names.setdefault(part, f"#a{len(names)}") for part in path.split(".")) for path in attributes]
    return {
        "ProjectionExpression": ", ".join(paths),
        "ExpressionAttributeNames": {placeholder: name for name, placeholder in names.items()},
    }


def _over_mark(mark: SweepMark) -> Condition:
    if mark.unreadable_revision is not None:
        return _is(mark.unreadable_revision)
    return _OVER_UNREADABLE if mark.is_unreadable else _over(mark.revision)


def _over(revision: int) -> Condition:
    """Returns the condition that this revision is stored. Revision 0 means that nothing is."""
    return _NOTHING if revision == 0 else _is(revision)


def _is(revision: int | Decimal) -> Condition:
    return {
        "ConditionExpression": "#revision = :revision",
        "ExpressionAttributeNames": {"#revision": "revision"},
        "ExpressionAttributeValues": serialized({":revision": revision}),
    }
