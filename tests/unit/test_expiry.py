"""What is still open does not expire, however long it takes: a record's days are counted from its end."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from fargate_runs.aws.dynamodb import DynamoRunStore
from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.record import Delivery
from fargate_runs.runs.run_folding import with_execution, with_task
from fargate_runs.usecases.folding import fold_run
from tests.fakes.clock import NOON, StoppedClock
from tests.fakes.ecs import RUN_ID
from tests.fakes.moto_table import runs_table_on_moto
from tests.fakes.records import ended_task, execution, open_task, pending_run
from tests.fakes.tables import TABLE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

DAY = timedelta(days=1)


class Table:
    """Records are kept for a day."""

    def __init__(self, client: "DynamoDBClient") -> None:
        self._client = client
        self.clock = StoppedClock()
        self.store = DynamoRunStore(client, TABLE, clock=self.clock, retention=DAY)

    def kept_for(self) -> timedelta | None:
        """How long from noon the one item is kept; None for ever."""
        (item,) = self._client.scan(TableName=TABLE)["Items"]
        expires = item.get("expiresAt")
        return timedelta(seconds=int(expires["N"]) - NOON.timestamp()) if expires else None


@pytest.fixture
def table() -> Iterator[Table]:
    with runs_table_on_moto() as client:
        yield Table(client)


def test_a_task_expires_after_its_answer_was_given(table: Table) -> None:
    """A job that takes longer than records are kept was unknown in the middle of its work, its attempts with it."""
    table.store.write_task(open_task())
    assert table.kept_for() is None
    table.store.write_task(ended_task())
    assert table.kept_for() is None, "its token is not answered yet"
    table.clock.pass_by(DAY)
    table.store.mark_delivery(ended_task(), Delivery.DELIVERED)
    assert table.kept_for() == 2 * DAY


def test_a_task_without_a_token_expires_after_its_end(table: Table) -> None:
    table.store.write_task(ended_task().delivered(Delivery.NOT_NEEDED))
    assert table.kept_for() == DAY


@pytest.mark.parametrize("status", ["SUCCEEDED", "ABORTED"])
def test_a_run_expires_after_its_end(table: Table, status: str) -> None:
    """Nobody but the API knows what was asked for: a run that expires while it runs comes back without its input."""
    table.store.write_run(pending_run())
    assert table.kept_for() is None
    table.clock.pass_by(DAY)
    for seen in (execution("RUNNING"), execution(status)):
        assert table.kept_for() is None
        fold_run(table.store, RUN_ID, lambda run, seen=seen: with_execution(run, seen, Pattern.CALLBACK))  # type: ignore[misc]
    assert table.kept_for() == (2 * DAY if status == "ABORTED" else None), "of a success the task is still to be seen"


def test_a_run_of_which_only_the_end_of_its_task_is_known_expires(table: Table) -> None:
    """Step Functions forgets an execution after 90 days: such a run would be open for ever."""
    fold_run(table.store, RUN_ID, lambda run: with_task(run, ended_task(), follows=True))
    assert table.kept_for() == DAY
