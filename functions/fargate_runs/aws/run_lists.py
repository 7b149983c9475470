"""Lists of runs on the indexes of the runs table (docs/records.md)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from fargate_runs.aws.attributes import deserialized, serialized
from fargate_runs.aws.batches import items_of
from fargate_runs.aws.items import attempts_of
from fargate_runs.aws.table_errors import TABLE_ERRORS
from fargate_runs.ports import Place, RunLists, RunPage, RunQuery, RunRow
from fargate_runs.reading import lenient
from fargate_runs.runs.billed import Billed

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ALL_RUNS: Final = "RUN"
MOST_QUERIES: Final = 2
FILTERED_PAGE: Final = 1_000  # entries of an index, which have less than 1 KB each: a query reads 1 MB
_FIRST, _LAST = "0", "~"  # before and after every time
_LONGEST: Final = 1_000  # characters of a text in a row
ROW: Final = (
    *("runId", "status", "pattern", "createdAt", "startedAt", "stoppedAt"),
    *("error", "summary", "exitCode", "executionArn", "billed", "rerunOf", "job"),
)

Item = Mapping[str, object]


class DynamoRunLists(RunLists):
    """See RunLists."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def page(self, query: RunQuery, limit: int, after: Place | None = None) -> RunPage:
        """See RunLists."""
        return self._by_id(query, limit, after) if query.id_prefix else self._by_time(query, limit, after)

    def _by_time(self, query: RunQuery, limit: int, after: Place | None) -> RunPage:
        index, key, value = ("runs", "list", ALL_RUNS)
        if query.job:
            index, key, value = ("runs-by-job", "listJob", query.job)
        elif query.status:
            index, key, value = ("runs-by-status", "listStatus", query.status.value)
        keys = ("pk", "sk", key, "createdAt")
        request: dict[str, Any] = {
            "IndexName": index,
            "KeyConditionExpression": "#key = :key AND createdAt BETWEEN :since AND :until",
            "ExpressionAttributeNames": {"#key": key},
        }
        values = {":key": value, ":since": _bound(query.since, _FIRST), ":until": _bound(query.until, _LAST)}
        filters = {
            "pattern": query.pattern.value if query.pattern else None,
            "status": query.status.value if query.status and query.job else None,
        }
        asked = {name: value for name, value in filters.items() if value}
        if asked:
            request["FilterExpression"] = " AND ".join(f"#{name} = :{name}" for name in asked)
            request["ExpressionAttributeNames"].update({f"#{name}": name for name in asked})
            values.update({f":{name}": value for name, value in asked.items()})
        request["ExpressionAttributeValues"] = serialized(values)
        read = FILTERED_PAGE if asked else limit
        found, place = self._read(request, read, limit, _start(after, keys))
        if len(found) > limit:
            found = found[:limit]
            place = {name: str(found[-1][name]) for name in keys}
        return RunPage(tuple(map(_row, found)), place)

    def _by_id(self, query: RunQuery, limit: int, after: Place | None) -> RunPage:
        request = {
            "IndexName": "runs-by-id",
            "KeyConditionExpression": "#list = :list AND begins_with(runId, :prefix)",
            "ExpressionAttributeNames": {"#list": "list"},
            "ExpressionAttributeValues": serialized({":list": ALL_RUNS, ":prefix": query.id_prefix}),
        }
        found, place = self._query(request, limit, _start(after, ("pk", "sk", "list", "runId")))
        keys = [{"pk": str(each["pk"]), "sk": str(each["sk"])} for each in found]
        items = {str(item["pk"]): item for item in self._items(keys)}
        rows = (_row(items[key["pk"]]) for key in keys if key["pk"] in items)
        return RunPage(tuple(row for row in rows if _fits(row, query)), place)

    def _read(
        self, request: Mapping[str, Any], read: int, limit: int, place: Place | None
    ) -> tuple[list[Item], Place | None]:
        """Reads until there is a page: at most two queries if a filter removes entries."""
        found: list[Item] = []
        for _ in range(MOST_QUERIES if "FilterExpression" in request else 1):
            more, place = self._query(request, read, place)
            found.extend(more)
            if place is None or len(found) >= limit:
                break
        return found, place

    def _query(self, request: Mapping[str, Any], limit: int, place: Place | None) -> tuple[list[Item], Place | None]:
        start: dict[str, Any] = {"ExclusiveStartKey": serialized(place)} if place else {}
        with TABLE_ERRORS:
            answer = self._client.query(TableName=self._table, ScanIndexForward=False, Limit=limit, **request, **start)
        last = answer.get("LastEvaluatedKey")
        place = {name: str(value) for name, value in deserialized(last).items()} if last else None
        return [deserialized(item) for item in answer["Items"]], place

    def _items(self, keys: Sequence[Mapping[str, str]]) -> Iterator[Item]:
        names = {f"#{number}": name for number, name in enumerate(("pk", *ROW))}
        return items_of(
            self._client,
            self._table,
            keys,
            ProjectionExpression=", ".join(names),
            ExpressionAttributeNames=names,
        )


def _bound(time: datetime | None, otherwise: str) -> str:
    return lenient.iso(time) or otherwise


def _start(after: Place | None, keys: Iterable[str]) -> Place | None:
    """Returns the key to start at. Raises ValueError for a place of another index."""
    if after is not None and set(after) != set(keys):
        raise ValueError("the place is of another list")
    return after


def _row(item: Item) -> RunRow:
    """Returns a row. Never raises: a run with an unreadable record is listed with its readable attributes."""
    return RunRow(
        run_id=str(item["runId"]) if "runId" in item else str(item.get("pk", "")).removeprefix("RUN#"),
        status=_text(item, "status") or "UNKNOWN",
        created_at=lenient.time(item.get("createdAt")),
        pattern=_text(item, "pattern"),
        error=_text(item, "error"),
        summary=_text(item, "summary"),
        exit_code=_whole(item, "exitCode"),
        execution_arn=_text(item, "executionArn"),
        started_at=lenient.time(item.get("startedAt")),
        stopped_at=lenient.time(item.get("stoppedAt")),
        attempts=_attempts(item),
        rerun_of=_text(item, "rerunOf"),
        job=_text(item, "job"),
    )


def _attempts(item: Item) -> Mapping[str, Billed | None]:
    try:
        return attempts_of(item.get("billed"))
    except (LookupError, ValueError):
        return {}


def _text(item: Item, name: str) -> str | None:
    return lenient.text(item.get(name), _LONGEST)


def _whole(item: Item, name: str) -> int | None:
    value = item.get(name)
    return int(value) if isinstance(value, Decimal) and value.is_finite() else None


def _fits(row: RunRow, query: RunQuery) -> bool:
    """Returns whether a run that was found by its id matches the query."""
    created = lenient.iso(row.created_at) or _FIRST
    return (
        query.status in {None, row.status}
        and query.pattern in {None, row.pattern}
        and query.job in {None, row.job}
        and _bound(query.since, _FIRST) <= created <= _bound(query.until, _LAST)
    )
