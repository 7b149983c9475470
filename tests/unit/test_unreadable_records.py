"""A record with a word of another version holds up nothing but itself: one contract for the table and its twin."""

from collections.abc import Iterator
from typing import Any

import pytest

from fargate_runs.aws.items import run_item, run_of, task_item, task_of
from fargate_runs.aws.projections import open_item_of
from fargate_runs.ports import (
    OpenRun,
    OpenTask,
    RunStore,
    Unreadable,
    UnreadableRecordError,
)
from fargate_runs.reading.execution import ExecutionStatus
from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.record import Delivery
from fargate_runs.runs.run_folding import with_execution, with_task
from fargate_runs.usecases.show_run import ShowRun
from fargate_runs.usecases.sweep.report import SweepReport
from tests.fakes.attempts import SECOND, SECOND_ID, running
from tests.fakes.clock import NOON
from tests.fakes.ecs import EXECUTION_ARN, MACHINES, RUN_ID, TASK_ID, TOKEN, detail, overrides, task_arn
from tests.fakes.moto_table import runs_table_on_moto, store_on
from tests.fakes.records import ended_task, execution, open_task, pending_run
from tests.fakes.settling import PRICES, World
from tests.fakes.store import InMemoryRunStore
from tests.fakes.sweeping import SweepingTasks, counts
from tests.fakes.tables import TABLE, spoil
from tests.simulation import template
from tests.simulation.dynamodb import DynamoDb
from tests.simulation.network import Client

WORD = "'fan-out' is not a valid Pattern"


class Table:
    """A runs table in which records can be spoilt, as a newer version may have written them."""

    def __init__(self, store: RunStore, client: Any = None) -> None:
        self.store = store
        self._client = client

    def spoil(self, task_id: str | None = TASK_ID, run_id: str = RUN_ID) -> Unreadable:
        if isinstance(self.store, InMemoryRunStore):
            self.store.unreadable[run_id, task_id] = WORD
        else:
            spoil(self._client, run_id, task_id)
        return Unreadable(run_id, task_id, WORD)


@pytest.fixture(params=["in-memory", "dynamodb", "simulated"])
def table(request: pytest.FixtureRequest) -> Iterator[Table]:
    if request.param == "in-memory":
        yield Table(InMemoryRunStore())
    elif request.param == "dynamodb":
        with runs_table_on_moto() as client:
            yield Table(store_on(client), client)
    else:
        simulated = Client("dynamodb", DynamoDb(template.table(), TABLE))
        yield Table(store_on(simulated), simulated)


def test_the_other_open_items_are_listed(table: Table) -> None:
    ids = [f"{n:032x}" for n in range(12)]
    for each in ids:
        table.store.write_task(open_task(taskArn=task_arn(each)))
    table.store.write_run(pending_run())
    spoilt = table.spoil(ids[5])
    table.spoil(None)
    found = list(table.store.open_items())
    assert sorted(each.task_id for each in found if isinstance(each, OpenTask)) == [*ids[:5], *ids[6:]]
    assert [each for each in found if isinstance(each, Unreadable)] == [spoilt]
    assert [each.run_id for each in found if isinstance(each, OpenRun)] == [RUN_ID], "what a sweep reads of it is fine"


def test_the_other_tasks_of_an_execution_are_found(table: Table) -> None:
    for each in (open_task(), open_task(**SECOND)):
        table.store.write_task(each)
    table.spoil()
    assert [each.task_id for each in table.store.live_tasks(EXECUTION_ARN)] == [SECOND_ID]


def test_the_other_tasks_of_a_run_are_loaded(table: Table) -> None:
    table.store.write_run(pending_run())
    for each in (open_task(), open_task(**SECOND)):
        table.store.write_task(each)
    spoilt = table.spoil()
    loaded = table.store.load_run(RUN_ID)
    assert (loaded.run, loaded.tasks, loaded.unreadable) == (pending_run(), (open_task(**SECOND),), (spoilt,))
    assert table.store.tasks_of(RUN_ID) == (open_task(**SECOND),)
    spoilt_run = table.spoil(None)
    loaded = table.store.load_run(RUN_ID)
    assert (loaded.run, loaded.tasks) == (None, (open_task(**SECOND),))
    assert table.store.tasks_of(RUN_ID) == (open_task(**SECOND),)
    assert set(loaded.unreadable) == {spoilt, spoilt_run}


@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.find_task(RUN_ID, TASK_ID),
        lambda store: store.write_task(open_task()),
        lambda store: store.write_lost(ended_task()),
    ],
    ids=["find_task", "write_task", "write_lost"],
)
def test_a_task_alone_is_an_error_that_names_it(table: Table, call: Any) -> None:
    table.store.write_task(ended_task())
    table.spoil()
    with pytest.raises(UnreadableRecordError, match=f"task {TASK_ID} of run '{RUN_ID}' .*{WORD}"):
        call(table.store)


@pytest.mark.parametrize(
    "call",
    [lambda store: store.find_run(RUN_ID), lambda store: store.write_run(pending_run())],
    ids=["find_run", "write_run"],
)
def test_a_run_alone_is_an_error_that_names_it(table: Table, call: Any) -> None:
    table.store.write_run(pending_run())
    table.spoil(None)
    with pytest.raises(UnreadableRecordError, match=f"the record of run '{RUN_ID}' cannot be read: {WORD}"):
        call(table.store)


TASK_ITEM = task_item(ended_task(), now=NOON, expires_at=0)
ENDED_RUN = with_execution(with_task(pending_run(), ended_task(), follows=True), execution("FAILED"), Pattern.CALLBACK)
RUN_ITEM = run_item(ENDED_RUN, now=NOON, expires_at=0)


