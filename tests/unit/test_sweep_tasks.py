"""The cluster against the records: what events did not bring is settled, and what ECS does not know is waited for."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from fargate_runs.answer import Failure, Success
from fargate_runs.execution import ExecutionStatus
from fargate_runs.kinds import ErrorName, OutcomeStatus
from fargate_runs.log import NO_RESULT
from fargate_runs.outcome import lost, outcome_of
from fargate_runs.patterns import Pattern
from fargate_runs.ports import (
    CallbacksUnavailableError,
    ClusterUnavailableError,
    Described,
    LostRace,
    OpenRun,
    OpenTask,
    WriteResult,
)
from fargate_runs.record import Delivery, TaskRecord
from fargate_runs.run_state import with_execution
from fargate_runs.task import DEFAULT_TOKEN_VARIABLES
from fargate_runs.usecases.folding import fold_run
from fargate_runs.usecases.sweep.report import SweepReport
from fargate_runs.usecases.sweep.tasks import MISSING_SWEEPS, MOST_DESCRIBED, SweepTasks
from tests.fakes.ecs import (
    RUN_ID,
    TASK_ID,
    TOKEN,
    Detail,
    container,
    detail,
    failed_start,
    life,
    overrides,
    task,
    task_arn,
)
from tests.fakes.settling import World


class Swept(World):
    """A process that sweeps: `sweep_tasks` is one sweep's part on tasks, by the records as they are then."""

    def __init__(self) -> None:
        super().__init__()
        self.part = self.new_process()

    def new_process(self) -> SweepTasks:
        return SweepTasks(self.store, self.cluster, self.use_case, DEFAULT_TOKEN_VARIABLES)

    def end_run_failed(self) -> None:
        """Unseen by the cluster's part: the end of the execution is noted before the task is seen again."""
        ended = self.close(ExecutionStatus.FAILED)
        fold_run(self.store, RUN_ID, lambda run: with_execution(run, ended, Pattern.CALLBACK))

    def sweep_tasks(self, *, without_runs: bool = False) -> SweepReport:
        report = SweepReport()
        items = list(self.store.open_items())
        tasks = {each.task_arn: each for each in items if isinstance(each, OpenTask)}
        runs = [each for each in items if isinstance(each, OpenRun) and not without_runs]
        self.part(tasks, runs, report, lambda: None)
        return report


@pytest.fixture
def world() -> Swept:
    return Swept()


def other(number: int, **changes: object) -> Detail:
    """One of many tasks of another kind: no RUN_ID, no token."""
    return detail(taskArn=task_arn(f"{number:032x}"), overrides={"containerOverrides": [{"name": "main"}]}, **changes)


def running(**changes: object) -> Detail:
    return {**life()[2], **changes}


def described(world: Swept) -> int:
    return world.cluster.calls.count("describe")


def counts(report: SweepReport) -> dict[str, object]:
    """What is not zero."""
    return {name: value for name, value in report.as_json().items() if value}


def test_a_lost_stopped_event(world: Swept) -> None:
    """The outcome is that of the event, and so is the answer (faults F04, F15)."""
    world.settle(running())
    world.cluster.show(detail(containers=[container("main", 3)]))
    assert counts(world.sweep_tasks()) == {"described": 1, "recovered": 1}
    answer = world.callbacks.answers[TOKEN]
    assert isinstance(answer, Failure)
    assert answer.error == ErrorName.EXITED_NON_ZERO
    assert (world.stored().delivery, world.stored().outcome) == (
        Delivery.DELIVERED,
        outcome_of(task(containers=[container("main", 3)])),
    )
    assert world.store.runs[RUN_ID].outcome == world.stored().outcome


@pytest.mark.parametrize("state", range(5))
def test_a_task_of_which_no_event_came_at_all(world: Swept, state: int) -> None:
    world.cluster.show(life()[state])
    expected = {"described": 1, "recovered": 1} if state == 4 else {"described": 1}
    assert counts(world.sweep_tasks()) == expected
    assert world.stored().version == state + 1
    assert (TOKEN in world.callbacks.answers) is (state == 4)


def test_a_start_that_failed_unseen(world: Swept) -> None:
    world.cluster.show(failed_start("CannotPullContainerError: pull access denied", containers=[]))
    assert world.sweep_tasks().recovered == 1
    answer = world.callbacks.answers[TOKEN]
    assert isinstance(answer, Failure)
    assert answer.error == ErrorName.IMAGE_NOT_FOUND


