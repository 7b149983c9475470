"""A sweep has so much time, and each part of it its share: none waits for what another one has to do."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import NoReturn

import pytest

from fargate_runs.outcomes.outcome import lost
from fargate_runs.ports import CallbacksUnavailableError, ClusterUnavailableError, OpenItem, StoreUnavailableError
from fargate_runs.reading.execution import ExecutionStatus
from fargate_runs.reading.patterns import Pattern, SweptMachines, execution_arn
from fargate_runs.reading.task import EcsTask
from fargate_runs.runs.record import TaskRecord
from fargate_runs.usecases.pace import STOPS_PER_SECOND, PacedCluster
from fargate_runs.usecases.record_execution_state import RecordExecutionState
from fargate_runs.usecases.stop_abandoned import StopAbandoned
from fargate_runs.usecases.sweep.executions import SweepExecutions
from fargate_runs.usecases.sweep.places import Places
from fargate_runs.usecases.sweep.report import SweepReport
from fargate_runs.usecases.sweep.sweep import ASKED_EVERY
from fargate_runs.usecases.sweep.turn import HELD_FOR, OutOfShareError, OutOfTurnError, take_turn
from tests.fakes.attempts import running
from tests.fakes.clock import NOON
from tests.fakes.ecs import EVERY_MACHINE, EXECUTION_ARN, MACHINES, RUN_ID, Detail, detail, overrides, task_arn
from tests.fakes.records import pending_run
from tests.fakes.settling import World
from tests.fakes.sweeping import OTHERS_ARN, Sweeping, SweepingExecutions, SweepingTasks, of_execution, other

TIME = 600.0
TIMES_OUT = timedelta(seconds=21)  # three tries of seven seconds


@pytest.fixture
def world() -> Sweeping:
    return Sweeping()


def a_run(number: int, **changes: object) -> Detail:
    """A task with a token and a run of its own."""
    name = f"run-{number:03d}"
    given = overrides(run_id=name, token=f"t{number}")
    given["containerOverrides"][-1]["environment"][1]["value"] = EXECUTION_ARN.replace(RUN_ID, name)
    return detail(taskArn=task_arn(f"{number:032x}"), overrides=given, **changes)


def undelivered(world: Sweeping, number: int) -> list[str]:
    """So many outcomes that wait for their delivery; gives the tokens as they are answered, which takes long."""
    for n in range(number):
        world.record(a_run(n), lost("main"))
    tried: list[str] = []

    def times_out(token: str, *_answer: str) -> NoReturn:
        tried.append(token)
        world.clock.pass_by(TIMES_OUT)
        raise CallbacksUnavailableError("Step Functions answered ReadTimeoutError")

    world.callbacks.send_failure = times_out  # type: ignore[assignment, method-assign]
    return tried


@pytest.mark.parametrize("seconds", [TIME, 90.0, 30.0])
def test_answers_that_time_out_keep_neither_ecs_nor_step_functions_from_being_asked(
    world: Sweeping, seconds: float
) -> None:
    undelivered(world, 100)
    world.settle(of_execution(OTHERS_ARN, "b" * 32))
    world.settle(of_execution(EXECUTION_ARN, "c" * 32))
    ended = [world.close(ExecutionStatus.ABORTED, arn) for arn in (OTHERS_ARN, EXECUTION_ARN)]
    world.cluster.show(other(700))
    report = world.sweep()("me", seconds)
    assert report.recovered == 1
    assert sorted(arn for arn, _ in world.cluster.stops) == [task_arn("b" * 32), task_arn("c" * 32)]
    assert len(ended) == report.stopped
    assert (report.is_complete, report.cut_short, report.as_json()["cutShort"]) == (False, ["answers"], ["answers"])
    assert (world.clock.now() - NOON).total_seconds() < seconds / 4 + TIMES_OUT.total_seconds()


def test_the_next_sweep_goes_on_where_this_one_was(world: Sweeping) -> None:
    """Each in a process of its own: every token has been tried before any is tried again."""
    tried = undelivered(world, 40)
    while len(tried) < 40:
        assert not world.sweep()("me", TIME).is_complete
    assert len(set(tried[:40])) == 40


def test_none_of_what_was_described_together_starves(world: Sweeping) -> None:
    """Tasks that ended untold, each of which takes long: a sweep settles fewer than are described at once."""
    tried = undelivered(world, 0)
    for n in range(60):
        world.settle(a_run(n, lastStatus="RUNNING", version=3))
        world.cluster.show(a_run(n, containers=[{"name": "main", "exitCode": 3}]))
    for _ in range(12):
        world.sweep()("me", TIME)
    assert len(set(tried)) == 60


def test_a_part_that_does_not_come_to_its_end_says_so_and_what_is_left(world: Sweeping) -> None:
    undelivered(world, 100)
    assert world.sweep()("me", TIME).cut_short == ["answers"]
    assert world.store.mark.places == {"answers": task_arn(f"{7:032x}")}, "eight tries, and 150 seconds are over"


def test_what_is_undelivered_is_tried_once_in_a_sweep(world: Sweeping) -> None:
    """And not again when ECS shows its task."""
    tried = undelivered(world, 3)
    for n in range(3):
        world.cluster.show(a_run(n))
    report = world.sweep()("me", TIME)
    assert (len(tried), report.failures, report.is_complete) == (3, 3, True)


def test_time_that_is_over_is_over_for_all_parts(world: Sweeping) -> None:
    turn = take_turn(world.store, world.clock, "me", 100)
    assert turn
    quarter = turn.share(1 / 4)
    world.clock.pass_by(timedelta(seconds=24))
    quarter()
    half = turn.share(1 / 2)
    world.clock.pass_by(timedelta(seconds=1))
    with pytest.raises(OutOfShareError):
        quarter()
    world.clock.pass_by(timedelta(seconds=36))
    half()
    world.clock.pass_by(timedelta(seconds=1))
    with pytest.raises(OutOfShareError):
        half()
    world.clock.pass_by(timedelta(seconds=38))
    with pytest.raises(OutOfTurnError) as raised:
        half()
    assert not isinstance(raised.value, OutOfShareError)


def test_a_sweep_that_reads_what_is_open_asks_whether_to_go_on(
    world: Sweeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(ASKED_EVERY):
        world.store.write_run(pending_run(run_id=f"run-{n}"))
    items = tuple(world.store.open_items())

    def slow() -> Sequence[OpenItem]:
        world.clock.pass_by(timedelta(seconds=TIME))
        return items

    monkeypatch.setattr(world.store, "open_items", slow)
    report = world.sweep()("me", TIME)
    assert (report.open_runs, report.is_complete) == (0, False)


# ---- calls that are not made -----------------------------------------------------------------------------------------


def paced(world: Sweeping) -> tuple[StopAbandoned, SweepExecutions]:
    abandoned = StopAbandoned(
        world.store, world.executions, world.callbacks, PacedCluster(world.cluster, world.clock), world.clock
    )
    note = RecordExecutionState(world.store, abandoned, state_machines=MACHINES)
    return abandoned, SweepExecutions(
        world.store,
        world.executions,
        world.executions,
        note,
        world.use_case,
        world.clock,
        SweptMachines(MACHINES, EVERY_MACHINE),
    )


@pytest.mark.parametrize("arn", [EXECUTION_ARN, OTHERS_ARN])
def test_stopping_thousands_of_tasks_of_one_execution_stays_within_the_turn(world: Sweeping, arn: str) -> None:
    """At so many a second they take minutes, in which another sweep began beside this one."""
    tasks = 2_000
    for n in range(tasks):
        seen = EcsTask.from_detail(of_execution(arn, f"{n:032x}"))
        world.store.write_task(TaskRecord.of(seen, Pattern.CALLBACK, None))
    world.close(ExecutionStatus.ABORTED, arn)
    asked = [world.clock.now()]
    _, part = paced(world)
    part(world.open_tasks().values(), [], SweepReport(), lambda: asked.append(world.clock.now()))
    assert len(world.cluster.stops) == tasks
    assert (asked[-1] - asked[0]).total_seconds() == pytest.approx(tasks / STOPS_PER_SECOND, rel=0.1)
    assert max(later - earlier for earlier, later in pairwise(asked)) < HELD_FOR / 10


def test_heartbeats_for_thousands_of_attempts_of_one_run_stay_within_the_turn() -> None:
    world = SweepingTasks()
    for n in range(300):
        seen = EcsTask.from_detail(
            running(
                taskArn=task_arn(f"{n:032x}"),
                createdAt=f"2025-05-06T{n // 60:02d}:{n % 60:02d}:00Z",
                overrides=overrides(token=f"t{n}"),
            )
        )
        world.store.write_task(TaskRecord.of(seen, Pattern.CALLBACK, None))
    is_closed, asked = world.callbacks.is_closed, [world.clock.now()]

    def slow(token: str) -> bool:
        world.clock.pass_by(timedelta(seconds=1))
        return is_closed(token)

    world.callbacks.is_closed = slow  # type: ignore[method-assign]
    world.part(world.open_tasks(), world.open_runs(), SweepReport(), lambda: asked.append(world.clock.now()))
    assert (world.clock.now() - NOON).total_seconds() >= 299
    assert max(later - earlier for earlier, later in pairwise([*asked, world.clock.now()])) <= timedelta(seconds=2)


def test_a_task_that_is_new_beside_hundreds_of_its_run_keeps_the_sweep_within_the_turn() -> None:
    world = SweepingTasks()
    for n in range(300):
        seen = EcsTask.from_detail(running(taskArn=task_arn(f"{n:032x}"), overrides=overrides(token=f"t{n}")))
        world.store.write_task(TaskRecord.of(seen, Pattern.CALLBACK, None))
    new = running(taskArn=task_arn("f" * 32), overrides=overrides(token="new"), createdAt="2025-05-06T23:00:00Z")
    world.cluster.show(new)
    asked = [world.clock.now()]

    def slow(_token: str) -> bool:
        world.clock.pass_by(timedelta(seconds=1))
        return False

    world.callbacks.is_closed = slow  # type: ignore[assignment, method-assign]
    report = SweepReport()
    world.part.compare({}, report, lambda: asked.append(world.clock.now()))
    assert (report.news, world.clock.now()) == ({RUN_ID}, NOON), "what it replaces is another part's"
    world.part.look_after({}, [], report, lambda: asked.append(world.clock.now()))
    assert (world.clock.now() - NOON).total_seconds() >= 299
    assert max(later - earlier for earlier, later in pairwise([*asked, world.clock.now()])) <= timedelta(seconds=2)


def test_attempts_of_one_run_keep_no_answer_of_another_from_being_given(world: Sweeping) -> None:
    for n in range(30):
        given = {"overrides": overrides(token=f"x{n}"), "createdAt": f"2025-05-06T11:{n:02d}:00Z"}
        world.record(running(taskArn=task_arn(f"{n:032x}"), **given))
    world.record(a_run(900), lost("main"))
    world.callbacks.open.add("t900")

    def slow(_token: str) -> bool:
        world.clock.pass_by(TIMES_OUT)
        return False

    world.callbacks.is_closed = slow  # type: ignore[assignment, method-assign]
    report = world.sweep()("me", TIME)
    assert (report.delivered, report.cut_short) == (1, ["attempts"])
    assert "t900" in world.callbacks.answers


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


# ---- places ----------------------------------------------------------------------------------------------------------


def test_a_walk_goes_through_everything_from_where_an_earlier_one_was_left() -> None:
    places = Places({"part": "b", "another": "x"})
    things = {each: each.upper() for each in "dcba"}
    assert list(places.walk("part", things, lambda: None)) == ["C", "D", "A", "B"]
    assert places.as_mapping() == {"another": "x"}, "at its end it begins anew"
    assert list(places.walk("part", things, lambda: None)) == ["A", "B", "C", "D"]


def test_a_walk_that_is_left_keeps_its_place() -> None:
    places = Places()
    walk = places.walk("part", {each: each for each in "abc"}, lambda: None)
    assert [next(walk), next(walk)] == ["a", "b"]
    assert places.as_mapping() == {"part": "b"}
    assert next(Places(places.as_mapping()).walk("part", {"c": 1, "a": 2}, lambda: None)) == 1


def test_what_was_not_begun_is_where_the_next_one_begins() -> None:
    def enough() -> None:
        raise OutOfShareError

    places = Places({"part": "a"})
    with pytest.raises(OutOfShareError):
        next(places.walk("part", {"a": 1, "b": 2}, enough))
    assert places.as_mapping() == {"part": "a"}


def test_no_task_that_is_past_its_time_starves(world: Sweeping) -> None:
    """Each sweep in a process of its own, and StopTask times out: all have been tried before one is tried again."""
    world.clock.pass_by(timedelta(days=900))
    for n in range(60):
        given = overrides(run_id=f"run-{n}", token=None)
        given["containerOverrides"][-1]["environment"].append({"name": "RUN_TIMEOUT_SECONDS", "value": "1"})
        late = running(taskArn=task_arn(f"{n:032x}"), overrides=given)
        world.settle(late)
        world.cluster.show(late)
    tried: list[str] = []

    def times_out(arn: str, _reason: str) -> NoReturn:
        tried.append(arn)
        world.clock.pass_by(TIMES_OUT)
        raise ClusterUnavailableError("ECS answered ReadTimeoutError")

    world.cluster.stop = times_out  # type: ignore[assignment, method-assign]
    while len(tried) < 60:
        assert world.sweep()("me", TIME).failures
    assert len(set(tried[:60])) == 60
