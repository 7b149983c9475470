"""A sweep as a whole: whose turn it is, what is done when a service is down or time is over, and doing it all again."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fargate_runs.answers.answer import Failure, Success
from fargate_runs.ports import StoreUnavailableError, SweepMark
from fargate_runs.reading.execution import ExecutionStatus
from fargate_runs.runs.run_status import RunStatus
from fargate_runs.usecases.sweep.report import SweepReport
from fargate_runs.usecases.sweep.turn import HELD_FOR, RENEWED_AFTER, OutOfTurnError, Turn, take_turn
from tests.fakes.clock import NOON
from tests.fakes.ecs import EXECUTION_ARN, RUN_ID, TOKEN, container, detail, life, overrides, task_arn
from tests.fakes.settling import World

SECOND = timedelta(seconds=1)
TIME = 600.0


@pytest.fixture
def world() -> World:
    return World()


def counts(report: SweepReport) -> dict[str, object]:
    return {name: value for name, value in report.as_json().items() if value}


def taken(world: World, owner: str = "me", seconds: float = TIME) -> Turn:
    turn = take_turn(world.store, world.clock, owner, seconds)
    assert turn
    return turn


def test_a_turn_is_taken_held_and_given_back(world: World) -> None:
    assert (timedelta(seconds=90), timedelta(seconds=30)) == (HELD_FOR, RENEWED_AFTER)
    turn = taken(world)
    assert world.store.mark == SweepMark("me", NOON + HELD_FOR, None, 1)
    turn.end(NOON)
    assert world.store.mark == SweepMark(None, None, NOON, 2)
    assert taken(world).seen_until == NOON


def test_one_at_a_time(world: World) -> None:
    taken(world)
    assert take_turn(world.store, world.clock, "another", TIME) is None
    world.clock.pass_by(HELD_FOR - SECOND)
    assert take_turn(world.store, world.clock, "another", TIME) is None


def test_a_sweep_that_died_holds_up_the_others_for_a_while(world: World) -> None:
    dead = taken(world)
    world.clock.pass_by(HELD_FOR)
    assert taken(world, "another").seen_until is None
    assert world.store.mark.owner == "another"
    with pytest.raises(OutOfTurnError):  # it was only slow, and learns that it is not its turn any more
        dead.go_on()


def test_a_sweep_that_takes_long_keeps_its_turn(world: World) -> None:
    turn = taken(world)
    for _ in range(10):
        world.clock.pass_by(RENEWED_AFTER - SECOND)
        turn.go_on()
        assert take_turn(world.store, world.clock, "another", TIME) is None
    assert world.store.mark.owner == "me"
    assert world.store.mark.revision == 1 + 5, "renewed only when it is time to"


def test_its_time_is_over(world: World) -> None:
    turn = taken(world, seconds=45)
    world.clock.pass_by(timedelta(seconds=44))
    turn.go_on()
    world.clock.pass_by(SECOND)
    with pytest.raises(OutOfTurnError):
        turn.go_on()


@pytest.mark.parametrize("ahead", [timedelta(days=1), timedelta(minutes=5), HELD_FOR + SECOND])
def test_a_turn_by_a_clock_that_is_far_ahead_is_not_waited_for(world: World, ahead: timedelta) -> None:
    """(fault F25)"""
    world.clock.pass_by(ahead)
    taken(world, "of a wrong clock")
    world.clock.pass_by(-ahead)
    assert taken(world, "another")


@pytest.mark.parametrize("behind", [timedelta(days=1), timedelta(minutes=5), HELD_FOR])
def test_nor_one_by_a_clock_that_is_far_behind(world: World, behind: timedelta) -> None:
    world.clock.pass_by(-behind)
    taken(world, "of a wrong clock")
    world.clock.pass_by(behind)
    assert taken(world, "another")


def test_two_that_begin_at_the_same_moment(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    write = world.store.write_sweep_mark

    def another_first(mark: SweepMark) -> bool:
        monkeypatch.setattr(world.store, "write_sweep_mark", write)
        assert take_turn(world.store, world.clock, "another", TIME)
        return write(mark)

    monkeypatch.setattr(world.store, "write_sweep_mark", another_first)
    assert take_turn(world.store, world.clock, "me", TIME) is None
    assert world.store.mark.owner == "another"


def test_an_end_after_another_has_taken_over_changes_nothing(world: World) -> None:
    turn = taken(world)
    world.clock.pass_by(HELD_FOR)
    taken(world, "another")
    turn.end(NOON)
    assert (world.store.mark.owner, world.store.mark.seen_until) == ("another", None)


def test_nothing_to_be_done(world: World) -> None:
    assert counts(world.sweep()("me", TIME)) == {"isComplete": True}
    assert world.store.mark == SweepMark(None, None, None, 2)


def test_a_sweep_beside_another_one_does_nothing(world: World) -> None:
    world.cluster.show(detail())
    taken(world, "another")
    assert counts(world.sweep()("me", TIME)) == {"isSkipped": True}
    assert world.cluster.calls == []


def lost_events(world: World) -> None:
    """A task that ended, an execution that ended, and nobody was told."""
    world.settle(life()[2])
    world.cluster.show(detail(containers=[container("main", 3)]))
    world.callbacks.open.add(TOKEN)
    world.close(ExecutionStatus.FAILED)


def test_everything_at_once(world: World) -> None:
    lost_events(world)
    assert counts(world.sweep()("me", TIME)) == {
        "openTasks": 1,
        "openRuns": 1,
        "described": 1,
        "recovered": 1,
        "noted": 1,
        "isComplete": True,
    }
    assert isinstance(world.callbacks.answers[TOKEN], Failure)
    assert world.store.runs[RUN_ID].status is RunStatus.FAILED
    assert list(world.store.open_items()) == []
    assert world.store.mark.seen_until == NOON


def test_doing_everything_again_changes_nothing(world: World) -> None:
    """(fault F24, L6)"""
    lost_events(world)
    process = world.sweep()
    process("me", TIME)
    before = dict(world.store.tasks), dict(world.store.runs), dict(world.callbacks.answers), list(world.store.writes)
    revisions = {name: run.revision for name, run in world.store.runs.items()}
    for sweep in (process, world.sweep(), world.sweep()):
        report = sweep("me", TIME)
        assert (report.recovered, report.delivered, report.noted, report.lost, report.stopped) == (0, 0, 0, 0, 0)
        for each in life():
            world.settle(each)
    after = dict(world.store.tasks), dict(world.store.runs), dict(world.callbacks.answers), list(world.store.writes)
    assert after == before
    assert {name: run.revision for name, run in world.store.runs.items()} == revisions


def test_ecs_is_down_and_step_functions_is_not(world: World) -> None:
    lost_events(world)
    world.cluster.is_down = True
    report = world.sweep()("me", TIME)
    assert (report.is_complete, report.failures, report.stopped) == (True, 2, 0), "no lists, and no StopTask"
    assert report.first_failure == "ECS answered ThrottlingException"
    run = world.store.runs[RUN_ID]
    assert run.execution
    assert run.execution.status is ExecutionStatus.FAILED
    world.cluster.is_down = False
    assert world.sweep()("me", TIME).recovered == 1


def test_step_functions_is_down_and_ecs_is_not(world: World) -> None:
    lost_events(world)
    world.executions.is_down = True
    report = world.sweep()("me", TIME)
    assert (report.is_complete, report.failures, report.recovered) == (True, 1, 1)
    assert isinstance(world.callbacks.answers[TOKEN], Failure)
    assert report.seen_until is None
    world.executions.is_down = False
    assert world.sweep()("me", TIME).noted == 1


@pytest.mark.parametrize("method", ["sweep_mark", "write_sweep_mark"])
def test_a_table_that_is_down_before_the_turn_is_said_so(
    world: World, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    def down(*_args: object) -> Any:
        raise StoreUnavailableError("the runs table did not answer: ThrottlingException")

    monkeypatch.setattr(world.store, method, down)
    with pytest.raises(StoreUnavailableError):
        world.sweep()("me", TIME)


def test_a_table_that_does_not_tell_what_is_open_is_a_failure_and_the_turn_is_given_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_args: object) -> Any:
        raise StoreUnavailableError("the runs table did not answer: ThrottlingException")

    monkeypatch.setattr(world.store, "open_items", down)
    report = world.sweep()("me", TIME)
    assert (report.is_complete, report.failures) == (False, 1)
    assert world.store.mark.held_until is None


def test_a_turn_that_cannot_be_given_back_is_a_failure(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    write, writes = world.store.write_sweep_mark, []

    def first_only(mark: SweepMark) -> bool:
        writes.append(mark)
        if len(writes) > 1:
            raise StoreUnavailableError("the runs table did not answer: ThrottlingException")
        return write(mark)

    monkeypatch.setattr(world.store, "write_sweep_mark", first_only)
    report = world.sweep()("me", TIME)
    assert (report.is_complete, report.failures) == (True, 1)


def test_out_of_time_is_gone_on_with_by_the_next(world: World) -> None:
    lost_events(world)
    report = world.sweep()("me", 0.0)
    assert counts(report) == {"openTasks": 1, "openRuns": 1}
    assert world.store.mark == SweepMark(None, None, None, 2)
    assert world.sweep()("me", TIME).recovered == 1


def test_time_that_is_over_in_the_middle(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was done stands, what was not is the next one's; nothing is said to be seen that was not."""
    lost_events(world)
    describe = world.cluster.describe

    def slow(arns: Any) -> Any:
        world.clock.pass_by(timedelta(seconds=TIME))
        return describe(arns)

    with monkeypatch.context() as patched:
        patched.setattr(world.cluster, "describe", slow)
        report = world.sweep()("me", TIME)
    assert (report.is_complete, report.recovered, report.noted, report.failures) == (False, 1, 0, 0)
    assert world.store.mark == SweepMark(None, None, None, 2, places={"ended": task_arn()})
    assert world.sweep()("me", TIME).noted == 1