def test_a_task_that_is_told_to_stop_has_not_ended(world: Swept) -> None:
    """In ECS's list of STOPPED it stands by what it is meant to be: a Spot warning (faults F17, B15)."""
    world.settle(running())
    world.cluster.show(running(version=4, desiredStatus="STOPPED", stopCode="SpotInterruption"))
    for _ in range(2):
        assert counts(world.sweep_tasks()) == {"described": 1}, "looked at in every sweep until it has ended"
    assert world.stored().outcome is None
    world.cluster.show(detail(stopCode="SpotInterruption"))
    assert counts(world.sweep_tasks()) == {"described": 1, "recovered": 1}
    assert world.stored().outcome == outcome_of(task(stopCode="SpotInterruption"))


def test_what_runs_and_is_recorded_is_not_looked_at(world: Swept) -> None:
    world.settle(running())
    world.cluster.show(running())
    assert counts(world.sweep_tasks()) == {}
    assert described(world) == 0


def test_what_has_ended_and_is_closed_is_looked_at_once_for_a_process(world: Swept) -> None:
    world.cluster.show(detail())
    assert [counts(world.sweep_tasks()) for _ in range(3)] == [{"described": 1, "recovered": 1}, {}, {}]
    assert described(world) == 1
    writes = list(world.store.writes)
    world.part = world.new_process()
    assert counts(world.sweep_tasks()) == {"described": 1}
    assert world.store.writes == writes


def test_what_has_ended_and_could_not_be_delivered_is_looked_at_again(
    world: Swept, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_answer: str) -> None:
        raise CallbacksUnavailableError("Step Functions answered ThrottlingException")

    world.cluster.show(detail())
    with monkeypatch.context() as broken:
        broken.setattr(world.callbacks, "send_success", down)
        report = world.sweep_tasks()
    assert (report.failures, report.first_failure) == (1, "Step Functions answered ThrottlingException")
    assert world.stored().awaits_delivery
    assert counts(world.sweep_tasks()) == {"described": 1, "delivered": 1}
    assert isinstance(world.callbacks.answers[TOKEN], Success)


@pytest.mark.parametrize("ecs_knows_it", [True, False])
def test_an_outcome_that_was_not_delivered(world: Swept, ecs_knows_it: bool) -> None:
    """The handler died after it had decided. What is sent is what was recorded, and ECS is not asked for it."""
    record = TaskRecord.of(task(), None, None)
    world.store.write_task(record.ended(lost("main"), NO_RESULT))
    if ecs_knows_it:
        world.cluster.show(running())
    assert world.sweep_tasks().delivered == 1
    answer = world.callbacks.answers[TOKEN]
    assert isinstance(answer, Failure)
    assert answer.error == ErrorName.LOST
    assert world.stored().delivery is Delivery.DELIVERED


def test_a_token_that_takes_no_answer_at_all_is_counted(world: Swept) -> None:
    world.store.write_task(TaskRecord.of(task(), None, None).ended(lost("main"), NO_RESULT))
    world.callbacks.refuses_longer_than = 1
    assert counts(world.sweep_tasks()) == {"delivered": 1, "refused": 1}
    assert counts(world.sweep_tasks()) == {}


def test_a_run_that_does_not_show_its_outcome_yet(world: Swept) -> None:
    record = TaskRecord.of(task(), None, None)
    verdict = outcome_of(task())
    assert verdict
    world.store.write_task(record.ended(verdict, NO_RESULT))
    assert world.store.runs == {}
    world.sweep_tasks()
    assert world.store.runs[RUN_ID].outcome == verdict


def test_a_run_that_does_not_show_its_live_task_yet(world: Swept) -> None:
    """The handler died between its two writes; nothing more comes of the task for hours."""
    world.store.write_task(TaskRecord.of(task(**running()), None, None))
    world.cluster.show(running())
    assert counts(world.sweep_tasks()) == {}
    assert world.store.runs[RUN_ID].newest_task_id == TASK_ID


SECOND = {"taskArn": task_arn("f" * 32), "createdAt": "2025-05-06T11:05:00Z", "overrides": overrides(token="second")}


