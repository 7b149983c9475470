"""The definitions of jobs in the jobs table on DynamoDB."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from botocore.exceptions import ClientError

from fargate_runs.aws.attributes import deserialized, serialized
from fargate_runs.aws.job_items import JOBS_KEY, job_item, job_key, job_of
from fargate_runs.aws.table_errors import is_refused
from fargate_runs.aws.translate import Translation
from fargate_runs.jobs.job import StoredJob
from fargate_runs.ports import Clock, StoreUnavailableError, UnreadableJobError
from fargate_runs.ports.jobs import JobStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from fargate_runs.aws.attributes import Attributes

_TRANSLATED: Final = Translation("the jobs table did not answer:", StoreUnavailableError)
_PAGED: Final = {"input_token": "ExclusiveStartKey", "output_token": "LastEvaluatedKey", "result_key": "Items"}


class DynamoJobStore(JobStore):
    """See JobStore. Every write is one conditional call, so repeating it after a time-out does no harm."""

    def __init__(self, client: "DynamoDBClient", table: str, *, clock: Clock, retention: timedelta) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._retention = retention

    def find_job(self, name: str) -> StoredJob | None:
        """See JobStore."""
        with _TRANSLATED:
            answer = self._client.get_item(TableName=self._table, Key=serialized(job_key(name)), ConsistentRead=True)
        return job_of(deserialized(answer["Item"])) if "Item" in answer else None

    def all_jobs(self) -> Iterator[StoredJob]:
        """See JobStore."""
        for page in _TRANSLATED.pages(
            self._client.query,
            _PAGED,
            TableName=self._table,
            KeyConditionExpression="pk = :jobs",
            ExpressionAttributeValues=serialized({":jobs": JOBS_KEY}),
            ConsistentRead=True,
        ):
            for item in page["Items"]:
                try:
                    yield job_of(deserialized(item))
                except UnreadableJobError:
                    continue

    def write_job(self, stored: StoredJob) -> StoredJob | None:
        """See JobStore. A second try that finds its own first write counts as written."""
        expires_at = int((self._clock.now() + self._retention).timestamp())
        item = job_item(stored, expires_at=expires_at)
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if stored.revision:
            condition = {
                "ConditionExpression": "#revision = :revision",
                "ExpressionAttributeNames": {"#revision": "revision"},
                "ExpressionAttributeValues": serialized({":revision": stored.revision}),
            }
        stands = self._put(item, condition)
        return None if stands is None or _is_same(stands, item) else job_of(stands)

    def _put(self, item: Mapping[str, object], condition: Mapping[str, Any]) -> Mapping[str, object] | None:
        """Puts an item; returns the one that stood in the way."""
        with _TRANSLATED:
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
                refusal = cast("dict[str, Attributes]", error.response)
                if "Item" not in refusal:
                    raise StoreUnavailableError("the job that stood in the way is gone") from None
                return deserialized(refusal["Item"])
        return None


def _is_same(stands: Mapping[str, object], item: Mapping[str, object]) -> bool:
    """Returns whether an item is the one that was to be written, as DynamoDB gives it back."""
    return {**stands, "expiresAt": None} == {**deserialized(serialized(item)), "expiresAt": None}
