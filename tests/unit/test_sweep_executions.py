"""Step Functions' executions against the records: ends that no event told of, and tasks that outlive them."""

from datetime import timedelta

import pytest

from fargate_runs.outcomes.outcome import lost
from fargate_runs.ports import ExecutionsUnavailableError
from fargate_runs.reading.execution import Execution
from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.abandoned import reason_of_end
from fargate_runs.runs.run_status import RunStatus
from fargate_runs.usecases.sweep.memory import Memory
from fargate_runs.usecases.sweep.report import SweepReport
from tests.fakes.clock import NOON
from tests.fakes.ecs import EXECUTION_ARN, RUN_ID, detail, life, task_arn
from tests.fakes.sweeping import MINUTE, OTHERS_ARN, EnoughError, GoOn, SweepingExecutions, counts, of_execution

CLOSED = ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]


@pytest.fixture
def world() -> SweepingExecutions:
    return SweepingExecutions()


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        ("FAILED", RunStatus.FAILED),
        ("TIMED_OUT", RunStatus.FAILED),
        ("ABORTED", RunStatus.STOPPED),
        ("SUCCEEDED", RunStatus.PENDING),
    ],
)
def test_a_run_that_ended_unseen_before_it_had_a_task(world: SweepingExecutions, status: str, shown: RunStatus) -> None:
    world.accept()
    world.show(status, error="AmazonECS.Unknown")
    assert counts(world.sweep_executions()) == {"noted": 1}
    assert world.run().status is shown
    if shown is not RunStatus.PENDING:
        assert world.run().error == "AmazonECS.Unknown"


@pytest.mark.parametrize("status", CLOSED)
def test_a_run_that_ended_unseen_after_its_task(world: SweepingExecutions, status: str) -> None:
    world.settle(detail())
    assert world.run().status is RunStatus.RUNNING
    world.show(status)
    assert counts(world.sweep_executions()) == {"noted": 1}
    timed_out = status == "TIMED_OUT"
    assert world.run().status is (RunStatus.FAILED if timed_out else RunStatus.SUCCEEDED)
    assert counts(world.sweep_executions()) == {}


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
def test_a_task_that_outlives_its_execution_unseen(world: SweepingExecutions, status: str) -> None:
    """No event of the end has come, or its handler died before StopTask (L5)."""
    world.settle(life()[2])
    ended = world.show(status)
    assert counts(world.sweep_executions()) == {"noted": 1, "stopped": 1}
    assert world.cluster.stops == [(task_arn(), reason_of_end(ended))]
    assert counts(world.sweep_executions()) == {"noted": 1, "stopped": 1}, "until it has stopped"
    world.settle(detail())
    assert counts(world.sweep_executions()) == {}


def test_a_task_that_outlives_a_success_has_five_minutes(world: SweepingExecutions) -> None:
    world.settle(life()[2])
    world.show("SUCCEEDED")
    assert world.sweep_executions().stopped == 0
    world.clock.pass_by(5 * MINUTE)
    assert world.sweep_executions().stopped == 1


def test_a_request_response_task_works_on_and_is_asked_for_once(world: SweepingExecutions) -> None:
    done = world.show("SUCCEEDED", pattern=Pattern.REQUEST_RESPONSE)
    world.settle(of_execution(done.arn))
    world.sweep_executions()
    world.sweep_executions()
    asked = len(world.executions.described)
    world.clock.pass_by(timedelta(days=1))
    assert counts(world.sweep_executions()) == {}
    assert world.run().status is RunStatus.RUNNING
    assert world.cluster.stops == []
    world.settle({**of_execution(done.arn), "version": 5, "lastStatus": "STOPPED", "desiredStatus": "STOPPED"})
    assert counts(world.sweep_executions()) == {}
    assert world.run().has_ended
    assert len(world.executions.described) == asked == 1


def test_the_execution_of_a_task_that_has_ended_is_not_asked_for(world: SweepingExecutions) -> None:
    """An answer to its token is still to be given, but nothing of it can be left to stop."""
    world.record(of_execution(OTHERS_ARN), lost())
    assert [each.has_outcome for each in world.open_tasks().values()] == [True]
    world.sweep_executions()
    assert world.executions.described == []


def test_what_is_in_the_list_of_what_runs_is_not_asked_for(world: SweepingExecutions) -> None:
    world.show("RUNNING")
    world.settle(life()[2])
    assert counts(world.sweep_executions()) == {}
    assert world.executions.described == []