def test_an_attempt_that_was_given_up_and_that_no_event_told_of(world: Swept) -> None:
    """Both attempts are recorded, but the handler of the second one died before it looked for the first."""
    for each in (running(), running(**SECOND)):
        world.store.write_task(TaskRecord.of(task(**each), None, None))
        world.cluster.show(each)
    world.callbacks.close(TOKEN)
    world.sweep_tasks()
    world.cluster.stops.clear()
    world.part = world.new_process()
    assert counts(world.sweep_tasks()) == {"stopped": 1}
    assert [arn for arn, _ in world.cluster.stops] == [task_arn()]
    assert counts(world.sweep_tasks()) == {}, "asked once: a heartbeat has an effect"


def test_an_attempt_whose_successor_has_ended_and_was_not_delivered(world: Swept) -> None:
    """The second handler died after its one write, which was the outcome: the same sweep delivers it and looks."""
    world.settle(running())
    world.cluster.show(running())
    ended = TaskRecord.of(task(**SECOND), None, None)
    world.store.write_task(ended.ended(lost("main"), NO_RESULT))
    world.callbacks.close(TOKEN)
    report = world.sweep_tasks()
    assert (report.delivered, report.stopped) == (1, 1)
    assert [arn for arn, _ in world.cluster.stops] == [task_arn()]


def test_an_attempt_whose_run_has_ended_and_that_was_looked_at_before(world: Swept) -> None:
    """First its run was not in the index yet, then it is not there any more: there is a newer task all the same."""
    world.settle(running())
    world.cluster.show(running())
    world.sweep_tasks(without_runs=True)
    world.store.write_task(TaskRecord.of(task(**running(**SECOND)), None, None))
    second_ended = TaskRecord.of(task(**{**life()[4], **SECOND}), None, None)
    world.store.write_task(second_ended.ended(lost("main"), NO_RESULT).delivered(Delivery.DELIVERED))
    world.use_case.look_after(RUN_ID, lambda _each: False)
    world.callbacks.close(TOKEN)
    assert counts(world.sweep_tasks(without_runs=True)) == {"stopped": 1}
    assert [arn for arn, _ in world.cluster.stops] == [task_arn()]
    assert counts(world.sweep_tasks(without_runs=True)) == {}


def test_an_attempt_that_is_recorded_after_another_one_was_looked_at(world: Swept) -> None:
    """Of three attempts the first was stopped for the third; the event of the second came late, and half-way."""
    third = {**SECOND, "taskArn": task_arn("e" * 32), "createdAt": "2025-05-06T11:09:00Z"}
    world.callbacks.close(TOKEN)
    world.callbacks.open.add("second")
    for each in (running(), running(**third)):
        world.store.write_task(TaskRecord.of(task(**each), None, None))
        world.cluster.show(each)
    world.sweep_tasks()
    assert [arn for arn, _ in world.cluster.stops] == [task_arn()]
    world.store.write_task(TaskRecord.of(task(**running(**SECOND)), None, None))
    world.cluster.show(running(**SECOND))
    world.callbacks.close("second")
    world.sweep_tasks()
    assert task_arn("f" * 32) in [arn for arn, _ in world.cluster.stops]
    assert counts(world.sweep_tasks()) == {}


def test_a_run_that_shows_its_task_is_not_read(world: Swept, monkeypatch: pytest.MonkeyPatch) -> None:
    """The usual case costs nothing for each task."""
    world.settle(running())
    world.cluster.show(running())
    reads: list[str] = []
    monkeypatch.setattr(world.store, "load_run", reads.append)
    assert counts(world.sweep_tasks()) == {}
    assert reads == []


def test_both_branches_of_a_parallel_state_run_on(world: Swept) -> None:
    world.callbacks.open.add("second")
    for each in (running(), running(**SECOND)):
        world.settle(each)
        world.cluster.show(each)
    calls = world.callbacks.calls
    for _ in range(3):
        assert counts(world.sweep_tasks()) == {}
    assert world.callbacks.calls == calls + 1
    assert world.cluster.stops == []


def test_a_task_that_ecs_never_knows_is_lost_in_the_tenth_sweep(world: Swept) -> None:
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
    assert (stored.outcome, stored.delivery, stored.version) == (lost("main"), Delivery.DELIVERED, 3)
    answer = world.callbacks.answers[TOKEN]
    assert isinstance(answer, Failure)
    assert answer.error == ErrorName.LOST
    assert counts(world.sweep_tasks()) == {}


SIGHTS = ("the list of what runs", "the list of what is meant to stop", "DescribeTasks alone")


