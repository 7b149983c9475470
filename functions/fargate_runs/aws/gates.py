"""The gates of jobs in the jobs table: their slots, and the tickets of runs that wait.

    gate    pk=GATE#<job>  sk=GATE            limit, holders, waiting, withdrawn, machines, revision
    ticket  pk=GATE#<job>  sk=TICKET#<runId>  tokens, expiresAt

`holders` and `waiting` are lists, because DynamoDB keeps no order in a map. An element has short names, as thousands of
them have to fit into one item of 400 KB: `r` run id, `s` since (milliseconds of Unix time), `m` the place of its
machine's prefix in `machines`, or `a` the whole ARN of an execution that is not named as its run, `f` forced, `x`
replaces.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from botocore.exceptions import ClientError

from fargate_runs.aws.attributes import deserialized, serialized
from fargate_runs.aws.table_errors import JOBS_TABLE_ERRORS, is_refused
from fargate_runs.jobs.gate import Gate, Position
from fargate_runs.ports import Clock, StoreUnavailableError, UnreadableJobError
from fargate_runs.ports.jobs import Gates

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from fargate_runs.aws.attributes import Attributes

TICKETS_ARE_KEPT: Final = timedelta(days=366)  # an execution lives for a year at most, and its tokens as long
MOST_TOKENS: Final = 10  # of one run: a state that is tried again has another token, and only one of them is open
_TICKET: Final = "TICKET#"
_MOST_TRIES: Final = 8

Item = dict[str, object]


class DynamoGates(Gates):
    """See Gates. A write is one conditional call. Repeated after a time-out it may conflict with itself."""

    def __init__(self, client: "DynamoDBClient", table: str, clock: Clock) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def find_gate(self, job: str) -> Gate:
        """See Gates."""
        item = self._get(_gate_key(job))
        return gate_of(job, item) if item else Gate(job)

    def write_gate(self, gate: Gate) -> Gate | None:
        """See Gates."""
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if gate.revision:
            condition = {
                "ConditionExpression": "revision = :revision",
                "ExpressionAttributeValues": serialized({":revision": gate.revision}),
            }
        with JOBS_TABLE_ERRORS:
            try:
                self._client.put_item(
                    TableName=self._table,
                    Item=serialized(gate_item(gate)),
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    **condition,
                )
            except ClientError as error:
                if not is_refused(error):
                    raise
                stands = cast("dict[str, Attributes]", error.response).get("Item")
                return gate_of(gate.job, deserialized(stands)) if stands else Gate(gate.job)
        return None

    def keep_ticket(self, job: str, run_id: str, token: str) -> None:
        """See Gates."""
        self._change_tickets(job, run_id, lambda stand: [*stand, token][-MOST_TOKENS:] if token not in stand else stand)

    def find_tickets(self, job: str, run_id: str) -> Sequence[str]:
        """See Gates."""
        return _tokens(self._get(_ticket_key(job, run_id)))

    def drop_ticket(self, job: str, run_id: str, token: str) -> None:
        """See Gates."""
        self._change_tickets(job, run_id, lambda stand: [each for each in stand if each != token])

    def _change_tickets(self, job: str, run_id: str, change: Callable[[list[str]], list[str]]) -> None:
        """Change the tokens of a run by a conditional write, and again after a race. No change means no write."""
        for _ in range(_MOST_TRIES):
            stand = _tokens(self._get(_ticket_key(job, run_id)))
            tokens = change(stand)
            if tokens == stand or self._write_tickets(_ticket_key(job, run_id), stand, tokens):
                return
        raise StoreUnavailableError("the ticket of a run is written by too many at once")

    def _write_tickets(self, key: Mapping[str, str], stand: list[str], tokens: list[str]) -> bool:
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if stand:
            condition = {
                "ConditionExpression": "#tokens = :stand",
                "ExpressionAttributeNames": {"#tokens": "tokens"},
                "ExpressionAttributeValues": serialized({":stand": stand}),
            }
        expires_at = int((self._clock.now() + TICKETS_ARE_KEPT).timestamp())
        with JOBS_TABLE_ERRORS:
            try:
                if tokens:
                    item = serialized({**key, "tokens": tokens, "expiresAt": expires_at})
                    self._client.put_item(TableName=self._table, Item=item, **condition)
                else:
                    self._client.delete_item(TableName=self._table, Key=serialized(key), **condition)
            except ClientError as error:
                if not is_refused(error):
                    raise
                return False
        return True

    def ticket_holders(self, job: str) -> Sequence[str]:
        """See Gates."""
        query: dict[str, Any] = {
            "TableName": self._table,
            "ConsistentRead": True,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :ticket)",
            "ExpressionAttributeValues": serialized({":pk": _gate_key(job)["pk"], ":ticket": _TICKET}),
            "ProjectionExpression": "sk",
        }
        found: list[str] = []
        with JOBS_TABLE_ERRORS:
            while True:
                answer = self._client.query(**query)
                found += [str(deserialized(item)["sk"]).removeprefix(_TICKET) for item in answer["Items"]]
                if "LastEvaluatedKey" not in answer:
                    return found
                query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _get(self, key: Mapping[str, str]) -> Item:
        with JOBS_TABLE_ERRORS:
            answer = self._client.get_item(TableName=self._table, Key=serialized(key), ConsistentRead=True)
        return deserialized(answer.get("Item", {}))


def gate_item(gate: Gate) -> Item:
    """Returns the item of a gate, to replace `gate.revision`."""
    machines: dict[str, int] = {}
    return {
        **_gate_key(gate.job),
        "limit": gate.limit,
        "holders": [_element(*each, machines) for each in gate.holders.items()],
        "waiting": [_element(*each, machines) for each in gate.waiting.items()],
        "withdrawn": dict(gate.withdrawn),
        "machines": list(machines),
        "revision": gate.revision + 1,
    }


def gate_of(job: str, item: Mapping[str, object]) -> Gate:
    """Returns the gate of a stored item. Raises UnreadableJobError."""
    stored = cast("Mapping[str, Any]", item)
    try:
        machines = [str(each) for each in stored["machines"]]
        return Gate(
            job=job,
            limit=None if stored.get("limit") is None else int(stored["limit"]),
            holders=dict(_position(each, machines) for each in stored["holders"]),
            waiting=dict(_position(each, machines) for each in stored["waiting"]),
            withdrawn={str(run_id): str(by) for run_id, by in stored["withdrawn"].items()},
            revision=int(stored["revision"]),
        )
    except (LookupError, ValueError, TypeError, AttributeError, ArithmeticError) as error:
        raise UnreadableJobError(job, f"its gate: {type(error).__name__}") from None


def _element(run_id: str, position: Position, machines: dict[str, int]) -> Item:
    element: Item = {"r": run_id, "s": round(position.since.timestamp() * 1_000)}
    prefix = position.execution_arn.removesuffix(f":{run_id}")
    if prefix == position.execution_arn:
        element["a"] = position.execution_arn
    else:
        element["m"] = machines.setdefault(prefix, len(machines))
    flags = {"f": position.is_forced, "x": position.replaces}
    return {**element, **{name: True for name, is_set in flags.items() if is_set}}


def _position(element: Mapping[str, Any], machines: Sequence[str]) -> tuple[str, Position]:
    run_id = str(element["r"])
    arn = str(element["a"]) if "a" in element else f"{machines[int(element['m'])]}:{run_id}"
    since = datetime.fromtimestamp(int(element["s"]) / 1_000, UTC)
    return run_id, Position(arn, since, is_forced="f" in element, replaces="x" in element)


def _tokens(item: Mapping[str, object]) -> list[str]:
    return [str(each) for each in cast("Sequence[object]", item.get("tokens", ()))]


def _gate_key(job: str) -> dict[str, str]:
    return {"pk": f"GATE#{job}", "sk": "GATE"}


def _ticket_key(job: str, run_id: str) -> dict[str, str]:
    return {"pk": f"GATE#{job}", "sk": f"{_TICKET}{run_id}"}
