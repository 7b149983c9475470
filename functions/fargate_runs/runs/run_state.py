"""The state of a run, folded from its newest task and its execution. Pure. Its status and errors: see run_verdict.py.

The table there is for a run that is an execution of this application's machines. Such a run is RUNNING between two
attempts, and has ended when both the task and the execution have. Any other run is as its newest task is: an item of
a fan-out, or a task of somebody's own machine.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import reduce
from types import MappingProxyType
from typing import Final

from fargate_runs.outcomes.kinds import ErrorName
from fargate_runs.outcomes.outcome import Outcome, lost
from fargate_runs.reading import lenient
from fargate_runs.reading.execution import Execution, ExecutionStatus, is_named
from fargate_runs.reading.patterns import Pattern, StateMachines, state_machine_of
from fargate_runs.runs.billed import Billed, billed_of
from fargate_runs.runs.record import TaskRecord
from fargate_runs.runs.run_status import ENDED, TURNED_AWAY, RunStatus, TurnedAway
from fargate_runs.runs.run_verdict import (
    ADVICE_AFTER_TOTAL_TIMEOUT,
    ADVICE_BESIDE_A_TASK,
    RUN_STOPPED,
    SAYS,
    TIMEOUT,
    TOO_LONG,
    TOO_LONG_IN_TOTAL,
    TOTAL_TIMEOUT,
    Ended,
    Says,
    advice_after_time_out,
    column_of,
    of_its_task,
    row_of,
)


class GivenUp(StrEnum):
    """Why a run is given up: it has no task and never will. The values are error names that users see."""

    NOT_STARTED = "Run.NotStarted"
    TASK_LOST = ErrorName.LOST.value


# None: the task's outcome gives the status.
_STATUSES: Final[Mapping[Says, RunStatus | None]] = MappingProxyType(
    {
        Says.PENDING: RunStatus.PENDING,
        Says.RUNNING: RunStatus.RUNNING,
        Says.TASK: None,
        Says.EXECUTION_FAILED: RunStatus.FAILED,
        Says.EXECUTION_STOPPED: RunStatus.STOPPED,
        Says.TIMED_OUT: RunStatus.FAILED,
    }
)
# Names are kept for 90 days (fact B32). `created_at` may be from the API's clock, which may be wrong by days.
LONG_BEFORE: Final = timedelta(days=30)
# RunTask may be under way when an execution is aborted, and the two services have clocks of their own.
JUST_AFTER: Final = timedelta(seconds=10)
# A limit that ends at the deadline was computed by a clock of ours, in whole seconds.
_JUST_BEFORE: Final = timedelta(seconds=2)
MOST_COUNTED: Final = 100  # attempts: more make a record too large, and are no retries


@dataclass(frozen=True, slots=True)
class TaskView:
    """The part of its newest task that a run shows. Of two views the one with the greater `order` counts."""

    order: str
    outcome: Outcome | None = None
    started_at: datetime | None = None
    stopped_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StopRequest:
    """A request by a person or a program to stop a run. `by` is an ARN, or whatever else is known of the caller."""

    at: datetime
    by: str
    reason: str

    def as_json(self) -> dict[str, object]:
        """Returns the request for documents."""
        return {"at": lenient.iso(self.at), "by": self.by, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class OfJob:
    """The job of a run: its name, and the schedule that started the run."""

    job: str
    schedule: str | None = None
    scheduled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run. `input` is the request without environment values; None if it was refused.

    `attempts` has the billed time and size of each task by its id; None until the task has stopped. It holds at most
    MOST_COUNTED. `rerun_of` is the run that this one repeats. `deadline` is when its
    totalTimeoutSeconds are over.

    `job` is the name of the job that it is a run of; `schedule` and `scheduled_at` are set if a schedule started it.
    `takes_slot` is true if the job has a limit: then its gate may know the run (jobs/slots.py). It is QUEUED from
    `queued_at` to `admitted_at`. `is_forced`: it was let in above the limit.

    `follows` is true if the run is an execution of this application's machines. `revision` counts the writes: a write
    names the revision that it replaces.
    """

    run_id: str
    created_at: datetime | None = None
    pattern: Pattern | None = None
    execution_arn: str | None = None
    follows: bool = False
    input: Mapping[str, object] | None = None
    task: TaskView | None = None
    execution: Execution | None = None
    given_up: GivenUp | None = None
    attempts: Mapping[str, Billed | None] = field(default_factory=dict, hash=False)
    stop_request: StopRequest | None = None
    rerun_of: str | None = None
    job: str | None = None
    schedule: str | None = None
    scheduled_at: datetime | None = None
    takes_slot: bool = False
    queued_at: datetime | None = None
    admitted_at: datetime | None = None
    is_forced: bool = False
    turned_away: TurnedAway | None = None
    deadline: datetime | None = None
    revision: int = field(default=0, compare=False)

    @property
    def status(self) -> RunStatus:
        """The status by the table in run_verdict.py."""
        if self._stands_aside:
            return self._stands_aside.status
        if self._why_given_up:
            return RunStatus.FAILED
        if self._waits:
            return RunStatus.QUEUED
        return _STATUSES[self._says] or RunStatus(_outcome(self.task).status.value)

    @property
    def has_ended(self) -> bool:
        """True if the status is final. Only a redrive changes it."""
        return self.status in ENDED

    @property
    def newest_task_id(self) -> str | None:
        """The id of the task that the run shows."""
        return task_id_of(self.task.order) if self.task else None

    @property
    def outcome(self) -> Outcome | None:
        """The newest task's outcome."""
        return self.task.outcome if self.task else None

    @property
    def error(self) -> str | None:
        """The error that ended the run; None if it succeeded or has not ended."""
        if self._ended_without_task:
            return self._ended_without_task[0]
        if not self.has_ended:
            return None
        if self._stopped_for:
            return RUN_STOPPED
        if self._says is Says.TASK:
            return _outcome(self.task).error
        if self._is_out_of_time:
            return TOTAL_TIMEOUT
        own = self.execution.error if self.execution else None
        return own or (TIMEOUT if self._says is Says.TIMED_OUT else None)

    @property
    def summary(self) -> str | None:
        """The same in a sentence or two: first what ended the run, then how its task ended."""
        if self._ended_without_task:
            return self._ended_without_task[1]
        if not self.has_ended:
            return None
        if request := self._stopped_for:
            return f"Stopped: {request.reason} (by {request.by})"
        if self._says is Says.TASK:
            return _outcome(self.task).summary
        if self._says is Says.TIMED_OUT:
            why = TOO_LONG_IN_TOTAL if self._is_out_of_time else TOO_LONG
            return f"{why}{of_its_task(self.outcome)}"
        cause = self.execution.cause if self.execution else None
        return f"{cause or 'The execution failed.'}{of_its_task(self.outcome)}" if self.outcome else cause

    @property
    def advice(self) -> str | None:
        """The advice about the error; None if only the execution knows the error."""
        if not self.has_ended:
            return None
        if self._stands_aside:
            return TURNED_AWAY[self._stands_aside.status].advice
        if self._stopped_for:
            return _AFTER_A_STOP
        if self._says is Says.TASK:
            return _outcome(self.task).advice
        if self._says is Says.TIMED_OUT or self._is_out_of_time:
            return ADVICE_AFTER_TOTAL_TIMEOUT if self._is_out_of_time else advice_after_time_out(self.outcome)
        return ADVICE_BESIDE_A_TASK if self.outcome else None

    @property
    def transient(self) -> bool | None:
        """True if the same run may well succeed if it is started again. None if only the execution knows the error."""
        if self._stopped_for:
            return False
        if self._says is Says.TASK:
            return _outcome(self.task).transient
        return False if self._says is Says.TIMED_OUT or self._is_out_of_time else None

    @property
    def exit_code(self) -> int | None:
        """The exit code of the main container in the newest attempt, once the run has ended."""
        return self.outcome.exit_code if self.outcome and self.has_ended else None

    @property
    def attempt_count(self) -> int:
        """The number of recorded tasks, at most MOST_COUNTED."""
        return len(self.attempts)

    @property
    def state_machine_arn(self) -> str | None:
        """The machine of the run's execution."""
        return state_machine_of(self.execution_arn)

    @property
    def duration_seconds(self) -> float | None:
        """From the start of the containers to the end of the task. None while it runs, and if it never started."""
        if self.task is None or self.task.started_at is None or self.task.stopped_at is None:
            return None
        return max(0.0, round((self.task.stopped_at - self.task.started_at).total_seconds(), 3))

    @property
    def _stands_aside(self) -> TurnedAway | None:
        """Why the run was turned away, unless it has a task after all, or its execution ended in another way."""
        return self.turned_away if self._says is Says.PENDING else None

    @property
    def _ended_without_task(self) -> tuple[str, str] | None:
        """The error and the summary of a run that was turned away or given up."""
        if aside := self._stands_aside:
            return TURNED_AWAY[aside.status].error, aside.reason
        return (self._why_given_up, _GIVEN_UP[self._why_given_up]) if self._why_given_up else None

    @property
    def _waits(self) -> bool:
        """True if the run waits for one of its job's slots."""
        is_over = self.execution is not None and self.execution.is_closed
        return self._says is Says.PENDING and bool(self.queued_at) and not (self.admitted_at or is_over)

    @property
    def _stopped_for(self) -> StopRequest | None:
        """The request that stopped the run. A request that came too late, or did nothing, does not explain the end."""
        return self.stop_request if self.status is RunStatus.STOPPED else None

    @property
    def _is_out_of_time(self) -> bool:
        """Whether the totalTimeoutSeconds ended the run: between two attempts, or as the limit of the last one."""
        execution = self.execution
        if execution is None or self._says not in {Says.TIMED_OUT, Says.EXECUTION_FAILED}:
            return False
        if self._says is Says.EXECUTION_FAILED:
            return execution.error == TOTAL_TIMEOUT
        ended = execution.stopped_at
        return self.deadline is not None and ended is not None and ended >= self.deadline - _JUST_BEFORE

    @property
    def _why_given_up(self) -> GivenUp | None:
        """Why the run is given up, as long as nothing arrives: no task, and no other state of the execution."""
        status = self.execution.status if self.execution else None
        stands = self.task is None and self.given_up and status is _GIVEN_UP_AT[self.given_up]
        return self.given_up if stands else None

    @property
    def _says(self) -> Says:
        has_task = self.task is not None
        if not self.follows:
            return SAYS[row_of(self.outcome, None, has_task=has_task), Ended.SUCCEEDED]
        return SAYS[row_of(self.outcome, self.execution, has_task=has_task), column_of(self.execution)]


_AFTER_A_STOP: Final = "Nothing is wrong with the run itself. Start it again if that was a mistake."
# The status of the execution at the moment the run is given up.
_GIVEN_UP_AT: Final[Mapping[GivenUp, ExecutionStatus | None]] = MappingProxyType(
    {GivenUp.NOT_STARTED: None, GivenUp.TASK_LOST: ExecutionStatus.SUCCEEDED}
)
_GIVEN_UP: Final = {
    GivenUp.NOT_STARTED: "Step Functions knows no execution of this run: it was accepted, but never started.",
    GivenUp.TASK_LOST: "The execution succeeded, but ECS never showed its task and no longer knows it.",
}


def _outcome(task: TaskView | None) -> Outcome:
    """Returns the outcome of a view. The table asks for it only if the view has one."""
    return task.outcome if task and task.outcome else lost()


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
    """
    execution = run.execution
    if run.admitted_at is None or run.given_up is not None or execution is None:
        return False
    if run.task is None:
        return True
    if execution.status not in {ExecutionStatus.ABORTED, ExecutionStatus.TIMED_OUT}:
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


def task_id_of(order: str) -> str:
    """Returns the task of a view's order."""
    return order.split("#")[1]
