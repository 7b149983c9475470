"""Corners of the decisions that only mutation testing asks about (docs/mutation.md)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fargate_runs.reading.execution import Execution, ExecutionStatus
from fargate_runs.runs.abandoned import LONGEST_REASON, may_be_replaced, reason_of_end
from fargate_runs.runs.record import TaskRecord
from fargate_runs.runs.run_folding import is_attempt, order_of, with_execution, with_task
from fargate_runs.runs.run_state import RunRecord, TaskView
from fargate_runs.runs.run_status import RunStatus
from fargate_runs.runs.settle import Arriving, Stored, arriving_state, stored_state
from tests.fakes.clock import NOON
from tests.fakes.ecs import EXECUTION_ARN, TASK_ID, overrides, task, task_arn
from tests.fakes.records import changed, execution, open_task, pending_run


def attempt(number: int, execution_arn: str) -> TaskRecord:
    given = overrides(token=f"token {number}")
    for variable in given["containerOverrides"][-1]["environment"]:
        if variable["name"] == "RUN_EXECUTION_ARN":
            variable["value"] = execution_arn
    created = f"2025-05-06T11:0{number}:00Z"
    changes = {"taskArn": task_arn(str(number) * 32), "createdAt": created, "overrides": given}
    return TaskRecord.of(task(lastStatus="RUNNING", **changes), None, None)


def test_nothing_stored_is_absent_and_not_an_open_task() -> None:
    assert stored_state(None) is Stored.ABSENT
    assert arriving_state(None, task(version=0, lastStatus="RUNNING")) is Arriving.NEWER


@pytest.mark.parametrize("other", [EXECUTION_ARN + "a", EXECUTION_ARN[:-1]])
def test_a_newer_task_of_another_execution_replaces_nothing(other: str) -> None:
    assert may_be_replaced([attempt(1, EXECUTION_ARN), attempt(2, other)]) == ()


def test_the_same_execution_read_twice_is_the_same() -> None:
    """As it is where each record comes from an item of its own."""
    first, second = attempt(1, EXECUTION_ARN), attempt(2, "".join(list(EXECUTION_ARN)))
    assert first.execution_arn is not second.execution_arn
    assert may_be_replaced([first, second]) == (first,)


def test_a_run_and_its_task_or_execution_that_were_read_apart_are_of_the_same_execution() -> None:
    run, read_apart = pending_run(follows=False), "".join(list(EXECUTION_ARN))
    assert run.execution_arn is not read_apart
    task_of_it = changed(open_task(), execution_arn=read_apart)
    assert with_task(run, task_of_it, follows=True).input == run.input
    assert is_attempt(pending_run(), task_of_it)
    assert with_execution(run, replace(execution("RUNNING"), arn=read_apart), None).input == run.input


def test_the_words_of_a_status() -> None:
    words = "PENDING QUEUED RUNNING SUCCEEDED FAILED STOPPED SKIPPED MISSED"
    assert list(map(str, RunStatus)) == words.split()


def test_a_reason_is_cut_no_more_than_it_must_be() -> None:
    def reason(length: int) -> str:
        return reason_of_end(Execution(f"arn:execution:{'m' * length}", ExecutionStatus.ABORTED))

    fits = LONGEST_REASON - len(reason(0))
    assert f"[arn:execution:{'m' * fits}]" in reason(fits)
    longest = max(range(fits + 1, 400), key=lambda length: len(reason(length)))
    assert {len(reason(length)) for length in range(longest, 400)} == {LONGEST_REASON}
    assert all(len(reason(length)) <= LONGEST_REASON for length in range(400))


def test_a_new_run_was_never_written_and_how_often_one_was_makes_no_difference() -> None:
    assert RunRecord("run").revision == 0
    assert RunRecord("run", revision=1) == RunRecord("run", revision=2)


def test_a_duration_is_to_the_millisecond() -> None:
    view = TaskView("", started_at=NOON, stopped_at=NOON + timedelta(microseconds=1_234_500))
    assert RunRecord("run", task=view).duration_seconds in {1.234, 1.235}


def test_the_order_of_a_view_is_stored_so_its_form_stands() -> None:
    assert order_of(TaskRecord.of(task(), None, None)) == f"2025-05-06T11:02:13.877Z#{TASK_ID}#0#0000000005"