def test_what_is_too_young_for_the_list_goes_on(world: SweepingExecutions, monkeypatch: pytest.MonkeyPatch) -> None:
    world.show("RUNNING")
    world.settle(life()[2])
    monkeypatch.setattr(world.executions, "running", lambda _machine: iter([[]]))
    assert counts(world.sweep_executions()) == {}
    assert world.executions.described == [EXECUTION_ARN]
    assert world.cluster.stops == []


@pytest.mark.parametrize("pattern", Pattern)
def test_an_execution_that_runs_and_has_no_record(world: SweepingExecutions, pattern: Pattern) -> None:
    """Started by a schedule or by hand, and the event of its start was lost."""
    world.show("RUNNING", "by-hand", pattern=pattern)
    assert counts(world.sweep_executions()) == {"noted": 1}
    assert (world.run("by-hand").status, world.run("by-hand").pattern) == (RunStatus.PENDING, pattern)
    assert counts(world.sweep_executions()) == {}


@pytest.mark.parametrize("pattern", Pattern)
def test_an_execution_that_came_and_went_without_a_record(world: SweepingExecutions, pattern: Pattern) -> None:
    world.show("ABORTED", "by-hand", pattern=pattern)
    assert counts(world.sweep_executions()) == {"noted": 1}
    assert world.run("by-hand").status is RunStatus.STOPPED
    assert counts(world.sweep_executions()) == {}


def test_a_redrive_of_which_no_event_came(world: SweepingExecutions) -> None:
    """Each of its ends is an end of its own, although this process has seen the one before."""
    world.accept()
    for redrives in range(3):
        world.show("FAILED", redrive_count=redrives, error=f"Error{redrives}")
        assert counts(world.sweep_executions()) == {"noted": 1}
        assert counts(world.sweep_executions()) == {}
        assert world.run().error == f"Error{redrives}"
    world.show("RUNNING", redrive_count=3)
    assert counts(world.sweep_executions()) == {"noted": 1}
    assert world.run().status is RunStatus.PENDING


def test_where_step_functions_gives_no_lists(world: SweepingExecutions) -> None:
    world.executions.is_down = True
    with pytest.raises(ExecutionsUnavailableError):
        world.sweep_executions()


def test_one_that_cannot_be_asked_for_leaves_the_others(
    world: SweepingExecutions, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.settle(life()[2])
    second = world.show("ABORTED", "second")
    world.settle(of_execution(second.arn, "e" * 32))
    world.show("ABORTED")
    describe = world.executions.describe
    failed: list[str] = []

    def first_fails(arn: str) -> Execution | None:
        if arn == EXECUTION_ARN and not failed:
            failed.append(arn)
            raise ExecutionsUnavailableError("Step Functions answered ThrottlingException")
        return describe(arn)

    monkeypatch.setattr(world.executions, "describe", first_fails)
    report = world.sweep_executions()
    assert (report.stopped, report.failures, report.seen_until) == (1, 1, None)
    assert counts(world.sweep_executions()) == {"noted": 2, "stopped": 2}
    assert world.seen_until == NOON


def test_what_is_recorded_to_its_end_is_read_once_for_a_process(world: SweepingExecutions) -> None:
    world.show("FAILED")
    world.sweep_executions()
    reads = world.count_reads_of_runs()
    for _ in range(3):
        world.sweep_executions()
    assert reads == [RUN_ID]


def test_it_asks_whether_to_go_on_between_any_two_pieces_of_work(world: SweepingExecutions) -> None:
    world.accept()
    go_on = GoOn()
    world.part([], world.open_runs(), SweepReport(), go_on)
    assert go_on.asked == 7, "a page of what runs and one of what is newest for each of three machines, and the run"
    report = SweepReport()
    with pytest.raises(EnoughError):
        world.part([], world.open_runs(), report, GoOn(stops_at=7))
    assert report.seen_until is None


def test_memory_that_is_full_keeps_what_it_has() -> None:
    """The oldest out of it, and each would be forgotten right before it comes round again: nothing were remembered."""
    memory: Memory[str] = Memory(most=2)
    memory.update(("a", "b", "a", "c"))
    assert [text in memory for text in ("a", "b", "c")] == [True, True, False]
    memory.keep({"b", "c"}.__contains__)
    memory.add("c")
    assert [text in memory for text in ("a", "b", "c")] == [False, True, True]
