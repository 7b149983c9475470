"""Step Functions' executions against the records: ends that no event told of, and runs of which nothing comes."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fargate_runs.execution import Execution, ExecutionStatus
from fargate_runs.log import NO_RESULT
from fargate_runs.orphans import reason_of_end
from fargate_runs.outcome import lost, outcome_of
from fargate_runs.patterns import Pattern, execution_arn
from fargate_runs.ports import ExecutionsUnavailableError, OpenRun, OpenTask
from fargate_runs.record import TaskRecord
from fargate_runs.run_state import RunRecord, RunStatus
from fargate_runs.usecases.sweep.executions import (
    MOST_OF_OTHERS,
    NEVER_SEEN_AFTER,
    NEVER_STARTED_AFTER,
    SweepExecutions,
)
from fargate_runs.usecases.sweep.listing import LOOKED_BACK, OVERLAP
from fargate_runs.usecases.sweep.memory import Memory
from fargate_runs.usecases.sweep.report import SweepReport
from tests.fakes.clock import NOON
from tests.fakes.ecs import EXECUTION_ARN, MACHINES, RUN_ID, TASK_ID, Detail, detail, life, overrides, task, task_arn
from tests.fakes.settling import World

CLOSED = ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]
OTHERS_ARN = EXECUTION_ARN.replace("fargate-runs-run-task-callback", "somebody-elses")
MINUTE = timedelta(minutes=1)


class Swept(World):
    """A process that sweeps: `sweep_executions` is one sweep's part on executions, by the records as they are then."""

    def __init__(self) -> None:
        super().__init__()
        self.seen_until: Any = None
        self.part = self.new_process()

    def new_process(self, *, follows_others: bool = True) -> SweepExecutions:
        return SweepExecutions(
            self.store, self.executions, self.note, self.clock, state_machines=MACHINES, follows_others=follows_others
        )

    def sweep_executions(self) -> SweepReport:
        report = SweepReport(seen_until=self.seen_until)
        items = list(self.store.open_items())
        tasks = [each for each in items if isinstance(each, OpenTask)]
        self.part(tasks, [each for each in items if isinstance(each, OpenRun)], report, lambda: None)
        self.seen_until = report.seen_until
        return report

    def show(self, status: str, name: str = RUN_ID, *, pattern: Pattern = Pattern.CALLBACK, **more: Any) -> Execution:
        """Step Functions says this from now on; no event tells of it."""
        times = {"started_at": NOON, "stopped_at": self.clock.now() if status in CLOSED else None}
        arn = execution_arn(MACHINES.arn_of(pattern), name)
        return self.executions.show(Execution(arn, ExecutionStatus(status), **{**times, **more}))

    def accept(self, **changes: Any) -> RunRecord:
        """The API's record of a run that it is about to start."""
        run = RunRecord(RUN_ID, NOON, Pattern.CALLBACK, EXECUTION_ARN, follows=True, input={"commands": ["job"]})
        self.store.write_run(replace(run, **changes))
        return run

    def run(self, name: str = RUN_ID) -> RunRecord:
        return self.store.runs[name]


@pytest.fixture
def world() -> Swept:
    return Swept()


def counts(report: SweepReport) -> dict[str, object]:
    return {name: value for name, value in report.as_json().items() if value}


def of_execution(arn: str, task_id: str = TASK_ID, **changes: object) -> Detail:
    """A task that runs, of this execution."""
    given = overrides()
    given["containerOverrides"][-1]["environment"][1]["value"] = arn
    return {**life()[2], "taskArn": task_arn(task_id), "overrides": given, **changes}


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        ("FAILED", RunStatus.FAILED),
        ("TIMED_OUT", RunStatus.FAILED),
        ("ABORTED", RunStatus.STOPPED),
        ("SUCCEEDED", RunStatus.PENDING),
    ],
)
def test_a_run_that_ended_unseen_before_it_had_a_task(world: Swept, status: str, shown: RunStatus) -> None:
    world.accept()
    world.show(status, error="AmazonECS.Unknown")
    assert counts(world.sweep_executions()) == {"noted": 1}
    assert world.run().status is shown
    if shown is not RunStatus.PENDING:
        assert world.run().error == "AmazonECS.Unknown"


