"""What goes wrong in the middle of a sweep of tasks leaves the others settled."""

from collections.abc import Sequence

import pytest

from fargate_runs.answers.answer import Success
from fargate_runs.outcomes.outcome import lost
from fargate_runs.ports import ClusterUnavailableError, Described
from fargate_runs.runs.record import Delivery, TaskRecord
from fargate_runs.usecases.sweep.report import SweepReport
from fargate_runs.usecases.sweep.turn import OutOfTurnError
from tests.fakes.attempts import running
from tests.fakes.ecs import TOKEN, detail, task_arn
from tests.fakes.sweeping import SweepingTasks, counts, no_lists, other, raises


@pytest.fixture
def world() -> SweepingTasks:
    return SweepingTasks()


def test_poison_leaves_its_neighbours_settled(world: SweepingTasks) -> None:
    """A task that cannot be read in the middle of an answer of DescribeTasks (fault F22, I8)."""
    poison = {**other(1), "version": "five"}
    for each in (other(0), poison, other(2), detail()):
        world.cluster.show(each)
    report = world.sweep_tasks()
    assert counts(report) == {"described": 4, "recovered": 3, "unreadable": 1}
    assert isinstance(world.callbacks.answers[TOKEN], Success)
    assert counts(world.sweep_tasks()) == {"described": 1, "unreadable": 1}, "and is counted in every sweep"


def test_poison_of_a_task_that_is_recorded_is_not_a_missing_task(
    world: SweepingTasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.settle(running())
    world.cluster.tasks[task_arn()] = {**running(), "version": "four"}
    world.cluster.hidden.add("nobody")
    monkeypatch.setattr(world.cluster, "listed", no_lists)
    assert counts(world.sweep_tasks()) == {"described": 1, "unreadable": 1}
    assert world.stored().missing_sweeps == 0


@pytest.mark.parametrize("is_listed", [True, False], ids=["in the lists", "not in the lists"])
def test_a_call_that_fails_leaves_the_others_and_is_made_up_for(
    world: SweepingTasks, is_listed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(250):
        world.settle(other(n, version=3, lastStatus="RUNNING"))
        world.cluster.show(other(n))
    describe, asked = world.cluster.describe, []

    def second_fails(arns: Sequence[str]) -> Described:
        asked.append(len(arns))
        if len(asked) == 2:
            raise ClusterUnavailableError("ECS answered ThrottlingException")
        return describe(arns)

    monkeypatch.setattr(world.cluster, "describe", second_fails)
    if not is_listed:
        monkeypatch.setattr(world.cluster, "listed", no_lists)
    report = world.sweep_tasks()
    assert counts(report) == {
        "described": 150,
        "recovered": 150,
        "failures": 1,
        "firstFailure": "ECS answered ThrottlingException",
    }
    assert counts(world.sweep_tasks()) == {"described": 100, "recovered": 100}
    assert asked == [100, 100, 50, 100]


def test_one_task_that_cannot_be_settled_now_leaves_the_others(
    world: SweepingTasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = world.store.find_task

    def find_most(run_id: str, task_id: str) -> TaskRecord | None:
        if task_id.endswith("1"):
            raise ClusterUnavailableError("of any kind")
        return find(run_id, task_id)

    for n in range(3):
        world.cluster.show(other(n))
    with monkeypatch.context() as broken:
        broken.setattr(world.store, "find_task", find_most)
        assert counts(world.sweep_tasks()) == {
            "described": 3,
            "recovered": 2,
            "failures": 1,
            "firstFailure": "of any kind",
        }
    assert counts(world.sweep_tasks()) == {"described": 1, "recovered": 1}


def test_where_ecs_gives_no_lists_what_needs_none_is_done(world: SweepingTasks) -> None:
    world.record(detail(), lost("main"))
    world.cluster.is_down = True
    with pytest.raises(ClusterUnavailableError):
        world.sweep_tasks()
    assert world.stored().delivery is Delivery.DELIVERED


def test_a_report_counts_and_keeps_the_first_failure_alone() -> None:
    report = SweepReport()
    report.attempt(raises(ClusterUnavailableError("first")))
    report.attempt(raises(ClusterUnavailableError("second")))
    report.attempt(lambda: None)
    assert counts(report) == {"failures": 2, "firstFailure": "first"}
    assert "seenUntil" not in report.as_json()
    assert set(report.as_json()) >= {"openTasks", "isComplete", "isSkipped", "firstFailure"}


def test_what_is_not_of_this_library_is_not_swallowed() -> None:
    """It is raised when the others had their turn; its message is not logged."""
    report, first = SweepReport(), ZeroDivisionError("anything")
    report.attempt(raises(first))
    report.attempt(raises(ZeroDivisionError()))
    assert report.unforeseen is first
    assert counts(report) == {"failures": 2, "firstFailure": "ZeroDivisionError"}


def test_the_end_of_a_turn_is_no_failure() -> None:
    report = SweepReport()
    with pytest.raises(OutOfTurnError):
        report.attempt(raises(OutOfTurnError()))
    assert counts(report) == {}
