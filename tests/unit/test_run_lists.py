"""One contract for lists of runs: the twin in memory, and DynamoDB as moto has it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pytest

from fargate_runs.aws import run_lists
from fargate_runs.aws.run_lists import DynamoRunLists
from fargate_runs.outcomes.outcome import Outcome
from fargate_runs.ports import RunLists, RunPage, RunQuery, RunStore, StoreUnavailableError
from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.run_state import RunRecord, TaskView
from fargate_runs.runs.run_status import RunStatus
from tests.fakes.clock import NOON
from tests.fakes.lists import InMemoryRunLists
from tests.fakes.moto_table import runs_table_on_moto, store_on
from tests.fakes.records import BADLY, open_task, pending_run
from tests.fakes.store import InMemoryRunStore
from tests.fakes.tables import TABLE


class Listed(NamedTuple):
    store: RunStore
    lists: RunLists


@pytest.fixture(params=["in-memory", "dynamodb"])
def listed(request: pytest.FixtureRequest) -> Iterator[Listed]:
    if request.param == "dynamodb":
        with runs_table_on_moto() as client:
            yield Listed(store_on(client), DynamoRunLists(client, TABLE))
    else:
        store = InMemoryRunStore()
        yield Listed(store, InMemoryRunLists(store))


def run(number: int, pattern: Pattern = Pattern.CALLBACK, outcome: Outcome | None = None) -> RunRecord:
    """One for each second after noon; with an outcome it is a task of somebody's own, which has ended with it."""
    created = NOON + timedelta(seconds=number)
    run_id = f"{created:%Y%m%dT%H%M%S}-{number:04x}"
    pending = pending_run(run_id=run_id, created_at=created, pattern=pattern)
    if outcome is None:
        return pending
    view = TaskView(f"x#t{number}#1#0000000002", outcome, created, created + timedelta(seconds=90))
    return replace(pending, follows=False, task=view)


def write(listed: Listed, *runs: RunRecord) -> None:
    for each in runs:
        assert listed.store.write_run(each) is None


def pages(lists: RunLists, query: RunQuery, limit: int) -> list[RunPage]:
    found = [lists.page(query, limit)]
    while found[-1].place:
        found.append(lists.page(query, limit, found[-1].place))
    return found


def ids(lists: RunLists, query: RunQuery, limit: int = 100) -> list[str]:
    return [row.run_id for page in pages(lists, query, limit) for row in page.rows]


def test_nothing_is_there(listed: Listed) -> None:
    assert listed.lists.page(RunQuery(), 10) == RunPage(())


def test_the_newest_comes_first_page_by_page(listed: Listed) -> None:
    runs = [run(number) for number in range(7)]
    write(listed, *runs)
    newest_first = [each.run_id for each in reversed(runs)]
    for limit in (1, 2, 3, 7, 100):
        found = pages(listed.lists, RunQuery(), limit)
        assert [row.run_id for page in found for row in page.rows] == newest_first
        assert all(len(page.rows) <= limit for page in found)


def test_a_row(listed: Listed) -> None:
    write(listed, run(1, outcome=BADLY))
    (row,) = listed.lists.page(RunQuery(), 10).rows
    began = NOON + timedelta(seconds=1)
    assert (row.status, row.pattern, row.created_at) == ("FAILED", "callback", began)
    assert (row.error, row.summary, row.exit_code) == (BADLY.error, BADLY.summary, 3)
    assert (row.started_at, row.stopped_at) == (began, began + timedelta(seconds=90))
    assert row.execution_arn == run(1).execution_arn


def test_tasks_are_no_runs(listed: Listed) -> None:
    listed.store.write_task(open_task())
    assert ids(listed.lists, RunQuery()) == []


