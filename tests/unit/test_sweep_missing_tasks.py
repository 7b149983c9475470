"""Tasks that ECS does not know: waited for, and lost when that has lasted."""

from datetime import timedelta

import pytest

from fargate_runs.answers.answer import Success
from fargate_runs.outcomes.kinds import ErrorName
from fargate_runs.outcomes.outcome import lost
from fargate_runs.ports import Described, LostRace, OpenTask, WriteResult
from fargate_runs.runs.record import Delivery, TaskRecord
from fargate_runs.usecases.sweep.report import SweepReport
from fargate_runs.usecases.sweep.tasks import MISSING_SWEEPS
from tests.fakes.attempts import running
from tests.fakes.ecs import TOKEN, detail, life, task_arn
from tests.fakes.records import outcome
from tests.fakes.sweeping import GoOn, SweepingTasks, counts, no_lists, other

SIGHTS = ("the list of what runs", "the list of what is meant to stop", "DescribeTasks alone")


@pytest.fixture
def world() -> SweepingTasks:
    return SweepingTasks()


def test_a_task_that_ecs_never_knows_is_lost_in_the_tenth_sweep(world: SweepingTasks) -> None:
    """Counted and not timed: how long ten sweeps take does not matter (faults F16, F25)."""
    assert MISSING_SWEEPS == 10
    world.settle(running())
    for number in range(1, 10):
        assert counts(world.sweep_tasks()) == {"missing": 1}
        assert world.stored().missing_sweeps == number
        world.clock.pass_by(timedelta(days=-3 if number % 2 else 7))
    assert TOKEN not in world.callbacks.answers
    assert counts(world.sweep_tasks()) == {"lost": 1, "recovered": 1}
    stored = world.stored()
    assert (stored.outcome, stored.delivery, stored.task.version) == (lost("main"), Delivery.DELIVERED, 3)
    assert world.failure() == ErrorName.LOST
    assert counts(world.sweep_tasks()) == {}


@pytest.mark.parametrize("how", SIGHTS)
def test_a_task_that_is_seen_in_between_is_not_lost(
    world: SweepingTasks, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = running(desiredStatus="STOPPED") if how == SIGHTS[1] else running()
    world.miss(9, seen)
    world.cluster.show(seen)
    if how == SIGHTS[2]:
        monkeypatch.setattr(world.cluster, "listed", no_lists)
    world.sweep_tasks()
    assert world.stored().missing_sweeps == 0
    world.cluster.forget(task_arn())
    assert counts(world.sweep_tasks()) == {"missing": 1}
    assert world.stored().missing_sweeps == 1


def test_a_new_state_takes_the_count_away_too(world: SweepingTasks) -> None:
    world.settle(life()[0])
    world.sweep_tasks()
    world.settle(running())
    assert world.stored().missing_sweeps == 0


def test_a_task_whose_end_comes_by_an_event_before_the_tenth_sweep(world: SweepingTasks) -> None:
    world.miss(9)
    world.settle(detail())
    assert counts(world.sweep_tasks()) == {}
    assert isinstance(world.callbacks.answers[TOKEN], Success)


def test_an_end_that_comes_by_an_event_after_the_tenth_sweep_is_late_evidence(world: SweepingTasks) -> None:
    world.miss(10)
    late = world.settle(detail())
    assert late.contradicted
    assert world.stored().outcome == lost("main")


def test_an_event_at_the_same_moment_as_the_loss_wins_and_is_delivered(
    world: SweepingTasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.miss(9)
    write_lost = world.store.write_lost

    def late(record: TaskRecord) -> WriteResult:
        world.settle(detail())
        result = write_lost(record)
        assert isinstance(result, LostRace)
        return result

    monkeypatch.setattr(world.store, "write_lost", late)
    report = world.sweep_tasks()
    assert (report.lost, report.recovered) == (0, 0)
    assert list(world.callbacks.answers) == [TOKEN]
    assert isinstance(world.callbacks.answers[TOKEN], Success)
    assert world.stored().outcome == outcome()


def test_a_task_that_runs_after_all_after_it_was_lost(world: SweepingTasks) -> None:
    """The outcome stands; when its execution has ended, the task is stopped all the same."""
    world.miss(10)
    world.cluster.show(running())
    world.sweep_tasks()
    assert world.stored().outcome == lost("main")
    world.end_run_failed()
    assert world.sweep_tasks().stopped == 1
    assert world.stopped() == [task_arn()]


def test_a_failure_that_is_not_missing_says_nothing(world: SweepingTasks, monkeypatch: pytest.MonkeyPatch) -> None:
    """DescribeTasks answers for a part: of the others nothing is known (fault F16)."""
    world.settle(running())
    monkeypatch.setattr(world.cluster, "describe", lambda _arns: Described((), frozenset()))
    assert counts(world.sweep_tasks()) == {}
    assert world.stored().missing_sweeps == 0


def test_what_nobody_asked_for_is_not_missed(world: SweepingTasks, monkeypatch: pytest.MonkeyPatch) -> None:
    world.settle(running())
    answer = Described((), frozenset({"", task_arn("e" * 32)}))
    monkeypatch.setattr(world.cluster, "describe", lambda _arns: answer)
    assert counts(world.sweep_tasks()) == {}


@pytest.mark.parametrize("number", [100, 250])
def test_more_missing_tasks_than_one_call_describes(world: SweepingTasks, number: int) -> None:
    for n in range(number):
        world.settle(other(n, version=3, lastStatus="RUNNING"))
    assert counts(world.sweep_tasks()) == {"missing": number}
    assert world.described() == -(-number // 100)
    for _ in range(8):
        world.sweep_tasks()
    assert counts(world.sweep_tasks()) == {"lost": number, "recovered": number}


def test_a_record_that_is_gone_when_its_turn_comes(world: SweepingTasks) -> None:
    gone = OpenTask("r", "t", task_arn(), has_outcome=True)
    young = OpenTask("r", "u", task_arn("e" * 32), has_outcome=False, missing_sweeps=9)
    report = SweepReport()
    world.part({each.task_arn: each for each in (gone, young)}, [], report, GoOn())
    assert counts(report) == {}


def test_the_end_of_a_task_that_is_seen_as_deleted_is_the_one_that_it_had(world: SweepingTasks) -> None:
    """DescribeTasks may show DELETED after STOPPED, and the event of STOPPED was lost (facts B44 and B12)."""
    world.settle(running())
    world.cluster.show(detail(lastStatus="DELETED", version=6))
    assert counts(world.sweep_tasks()) == {"described": 1, "recovered": 1}
    stored = world.stored()
    assert stored.outcome is not None
    assert stored.outcome.succeeded
    assert stored.delivery is Delivery.DELIVERED
