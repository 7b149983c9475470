"""What a run is, and what it is seen to be: folded from its newest task and its execution, as one table. Pure.

    task \\ execution       not known to have ended   SUCCEEDED   FAILED      timed out   ABORTED
    none yet               PENDING                   PENDING     EXECUTION   TIME-OUT    EXECUTION
    no outcome yet         RUNNING                   RUNNING     RUNNING     RUNNING     RUNNING
    a success              RUNNING                   TASK        TASK        TIME-OUT    TASK
    a failure              RUNNING                   TASK        TASK        TIME-OUT    TASK
    a failure, not why     RUNNING                   TASK        EXECUTION   TIME-OUT    TASK

TASK, EXECUTION and TIME-OUT say whose status and error are the run's: what ended it is said first, and the task's
outcome stands beside it. A task that was stopped because its execution had failed is never why that failed.

That is for a run that is an execution of this application's machines: between two attempts it is RUNNING, and it has
ended when both have. Any other run, an item of a fan-out or a task of somebody's own machine, is as its newest task is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import reduce
from types import MappingProxyType
from typing import Final

from fargate_runs import lenient
from fargate_runs.execution import Execution, ExecutionStatus, is_named
from fargate_runs.kinds import ErrorName
from fargate_runs.outcome import Outcome, lost
from fargate_runs.patterns import Pattern, StateMachines, state_machine_of
from fargate_runs.record import TaskRecord


class RunStatus(StrEnum):
    """What a run is seen to be."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    STOPPED = "STOPPED"


class GivenUp(StrEnum):
    """Why a run without a task, of which nothing more will come, has failed. Error names, as users see them."""

    NOT_STARTED = "Run.NotStarted"
    TASK_LOST = ErrorName.LOST.value


class Seen(StrEnum):
    """The rows of the table."""

    NONE = "none yet"
    OPEN = "no outcome yet"
    SUCCEEDED = "a success"
    FAILED = "a failure"
    NOT_WHY = "a failure that is not why its execution ended"


class Ended(StrEnum):
    """The columns of the table."""

    NOT_KNOWN = "not known to have ended"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    TIMED_OUT = "timed out"
    ABORTED = "ABORTED"


