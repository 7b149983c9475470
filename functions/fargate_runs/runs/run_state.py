"""What a run is: folded from its newest task and its execution. Pure. What it says of itself is in run_verdict.py.

That table is for a run that is an execution of this application's machines: between two attempts it is RUNNING, and it
has ended when both have. Any other run, an item of a fan-out or a task of somebody's own machine, is as its newest task
is.
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
from fargate_runs.runs.run_verdict import (
    ADVICE_BESIDE_A_TASK,
    SAYS,
    TIMEOUT,
    TOO_LONG,
    Ended,
    Says,
    advice_after_time_out,
    column_of,
    of_its_task,
    row_of,
)


class RunStatus(StrEnum):
    """What a run is seen to be."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    STOPPED = "STOPPED"


class GivenUp(StrEnum):
    """Why a run is given up: it has no task and never will. Error names, as users see them."""

    NOT_STARTED = "Run.NotStarted"
    TASK_LOST = ErrorName.LOST.value


# None: by the task's outcome.
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
# Names are kept for 90 days (fact B32), and the API's clock, which may have made `created_at`, may be wrong by days.
LONG_BEFORE: Final = timedelta(days=30)
# An execution that is aborted may have a call of RunTask under way, and the two services have clocks of their own.
JUST_AFTER: Final = timedelta(seconds=10)
MOST_COUNTED: Final = 100  # attempts: more make a record too large, and are no retries
_ENDED: Final = frozenset({RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.STOPPED})


@dataclass(frozen=True, slots=True)
class TaskView:
    """What a run shows of its newest task. `order` says which of two views stands (see `order_of`)."""

    order: str
    outcome: Outcome | None = None
    started_at: datetime | None = None
    stopped_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StopRequest:
    """A person or a program has asked to stop a run. `by` is an ARN, or whatever else is known of the caller."""

    at: datetime
    by: str
    reason: str

    def as_json(self) -> dict[str, object]:
        """For documents."""
        return {"at": lenient.iso(self.at), "by": self.by, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run. `input` is what was asked for, without environment values; None where it was refused.

    `attempts` has what was billed for each task, by its id; None until it has stopped. It holds MOST_COUNTED at most.
    `rerun_of` is the run that this one repeats.

    `follows` is true where the run is an execution of this application's machines. `revision` counts the writes: a
    write says which one it replaces.
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
    attempts: Mapping[str, Billed | None] = field(default_factory=dict)
    stop_request: StopRequest | None = None
    rerun_of: str | None = None
    revision: int = field(default=0, compare=False)

    @property
    def status(self) -> RunStatus:
        """By the table."""
        if self._why_given_up:
            return RunStatus.FAILED
        return _STATUSES[self._says] or RunStatus(_outcome(self.task).status.value)

    @property
    def has_ended(self) -> bool:
        """Whether the status is the last one, unless it is redriven."""
        return self.status in _ENDED

    @property
    def newest_task_id(self) -> str | None:
        """Of the task that the run shows."""
        return task_id_of(self.task.order) if self.task else None

    @property
    def outcome(self) -> Outcome | None:
        """The newest task's."""
        return self.task.outcome if self.task else None

    @property
    def error(self) -> str | None:
        """Why the run did not succeed: the error of what ended it."""
        if self._why_given_up:
            return self._why_given_up
        if not self.has_ended:
            return None
        if self._stopped_for:
            return RUN_STOPPED
        if self._says is Says.TASK:
            return _outcome(self.task).error
        own = self.execution.error if self.execution else None
        return own or (TIMEOUT if self._says is Says.TIMED_OUT else None)

    @property
    def summary(self) -> str | None:
        """The same in a sentence or two: what ended it, then what became of its task."""
        if self._why_given_up:
            return _GIVEN_UP[self._why_given_up]
        if not self.has_ended:
            return None
        if request := self._stopped_for:
            return f"{request.by} stopped the run: {request.reason}"
        if self._says is Says.TASK:
            return _outcome(self.task).summary
        if self._says is Says.TIMED_OUT:
            return f"{TOO_LONG}{of_its_task(self.outcome)}"
        cause = self.execution.cause if self.execution else None
        return f"{cause or 'The execution failed.'}{of_its_task(self.outcome)}" if self.outcome else cause

    @property
    def advice(self) -> str | None:
        """What to do about it. None where nothing but the execution knows."""
        if not self.has_ended:
            return None
        if self._stopped_for:
            return _AFTER_A_STOP
        if self._says is Says.TASK:
            return _outcome(self.task).advice
        if self._says is Says.TIMED_OUT:
            return advice_after_time_out(self.outcome)
        return ADVICE_BESIDE_A_TASK if self.outcome else None

    @property
    def transient(self) -> bool | None:
        """Whether the same run may well succeed if it is started again. None where nothing but the execution knows."""
        if self._stopped_for:
            return False
        if self._says is Says.TASK:
            return _outcome(self.task).transient
        return False if self._says is Says.TIMED_OUT else None

    @property
    def exit_code(self) -> int | None:
        """The main container's in the newest attempt, once the run has ended."""
        return self.outcome.exit_code if self.outcome and self.has_ended else None

    @property
    def attempt_count(self) -> int:
        """How many tasks have been recorded, MOST_COUNTED at most."""
        return len(self.attempts)

    @property
    def state_machine_arn(self) -> str | None:
        """The machine that the run's execution is of."""
        return state_machine_of(self.execution_arn)

    @property
    def duration_seconds(self) -> float | None:
        """From the start of the containers to the end of the task; None while it runs and where it never started."""
        if self.task is None or self.task.started_at is None or self.task.stopped_at is None:
            return None
        return max(0.0, round((self.task.stopped_at - self.task.started_at).total_seconds(), 3))

    @property
    def _stopped_for(self) -> StopRequest | None:
        """The request that stopped the run. One that came too late, or did nothing, says nothing of how it ended."""
        return self.stop_request if self.status is RunStatus.STOPPED else None

    @property
    def _why_given_up(self) -> GivenUp | None:
        """It stands while nothing has come after all: a task, or another state of the execution."""
        status = self.execution.status if self.execution else None
        stands = self.task is None and self.given_up and status is _GIVEN_UP_AT[self.given_up]
        return self.given_up if stands else None

    @property
    def _says(self) -> Says:
        has_task = self.task is not None
        if not self.follows:
            return SAYS[row_of(self.outcome, None, has_task=has_task), Ended.SUCCEEDED]
        return SAYS[row_of(self.outcome, self.execution, has_task=has_task), column_of(self.execution)]


RUN_STOPPED: Final = "Run.Stopped"
_AFTER_A_STOP: Final = "Nothing is wrong with the run itself. Start it again if that was a mistake."
# What the execution was when it was said.
_GIVEN_UP_AT: Final[Mapping[GivenUp, ExecutionStatus | None]] = MappingProxyType(
    {GivenUp.NOT_STARTED: None, GivenUp.TASK_LOST: ExecutionStatus.SUCCEEDED}
)
_GIVEN_UP: Final = {
    GivenUp.NOT_STARTED: "Step Functions knows no execution of this run: it was accepted, but never started.",
    GivenUp.TASK_LOST: "The execution succeeded, but ECS never showed its task and no longer knows it.",
}


def _outcome(task: TaskView | None) -> Outcome:
    """Of a view that has one; the table asks for it in that row alone."""
    return task.outcome if task and task.outcome else lost()


def with_task(run: RunRecord | None, task: TaskRecord, *, follows: bool) -> RunRecord:
    """The run after its task was recorded so.

    An older task changes nothing, nor does an older state of the one shown, nor a task that is no attempt of the run.
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
    """The attempts with this one. What was billed for one stands: an older state of it comes late."""
    if attempts.get(task.task_id) or (len(attempts) >= MOST_COUNTED and task.task_id not in attempts):
        return attempts
    return {**attempts, task.task_id: billed_of(task.task)}


def with_tasks(run: RunRecord | None, machines: StateMachines, first: TaskRecord, *more: TaskRecord) -> RunRecord:
    """The run after its tasks were recorded so, in whatever order."""
    run = with_task(run, first, follows=_follows(first, machines))
    return reduce(lambda run, task: with_task(run, task, follows=_follows(task, machines)), more, run)


def with_execution(
    run: RunRecord | None,
    execution: Execution,
    pattern: Pattern | None,
    recorded_input: Mapping[str, object] | None = None,
) -> RunRecord:
    """The run after its execution was seen so; an older state of it, or another execution, changes nothing.

    `recorded_input` is what the execution was asked for, where that is known: it is kept unless one stands.

    Names may be used again after 90 days (fact B32): an execution that began long after what is recorded is a new run.
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
    )
    if run.execution and run.execution.order >= execution.order:
        return run
    run = replace(run, execution=execution)
    if run.task is None or _may_be_of(run, _created_at(run.task)):
        return run
    # Its attempts are counted anew: somebody else's task is among them.
    return replace(run, task=None, attempts={})


