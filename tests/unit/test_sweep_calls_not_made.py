"""Calls that a sweep does not make: for what is recorded already, and for what this sweep itself settled."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from fargate_runs.ports import OpenItem, StoreUnavailableError
from fargate_runs.reading.execution import ExecutionStatus
from fargate_runs.reading.patterns import execution_arn
from tests.fakes.attempts import running
from tests.fakes.ecs import EXECUTION_ARN, MACHINES, RUN_ID, detail, overrides, task_arn
from tests.fakes.records import pending_run
from tests.fakes.settling import World
from tests.fakes.sweeping import OTHERS_ARN, Sweeping, SweepingExecutions, SweepingTasks, a_run, of_execution, other

TIME = 600.0


@pytest.fixture
def world() -> Sweeping:
    return Sweeping()


def works_on(world: Sweeping, name: str, number: int) -> str:
    """A request-response run that has succeeded, noted so, and whose task works on."""
    arn = execution_arn(MACHINES.request_response, name)
    given = overrides(run_id=name, token=None)
    given["containerOverrides"][-1]["environment"][1]["value"] = arn
    world.settle(running(taskArn=task_arn(f"{number:032x}"), overrides=given))
    return arn


def test_an_execution_that_is_recorded_as_succeeded_is_never_asked_for_again() -> None:
    """10,000 request-response tasks that work for hours: at 4 a second no new process came to the end of them."""
    world = SweepingExecutions()
    for n in range(20):
        arn = works_on(world, f"run-{n}", n)
        world.note(world.close(ExecutionStatus.SUCCEEDED, arn))
    world.executions.described.clear()
    for _ in range(2):
        world.part = world.new_process()
        world.sweep_executions()
    assert world.executions.described == []


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED"])
def test_one_that_is_not_recorded_as_succeeded_is(status: str) -> None:
    world = SweepingExecutions()
    arn = works_on(world, RUN_ID, 1)
    world.close(ExecutionStatus(status), arn)
    world.sweep_executions()
    assert arn in world.executions.described
    assert bool(world.cluster.stops) is (status == "FAILED")


def test_a_callback_task_of_an_execution_that_succeeded_still_has_its_five_minutes_and_no_more() -> None:
    world = SweepingExecutions()
    world.settle(running())
    world.note(world.close(ExecutionStatus.SUCCEEDED))
    world.clock.pass_by(timedelta(minutes=5))
    world.part = world.new_process()
    assert world.sweep_executions().stopped == 1


def test_tasks_that_need_nothing_more_are_read_a_hundred_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """100,000 that settled within the hour: one by one no new process came to the end of them."""
    world = SweepingTasks()
    for n in range(250):
        world.settle(other(n))
        world.cluster.show(other(n))
    calls: list[str] = []
    for name in ("find_task", "find_tasks", "find_run", "find_runs", "tasks_of", "write_task", "write_run"):
        monkeypatch.setattr(world.store, name, _counted(getattr(world.store, name), name, calls))
    world.part = world.new_process()
    assert world.sweep_tasks().described == 250
    assert calls == ["find_tasks", "find_runs"] * 3
    assert world.sweep_tasks().described == 0, "and this process remembers them"


def _counted(method: Callable[..., object], name: str, calls: list[str]) -> Callable[..., object]:
    def call(*args: object) -> object:
        calls.append(name)
        return method(*args)

    return call


@pytest.mark.parametrize("gone", ["task", "run", "shown"])
def test_of_those_the_ones_that_do_need_something_get_it(gone: str) -> None:
    """A record that is not there, a run that is not, a run that does not show it: a handler died in between."""
    world = SweepingTasks()
    for n in range(3):
        world.settle(other(n))
        world.cluster.show(other(n))
    record = next(each for each in world.store.tasks.values() if each.task_id.endswith("1"))
    run = world.store.runs[record.run_id]
    if gone == "task":
        del world.store.tasks[record.run_id, record.task_id]
    else:
        del world.store.runs[record.run_id]
    if gone == "shown":
        world.store.write_run(pending_run(run_id=record.run_id, execution_arn=None, pattern=None))
    world.part = world.new_process()
    assert world.sweep_tasks().recovered == int(gone == "task")
    assert world.store.tasks[record.run_id, record.task_id].outcome == record.outcome
    assert world.store.runs[record.run_id].task == run.task


def test_an_execution_that_has_ended_by_what_this_sweep_settled_is_not_asked_for(world: Sweeping) -> None:
    """Its event has come before the sweep came to it: at 4 a second that was most of the time of a sweep."""
    names = [f"run-{n:03d}" for n in range(5)]
    for n in range(5):
        world.settle(a_run(n, lastStatus="RUNNING", version=3))
        world.cluster.show(a_run(n))
        world.callbacks.open.add(f"t{n}")
    send = world.callbacks.send_success

    def goes_on(token: str, output: str) -> None:
        send(token, output)
        world.note(world.close(ExecutionStatus.SUCCEEDED, EXECUTION_ARN.replace(RUN_ID, names.pop(0))))

    world.callbacks.send_success = goes_on  # type: ignore[method-assign]
    report = world.sweep()("me", TIME)
    assert (report.recovered, report.is_complete) == (5, True)
    assert world.executions.described == []


def test_where_it_cannot_be_read_again_what_was_read_first_is_gone_on_with(
    world: Sweeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.settle(running())
    world.cluster.show(detail())
    world.settle(of_execution(OTHERS_ARN, "b" * 32))
    world.close(ExecutionStatus.ABORTED, OTHERS_ARN)
    items = [tuple(world.store.open_items())]

    def once() -> Sequence[OpenItem]:
        if not items:
            raise StoreUnavailableError("the runs table did not answer: ThrottlingException")
        return items.pop()

    monkeypatch.setattr(world.store, "open_items", once)
    report = world.sweep()("me", TIME)
    assert (report.recovered, report.stopped, report.failures) == (1, 1, 1)


def test_nothing_is_read_again_where_nothing_was_settled(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.settle(running())
    calls: list[str] = []
    monkeypatch.setattr(world.store, "open_items", _counted(world.store.open_items, "open_items", calls))
    world.sweep()("me", TIME)
    assert calls == ["open_items"]
