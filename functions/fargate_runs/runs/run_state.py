"""The state of a run, as its newest task and its execution give it. Pure. Its status and errors: see run_verdict.py.
How a run becomes what it is, event by event: see run_folding.py.

The table there is for a run that is an execution of this application's machines. Such a run is RUNNING between two
attempts, and has ended when both the task and the execution have. Any other run is as its newest task is: an item of
a fan-out, or a task of somebody's own machine.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from fargate_runs.outcomes.kinds import ErrorName
from fargate_runs.outcomes.outcome import Outcome, lost
from fargate_runs.reading import lenient
from fargate_runs.reading.execution import Execution, ExecutionStatus
from fargate_runs.reading.patterns import Pattern, state_machine_of
from fargate_runs.runs.billed import Billed
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
# A limit that ends at the deadline was computed by a clock of ours, in whole seconds.
_JUST_BEFORE: Final = timedelta(seconds=2)


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


def task_id_of(order: str) -> str:
    """Returns the task of a view's order."""
    return order.split("#")[1]