def is_attempt(run: RunRecord, task: TaskRecord) -> bool:
    """Whether a task with this run's id is an attempt of it, and not somebody's who has used that id.

    Of a run that is an execution of ours: the task says that it is of this execution, and was made in its time. Of any
    other run nothing is known but its tasks.
    """
    return not run.follows or (task.execution_arn == run.execution_arn and _may_be_of(run, task.created_at))


def _may_be_of(run: RunRecord, created_at: datetime | None) -> bool:
    """Whether the run's execution can have made a task then. A redrive opens an execution that has ended again."""
    if created_at is None:
        return True
    began = run.execution.started_at if run.execution else run.created_at
    if began and began - created_at >= LONG_BEFORE:
        return False
    ended = run.execution.stopped_at if run.execution else None
    return ended is None or created_at - ended <= JUST_AFTER


def _created_at(view: TaskView) -> datetime | None:
    return lenient.time(view.order.split("#")[0])


def _anew(run: RunRecord) -> RunRecord:
    """Nothing, to be written over what stands."""
    return RunRecord(run.run_id, revision=run.revision)


def _is_another(run: RunRecord, execution: Execution) -> bool:
    """Whether the run is to be this execution, and is something else now: tasks of others, or a run of long ago."""
    if not run.follows:
        return run.execution_arn != execution.arn
    began = (run.execution and run.execution.started_at) or run.created_at
    return began is not None and execution.started_at is not None and execution.started_at - began >= LONG_BEFORE


def _is_of_the_past(run: RunRecord, execution: Execution) -> bool:
    """Whether it is the execution that had the name before: its events may be replayed."""
    began = run.execution.started_at if run.execution else None
    return began is not None and execution.started_at is not None and began - execution.started_at >= LONG_BEFORE


def _follows(task: TaskRecord, machines: StateMachines) -> bool:
    ours = machines.pattern_of_execution(task.execution_arn) is not None
    return ours and is_named(task.execution_arn, task.run_id)


def order_of(task: TaskRecord) -> str:
    """Which view of a run stands: texts that sort as newest task, then ended before not ended, then version."""
    created = lenient.iso(task.created_at) or ""
    return f"{created}#{task.task_id}#{int(task.outcome is not None)}#{task.task.version:010d}"


def task_id_of(order: str) -> str:
    """The task that a view is of."""
    return order.split("#")[1]
