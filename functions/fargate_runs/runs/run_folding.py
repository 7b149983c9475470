"""A run, folded from its tasks and its execution: what each state that arrives makes of it. Pure.

States arrive in any order, and more than once. An older one changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import reduce
from typing import Final

from fargate_runs.reading import lenient
from fargate_runs.reading.execution import Execution, ExecutionStatus, is_named
from fargate_runs.reading.patterns import Pattern, StateMachines
from fargate_runs.runs.billed import Billed, billed_of
from fargate_runs.runs.record import TaskRecord
from fargate_runs.runs.run_state import RunRecord, TaskView

# Names are kept for 90 days (fact B32). `created_at` may be from the API's clock, which may be wrong by days.
LONG_BEFORE: Final = timedelta(days=30)
# RunTask may be under way when an execution is aborted, and the two services have clocks of their own.
JUST_AFTER: Final = timedelta(seconds=10)
MOST_COUNTED: Final = 100  # attempts: more make a record too large, and are no retries


@dataclass(frozen=True, slots=True)
class OfJob:
    """The job of a run: its name, and the schedule that started the run."""

    job: str
    schedule: str | None = None
    scheduled_at: datetime | None = None


def with_task(run: RunRecord | None, task: TaskRecord, *, follows: bool) -> RunRecord:
    """Returns the run with this task recorded.

    The run stays the same for an older task, for an older state of its task, and for a task that is no attempt of it.
    """
    run = run or RunRecord(task.run_id)
    if follows and not run.follows and run.execution_arn != task.execution_arn:
        run = _anew(run)
    if not is_attempt(run, task):
        return run
    run = replace(
        run,
        created_at=run.created_at or task.created_at,
        pattern=run.pattern or task.pattern,
        execution_arn=run.execution_arn or task.execution_arn,
        follows=run.follows or follows,
    )
    run = replace(run, attempts=_counted(run.attempts, task))
    order = order_of(task)
    if run.task and run.task.order >= order:
        return run
    timeline = task.task.timeline
    return replace(run, task=TaskView(order, task.outcome, timeline.started_at, timeline.stopped_at))


def _counted(attempts: Mapping[str, Billed | None], task: TaskRecord) -> Mapping[str, Billed | None]:
    """Returns the attempts with this one. A billed time stays: only an older state of the task can come after it."""
    if attempts.get(task.task_id) or (len(attempts) >= MOST_COUNTED and task.task_id not in attempts):
        return attempts
    return {**attempts, task.task_id: billed_of(task.task)}


def with_tasks(run: RunRecord | None, machines: StateMachines, first: TaskRecord, *more: TaskRecord) -> RunRecord:
    """Returns the run with these tasks recorded, in whatever order."""
    run = with_task(run, first, follows=_follows(first, machines))
    return reduce(lambda run, task: with_task(run, task, follows=_follows(task, machines)), more, run)


def with_execution(
    run: RunRecord | None,
    execution: Execution,
    pattern: Pattern | None,
    recorded_input: Mapping[str, object] | None = None,
    *,
    of_job: OfJob | None = None,
    deadline: datetime | None = None,
) -> RunRecord:
    """Returns the run with this state of its execution. An older state, and another execution, change nothing.

    `recorded_input` is the execution's input, if it is known; `of_job` and `deadline` are what follows from it. Each is
    kept unless the run has it already.

    Names may be used again after 90 days (fact B32): an execution that began long after the record is a new run.
    """
    run = run or RunRecord(execution.name)
    if _is_another(run, execution):
        run = _anew(run)
    if run.execution_arn not in {None, execution.arn} or _is_of_the_past(run, execution):
        return run
    run = replace(
        run,
        execution_arn=execution.arn,
        created_at=run.created_at or execution.started_at,
        pattern=run.pattern or pattern,
        follows=True,
        input=recorded_input if run.input is None else run.input,
        deadline=run.deadline or deadline,
    )
    if of_job and run.job is None:
        run = replace(run, job=of_job.job, schedule=of_job.schedule, scheduled_at=of_job.scheduled_at)
    if run.execution and run.execution.order >= execution.order:
        return run
    run = replace(run, execution=execution)
    if run.task is None or _may_be_of(run, _created_at(run.task)):
        return run
    # Its attempts are counted anew: somebody else's task is among them.
    return replace(run, task=None, attempts={})


def is_attempt(run: RunRecord, task: TaskRecord) -> bool:
    """Returns whether a task with this run's id is an attempt of it. Somebody else may have used the id.

    For an execution of ours, the task must name that execution, and be made while it ran. Any other run is known only
    by its tasks, so each counts.
    """
    return not run.follows or (task.execution_arn == run.execution_arn and _may_be_of(run, task.created_at))


def _may_be_of(run: RunRecord, created_at: datetime | None) -> bool:
    """Returns whether the run's execution can have made a task then. A redrive may open an ended execution again."""
    if created_at is None:
        return True
    began = run.execution.started_at if run.execution else run.created_at
    if began and began - created_at >= LONG_BEFORE:
        return False
    ended = run.execution.stopped_at if run.execution else None
    return ended is None or created_at - ended <= JUST_AFTER


def may_have_unseen_task(run: RunRecord) -> bool:
    """Returns whether an ended run may have started a task of which nobody has told yet.

    It was let in, and has no task; or its execution was cut off after its newest task: the next one may be on its way.
    An execution that failed with another error than that task was cut off too, by a time limit for instance.
    """
    execution = run.execution
    if run.admitted_at is None or run.given_up is not None or execution is None:
        return False
    if run.task is None:
        return True
    outcome = run.task.outcome
    failed_with_it = execution.status is ExecutionStatus.FAILED and outcome and execution.error == outcome.error
    if execution.status is ExecutionStatus.SUCCEEDED or failed_with_it:
        return False
    stopped_at = run.task.stopped_at
    return stopped_at is None or execution.stopped_at is None or stopped_at < execution.stopped_at


def _created_at(view: TaskView) -> datetime | None:
    return lenient.time(view.order.split("#")[0])


def _anew(run: RunRecord) -> RunRecord:
    """Returns an empty run, to be written over what stands.

    A request to stop it stays if what stands is only tasks of others with this id: it was for the run of this name.
    """
    return RunRecord(run.run_id, stop_request=None if run.follows else run.stop_request, revision=run.revision)


def _is_another(run: RunRecord, execution: Execution) -> bool:
    """Returns whether the run is something else until now: tasks of others, or a run of long ago with this name."""
    if not run.follows:
        return run.execution_arn != execution.arn
    began = (run.execution and run.execution.started_at) or run.created_at
    return began is not None and execution.started_at is not None and execution.started_at - began >= LONG_BEFORE


def _is_of_the_past(run: RunRecord, execution: Execution) -> bool:
    """Returns whether this is an older execution with the same name: its events may be replayed."""
    began = run.execution.started_at if run.execution else None
    return began is not None and execution.started_at is not None and began - execution.started_at >= LONG_BEFORE


def _follows(task: TaskRecord, machines: StateMachines) -> bool:
    ours = machines.pattern_of_execution(task.execution_arn) is not None
    return ours and is_named(task.execution_arn, task.run_id)


def order_of(task: TaskRecord) -> str:
    """Returns a text that sorts the views of a run: by newest task, then ended after not ended, then version."""
    created = lenient.iso(task.created_at) or ""
    return f"{created}#{task.task_id}#{int(task.outcome is not None)}#{task.task.version:010d}"