def test_a_sweep_that_loses_its_turn_stops_where_it_is(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    lost_events(world)
    describe = world.cluster.describe

    def overtaken(arns: Any) -> Any:
        world.clock.pass_by(HELD_FOR)
        taken(world, "another")
        return describe(arns)

    monkeypatch.setattr(world.cluster, "describe", overtaken)
    report = world.sweep()("me", TIME)
    assert (report.is_complete, report.recovered, report.noted) == (False, 1, 0)
    assert world.store.mark.owner == "another"


PORTS = {
    "store": ("open_items", "find_task", "write_task", "mark_delivery", "tasks_of", "find_run", "write_run"),
    "cluster": ("describe", "stop"),
    "executions": ("describe",),
    "callbacks": ("send_failure",),
}


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_two_sweeps_at_once_do_no_harm(before: bool) -> None:
    """By a wrong clock: a second one does everything while the first one is at any of its calls (faults F06, F24)."""
    at = 0
    while _two_at_once(at, before=before):
        at += 1
    assert at >= 12


def _two_at_once(at: int, *, before: bool) -> bool:
    """Whether the first sweep came to this call."""
    world = World()
    lost_events(world)
    reports: list[SweepReport] = []
    calls: list[str] = []

    def sweep_too() -> None:
        calls.append("call")
        if len(calls) == at + 1:
            world.store.mark = replace(world.store.mark, held_until=NOON - timedelta(days=1))
            reports.append(world.sweep()("another", TIME))

    for port, names in PORTS.items():
        for name in names:
            method = getattr(getattr(world, port), name)
            setattr(getattr(world, port), name, _with(method, sweep_too, before=before))
    first = world.sweep()("me", TIME)
    assert sum(each.recovered for each in (first, *reports)) == 1
    assert list(world.callbacks.answers) == [TOKEN]
    assert len({each.outcome for each in world.store.writes} - {None}) == 1
    assert world.store.runs[RUN_ID].status is RunStatus.FAILED
    assert not world.stored().is_open
    return [each.is_complete for each in reports] == [True]


def _with(method: Callable[..., Any], action: Callable[[], None], *, before: bool) -> Callable[..., Any]:
    def call(*args: object) -> Any:
        if before:
            action()
        result = method(*args)
        if not before:
            action()
        return result

    return call


def test_a_retry_s_first_attempt_is_stopped_and_both_have_their_own_outcome(world: World) -> None:
    """All events of the second attempt are lost; the first one's STOPPED comes after it has started (fault F20)."""
    world.callbacks.open.add("second-token")
    second = {
        "taskArn": task_arn("f" * 32),
        "createdAt": "2025-05-06T11:05:00Z",
        "overrides": overrides(token="second-token"),
    }
    world.settle(life()[2])
    world.cluster.show(life()[2])
    world.callbacks.close(TOKEN)
    world.cluster.show({**life()[2], **second})
    report = world.sweep()("me", TIME)
    assert (report.stopped, [arn for arn, _ in world.cluster.stops]) == (1, [task_arn()])
    world.cluster.show(detail(stopCode="UserInitiated", stoppedReason=world.cluster.stops[0][1]))
    world.cluster.show(detail(**second))
    world.close(ExecutionStatus.SUCCEEDED)
    assert world.sweep()("me", TIME).recovered == 2
    assert isinstance(world.callbacks.answers["second-token"], Success)
    assert TOKEN not in world.callbacks.answers
    assert (world.store.runs[RUN_ID].status, world.store.runs[RUN_ID].execution_arn) == (
        RunStatus.SUCCEEDED,
        EXECUTION_ARN,
    )