@pytest.mark.parametrize("status", CLOSED)
def test_a_run_that_ended_unseen_after_its_task(world: Swept, status: str) -> None:
    world.settle(detail())
    assert world.run().status is RunStatus.RUNNING
    world.show(status)
    assert counts(world.sweep_executions()) == {"noted": 1}
    assert world.run().status is RunStatus.SUCCEEDED
    assert counts(world.sweep_executions()) == {}


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
def test_a_task_that_outlives_its_execution_unseen(world: Swept, status: str) -> None:
    """No event of the end has come, or its handler died before StopTask (L5)."""
    world.settle(life()[2])
    ended = world.show(status)
    assert counts(world.sweep_executions()) == {"noted": 1, "stopped": 1}
    assert world.cluster.stops == [(task_arn(), reason_of_end(ended))]
    assert counts(world.sweep_executions()) == {"noted": 1, "stopped": 1}, "until it has stopped"
    world.settle(detail())
    assert counts(world.sweep_executions()) == {}


def test_a_task_that_outlives_a_success_has_five_minutes(world: Swept) -> None:
    world.settle(life()[2])
    world.show("SUCCEEDED")
    assert world.sweep_executions().stopped == 0
    world.clock.pass_by(5 * MINUTE)
    assert world.sweep_executions().stopped == 1


def test_a_request_response_task_works_on_and_is_asked_for_once(world: Swept) -> None:
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


def test_a_task_of_another_machine_that_works_on_is_asked_for_once(world: Swept) -> None:
    """Its execution has succeeded, and it has neither a token nor the mark of `.sync`: nothing is ever to be done."""
    given = of_execution(OTHERS_ARN)
    del given["overrides"]["containerOverrides"][-1]["environment"][2]
    assert world.settle(given).record.pattern is None
    world.executions.show(Execution(OTHERS_ARN, ExecutionStatus.SUCCEEDED, stopped_at=NOON))
    for _ in range(3):
        world.sweep_executions()
    assert world.executions.described == [OTHERS_ARN]
    world.part = world.new_process()
    world.sweep_executions()
    assert world.executions.described == [OTHERS_ARN] * 2


def test_a_callback_task_of_another_machine_is_stopped_after_its_grace(world: Swept) -> None:
    world.settle(of_execution(OTHERS_ARN))
    world.executions.show(Execution(OTHERS_ARN, ExecutionStatus.SUCCEEDED, stopped_at=NOON))
    assert [world.sweep_executions().stopped for _ in range(2)] == [0, 0]
    world.clock.pass_by(5 * MINUTE)
    assert world.sweep_executions().stopped == 1


def test_the_execution_of_a_task_that_has_ended_is_not_asked_for(world: Swept) -> None:
    """An answer to its token is still to be given, but nothing of it can be left to stop."""
    ended = TaskRecord.of(task(**of_execution(OTHERS_ARN)), Pattern.CALLBACK, None).ended(lost(), NO_RESULT)
    world.store.write_task(ended)
    assert [each.has_outcome for each in world.store.open_items() if isinstance(each, OpenTask)] == [True]
    world.sweep_executions()
    assert world.executions.described == []


def test_what_is_in_the_list_of_what_runs_is_not_asked_for(world: Swept) -> None:
    world.show("RUNNING")
    world.settle(life()[2])
    assert counts(world.sweep_executions()) == {}
    assert world.executions.described == []


def test_what_is_too_young_for_the_list_goes_on(world: Swept, monkeypatch: pytest.MonkeyPatch) -> None:
    world.show("RUNNING")
    world.settle(life()[2])
    monkeypatch.setattr(world.executions, "running", lambda _machine: iter([[]]))
    assert counts(world.sweep_executions()) == {}
    assert world.executions.described == [EXECUTION_ARN]
    assert world.cluster.stops == []


@pytest.mark.parametrize("pattern", Pattern)
def test_an_execution_that_runs_and_has_no_record(world: Swept, pattern: Pattern) -> None:
    """Started by a schedule or by hand, and the event of its start was lost."""
    world.show("RUNNING", "by-hand", pattern=pattern)
    assert counts(world.sweep_executions()) == {"noted": 1}
    assert (world.run("by-hand").status, world.run("by-hand").pattern) == (RunStatus.PENDING, pattern)
    assert counts(world.sweep_executions()) == {}


