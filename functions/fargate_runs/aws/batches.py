"""Reads many items of a table by their keys."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from fargate_runs.aws.attributes import deserialized, serialized
from fargate_runs.aws.table_errors import TABLE_ERRORS
from fargate_runs.ports import StoreUnavailableError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MOST_IN_A_BATCH: Final = 100  # keys of BatchGetItem
MOST_TRIES: Final = 5  # of a batch of which nothing is answered


def items_of(
    client: "DynamoDBClient", table: str, keys: Sequence[Mapping[str, str]], **options: Any
) -> Iterator[dict[str, object]]:
    """Yields those of many items that exist, a hundred in a call. Raises StoreUnavailableError.

    `options` are BatchGetItem's for a table, such as ConsistentRead.
    """
    for start in range(0, len(keys), MOST_IN_A_BATCH):
        batch = [serialized(key) for key in keys[start : start + MOST_IN_A_BATCH]]
        yield from _items_of_batch(client, table, batch, options)


def _items_of_batch(
    client: "DynamoDBClient", table: str, left: Sequence[Any], options: Mapping[str, Any]
) -> Iterator[dict[str, object]]:
    """Yields the items of one batch. A call may answer a part of it: at most 16 MB, or what is not throttled."""
    in_vain = 0
    while left:
        with TABLE_ERRORS:
            answer = client.batch_get_item(RequestItems={table: cast("Any", {"Keys": left, **options})})
        yield from map(deserialized, answer["Responses"][table])
        unprocessed = answer["UnprocessedKeys"].get(table)
        still_left = unprocessed["Keys"] if unprocessed else ()
        in_vain = in_vain + 1 if len(still_left) == len(left) else 0
        if in_vain == MOST_TRIES:
            raise StoreUnavailableError("the runs table did not answer for all keys of a batch")
        left = still_left