def at(second: int) -> datetime:
    return NOON + timedelta(seconds=second)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (RunQuery(status=RunStatus.PENDING), [5, 4, 3, 0]),
        (RunQuery(status=RunStatus.FAILED), [2, 1]),
        (RunQuery(status=RunStatus.SUCCEEDED), []),
        (RunQuery(pattern=Pattern.SYNC), [4, 2]),
        (RunQuery(pattern=Pattern.SYNC, status=RunStatus.FAILED), [2]),
        (RunQuery(since=at(3)), [5, 4, 3]),
        (RunQuery(until=at(3)), [3, 2, 1, 0]),
        (RunQuery(since=at(2), until=at(4)), [4, 3, 2]),
        (RunQuery(since=at(2), until=at(4), status=RunStatus.PENDING), [4, 3]),
        (RunQuery(since=at(6)), []),
        (RunQuery(id_prefix=run(0).run_id), [0]),
        (RunQuery(id_prefix=run(0).run_id[:13]), [5, 4, 3, 2, 1, 0]),
        (RunQuery(id_prefix="nobody"), []),
        (RunQuery(job="nightly"), [4, 2, 1]),
        (RunQuery(job="nightly", status=RunStatus.FAILED), [2, 1]),
        (RunQuery(job="nightly", status=RunStatus.PENDING), [4]),
        (RunQuery(job="nightly", pattern=Pattern.SYNC), [4, 2]),
        (RunQuery(job="nightly", pattern=Pattern.SYNC, status=RunStatus.FAILED), [2]),
        (RunQuery(job="nightly", since=at(2), until=at(3)), [2]),
        (RunQuery(job="another"), []),
        (RunQuery(id_prefix=run(0).run_id[:13], job="nightly"), [4, 2, 1]),
        (RunQuery(id_prefix=run(0).run_id[:13], status=RunStatus.FAILED), [2, 1]),
        (RunQuery(id_prefix=run(0).run_id[:13], pattern=Pattern.SYNC), [4, 2]),
        (RunQuery(id_prefix=run(0).run_id[:13], since=at(2), until=at(4)), [4, 3, 2]),
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 100])
def test_filters(listed: Listed, query: RunQuery, expected: list[int], limit: int) -> None:
    patterns = {2: Pattern.SYNC, 4: Pattern.SYNC}
    runs = [run(n, patterns.get(n, Pattern.CALLBACK), BADLY if n in {1, 2} else None) for n in range(6)]
    jobs = {1: "nightly", 2: "nightly", 3: "weekly", 4: "nightly"}
    write(listed, *(replace(each, job=jobs.get(number)) for number, each in enumerate(runs)))
    assert ids(listed.lists, query, limit) == [runs[number].run_id for number in expected]


def test_a_run_that_changes_its_status_changes_its_list(listed: Listed) -> None:
    write(listed, run(1))
    stands = listed.store.find_run(run(1).run_id)
    assert stands
    ended = run(1, outcome=BADLY)
    assert listed.store.write_run(replace(ended, revision=stands.revision)) is None
    assert ids(listed.lists, RunQuery(status=RunStatus.PENDING)) == []
    assert ids(listed.lists, RunQuery(status=RunStatus.FAILED)) == [ended.run_id]


@pytest.mark.parametrize("query", [RunQuery(), RunQuery(status=RunStatus.PENDING), RunQuery(id_prefix="2")])
def test_a_place_of_another_list_is_refused(listed: Listed, query: RunQuery) -> None:
    with pytest.raises(ValueError, match="another list"):
        listed.lists.page(query, 10, {"elsewhere": "x"})


class Counting:
    """A client that counts its calls and, for queries, what they were asked."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.queries: list[int] = []

    def query(self, **request: Any) -> Any:
        self.queries.append(request["Limit"])
        return self._client.query(**request)

    def batch_get_item(self, **request: Any) -> Any:
        return self._client.batch_get_item(**request)


def test_a_filter_reads_two_pages_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_lists, "FILTERED_PAGE", 2)
    with runs_table_on_moto() as client:
        counting = Counting(client)
        listed = Listed(store_on(client), DynamoRunLists(counting, TABLE))  # type: ignore[arg-type]
        write(listed, run(0, Pattern.SYNC), *(run(number) for number in range(1, 10)))
        found = pages(listed.lists, RunQuery(pattern=Pattern.SYNC), 5)
        assert [len(page.rows) for page in found] == [0, 0, 1]
        assert len(counting.queries) <= 2 * len(found)
        counting.queries.clear()
        assert len(listed.lists.page(RunQuery(), 5).rows) == 5
        assert counting.queries == [5]


def test_a_record_that_cannot_be_read_is_listed_all_the_same() -> None:
    with runs_table_on_moto() as client:
        key = {"pk": {"S": "RUN#odd"}, "sk": {"S": "RUN"}}
        odd: Any = {"list": {"S": "RUN"}, "createdAt": {"S": "2026-01-01T00:00:00.000Z"}, "status": {"N": "7"}}
        client.put_item(TableName=TABLE, Item={**key, **odd})
        (row,) = DynamoRunLists(client, TABLE).page(RunQuery(), 10).rows
        assert (row.run_id, row.status) == ("odd", "UNKNOWN")


def test_a_table_that_is_gone() -> None:
    with runs_table_on_moto() as client:
        client.delete_table(TableName=TABLE)
        for query in (RunQuery(), RunQuery(id_prefix="x")):
            with pytest.raises(StoreUnavailableError, match="ResourceNotFoundException"):
                DynamoRunLists(client, TABLE).page(query, 10)