@pytest.mark.parametrize("how", SIGHTS)
def test_a_task_that_is_seen_in_between_is_not_lost(world: Swept, how: str) -> None:
    seen = running(desiredStatus="STOPPED") if how == SIGHTS[1] else running()
    world.settle(seen)
    for _ in range(9):
        world.sweep_tasks()
    world.cluster.show(seen)
    if how == SIGHTS[2]:
        world.cluster.listed = lambda _which: iter([[]])  # type: ignore[assignment, method-assign]
    world.sweep_tasks()
    assert world.stored().missing_sweeps == 0
    world.cluster.forget(task_arn())
    assert counts(world.sweep_tasks()) == {"missing": 1}
    assert world.stored().missing_sweeps == 1


def test_a_new_state_takes_the_count_away_too(world: Swept) -> None:
    world.settle(life()[0])
    world.sweep_tasks()
    world.settle(running())
    assert world.stored().missing_sweeps == 0


def test_a_task_whose_end_comes_by_an_event_before_the_tenth_sweep(world: Swept) -> None:
    world.settle(running())
    for _ in range(9):
        world.sweep_tasks()
    world.settle(detail())
    assert counts(world.sweep_tasks()) == {}
    assert isinstance(world.callbacks.answers[TOKEN], Success)


def test_an_end_that_comes_by_an_event_after_the_tenth_sweep_is_late_evidence(world: Swept) -> None:
    world.settle(running())
    for _ in range(10):
        world.sweep_tasks()
    late = world.settle(detail())
    assert late.contradicted
    assert world.stored().outcome == lost("main")