@pytest.mark.parametrize("pattern", Pattern)
def test_an_execution_that_came_and_went_without_a_record(world: Swept, pattern: Pattern) -> None:
    world.show("ABORTED", "by-hand", pattern=pattern)
    assert counts(world.sweep_executions()) == {"noted": 1}
    assert world.run("by-hand").status is RunStatus.STOPPED
    assert counts(world.sweep_executions()) == {}


def test_an_execution_of_another_machine_gets_no_record(world: Swept) -> None:
    world.executions.show(Execution(OTHERS_ARN, ExecutionStatus.RUNNING, started_at=NOON))
    assert counts(world.sweep_executions()) == {}
    assert world.store.runs == {}


def test_a_redrive_of_which_no_event_came(world: Swept) -> None:
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


def test_a_run_that_was_accepted_and_never_started(world: Swept) -> None:
    assert timedelta(minutes=10) == NEVER_STARTED_AFTER
    world.accept()
    world.clock.pass_by(NEVER_STARTED_AFTER - timedelta(seconds=1))
    world.sweep_executions()
    assert world.run().status is RunStatus.PENDING
    world.clock.pass_by(timedelta(seconds=1))
    assert counts(world.sweep_executions()) == {}
    assert (world.run().status, world.run().error, world.run().input) == (
        RunStatus.FAILED,
        "Run.NotStarted",
        {"commands": ["job"]},
    )
    asked = len(world.executions.described)
    world.sweep_executions()
    assert len(world.executions.described) == asked, "nothing is left to be asked"


def test_a_run_that_starts_after_it_was_given_up(world: Swept) -> None:
    """The answer to StartExecution was lost, and the caller asks again with the same key a quarter of an hour later."""
    world.accept()
    world.clock.pass_by(15 * MINUTE)
    world.sweep_executions()
    world.show("RUNNING", started_at=world.clock.now())
    assert counts(world.sweep_executions()) == {"noted": 1}
    assert world.run().status is RunStatus.PENDING
    world.settle(life()[2])
    assert world.run().status is RunStatus.RUNNING


def test_a_success_whose_task_nobody_saw(world: Swept) -> None:
    assert timedelta(hours=2) == NEVER_SEEN_AFTER
    world.accept()
    world.show("SUCCEEDED")
    world.clock.pass_by(NEVER_SEEN_AFTER - timedelta(seconds=1))
    world.sweep_executions()
    assert world.run().status is RunStatus.PENDING
    world.clock.pass_by(timedelta(seconds=1))
    world.sweep_executions()
    assert (world.run().status, world.run().error) == (RunStatus.FAILED, "Task.Lost")


@pytest.mark.parametrize("status", ["RUNNING", "PENDING_REDRIVE"])
def test_a_run_that_goes_on_is_never_given_up(world: Swept, status: str) -> None:
    world.accept()
    world.show(status)
    world.clock.pass_by(timedelta(days=30))
    world.sweep_executions()
    assert (world.run().status, world.run().given_up) == (RunStatus.PENDING, None)


def test_a_task_that_comes_at_the_moment_of_giving_up(world: Swept, monkeypatch: pytest.MonkeyPatch) -> None:
    world.accept()
    world.clock.pass_by(15 * MINUTE)
    describe = world.executions.describe

    def late(arn: str) -> Execution | None:
        found = describe(arn)
        world.settle(life()[2])
        return found

    monkeypatch.setattr(world.executions, "describe", late)
    world.sweep_executions()
    assert (world.run().status, world.run().given_up) == (RunStatus.RUNNING, None)


def test_a_run_that_has_a_task_is_not_given_up_for_an_execution_that_is_gone(world: Swept) -> None:
    world.settle(life()[2])
    world.clock.pass_by(timedelta(days=90))
    world.sweep_executions()
    assert world.run().status is RunStatus.RUNNING
    assert world.cluster.stops == []


