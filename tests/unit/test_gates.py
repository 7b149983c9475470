"""One contract for the gates of jobs: the twin in memory, and DynamoDB as moto has it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from unittest.mock import patch

import boto3
import pytest
from moto import mock_aws

from fargate_runs.aws.gates import MOST_TOKENS, TICKETS_ARE_KEPT, DynamoGates, gate_item, gate_of
from fargate_runs.jobs.gate import Gate, Position
from fargate_runs.jobs.slots import MOST_AT_THE_GATE
from fargate_runs.ports import StoreUnavailableError, UnreadableJobError
from fargate_runs.ports.jobs import Gates
from tests.fakes.clock import NOON, StoppedClock
from tests.fakes.ecs import EXECUTION_ARN, RUN_ID, TOKEN
from tests.fakes.gates import InMemoryGates
from tests.fakes.tables import JOBS_TABLE, create_jobs_table

JOB: Final = "nightly"
AT: Final = NOON + timedelta(milliseconds=123)


@contextmanager
def jobs_table_on_moto() -> Iterator[Any]:
    with mock_aws():
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        client: Any = boto3.client("dynamodb", region_name="us-east-1", **keys)  # type: ignore[call-overload]
        create_jobs_table(client)
        yield client


@pytest.fixture(params=["in-memory", "dynamodb"])
def gates(request: pytest.FixtureRequest) -> Iterator[Gates]:
    if request.param == "dynamodb":
        with jobs_table_on_moto() as client:
            yield DynamoGates(client, JOBS_TABLE, StoppedClock())
    else:
        yield InMemoryGates()


def full_gate() -> Gate:
    """A gate of which nothing is as it is by default."""
    other = "arn:aws:states:us-east-1:123456789012:execution:run-task-sync"
    return Gate(
        JOB,
        2,
        {"z": Position(f"{other}:z", AT, is_forced=True), RUN_ID: Position(EXECUTION_ARN, AT)},
        {
            "y": Position(f"{other}:y", AT, replaces=True),
            "b": Position("another name", AT),
            "a": Position(f"{other}:a", AT),
        },
        {"w": "y"},
    )


def test_a_gate_that_nobody_came_to_is_empty(gates: Gates) -> None:
    assert gates.find_gate(JOB) == Gate(JOB)
    assert gates.find_gate(JOB).revision == 0


def test_a_gate_comes_back_as_it_was_written_in_its_order(gates: Gates) -> None:
    assert gates.write_gate(full_gate()) is None
    found = gates.find_gate(JOB)
    assert (found, found.revision) == (full_gate(), 1)
    assert ([*found.holders], [*found.waiting]) == (["z", RUN_ID], ["y", "b", "a"])
    assert gates.write_gate(replace(found, limit=None, holders={}, waiting={}, withdrawn={})) is None
    assert gates.find_gate(JOB) == Gate(JOB)
    assert gates.find_gate(JOB).revision == 2
    assert gates.find_gate("another") == Gate("another")


@pytest.mark.parametrize("revision", [0, 2])
def test_a_write_of_another_revision_gives_what_stands(gates: Gates, revision: int) -> None:
    gates.write_gate(full_gate())
    stands = gates.write_gate(Gate(JOB, 9, revision=revision))
    assert stands == full_gate()
    assert stands.revision == 1
    assert gates.find_gate(JOB) == full_gate()


def test_a_write_over_a_gate_that_is_gone_gives_an_empty_one(gates: Gates) -> None:
    stands = gates.write_gate(replace(full_gate(), revision=3))
    assert stands == Gate(JOB)
    assert stands.revision == 0


def test_a_ticket_is_kept_until_it_is_dropped(gates: Gates) -> None:
    gates.keep_ticket(JOB, "b", TOKEN)
    gates.keep_ticket(JOB, "a", "another")
    gates.keep_ticket("other", "c", "third")
    assert (gates.find_tickets(JOB, "b"), gates.find_tickets(JOB, "c")) == ([TOKEN], [])
    assert gates.ticket_holders(JOB) == ["a", "b"]
    gates.write_gate(full_gate())
    assert gates.ticket_holders(JOB) == ["a", "b"]
    gates.drop_ticket(JOB, "b", TOKEN)
    gates.drop_ticket(JOB, "b", TOKEN)
    assert (gates.find_tickets(JOB, "b"), gates.ticket_holders(JOB)) == ([], ["a"])


def test_a_later_ticket_is_kept_beside_the_earlier_one(gates: Gates) -> None:
    """A call that was given up may store its token after the next one has: nobody knows which of them is open."""
    gates.keep_ticket(JOB, "a", "new")
    gates.keep_ticket(JOB, "a", "old")
    gates.keep_ticket(JOB, "a", "old")
    assert gates.find_tickets(JOB, "a") == ["new", "old"]
    gates.drop_ticket(JOB, "a", "old")
    assert gates.find_tickets(JOB, "a") == ["new"]
    gates.drop_ticket(JOB, "a", "old")
    assert gates.ticket_holders(JOB) == ["a"]


def test_a_ticket_outlives_every_execution() -> None:
    with jobs_table_on_moto() as client:
        DynamoGates(client, JOBS_TABLE, StoppedClock()).keep_ticket(JOB, "a", TOKEN)
        (item,) = client.scan(TableName=JOBS_TABLE)["Items"]
        assert datetime.fromtimestamp(int(item["expiresAt"]["N"]), UTC) == NOON + TICKETS_ARE_KEPT
        assert timedelta(days=365) < TICKETS_ARE_KEPT


def test_a_run_has_so_many_tickets_and_no_more() -> None:
    with jobs_table_on_moto() as client:
        gates = DynamoGates(client, JOBS_TABLE, StoppedClock())
        for number in range(MOST_TOKENS + 1):
            gates.keep_ticket(JOB, "a", str(number))
        assert gates.find_tickets(JOB, "a") == [str(number) for number in range(1, MOST_TOKENS + 1)]


@pytest.mark.parametrize("stand", [(), ("one",)])
def test_tickets_that_come_together_are_both_kept(stand: tuple[str, ...]) -> None:
    with jobs_table_on_moto() as client:
        gates = DynamoGates(client, JOBS_TABLE, StoppedClock())
        for each in stand:
            gates.keep_ticket(JOB, "a", each)
        left, read = [1], gates._get

        def races(key: Mapping[str, str]) -> dict[str, object]:
            found = read(key)
            if left and left.pop():
                DynamoGates(client, JOBS_TABLE, StoppedClock()).keep_ticket(JOB, "a", "first")
            return found

        with patch.object(gates, "_get", races):
            gates.keep_ticket(JOB, "a", "second")
        assert gates.find_tickets(JOB, "a") == [*stand, "first", "second"]


def test_a_ticket_for_which_others_are_always_first_is_not_kept() -> None:
    with jobs_table_on_moto() as client:
        gates = DynamoGates(client, JOBS_TABLE, StoppedClock())
        with (
            patch.object(gates, "_write_tickets", lambda *_call: False),
            pytest.raises(StoreUnavailableError, match="too many"),
        ):
            gates.keep_ticket(JOB, "a", TOKEN)


def test_all_pages_of_tickets_are_read() -> None:
    with jobs_table_on_moto() as client:
        gates = DynamoGates(client, JOBS_TABLE, StoppedClock())
        runs = [f"run-{number:03}" for number in range(30)]
        for run_id in runs:
            gates.keep_ticket(JOB, run_id, "x" * 60_000)  # a page has 1 MB
        assert gates.ticket_holders(JOB) == runs


def test_the_gate_in_its_stored_form() -> None:
    prefix = EXECUTION_ARN.removesuffix(f":{RUN_ID}")
    since = int(AT.timestamp() * 1_000)
    holders = {RUN_ID: Position(EXECUTION_ARN, AT, is_forced=True)}
    gate = Gate(JOB, 1, holders, {"b": Position("arn", AT, replaces=True)}, {"c": "b"}, 4)
    assert gate_item(gate) == {
        "pk": "GATE#nightly",
        "sk": "GATE",
        "limit": 1,
        "holders": [{"r": RUN_ID, "s": since, "m": 0, "f": True}],
        "waiting": [{"r": "b", "s": since, "a": "arn", "x": True}],
        "withdrawn": {"c": "b"},
        "machines": [prefix],
        "revision": 5,
    }


@pytest.mark.parametrize(
    "odd",
    [
        *({name: None} for name in ("holders", "waiting", "withdrawn", "machines", "revision")),
        {"holders": 7},
        {"waiting": "x"},
        {"holders": [{"s": 1, "m": 0}]},
        {"holders": [{"r": "a", "m": 0}]},
        {"holders": [{"r": "a", "s": 1}]},
        {"waiting": [{"r": "a", "s": "noon", "m": 0}]},
        {"waiting": [{"r": "a", "s": 1, "m": 9}]},
        {"withdrawn": ["a"]},
        {"limit": "many"},
        {"revision": "x"},
    ],
    ids=str,
)
def test_a_gate_that_cannot_be_read(odd: dict[str, object]) -> None:
    item = {name: value for name, value in {**gate_item(full_gate()), **odd}.items() if value is not None}
    with pytest.raises(UnreadableJobError, match="its gate"):
        gate_of(JOB, item)


def test_the_largest_gate_fits_into_an_item() -> None:
    prefix = "arn:aws-us-gov:states:us-gov-west-1:123456789012:execution:" + "m" * 80
    runs = [f"{number:04}" + "r" * 76 for number in range(MOST_AT_THE_GATE)]
    positions = {run: Position(f"{prefix}:{run}", AT, is_forced=True) for run in runs}
    with jobs_table_on_moto() as client:
        gates = DynamoGates(client, JOBS_TABLE, StoppedClock())
        assert gates.write_gate(Gate(JOB, 1_000, positions)) is None
        assert gates.find_gate(JOB).holders == positions


@pytest.mark.parametrize("call", ["find", "write", "keep", "ticket", "drop", "tickets"])
def test_a_table_that_does_not_answer(call: str) -> None:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    with mock_aws():
        client: Any = boto3.client("dynamodb", region_name="us-east-1", **keys)  # type: ignore[call-overload]
        gates = DynamoGates(client, JOBS_TABLE, StoppedClock())
        calls: dict[str, Callable[[], object]] = {
            "find": lambda: gates.find_gate(JOB),
            "write": lambda: gates.write_gate(Gate(JOB)),
            "keep": lambda: gates.keep_ticket(JOB, "a", TOKEN),
            "ticket": lambda: gates.find_tickets(JOB, "a"),
            "drop": lambda: gates.drop_ticket(JOB, "a", TOKEN),
            "tickets": lambda: gates.ticket_holders(JOB),
        }
        with pytest.raises(StoreUnavailableError):
            calls[call]()
