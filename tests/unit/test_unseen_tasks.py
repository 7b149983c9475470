"""Which ended runs may have started a task that nobody has told of: they keep their slots for a while."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fargate_runs.outcomes.kinds import ErrorName, OutcomeStatus
from fargate_runs.reading.execution import Execution
from fargate_runs.runs.run_folding import may_have_unseen_task
from fargate_runs.runs.run_state import GivenUp, RunRecord, TaskView
from tests.fakes.clock import NOON
from tests.fakes.records import WELL, execution

SECOND = timedelta(seconds=1)


def closed(status: str) -> Execution:
    return replace(execution(status), stopped_at=NOON)


def task(ended_after: timedelta) -> TaskView:
    return TaskView("#task#1#5", WELL, stopped_at=NOON + ended_after)


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"])
def test_a_run_that_was_let_in_and_has_no_task(status: str) -> None:
    run = RunRecord("run", admitted_at=NOON, execution=closed(status))
    assert may_have_unseen_task(run)
    assert not may_have_unseen_task(replace(run, admitted_at=None)), "it never came to its task"
    assert not may_have_unseen_task(replace(run, given_up=GivenUp.TASK_LOST)), "the sweep has looked for it for hours"
    assert not may_have_unseen_task(replace(run, execution=None))


@pytest.mark.parametrize(
    ("status", "ended_after", "may"),
    [
        # It was cut off between two attempts: the second one may just have been started.
        ("ABORTED", -SECOND, True),
        ("TIMED_OUT", -SECOND, True),
        # It was cut off while this task ran.
        ("ABORTED", 0 * SECOND, False),
        ("TIMED_OUT", SECOND, False),
        # It ended by itself, after its task.
        ("SUCCEEDED", -SECOND, False),
    ],
)
def test_a_run_with_a_task(status: str, ended_after: timedelta, may: bool) -> None:
    run = RunRecord("run", admitted_at=NOON, execution=closed(status), task=task(ended_after))
    assert may_have_unseen_task(run) == may


@pytest.mark.parametrize(
    ("error", "may"),
    [
        ("Task.SpotInterrupted", False),  # it failed with this task
        ("States.Timeout", True),  # a later attempt was not seen, and had no more time
        ("ECS.ServerException", True),
        (None, True),
    ],
)
def test_a_run_that_failed_after_its_task(error: str | None, may: bool) -> None:
    interrupted = replace(WELL, status=OutcomeStatus.FAILED, error=ErrorName.SPOT_INTERRUPTED)
    failed = replace(closed("FAILED"), error=error)
    run = RunRecord("run", admitted_at=NOON, execution=failed, task=replace(task(-SECOND), outcome=interrupted))
    assert may_have_unseen_task(run) == may
    later = replace(run, task=replace(task(SECOND), outcome=interrupted))
    assert not may_have_unseen_task(later), "it failed while this task ran"


@pytest.mark.parametrize("unknown", ["task", "execution"])
def test_a_time_that_is_not_known(unknown: str) -> None:
    run = RunRecord("run", admitted_at=NOON, execution=closed("ABORTED"), task=task(SECOND))
    if unknown == "task":
        run = replace(run, task=TaskView("#task#1#5", WELL))
    else:
        run = replace(run, execution=replace(closed("ABORTED"), stopped_at=None))
    assert may_have_unseen_task(run)
