"""The runs table on DynamoDB."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypedDict, TypeVar, cast

from botocore.exceptions import BotoCoreError, ClientError

from fargate_runs.aws.attributes import deserialized, serialized
from fargate_runs.aws.items import Item, run_item, run_key, run_of, task_item, task_key, task_of
from fargate_runs.ports import Clock, LostRace, RunStore, StoreUnavailableError, WriteResult, Written
from fargate_runs.record import Delivery, RunRecord, TaskRecord, mirror, mirror_order

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from fargate_runs.aws.attributes import Attributes

T = TypeVar("T")


class Condition(TypedDict, total=False):
    """When a write may take place, as PutItem takes it."""

    ConditionExpression: str
    ExpressionAttributeNames: Mapping[str, str]
    ExpressionAttributeValues: "Attributes"


# What a run keeps of its first writer: the API, or else the first event that was seen.
_KEPT_OF_A_RUN: Final = frozenset({"createdAt", "pattern", "executionArn", "stateMachineArn", "input"})
_MIRRORED: Final = ("error", "transient", "summary", "advice", "exitCode", "startedAt", "stoppedAt")


class DynamoRunStore(RunStore):
    """See RunStore. Every write is one conditional call, so one that is tried again after a time-out does no harm."""

    def __init__(self, client: "DynamoDBClient", table: str, *, clock: Clock, retention: timedelta) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._retention = retention

    def find_task(self, run_id: str, task_id: str) -> TaskRecord | None:
        """See RunStore."""
        item = self._get(task_key(run_id, task_id))
        return task_of(item) if item else None

    def write_task(self, record: TaskRecord) -> WriteResult:
        """See RunStore."""
        item = task_item(record, now=self._clock.now(), expires_at=self._expires_at())
        condition: Condition = {
            "ConditionExpression": (
                "attribute_not_exists(pk) OR (#version < :version AND attribute_not_exists(#outcome))"
            ),
            "ExpressionAttributeNames": {"#version": "version", "#outcome": "outcome"},
            "ExpressionAttributeValues": serialized({":version": record.version}),
        }
        stands = self._put_if(item, condition)
        return LostRace(task_of(stands)) if stands else Written(record)

    def mark_delivery(self, record: TaskRecord, delivery: Delivery) -> None:
        """See RunStore."""
        replaceable = [Delivery.PENDING, *([Delivery.CLOSED_BY_OTHERS] if delivery is Delivery.DELIVERED else [])]
        values = {f":from{n}": each for n, each in enumerate(replaceable)}
        self._update_if(
            task_key(record.run_id, record.task_id),
            "SET #delivery = :to REMOVE #token, #shard, #since",
            f"attribute_exists(#outcome) AND #delivery IN ({', '.join(values)})",
            names={
                "#delivery": "delivery",
                "#token": "taskToken",
                "#shard": "openShard",
                "#since": "openSince",
                "#outcome": "outcome",
            },
            values={":to": delivery, **values},
        )

    def mirror_task(self, record: TaskRecord) -> None:
        """See RunStore."""
        attributes = run_item(mirror(record), now=self._clock.now(), expires_at=self._expires_at())
        attributes["mirrorOf"] = mirror_order(record)
        sets = [_assignment(name) for name in attributes]
        gone = [f"#{name}" for name in _MIRRORED if name not in attributes]
        self._update_if(
            run_key(record.run_id),
            f"SET {', '.join(sets)}{' REMOVE ' + ', '.join(gone) if gone else ''}",
            "attribute_not_exists(#mirrorOf) OR #mirrorOf <= :mirrorOf",
            names={f"#{name}": name for name in {*attributes, *(name[1:] for name in gone)}},
            values={f":{name}": value for name, value in attributes.items()},
        )

    def create_run(self, run: RunRecord) -> bool:
        """See RunStore. A second try that meets the item of the first one has created it."""
        item = {**run_key(run.run_id), **run_item(run, now=self._clock.now(), expires_at=self._expires_at())}
        stands = self._put_if(item, {"ConditionExpression": "attribute_not_exists(pk)"})
        return stands is None or all(stands.get(name) == item.get(name) for name in ("createdAt", "executionArn"))

    def forget_run(self, run_id: str) -> None:
        """See RunStore."""
        key = serialized(run_key(run_id))
        self._unless_refused(
            lambda: self._client.delete_item(
                TableName=self._table,
                Key=key,
                ConditionExpression="attribute_not_exists(#mirrorOf)",
                ExpressionAttributeNames={"#mirrorOf": "mirrorOf"},
            )
        )

    def load_run(self, run_id: str) -> tuple[RunRecord | None, tuple[TaskRecord, ...]]:
        """See RunStore."""
        items = tuple(self._items_of(run_id))
        run = next((run_of(item) for item in items if item["sk"] == "RUN"), None)
        return run, tuple(task_of(item) for item in items if item["sk"] != "RUN")

    def _expires_at(self) -> int:
        return int((self._clock.now() + self._retention).timestamp())

    def _get(self, key: Mapping[str, str]) -> Item | None:
        answer = _translated(
            lambda: self._client.get_item(TableName=self._table, Key=serialized(key), ConsistentRead=True)
        )
        return deserialized(answer["Item"]) if "Item" in answer else None

    def _items_of(self, run_id: str) -> Iterator[Item]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=serialized({":pk": run_key(run_id)["pk"]}),
            ConsistentRead=True,
        )
        for page in _translated(lambda: list(pages)):
            yield from map(deserialized, page["Items"])

    def _put_if(self, item: Item, condition: Condition) -> Item | None:
        """Put the item; what stands in its place if the condition does not hold."""
        try:
            self._client.put_item(
                TableName=self._table,
                Item=serialized(item),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **condition,
            )
        except ClientError as error:
            if not _is_refused(error):
                raise _unavailable(error) from None
            return self._standing(error, item)
        except BotoCoreError as error:
            raise _unavailable(error) from None
        return None

    def _standing(self, error: ClientError, item: Item) -> Item:
        """What stands, as the refusal itself says it, or read again."""
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
        """A condition that does not hold means that there is nothing left to do."""
        try:
            call()
        except ClientError as error:
            if not _is_refused(error):
                raise _unavailable(error) from None
        except BotoCoreError as error:
            raise _unavailable(error) from None


def _assignment(name: str) -> str:
    return f"#{name} = if_not_exists(#{name}, :{name})" if name in _KEPT_OF_A_RUN else f"#{name} = :{name}"


def _is_refused(error: ClientError) -> bool:
    return error.response["Error"]["Code"] == "ConditionalCheckFailedException"


def _unavailable(error: BotoCoreError | ClientError) -> StoreUnavailableError:
    """Only the code: messages of AWS may repeat what was sent."""
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
    return StoreUnavailableError(f"the runs table did not answer: {code}")


def _translated(call: Callable[[], T]) -> T:
    try:
        return call()
    except (BotoCoreError, ClientError) as error:
        raise _unavailable(error) from None
