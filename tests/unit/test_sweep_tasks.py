"""The cluster against the records: what events did not bring is settled, and what needs nothing is not looked at."""

from collections.abc import Iterator, Sequence

import pytest

from fargate_runs.answers.answer import Success
from fargate_runs.outcomes.kinds import ErrorName, OutcomeStatus
from fargate_runs.outcomes.outcome import lost
from fargate_runs.ports import CallbacksUnavailableError, TaskList
from fargate_runs.runs.record import Delivery
from fargate_runs.usecases.sweep.report import SweepReport
from fargate_runs.usecases.sweep.tasks import MOST_DESCRIBED
from tests.fakes.attempts import running
from tests.fakes.ecs import RUN_ID, TOKEN, container, detail, failed_start, life
from tests.fakes.records import outcome
from tests.fakes.sweeping import EnoughError, GoOn, SweepingTasks, counts, other, raises


@pytest.fixture
def world() -> SweepingTasks:
    return SweepingTasks()


def test_a_lost_stopped_event(world: SweepingTasks) -> None:
    """The outcome is that of the event, and so is the answer (faults F04, F15)."""
    world.settle(running())
    world.cluster.show(detail(containers=[container("main", 3)]))
    assert counts(world.sweep_tasks()) == {"described": 1, "recovered": 1}
    assert world.failure() == ErrorName.EXITED_NON_ZERO
    assert (world.stored().delivery, world.stored().outcome) == (
        Delivery.DELIVERED,
        outcome(containers=[container("main", 3)]),
    )
    assert world.store.runs[RUN_ID].outcome == world.stored().outcome


@pytest.mark.parametrize("state", range(5))
def test_a_task_of_which_no_event_came_at_all(world: SweepingTasks, state: int) -> None:
    world.cluster.show(life()[state])
    expected = {"described": 1, "recovered": 1} if state == 4 else {"described": 1}
    assert counts(world.sweep_tasks()) == expected
    assert world.stored().task.version == state + 1
    assert (TOKEN in world.callbacks.answers) is (state == 4)


def test_a_start_that_failed_unseen(world: SweepingTasks) -> None:
    world.cluster.show(failed_start("CannotPullContainerError: pull access denied", containers=[]))
    assert world.sweep_tasks().recovered == 1
    assert world.failure() == ErrorName.IMAGE_NOT_FOUND


def test_a_task_that_is_told_to_stop_has_not_ended(world: SweepingTasks) -> None:
    """In ECS's list of STOPPED it stands by what it is meant to be: a Spot warning (faults F17, B15)."""
    world.settle(running())
    world.cluster.show(running(version=4, desiredStatus="STOPPED", stopCode="SpotInterruption"))
    for _ in range(2):
        assert counts(world.sweep_tasks()) == {"described": 1}, "looked at in every sweep until it has ended"
    assert world.stored().outcome is None
    world.cluster.show(detail(stopCode="SpotInterruption"))
    assert counts(world.sweep_tasks()) == {"described": 1, "recovered": 1}
    assert world.stored().outcome == outcome(stopCode="SpotInterruption")


