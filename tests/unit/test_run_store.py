"""One contract for the runs table: the twin in memory, DynamoDB as moto and as the simulation has it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from fargate_runs.ports import LoadedRun, LostRace, OpenRun, OpenTask, RunStore, SweepMark, Written
from fargate_runs.reading.patterns import Pattern
from fargate_runs.reading.task import TaskState
from fargate_runs.runs.log import NO_RESULT, LogLocation
from fargate_runs.runs.record import Delivery, TaskRecord
from fargate_runs.runs.run_folding import with_execution, with_task
from fargate_runs.runs.run_state import GivenUp, RunRecord, StopRequest
from fargate_runs.runs.run_status import RunStatus
from fargate_runs.usecases.folding import fold_run
from tests.fakes.attempts import SECOND
from tests.fakes.clock import NOON
from tests.fakes.ecs import EXECUTION_ARN, RUN_ID, TASK_ID, container, detail, failed_start, task
from tests.fakes.moto_table import empty, runs_table_on_moto, store_on
from tests.fakes.records import (
    BADLY,
    changed,
    ended_task,
    execution,
    failed_task,
    full_run,
    full_task,
    open_task,
    pending_run,
)
from tests.fakes.store import InMemoryRunStore
from tests.fakes.tables import TABLE
from tests.simulation import template
from tests.simulation.dynamodb import DynamoDb
from tests.simulation.network import Client


@pytest.fixture(scope="module")
def moto() -> Iterator[Any]:
    with runs_table_on_moto() as client:
        yield client


@pytest.fixture(params=["in-memory", "dynamodb", "simulated"])
def store(request: pytest.FixtureRequest) -> RunStore:
    if request.param == "dynamodb":
        client = request.getfixturevalue("moto")
        empty(client)
        return store_on(client)
    simulated = store_on(Client("dynamodb", DynamoDb(template.table(), TABLE)))
    return simulated if request.param == "simulated" else InMemoryRunStore()


def found(store: RunStore) -> TaskRecord:
    record = store.find_task(RUN_ID, TASK_ID)
    assert record
    return record


def shown(store: RunStore) -> RunRecord:
    run = store.load_run(RUN_ID).run
    assert run
    return run


def test_nothing_is_there(store: RunStore) -> None:
    assert store.find_task(RUN_ID, TASK_ID) is None
    assert store.load_run(RUN_ID) == LoadedRun(None)


RECORDS = {
    "with everything": full_task(),
    "with a limit": changed(open_task(), timeout_seconds=3_600),
    "running": open_task(),
    "ended": ended_task(),
    "failed": ended_task(containers=[container(exit_code=3)]),
    "failed start": TaskRecord.of(task(**failed_start("x")), None, None),
    "with an attempt": changed(open_task(), attempt=2, started_by="AWS Step Functions"),
    "bare": TaskRecord(
        TaskState("arn:aws:ecs:us-east-1:1:task/t", "arn:aws:ecs:us-east-1:1:cluster/c", 0, "RUNNING", "r")
    ),
    "with the end of its log": failed_task(),
    "with a log in another Region": replace(failed_task(), log=LogLocation("/g", "p/c/1", "eu-west-1")),
    "without a log": replace(failed_task(), last_lines=(), log_note="the container never started"),
    "with a culprit": replace(
        failed_task(),
        culprit_log=LogLocation("/g", "p/side/1", "us-east-1"),
        outcome=replace(BADLY, culprit="side"),
    ),
    "with a culprit's log in another Region": replace(failed_task(), culprit_log=LogLocation("/g", "s", "eu-west-1")),
    "without an outcome's details": ended_task(stopCode=None, stoppedReason=None, containers=[]),
}


@pytest.mark.parametrize("name", RECORDS)
def test_what_is_written_is_found(store: RunStore, name: str) -> None:
    record = RECORDS[name]
    assert store.write_task(record) == Written(record)
    assert store.find_task(record.run_id, record.task_id) == record


def test_a_newer_version_replaces_an_older_one(store: RunStore) -> None:
    store.write_task(open_task(version=3))
    newer = open_task(version=4)
    assert store.write_task(newer) == Written(newer)


@pytest.mark.parametrize("version", [2, 3])
def test_the_same_or_an_older_version_loses(store: RunStore, version: int) -> None:
    stands = open_task(version=3)
    store.write_task(stands)
    assert store.write_task(ended_task(version=version)) == LostRace(stands)
    assert found(store) == stands


@pytest.mark.parametrize("version", [4, 5, 6])
def test_an_outcome_never_changes(store: RunStore, version: int) -> None:
    stands = ended_task()
    store.write_task(stands)
    assert store.write_task(ended_task(version=version, containers=[container(exit_code=1)])) == LostRace(stands)
    assert store.write_task(open_task(version=version)) == LostRace(stands)
    assert found(store) == stands


#: What stands, by what stood and what it was marked with; all that differs from "the first mark stays".
REPLACED = {
    (Delivery.CLOSED_BY_OTHERS, Delivery.DELIVERED): Delivery.DELIVERED,
    (Delivery.REFUSED, Delivery.DELIVERED): Delivery.DELIVERED,
}
FINAL = [each for each in Delivery if each is not Delivery.PENDING]
MARKS = [
    *((Delivery.PENDING, mark, mark) for mark in FINAL),
    *((before, mark, REPLACED.get((before, mark), before)) for before in FINAL for mark in FINAL),
]


@pytest.mark.parametrize(("before", "mark", "after"), MARKS)
def test_mark_delivery(store: RunStore, before: Delivery, mark: Delivery, after: Delivery) -> None:
    record = ended_task()
    assert record.delivery is Delivery.PENDING
    store.write_task(record if before is Delivery.PENDING else record.delivered(before))
    store.mark_delivery(record, mark)
    assert found(store) == record.delivered(after)


def test_a_delivery_is_not_marked_before_there_is_an_outcome(store: RunStore) -> None:
    store.write_task(open_task())
    store.mark_delivery(open_task(), Delivery.DELIVERED)
    assert found(store) == open_task()


def test_nor_for_a_task_that_is_not_there(store: RunStore) -> None:
    store.mark_delivery(ended_task(), Delivery.DELIVERED)
    assert store.find_task(RUN_ID, TASK_ID) is None


def lose(store: RunStore, **changes: Any) -> LostRace | Written:
    return store.write_lost(changed(ended_task(), **changes))


def test_a_task_that_is_lost_gets_an_outcome_at_the_version_that_stands(store: RunStore) -> None:
    stands = open_task(version=3)
    store.write_task(stands)
    assert lose(store, version=2) == LostRace(stands)
    assert lose(store, version=4) == LostRace(stands)
    assert lose(store, version=3) == Written(changed(ended_task(), version=3))
    again = lose(store, version=3, last_status="again")
    assert again == LostRace(changed(ended_task(), version=3))


def test_how_often_a_task_was_missing(store: RunStore) -> None:
    def sweeps() -> int:
        (item,) = store.open_items()
        assert isinstance(item, OpenTask)
        assert item.missing_sweeps == found(store).missing_sweeps
        return item.missing_sweeps

    store.write_task(open_task(version=3))
    (item,) = store.open_items()
    assert isinstance(item, OpenTask)
    for times in (1, 2, 0):
        store.mark_missing(item, times)
        assert sweeps() == times
    store.mark_missing(item, 5)
    store.write_task(open_task(version=4))
    assert sweeps() == 0, "the next state that ECS shows takes it away"


def test_a_task_with_an_outcome_is_not_missing_any_more(store: RunStore) -> None:
    store.write_task(open_task(version=3))
    (item,) = store.open_items()
    assert isinstance(item, OpenTask)
    store.write_task(ended_task())
    store.mark_missing(item, 1)
    assert found(store) == ended_task()


def test_live_tasks_of_an_execution(store: RunStore) -> None:
    others = changed(open_task(**SECOND), execution_arn=EXECUTION_ARN + "2")
    store.write_task(open_task())
    store.write_task(others)
    assert store.live_tasks(EXECUTION_ARN) == (open_task(),)
    assert store.live_tasks(EXECUTION_ARN + "2") == (others,)
    store.write_task(ended_task())
    assert store.live_tasks(EXECUTION_ARN) == ()


def test_a_run_is_written_over_what_it_was_made_of(store: RunStore) -> None:
    assert store.write_run(pending_run()) is None
    first = shown(store)
    assert (first, first.revision) == (pending_run(), 1)
    assert store.write_run(pending_run(input=None)) == first
    assert store.write_run(with_task(first, open_task(), follows=True)) is None
    assert (shown(store).status, shown(store).revision) == (RunStatus.RUNNING, 2)
    assert store.write_run(with_task(first, ended_task(), follows=True)) == shown(store)
    assert shown(store).outcome is None


RUNS = {
    "with everything": replace(full_run(), revision=0),
    "pending": pending_run(),
    "running": with_task(pending_run(), open_task(), follows=True),
    "ended": with_execution(
        with_task(pending_run(), ended_task(containers=[container(exit_code=3)]), follows=True),
        execution("FAILED", error="Container.ExitedNonZero", cause="why", redrive_count=2),
        Pattern.CALLBACK,
    ),
    "of no execution": with_task(None, ended_task(), follows=False),
    "given up": pending_run(given_up=GivenUp.NOT_STARTED),
    "bare": RunRecord("r", created_at=NOON),
}


@pytest.mark.parametrize("name", RUNS)
def test_a_run_that_is_written_is_found(store: RunStore, name: str) -> None:
    run = RUNS[name]
    assert store.find_run(run.run_id) is None
    assert store.write_run(run) is None
    assert store.find_run(run.run_id) == run
    assert store.load_run(run.run_id)[0] == run


def test_a_run_without_any_time_gets_one(store: RunStore) -> None:
    store.write_run(RunRecord("r"))
    run = store.find_run("r")
    assert run
    assert run.created_at == NOON


def test_a_run_that_never_started_is_forgotten(store: RunStore) -> None:
    store.write_run(pending_run())
    store.forget_run(RUN_ID)
    store.forget_run(RUN_ID)
    assert store.load_run(RUN_ID) == LoadedRun(None)


@pytest.mark.parametrize("name", ["running", "ended"])
def test_a_run_that_has_seen_a_task_or_its_execution_is_not(store: RunStore, name: str) -> None:
    store.write_run(RUNS[name])
    store.forget_run(RUN_ID)
    assert shown(store) == RUNS[name]


def test_a_fold_keeps_what_the_api_wrote(store: RunStore) -> None:
    store.write_run(pending_run())
    fold_run(store, RUN_ID, lambda stands: with_task(stands, ended_task(), follows=True))
    assert (shown(store).created_at, shown(store).input) == (NOON, pending_run().input)


def test_what_is_open_is_listed_until_it_is_done(store: RunStore) -> None:
    store.write_task(open_task())
    store.write_run(pending_run())
    task, run = sorted(store.open_items(), key=lambda each: isinstance(each, OpenRun))
    assert task == OpenTask(
        RUN_ID,
        TASK_ID,
        str(detail()["taskArn"]),
        has_outcome=False,
        pattern=Pattern.CALLBACK,
        execution_arn=EXECUTION_ARN,
        created_at=open_task().created_at,
    )
    assert run == OpenRun(RUN_ID, EXECUTION_ARN, NOON)
    fold_run(store, RUN_ID, lambda stands: replace(stands or pending_run(), job="nightly", takes_slot=True))
    assert OpenRun(RUN_ID, EXECUTION_ARN, NOON, job="nightly", takes_slot=True) in list(store.open_items())
    store.write_task(ended_task())
    fold_run(store, RUN_ID, lambda stands: with_task(stands, ended_task(), follows=True))
    task, run = sorted(store.open_items(), key=lambda each: isinstance(each, OpenRun))
    assert isinstance(task, OpenTask)
    assert task.has_outcome
    assert isinstance(run, OpenRun)
    assert run.newest_task_id == TASK_ID
    store.mark_delivery(ended_task(), Delivery.DELIVERED)
    closed = execution("SUCCEEDED")
    fold_run(store, RUN_ID, lambda stands: with_execution(stands, closed, Pattern.CALLBACK))
    assert list(store.open_items()) == []


def test_many_open_items_come_in_pages(store: RunStore) -> None:
    ids = [f"{n:032x}" for n in range(60)]
    for each in ids:
        store.write_task(open_task(taskArn=f"arn:aws:ecs:us-east-1:123456789012:task/jobs/{each}"))
    assert sorted(each.task_id for each in store.open_items() if isinstance(each, OpenTask)) == ids


def test_the_mark_of_the_sweep_is_written_over_what_it_was_made_of(store: RunStore) -> None:
    assert store.sweep_mark() == SweepMark()
    mine = SweepMark(owner="me", held_until=NOON, seen_until=None, revision=0)
    assert store.write_sweep_mark(mine)
    assert store.sweep_mark() == replace(mine, revision=1)
    assert not store.write_sweep_mark(replace(mine, owner="another"))
    assert store.write_sweep_mark(SweepMark(seen_until=NOON, revision=1, places={"tasks": "arn:2", "runs": "run-7"}))
    assert store.sweep_mark() == SweepMark(seen_until=NOON, revision=2, places={"tasks": "arn:2", "runs": "run-7"})
    assert store.write_sweep_mark(SweepMark(revision=2))
    assert store.sweep_mark() == SweepMark(revision=3)


@pytest.mark.parametrize("number", [0, 1, 100, 101, 250])
def test_many_are_read_at_once(store: RunStore, number: int) -> None:
    tasks = {(f"run-{n}", TASK_ID): changed(open_task(), run_id=f"run-{n}") for n in range(number)}
    for record in tasks.values():
        store.write_task(record)
        fold_run(store, record.run_id, lambda run, record=record: with_task(run, record, follows=False))  # type: ignore[misc]
    asked = [*tasks, ("run-0", "another"), ("of nobody", TASK_ID)]
    assert store.find_tasks([*asked, *asked]) == tasks
    assert store.find_tasks([]) == {}
    runs = store.find_runs([run_id for run_id, _ in asked])
    assert {run_id: run.newest_task_id for run_id, run in runs.items()} == {run_id: TASK_ID for run_id, _ in tasks}
    assert store.find_runs(()) == {}


def test_the_tasks_of_a_run_without_what_their_containers_printed(store: RunStore) -> None:
    """Thousands of results of 250 KB each have no place in the memory of who only looks after the tasks."""
    store.write_run(pending_run())
    well = full_task()
    badly = replace(failed_task(**SECOND), log_note="why")
    assert (well.result, badly.last_lines) != (NO_RESULT, ())
    for each in (well, badly, changed(open_task(), run_id="another")):
        store.write_task(each)
    bare = [replace(each, result=NO_RESULT, last_lines=(), log_note=None) for each in (well, badly)]
    assert sorted(store.tasks_of(RUN_ID), key=lambda each: each.task.attempt or 0, reverse=True) == bare
    assert store.tasks_of("of nobody") == ()


def test_a_run_and_all_of_its_tasks(store: RunStore) -> None:
    store.write_run(pending_run())
    tasks = [ended_task(), open_task(**SECOND)]
    for each in tasks:
        store.write_task(each)
    loaded = store.load_run(RUN_ID).tasks
    assert sorted(loaded, key=lambda each: each.task.version, reverse=True) == tasks


def test_an_open_run_that_is_to_stop(store: RunStore) -> None:
    store.write_run(pending_run(stop_request=StopRequest(NOON, "jane", "wrong input")))
    assert list(store.open_items()) == [OpenRun(RUN_ID, EXECUTION_ARN, NOON, is_to_stop=True)]