def test_an_event_at_the_same_moment_as_the_loss_wins_and_is_delivered(
    world: Swept, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.settle(running())
    for _ in range(9):
        world.sweep_tasks()
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
    assert world.stored().outcome == outcome_of(task())


def test_a_task_that_runs_after_all_after_it_was_lost(world: Swept) -> None:
    """The outcome stands; when its execution has ended, the task is stopped all the same."""
    world.settle(running())
    for _ in range(10):
        world.sweep_tasks()
    world.cluster.show(running())
    world.sweep_tasks()
    assert world.stored().outcome == lost("main")
    world.end_run_failed()
    assert world.sweep_tasks().stopped == 1
    assert [arn for arn, _ in world.cluster.stops] == [task_arn()]


def test_poison_leaves_its_neighbours_settled(world: Swept) -> None:
    """A task that cannot be read in the middle of an answer of DescribeTasks (fault F22, I8)."""
    poison = {**other(1), "version": "five"}
    for each in (other(0), poison, other(2), detail()):
        world.cluster.show(each)
    report = world.sweep_tasks()
    assert counts(report) == {"described": 4, "recovered": 3, "unreadable": 1}
    assert isinstance(world.callbacks.answers[TOKEN], Success)
    assert counts(world.sweep_tasks()) == {"described": 1, "unreadable": 1}, "and is counted in every sweep"


def test_poison_of_a_task_that_is_recorded_is_not_a_missing_task(world: Swept) -> None:
    world.settle(running())
    world.cluster.tasks[task_arn()] = {**running(), "version": "four"}
    world.cluster.hidden.add("nobody")
    world.cluster.listed = lambda _which: iter([[]])  # type: ignore[assignment, method-assign]
    assert counts(world.sweep_tasks()) == {"described": 1, "unreadable": 1}
    assert world.stored().missing_sweeps == 0


def test_a_failure_that_is_not_missing_says_nothing(world: Swept, monkeypatch: pytest.MonkeyPatch) -> None:
    """DescribeTasks answers for a part: of the others nothing is known (fault F16)."""
    world.settle(running())
    monkeypatch.setattr(world.cluster, "describe", lambda _arns: Described((), frozenset()))
    assert counts(world.sweep_tasks()) == {}
    assert world.stored().missing_sweeps == 0


def test_what_nobody_asked_for_is_not_missed(world: Swept, monkeypatch: pytest.MonkeyPatch) -> None:
    world.settle(running())
    answer = Described((), frozenset({"", task_arn("e" * 32)}))
    monkeypatch.setattr(world.cluster, "describe", lambda _arns: answer)
    assert counts(world.sweep_tasks()) == {}


@pytest.mark.parametrize("number", [99, 100, 101, 250])
def test_more_tasks_than_one_call_describes(world: Swept, number: int) -> None:
    assert MOST_DESCRIBED == 100
    for n in range(number):
        world.settle(other(n, version=3, lastStatus="RUNNING"))
        world.cluster.show(other(n))
    assert counts(world.sweep_tasks()) == {"described": number, "recovered": number}
    assert described(world) == -(-number // 100)
    assert not any(each.is_open for each in world.store.tasks.values())


@pytest.mark.parametrize("number", [100, 250])
def test_more_missing_tasks_than_one_call_describes(world: Swept, number: int) -> None:
    for n in range(number):
        world.settle(other(n, version=3, lastStatus="RUNNING"))
    assert counts(world.sweep_tasks()) == {"missing": number}
    assert described(world) == -(-number // 100)
    for _ in range(8):
        world.sweep_tasks()
    assert counts(world.sweep_tasks()) == {"lost": number, "recovered": number}


@pytest.mark.parametrize("is_listed", [True, False], ids=["in the lists", "not in the lists"])
def test_a_call_that_fails_leaves_the_others_and_is_made_up_for(
    world: Swept, is_listed: bool, monkeypatch: pytest.MonkeyPatch
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
        monkeypatch.setattr(world.cluster, "listed", lambda _which: iter([[]]))
    report = world.sweep_tasks()
    assert counts(report) == {
        "described": 150,
        "recovered": 150,
        "failures": 1,
        "firstFailure": "ECS answered ThrottlingException",
    }
    assert counts(world.sweep_tasks()) == {"described": 100, "recovered": 100}
    assert asked == [100, 100, 50, 100]


def test_one_task_that_cannot_be_settled_now_leaves_the_others(world: Swept, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_where_ecs_gives_no_lists_what_needs_none_is_done(world: Swept) -> None:
    world.store.write_task(TaskRecord.of(task(), None, None).ended(lost("main"), NO_RESULT))
    world.cluster.is_down = True
    with pytest.raises(ClusterUnavailableError):
        world.sweep_tasks()
    assert world.stored().delivery is Delivery.DELIVERED


def test_a_list_that_is_behind_does_no_harm(world: Swept) -> None:
    """A task that runs is in no list yet: it is asked for, and is there."""
    world.settle(running())
    world.cluster.show(running())
    world.cluster.listed = lambda _which: iter([[], []])  # type: ignore[assignment, method-assign]
    assert counts(world.sweep_tasks()) == {"described": 1}
    assert world.stored().missing_sweeps == 0


def test_a_record_that_is_gone_when_its_turn_comes(world: Swept) -> None:
    gone = OpenTask("r", "t", task_arn(), has_outcome=True)
    young = OpenTask("r", "u", task_arn("e" * 32), has_outcome=False, missing_sweeps=9)
    report = SweepReport()
    world.part({each.task_arn: each for each in (gone, young)}, [], report, lambda: None)
    assert counts(report) == {}


def test_it_asks_whether_to_go_on_between_any_two_pieces_of_work(world: Swept) -> None:
    class EnoughError(Exception):
        pass

    def stop() -> None:
        raise EnoughError

    world.settle(running())
    tasks = {each.task_arn: each for each in world.store.open_items() if isinstance(each, OpenTask)}
    asked: list[int] = []
    world.part(tasks, [], SweepReport(), lambda: asked.append(1))
    assert len(asked) == 4, "the open task, a page of each list, and what is in neither"
    with pytest.raises(EnoughError):
        world.part(tasks, [], SweepReport(), stop)


def test_a_task_of_somebody_else_in_the_cluster_is_recorded_by_its_id(world: Swept) -> None:
    world.cluster.show(other(7, startedBy="ecs-svc/1", lastStatus="RUNNING", desiredStatus="RUNNING"))
    world.cluster.show(other(8, startedBy="ecs-svc/1"))
    world.sweep_tasks()
    found = {each.run_id: each.outcome and each.outcome.status for each in world.store.tasks.values()}
    assert found == {f"{7:032x}": None, f"{8:032x}": OutcomeStatus.SUCCEEDED}


def test_a_report_counts_and_keeps_the_first_failure_alone() -> None:
    report = SweepReport()

    def fail(text: str) -> None:
        raise ClusterUnavailableError(text)

    report.attempt(lambda: fail("first"))
    report.attempt(lambda: fail("second"))
    report.attempt(lambda: None)
    assert counts(report) == {"failures": 2, "firstFailure": "first"}
    assert "seenUntil" not in report.as_json()
    assert set(report.as_json()) >= {"openTasks", "isComplete", "isSkipped", "firstFailure"}


def test_what_is_not_of_this_library_is_not_swallowed() -> None:
    def mistake() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        SweepReport().attempt(mistake)