def test_a_task_that_is_told_to_stop_between_two_lists_is_taken_in(
    world: SweepingTasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It moves from ECS's list of RUNNING to that of STOPPED, and no event of it came: this very sweep finds it."""
    world.cluster.show(running())
    listed = world.cluster.listed

    def moving(which: TaskList) -> Iterator[Sequence[str]]:
        pages = tuple(listed(which))
        world.cluster.show(running(version=4, desiredStatus="STOPPED", stopCode="UserInitiated"))
        yield from pages

    monkeypatch.setattr(world.cluster, "listed", moving)
    assert world.sweep_tasks().described > 0
    assert world.stored().task.version == 4


def test_what_runs_and_is_recorded_is_not_looked_at(world: SweepingTasks) -> None:
    world.settle(running())
    world.cluster.show(running())
    assert counts(world.sweep_tasks()) == {}
    assert world.described() == 0


def test_what_has_ended_and_is_closed_is_looked_at_once_for_a_process(world: SweepingTasks) -> None:
    world.cluster.show(detail())
    assert [counts(world.sweep_tasks()) for _ in range(3)] == [{"described": 1, "recovered": 1}, {}, {}]
    assert world.described() == 1
    writes = list(world.store.writes)
    world.part = world.new_process()
    assert counts(world.sweep_tasks()) == {"described": 1}
    assert world.store.writes == writes


def test_what_has_ended_and_could_not_be_delivered_is_looked_at_again(
    world: SweepingTasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.cluster.show(detail())
    with monkeypatch.context() as broken:
        broken.setattr(world.callbacks, "send_success", raises(CallbacksUnavailableError("throttled")))
        report = world.sweep_tasks()
    assert (report.failures, report.first_failure) == (1, "throttled")
    assert world.stored().awaits_delivery
    assert counts(world.sweep_tasks()) == {"delivered": 1}
    assert isinstance(world.callbacks.answers[TOKEN], Success)


@pytest.mark.parametrize("ecs_knows_it", [True, False])
def test_an_outcome_that_was_not_delivered(world: SweepingTasks, ecs_knows_it: bool) -> None:
    """The handler died after it had decided. What is sent is what was recorded, and ECS is not asked for it."""
    world.record(detail(), lost("main"))
    if ecs_knows_it:
        world.cluster.show(running())
    assert world.sweep_tasks().delivered == 1
    assert world.failure() == ErrorName.LOST
    assert world.stored().delivery is Delivery.DELIVERED


def test_a_token_that_takes_no_answer_at_all_is_counted(world: SweepingTasks) -> None:
    world.record(detail(), lost("main"))
    world.callbacks.refuses_longer_than = 1
    assert counts(world.sweep_tasks()) == {"delivered": 1, "refused": 1}
    assert counts(world.sweep_tasks()) == {}


@pytest.mark.parametrize("number", [99, 100, 101, 250])
def test_more_tasks_than_one_call_describes(world: SweepingTasks, number: int) -> None:
    assert MOST_DESCRIBED == 100
    for n in range(number):
        world.settle(other(n, version=3, lastStatus="RUNNING"))
        world.cluster.show(other(n))
    assert counts(world.sweep_tasks()) == {"described": number, "recovered": number}
    assert world.described() == -(-number // 100)
    assert not any(each.is_open for each in world.store.tasks.values())


def test_a_task_of_somebody_else_in_the_cluster_is_recorded_by_its_id(world: SweepingTasks) -> None:
    world.cluster.show(other(7, startedBy="ecs-svc/1", lastStatus="RUNNING", desiredStatus="RUNNING"))
    world.cluster.show(other(8, startedBy="ecs-svc/1"))
    world.sweep_tasks()
    found = {each.run_id: each.outcome and each.outcome.status for each in world.store.tasks.values()}
    assert found == {f"{7:032x}": None, f"{8:032x}": OutcomeStatus.SUCCEEDED}


def test_a_list_that_is_behind_does_no_harm(world: SweepingTasks, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task that runs is in no list yet: it is asked for, and is there."""
    world.settle(running())
    world.cluster.show(running())
    monkeypatch.setattr(world.cluster, "listed", lambda _which: iter([[], []]))
    assert counts(world.sweep_tasks()) == {"described": 1}
    assert world.stored().missing_sweeps == 0


def test_it_asks_whether_to_go_on_between_any_two_pieces_of_work(world: SweepingTasks) -> None:
    world.settle(running())
    go_on = GoOn()
    world.part(world.open_tasks(), [], SweepReport(), go_on)
    assert go_on.asked == 5, "the open task, a page of each list, what is in neither, and the task of that"
    with pytest.raises(EnoughError):
        world.part(world.open_tasks(), [], SweepReport(), GoOn(stops_at=1))
