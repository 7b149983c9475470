"""A sweep has so much time, and each part of it its share: none waits for what another one has to do."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import NoReturn

import pytest

from fargate_runs.outcomes.outcome import lost
from fargate_runs.ports import CallbacksUnavailableError, ClusterUnavailableError, OpenItem
from fargate_runs.reading.execution import ExecutionStatus
from fargate_runs.reading.patterns import Pattern, SweptMachines
from fargate_runs.reading.task import EcsTask
from fargate_runs.runs.record import TaskRecord
from fargate_runs.usecases.pace import STOPS_PER_SECOND, PacedCluster
from fargate_runs.usecases.record_execution_state import RecordExecutionState
from fargate_runs.usecases.stop_abandoned import StopAbandoned
from fargate_runs.usecases.sweep.executions import SweepExecutions
from fargate_runs.usecases.sweep.report import SweepReport
from fargate_runs.usecases.sweep.sweep import ASKED_EVERY
from fargate_runs.usecases.sweep.turn import HELD_FOR, OutOfShareError, OutOfTurnError, take_turn
from tests.fakes.attempts import running
from tests.fakes.clock import NOON
from tests.fakes.ecs import EVERY_MACHINE, EXECUTION_ARN, MACHINES, RUN_ID, overrides, task_arn
from tests.fakes.records import pending_run
from tests.fakes.sweeping import OTHERS_ARN, Sweeping, SweepingTasks, a_run, of_execution, other

TIME = 600.0
TIMES_OUT = timedelta(seconds=21)  # three tries of seven seconds


@pytest.fixture
def world() -> Sweeping:
    return Sweeping()


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