class Says(StrEnum):
    """What the run says of itself, and from whom it has that."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    TASK = "the outcome's status and error"
    EXECUTION_FAILED = "FAILED, the execution's error"
    EXECUTION_STOPPED = "STOPPED, the execution's error"
    TIMED_OUT = "FAILED, `States.Timeout`"


SAYS: Final[Mapping[tuple[Seen, Ended], Says]] = MappingProxyType(
    {
        (Seen.NONE, Ended.NOT_KNOWN): Says.PENDING,
        (Seen.NONE, Ended.SUCCEEDED): Says.PENDING,
        (Seen.NONE, Ended.FAILED): Says.EXECUTION_FAILED,
        (Seen.NONE, Ended.TIMED_OUT): Says.TIMED_OUT,
        (Seen.NONE, Ended.ABORTED): Says.EXECUTION_STOPPED,
        **{(Seen.OPEN, ended): Says.RUNNING for ended in Ended},
        (Seen.SUCCEEDED, Ended.NOT_KNOWN): Says.RUNNING,
        (Seen.SUCCEEDED, Ended.SUCCEEDED): Says.TASK,
        (Seen.SUCCEEDED, Ended.FAILED): Says.TASK,
        (Seen.SUCCEEDED, Ended.TIMED_OUT): Says.TIMED_OUT,
        (Seen.SUCCEEDED, Ended.ABORTED): Says.TASK,
        (Seen.FAILED, Ended.NOT_KNOWN): Says.RUNNING,
        (Seen.FAILED, Ended.SUCCEEDED): Says.TASK,
        (Seen.FAILED, Ended.FAILED): Says.TASK,
        (Seen.FAILED, Ended.TIMED_OUT): Says.TIMED_OUT,
        (Seen.FAILED, Ended.ABORTED): Says.TASK,
        (Seen.NOT_WHY, Ended.NOT_KNOWN): Says.RUNNING,
        (Seen.NOT_WHY, Ended.SUCCEEDED): Says.TASK,
        (Seen.NOT_WHY, Ended.FAILED): Says.EXECUTION_FAILED,
        (Seen.NOT_WHY, Ended.TIMED_OUT): Says.TIMED_OUT,
        (Seen.NOT_WHY, Ended.ABORTED): Says.TASK,
    }
)
_COLUMNS: Final[Mapping[ExecutionStatus, Ended]] = MappingProxyType(
    {
        ExecutionStatus.RUNNING: Ended.NOT_KNOWN,
        ExecutionStatus.PENDING_REDRIVE: Ended.NOT_KNOWN,
        ExecutionStatus.SUCCEEDED: Ended.SUCCEEDED,
        ExecutionStatus.FAILED: Ended.FAILED,
        ExecutionStatus.TIMED_OUT: Ended.TIMED_OUT,
        ExecutionStatus.ABORTED: Ended.ABORTED,
    }
)
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
TIMEOUT: Final = "States.Timeout"
# A state's time-out that nothing catches fails the execution with this error (fact B27); a machine may name the other.
_TIMEOUTS: Final = frozenset({TIMEOUT, "States.HeartbeatTimeout"})
# What says no more than that a task has failed: the task itself says why (facts B21, B40).
_SAYS_NOTHING: Final = frozenset({None, "States.TaskFailed"})
_ENDED: Final = frozenset({RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.STOPPED})


@dataclass(frozen=True, slots=True)
class TaskView:
    """What a run shows of its newest task. `order` says which of two views stands (see `order_of`)."""

    order: str
    outcome: Outcome | None = None
    started_at: datetime | None = None
    stopped_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run. `input` is known where the API started it, without environment values.

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
        if self._says is Says.TASK:
            return _outcome(self.task).summary
        if self._says is Says.TIMED_OUT:
            return f"The run took too long, and Step Functions gave it up.{self._of_its_task}"
        cause = self.execution.cause if self.execution else None
        return f"{cause or 'The execution failed.'}{self._of_its_task}" if self.outcome else cause

    @property
    def advice(self) -> str | None:
        """What to do about it. None where nothing but the execution knows."""
        if self._why_given_up or not self.has_ended:
            return None
        if self._says is Says.TASK:
            return _outcome(self.task).advice
        if self._says is Says.TIMED_OUT:
            return _advice_after_time_out(self.outcome)
        return _ADVICE_BESIDE_A_TASK if self.outcome else None

    @property
    def transient(self) -> bool | None:
        """Whether the same run may well succeed if it is started again. None where nothing but the execution knows."""
        if self._why_given_up or not self.has_ended:
            return None
        if self._says is Says.TASK:
            return _outcome(self.task).transient
        return False if self._says is Says.TIMED_OUT else None

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
    def _why_given_up(self) -> GivenUp | None:
        """It stands while nothing has come after all: a task, or another state of the execution."""
        status = self.execution.status if self.execution else None
        stands = self.task is None and self.given_up and status is _GIVEN_UP_AT[self.given_up]
        return self.given_up if stands else None

    @property
    def _says(self) -> Says:
        if not self.follows:
            return SAYS[_row(self.task, None), Ended.SUCCEEDED]
        return SAYS[_row(self.task, self.execution), _column(self.execution)]

    @property
    def _of_its_task(self) -> str:
        """Further sentences on the task, where something else is said first."""
        if self.outcome is None:
            return ""
        if self.outcome.error is ErrorName.STOPPED_BY_STEP_FUNCTIONS:
            return " Its task was stopped for that."
        return f" Of its task: {self.outcome.summary}"


# What the execution was when it was said.
_GIVEN_UP_AT: Final[Mapping[GivenUp, ExecutionStatus | None]] = MappingProxyType(
    {GivenUp.NOT_STARTED: None, GivenUp.TASK_LOST: ExecutionStatus.SUCCEEDED}
)
_GIVEN_UP: Final = {
    GivenUp.NOT_STARTED: "Step Functions knows no execution of this run: it was accepted, but never started.",
    GivenUp.TASK_LOST: "The execution succeeded, but ECS never showed its task and no longer knows it.",
}


_ADVICE_BESIDE_A_TASK: Final = (
    "Look at the execution's history for the state that failed: how the task ended is not why the run did."
)
_LONGER: Final = (
    "Read the task's log for how far it got and what it waited for. If the work simply needs longer, raise"
    " timeoutSeconds and start the run again."
)
_DONE_TOO_LATE: Final = (
    "The task ended well, and Step Functions did not learn it in time: look at its log and its result before you start"
    " the run again, and raise timeoutSeconds."
)


def _advice_after_time_out(outcome: Outcome | None) -> str:
    """By what became of the task: one that was not stopped for the time-out has advice of its own."""
    if outcome is None or outcome.error is ErrorName.STOPPED_BY_STEP_FUNCTIONS:
        return _LONGER
    return _DONE_TOO_LATE if outcome.succeeded else outcome.advice


def _column(execution: Execution | None) -> Ended:
    if execution is None:
        return Ended.NOT_KNOWN
    if execution.status is ExecutionStatus.FAILED and execution.error in _TIMEOUTS:
        return Ended.TIMED_OUT
    return _COLUMNS[execution.status]


def _row(task: TaskView | None, execution: Execution | None) -> Seen:
    if task is None:
        return Seen.NONE
    if task.outcome is None:
        return Seen.OPEN
    if task.outcome.succeeded:
        return Seen.SUCCEEDED
    return Seen.FAILED if _is_why(task.outcome, execution) else Seen.NOT_WHY


def _is_why(outcome: Outcome, execution: Execution | None) -> bool:
    """Whether a failure is what its execution failed with. One that Step Functions or we stopped came after that."""
    if outcome.error is ErrorName.STOPPED_BY_STEP_FUNCTIONS:
        return False
    error = execution.error if execution else None
    return error in _SAYS_NOTHING or error == outcome.error


def _outcome(task: TaskView | None) -> Outcome:
    """Of a view that has one; the table asks for it in that row alone."""
    return task.outcome if task and task.outcome else lost()


def with_task(run: RunRecord | None, task: TaskRecord, *, follows: bool) -> RunRecord:
    """The run after its task was recorded so.

    An older task changes nothing, nor does an older state of the one shown, nor the task of another machine's execution
    that has the same name.
    """
    run = run or RunRecord(task.run_id)
    if run.follows and task.execution_arn not in {None, run.execution_arn}:
        return run
    run = replace(
        run,
        created_at=run.created_at or task.timeline.created_at,
        pattern=run.pattern or task.pattern,
        execution_arn=run.execution_arn or task.execution_arn,
        follows=run.follows or (follows and run.execution_arn in {None, task.execution_arn}),
    )
    order = order_of(task)
    if run.task and run.task.order >= order:
        return run
    view = TaskView(order, task.outcome, task.timeline.started_at, task.timeline.stopped_at)
    return replace(run, task=view)


def with_tasks(run: RunRecord | None, machines: StateMachines, first: TaskRecord, *more: TaskRecord) -> RunRecord:
    """The run after its tasks were recorded so, in whatever order."""
    run = with_task(run, first, follows=_follows(first, machines))
    return reduce(lambda run, task: with_task(run, task, follows=_follows(task, machines)), more, run)


def with_execution(run: RunRecord | None, execution: Execution, pattern: Pattern | None) -> RunRecord:
    """The run after its execution was seen so; an older state of it, or another execution, changes nothing."""
    run = run or RunRecord(execution.name)
    if run.execution_arn not in {None, execution.arn}:
        return run
    run = replace(
        run,
        execution_arn=execution.arn,
        created_at=run.created_at or execution.started_at,
        pattern=run.pattern or pattern,
        follows=True,
    )
    if run.execution and run.execution.order >= execution.order:
        return run
    return replace(run, execution=execution)


def _follows(task: TaskRecord, machines: StateMachines) -> bool:
    ours = machines.pattern_of_execution(task.execution_arn) is not None
    return ours and is_named(task.execution_arn, task.run_id)


def order_of(task: TaskRecord) -> str:
    """Which view of a run stands: texts that sort as newest task, then ended before not ended, then version."""
    created = lenient.iso(task.timeline.created_at) or ""
    return f"{created}#{task.task_id}#{int(task.outcome is not None)}#{task.version:010d}"


def task_id_of(order: str) -> str:
    """The task that a view is of."""
    return order.split("#")[1]