def test_a_run_that_does_not_show_its_task_yet_is_shown_it_with_the_end(world: Swept) -> None:
    world.accept()
    verdict = outcome_of(task())
    assert verdict
    world.store.write_task(TaskRecord.of(task(), Pattern.CALLBACK, None).ended(verdict, NO_RESULT))
    world.show("SUCCEEDED")
    world.clock.pass_by(timedelta(hours=3))
    world.sweep_executions()
    assert (world.run().status, world.run().newest_task_id) == (RunStatus.SUCCEEDED, TASK_ID)


def test_executions_of_other_machines_are_asked_for_where_the_stack_may(world: Swept) -> None:
    world.settle(of_execution(OTHERS_ARN))
    ended = world.executions.show(Execution(OTHERS_ARN, ExecutionStatus.ABORTED, stopped_at=NOON))
    world.part = world.new_process(follows_others=False)
    assert counts(world.sweep_executions()) == {}
    assert world.executions.described == []
    world.part = world.new_process(follows_others=True)
    assert counts(world.sweep_executions()) == {"noted": 1, "stopped": 1}
    assert world.cluster.stops == [(task_arn(), reason_of_end(ended))]


@pytest.mark.parametrize("number", [MOST_OF_OTHERS, MOST_OF_OTHERS + 1, 3 * MOST_OF_OTHERS - 7])
def test_many_executions_of_other_machines_have_their_turn(world: Swept, number: int) -> None:
    """A few hundred in each sweep, all of them in so many sweeps."""
    arns = {f"{OTHERS_ARN}-{n:04d}" for n in range(number)}
    for n, arn in enumerate(sorted(arns)):
        world.settle(of_execution(arn, f"{n:032x}"))
    for sweep in range(1, 4):
        world.sweep_executions()
        assert len(world.executions.described) == sweep * min(number, MOST_OF_OTHERS)
        world.clock.pass_by(MINUTE)
    assert set(world.executions.described) == arns


def test_ours_do_not_wait_for_others(world: Swept) -> None:
    for n in range(MOST_OF_OTHERS + 50):
        world.settle(of_execution(f"{OTHERS_ARN}-{n:04d}", f"{n + 1:032x}"))
    world.show("ABORTED")
    world.settle(life()[2])
    assert world.sweep_executions().stopped == 1
    assert world.executions.described[0] == EXECUTION_ARN


def test_where_step_functions_gives_no_lists(world: Swept) -> None:
    world.executions.is_down = True
    with pytest.raises(ExecutionsUnavailableError):
        world.sweep_executions()


def test_one_that_cannot_be_asked_for_leaves_the_others(world: Swept, monkeypatch: pytest.MonkeyPatch) -> None:
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


@pytest.mark.parametrize("newest_of", [Pattern.REQUEST_RESPONSE, Pattern.SYNC, Pattern.CALLBACK])
def test_how_far_was_seen(world: Swept, newest_of: Pattern) -> None:
    """By Step Functions' own times; what is older than that, and a little, is read no further."""
    assert (timedelta(hours=1), timedelta(minutes=10)) == (LOOKED_BACK, OVERLAP)
    assert world.sweep_executions().seen_until is None, "nothing has ever started"
    for pattern in Pattern:
        minutes = 30 if pattern is newest_of else 5
        for n in range(4):  # more than a page
            started = NOON + (minutes - n) * MINUTE
            world.show("RUNNING", f"{pattern}-{n}", started_at=started, pattern=pattern)
    world.clock.pass_by(40 * MINUTE)
    assert world.sweep_executions().seen_until == NOON + 30 * MINUTE
    assert world.sweep_executions().seen_until == NOON + 30 * MINUTE, "it does not go back"


@pytest.mark.parametrize(("minutes", "is_seen"), [(-1, False), (0, True), (15, True)])
def test_an_end_that_is_older_than_what_was_seen(world: Swept, minutes: int, is_seen: bool) -> None:
    """An execution that starts is in the list of the next sweep, so an older one was seen by an earlier sweep."""
    world.seen_until = NOON + 10 * MINUTE
    started = NOON + minutes * MINUTE
    world.show("FAILED", "by-hand", started_at=started, stopped_at=started)
    world.sweep_executions()
    assert ("by-hand" in world.store.runs) is is_seen


