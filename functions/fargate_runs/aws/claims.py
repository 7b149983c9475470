"""Idempotency keys in the runs table.

    key   pk=KEY#<sha256 of the key>  sk=KEY   fingerprint, runId, createdAt, expiresAt

Keys are the callers' own texts, so the table holds only their digests.
"""

import hashlib
from typing import TYPE_CHECKING, cast

from botocore.exceptions import ClientError

from fargate_runs.aws.attributes import deserialized, serialized
from fargate_runs.aws.table_errors import TABLE_ERRORS, is_refused
from fargate_runs.ports import CLAIMS_ARE_KEPT, Claim, Clock, StartClaims, StoreUnavailableError
from fargate_runs.reading import lenient

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from fargate_runs.aws.attributes import Attributes


class DynamoStartClaims(StartClaims):
    """See StartClaims. A claim is one conditional call, so repeating it after a time-out does no harm."""

    def __init__(self, client: "DynamoDBClient", table: str, clock: Clock) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def claim(self, key: str, claim: Claim) -> Claim:
        """See StartClaims. Checks `expiresAt` itself: DynamoDB may remove an old item days late."""
        now = self._clock.now()
        item = {
            **_key(key),
            "fingerprint": claim.fingerprint,
            "runId": claim.run_id,
            "createdAt": lenient.iso(claim.created_at),
            "expiresAt": int((now + CLAIMS_ARE_KEPT).timestamp()),
        }
        with TABLE_ERRORS:
            try:
                self._client.put_item(
                    TableName=self._table,
                    Item=serialized(item),
                    ConditionExpression="attribute_not_exists(pk) OR expiresAt < :now",
                    ExpressionAttributeValues=serialized({":now": int(now.timestamp())}),
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except ClientError as error:
                if not is_refused(error):
                    raise
                return _claim_of(cast("dict[str, Attributes]", error.response).get("Item", {}))
        return claim

    def drop(self, key: str, claim: Claim) -> None:
        """See StartClaims."""
        with TABLE_ERRORS:
            try:
                self._client.delete_item(
                    TableName=self._table,
                    Key=serialized(_key(key)),
                    ConditionExpression="runId = :run",
                    ExpressionAttributeValues=serialized({":run": claim.run_id}),
                )
            except ClientError as error:
                if not is_refused(error):
                    raise


def _key(key: str) -> dict[str, str]:
    return {"pk": f"KEY#{hashlib.sha256(key.encode()).hexdigest()}", "sk": "KEY"}


def _claim_of(attributes: "Attributes") -> Claim:
    item = deserialized(attributes)
    created = lenient.time(item.get("createdAt"))
    if created is None or not item.get("runId"):
        raise StoreUnavailableError("the claim of an idempotency key cannot be read")
    return Claim(str(item.get("fingerprint")), str(item["runId"]), created)