@pytest.mark.parametrize(
    ("read", "item", "attribute", "value", "problem"),
    [
        (task_of, TASK_ITEM, "delivery", "LATER", "'LATER' is not a valid Delivery"),
        (task_of, TASK_ITEM, "outcome", {"status": "SKIPPED"}, "'SKIPPED' is not a valid OutcomeStatus"),
        (task_of, TASK_ITEM, "version", "new", "invalid literal for int() with base 10: 'new'"),
        (task_of, TASK_ITEM, "taskArn", None, "it has no 'taskArn'"),
        (run_of, RUN_ITEM, "executionStatus", "QUEUED", "'QUEUED' is not a valid ExecutionStatus"),
        (run_of, RUN_ITEM, "givenUp", "Run.Skipped", "'Run.Skipped' is not a valid GivenUp"),
        (run_of, RUN_ITEM, "revision", None, "it has no 'revision'"),
        (open_item_of, RUN_ITEM, "taskOrder", "x", "list index out of range"),
        (open_item_of, TASK_ITEM, "taskArn", None, "it has no 'taskArn'"),
        (task_of, TASK_ITEM, "delivery", "x" * 300, "'" + "x" * 199),
    ],
)
def test_whatever_is_odd_is_the_same_error(read: Any, item: Any, attribute: str, value: object, problem: str) -> None:
    spoilt = {name: each for name, each in {**item, attribute: value}.items() if each is not None}
    with pytest.raises(UnreadableRecordError) as raised:
        read(spoilt)
    assert (raised.value.run_id, raised.value.problem) == (RUN_ID, problem)
    assert TOKEN not in str(raised.value)


def test_a_run_that_cannot_be_read_keeps_no_task_from_being_settled() -> None:
    world = World()
    world.settle(running())
    world.store.unreadable[RUN_ID, None] = WORD
    done = world.settle(detail())
    assert (done.delivery, done.unreadable_run) == (Delivery.DELIVERED, True)
    assert world.stored().outcome is not None
    world.store.unreadable.clear()
    assert not world.settle(detail()).unreadable_run


def test_a_task_that_cannot_be_read_keeps_no_other_attempt_from_being_settled() -> None:
    world = World()
    world.settle(running())
    world.store.unreadable[RUN_ID, TASK_ID] = WORD
    world.callbacks.open.add("second-token")
    assert world.settle(detail(**SECOND)).delivery is Delivery.DELIVERED


def test_an_execution_that_ends_stops_the_others() -> None:
    world = World()
    world.settle(running())
    world.settle(running(**SECOND))
    world.store.unreadable[RUN_ID, TASK_ID] = WORD
    world.end_run(ExecutionStatus.ABORTED)
    assert [arn for arn, _ in world.cluster.stops] == [task_arn(SECOND_ID)]


def test_a_sweep_counts_it_and_settles_the_others() -> None:
    world = World()
    world.callbacks.open.add("second")
    second = {"taskArn": task_arn(SECOND_ID), "overrides": overrides(run_id="second", token="second")}
    world.settle(running())
    world.settle(running(**second))
    world.cluster.show(detail(**second))
    world.store.unreadable[RUN_ID, TASK_ID] = WORD
    report: SweepReport = world.sweep()("one", 600)
    assert (report.unreadable_records, report.recovered, report.is_complete) == (1, 1, True)


def test_a_run_is_not_shown_by_its_tasks_alone() -> None:
    store = InMemoryRunStore()
    store.write_run(pending_run())
    store.write_task(open_task())
    show = ShowRun(store, MACHINES, PRICES)
    store.unreadable[RUN_ID, TASK_ID] = WORD
    assert show(RUN_ID)["status"] == "PENDING"
    store.unreadable[RUN_ID, None] = WORD
    with pytest.raises(UnreadableRecordError, match="run"):
        show(RUN_ID)
    del store.runs[RUN_ID], store.unreadable[RUN_ID, None]
    with pytest.raises(UnreadableRecordError, match="task"):
        show(RUN_ID)


def test_an_execution_that_ends_stops_its_tasks_although_its_run_cannot_be_read() -> None:
    world = World()
    world.settle(running())
    world.store.unreadable[RUN_ID, None] = WORD
    noted = world.end_run(ExecutionStatus.ABORTED)
    assert (noted.run, noted.stopped, noted.unreadable_run) == (None, 1, True)
    world.store.unreadable.clear()
    assert not world.end_run(ExecutionStatus.ABORTED).unreadable_run


def test_a_sweep_stops_what_an_execution_left_although_its_run_cannot_be_read() -> None:
    world = World()
    world.settle(running())
    world.cluster.show(running())
    world.store.unreadable[RUN_ID, None] = WORD
    world.close(ExecutionStatus.ABORTED)
    report = world.sweep()("one", 600)
    assert (report.stopped, report.noted, report.unreadable_records, report.is_complete) == (1, 1, 1, True)


def test_a_sweep_stops_a_replaced_attempt_although_its_run_cannot_be_read() -> None:
    world = SweepingTasks()
    for each in (running(), running(**SECOND)):
        world.record(each)
        world.cluster.show(each)
    world.callbacks.close(TOKEN)
    world.store.unreadable[RUN_ID, None] = WORD
    report = world.sweep_tasks(without_runs=True)
    assert (world.stopped(), report.stopped, report.unreadable_records) == ([task_arn()], 1, 1)
    assert counts(world.sweep_tasks(without_runs=True)) == {"unreadableRecords": 1}, "its token is asked once"