@pytest.mark.parametrize(("minutes", "is_seen"), [(-71, False), (-70, True), (-1, True)])
def test_the_first_sweep_looks_back(world: Swept, minutes: int, is_seen: bool) -> None:
    started = NOON + minutes * MINUTE
    world.show("FAILED", "by-hand", started_at=started, stopped_at=started)
    world.sweep_executions()
    assert ("by-hand" in world.store.runs) is is_seen


def test_a_list_may_be_in_the_order_of_the_ends(world: Swept, monkeypatch: pytest.MonkeyPatch) -> None:
    """ "Most recent first", AWS says, and not by which time: a long execution that has just ended hides nobody."""
    world.clock.pass_by(120 * MINUTE)
    for n in range(4):
        world.show("FAILED", f"long{n}", started_at=NOON)
        world.show("FAILED", f"short{n}", started_at=NOON + (110 - n) * MINUTE, stopped_at=NOON + 111 * MINUTE)

    def by_end(machine: str) -> Iterator[Sequence[Execution]]:
        listed = sorted(world.executions.known.values(), key=lambda each: each.stopped_at or NOON, reverse=True)
        yield from ([listed[:4], listed[4:]] if machine == MACHINES.callback else [[]])

    monkeypatch.setattr(world.executions, "newest", by_end)
    world.sweep_executions()
    assert {f"short{n}" for n in range(4)} <= world.store.runs.keys()


def test_no_sweep_for_fifty_minutes_misses_nothing(world: Swept) -> None:
    """(fault F24)"""
    world.show("RUNNING", "first")
    world.sweep_executions()
    for n in range(10):
        world.show("FAILED", f"n{n}", started_at=NOON + n * 5 * MINUTE)
    world.clock.pass_by(55 * MINUTE)
    assert world.sweep_executions().noted == 10
    assert {f"n{n}" for n in range(10)} <= world.store.runs.keys()


def test_pages_are_read_as_far_as_they_have_news(world: Swept, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(30):
        started = NOON - n * 10 * MINUTE
        world.show("FAILED", f"n{n:02d}", started_at=started, stopped_at=started)
    pages: list[int] = []
    newest = world.executions.newest

    def counted(machine: str) -> Iterator[Sequence[Execution]]:
        for page in newest(machine):
            pages.append(len(page))
            yield page

    monkeypatch.setattr(world.executions, "newest", counted)
    assert world.sweep_executions().noted == 8
    assert sum(pages) == 12, "up to a page without any news"
    pages.clear()
    assert counts(world.sweep_executions()) == {}
    assert sum(pages) == 6


def test_a_start_without_a_time_is_looked_at(world: Swept) -> None:
    world.seen_until = NOON
    world.executions.show(Execution(EXECUTION_ARN, ExecutionStatus.FAILED, stopped_at=NOON))
    assert world.sweep_executions().noted == 1
    assert world.seen_until == NOON


def test_what_is_recorded_to_its_end_is_read_once_for_a_process(world: Swept, monkeypatch: pytest.MonkeyPatch) -> None:
    world.show("FAILED")
    world.sweep_executions()
    reads: list[str] = []
    find = world.store.find_run

    def counted(run_id: str) -> RunRecord | None:
        reads.append(run_id)
        return find(run_id)

    monkeypatch.setattr(world.store, "find_run", counted)
    for _ in range(3):
        world.sweep_executions()
    assert reads == [RUN_ID]


def test_it_asks_whether_to_go_on_between_any_two_pieces_of_work(world: Swept) -> None:
    class EnoughError(Exception):
        pass

    world.accept()
    items = [each for each in world.store.open_items() if isinstance(each, OpenRun)]
    asked: list[int] = []
    world.part([], items, SweepReport(), lambda: asked.append(1))
    assert len(asked) == 7, "a page of what runs and one of what is newest for each of three machines, and the run"

    def stop_at_last() -> None:
        asked.append(1)
        if len(asked) == 14:
            raise EnoughError

    report = SweepReport()
    with pytest.raises(EnoughError):
        world.part([], items, report, stop_at_last)
    assert report.seen_until is None


def test_memory_forgets_the_oldest() -> None:
    memory: Memory[str] = Memory(most=2)
    for text in ("a", "b", "a", "c"):
        memory.add(text)
    assert [text in memory for text in ("a", "b", "c")] == [False, True, True]
