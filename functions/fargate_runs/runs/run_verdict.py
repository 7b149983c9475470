"""The status and the error of a run, and where both come from: first of all from what ended it. One table. Pure.

    task \\ execution       not known to have ended   SUCCEEDED   FAILED      timed out   ABORTED     stopped
    none yet               PENDING                   PENDING     EXECUTION   TIME-OUT    EXECUTION   EXECUTION
    no outcome yet         RUNNING                   RUNNING     RUNNING     RUNNING     RUNNING     RUNNING
    a success              RUNNING                   TASK        TASK        TIME-OUT    TASK        TASK
    a failure              RUNNING                   TASK        TASK        TIME-OUT    TASK        EXECUTION
    a failure, not why     RUNNING                   TASK        EXECUTION   TIME-OUT    TASK        EXECUTION

TASK, EXECUTION and TIME-OUT name the source of the run's status and error. The task's outcome is shown beside them. A
task that was stopped because its execution had failed never explains why that failed. An execution that the API has
stopped may have been about to start another attempt, so the failure of the last one does not explain the run's end.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from fargate_runs.outcomes.kinds import ErrorName
from fargate_runs.outcomes.outcome import Outcome
from fargate_runs.reading.execution import Execution, ExecutionStatus


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
    STOPPED = "ABORTED with `Run.Stopped`"


class Says(StrEnum):
    """The status and the error of a run, and their source."""

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
        (Seen.NONE, Ended.STOPPED): Says.EXECUTION_STOPPED,
        **{(Seen.OPEN, ended): Says.RUNNING for ended in Ended},
        (Seen.SUCCEEDED, Ended.NOT_KNOWN): Says.RUNNING,
        (Seen.SUCCEEDED, Ended.SUCCEEDED): Says.TASK,
        (Seen.SUCCEEDED, Ended.FAILED): Says.TASK,
        (Seen.SUCCEEDED, Ended.TIMED_OUT): Says.TIMED_OUT,
        (Seen.SUCCEEDED, Ended.ABORTED): Says.TASK,
        (Seen.SUCCEEDED, Ended.STOPPED): Says.TASK,
        (Seen.FAILED, Ended.NOT_KNOWN): Says.RUNNING,
        (Seen.FAILED, Ended.SUCCEEDED): Says.TASK,
        (Seen.FAILED, Ended.FAILED): Says.TASK,
        (Seen.FAILED, Ended.TIMED_OUT): Says.TIMED_OUT,
        (Seen.FAILED, Ended.ABORTED): Says.TASK,
        (Seen.FAILED, Ended.STOPPED): Says.EXECUTION_STOPPED,
        (Seen.NOT_WHY, Ended.NOT_KNOWN): Says.RUNNING,
        (Seen.NOT_WHY, Ended.SUCCEEDED): Says.TASK,
        (Seen.NOT_WHY, Ended.FAILED): Says.EXECUTION_FAILED,
        (Seen.NOT_WHY, Ended.TIMED_OUT): Says.TIMED_OUT,
        (Seen.NOT_WHY, Ended.ABORTED): Says.TASK,
        (Seen.NOT_WHY, Ended.STOPPED): Says.EXECUTION_STOPPED,
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
RUN_STOPPED: Final = "Run.Stopped"
"""The error of an execution that the API has stopped, and of its run."""
TIMEOUT: Final = "States.Timeout"
TOTAL_TIMEOUT: Final = "Run.TotalTimeout"
"""The error of a run that its totalTimeoutSeconds have ended: before an attempt, or in the middle of one."""
# A state's time-out that nothing catches fails the execution with the first (fact B27). A machine may use the second.
_TIMEOUTS: Final = frozenset({TIMEOUT, "States.HeartbeatTimeout"})
# These only say that a task has failed. The task itself says why (facts B21, B40).
_SAYS_NOTHING: Final = frozenset({None, "States.TaskFailed"})


TOO_LONG: Final = "The run took too long, so Step Functions ended it."
TOO_LONG_IN_TOTAL: Final = "The run's totalTimeoutSeconds were over, so Step Functions ended it."
NO_TIME_LEFT: Final = "The run's totalTimeoutSeconds were over before another attempt could begin."
ADVICE_BESIDE_A_TASK: Final = (
    "Look at the execution's history for the state that failed: how the task ended is not why the run did."
)
_LONGER: Final = (
    "Read the task's log for how far it got and what it waited for. If the work simply needs longer, raise"
    " timeoutSeconds and start the run again."
)
ADVICE_AFTER_TOTAL_TIMEOUT: Final = (
    "See in the attempts what took so long or failed. If the run simply needs longer, raise totalTimeoutSeconds and"
    " start it again."
)
_DONE_TOO_LATE: Final = (
    "The task ended well, and Step Functions did not learn it in time: look at its log and its result before you start"
    " the run again, and raise timeoutSeconds."
)


def advice_after_time_out(outcome: Outcome | None) -> str:
    """Returns the advice by the end of the task. A task that the time-out did not stop has its own advice."""
    if outcome is None or outcome.error is ErrorName.STOPPED_BY_STEP_FUNCTIONS:
        return _LONGER
    return _DONE_TOO_LATE if outcome.succeeded else outcome.advice


def column_of(execution: Execution | None) -> Ended:
    """Returns the column of the table."""
    if execution is None:
        return Ended.NOT_KNOWN
    if execution.status is ExecutionStatus.FAILED and execution.error in _TIMEOUTS:
        return Ended.TIMED_OUT
    if execution.status is ExecutionStatus.ABORTED and execution.error == RUN_STOPPED:
        return Ended.STOPPED
    return _COLUMNS[execution.status]


def row_of(outcome: Outcome | None, execution: Execution | None, *, has_task: bool) -> Seen:
    """Returns the row of the table, for a run's newest task."""
    if outcome is None:
        return Seen.OPEN if has_task else Seen.NONE
    if outcome.succeeded:
        return Seen.SUCCEEDED
    return Seen.FAILED if _is_why(outcome, execution) else Seen.NOT_WHY


def _is_why(outcome: Outcome, execution: Execution | None) -> bool:
    """Returns whether the execution failed with this failure. A stop by Step Functions or by us came after the end."""
    was_stopped_for_it = outcome.error is ErrorName.STOPPED_BY_STEP_FUNCTIONS
    error = execution.error if execution else None
    return not was_stopped_for_it and error in {*_SAYS_NOTHING, outcome.error}


def of_its_task(outcome: Outcome | None) -> str:
    """Returns further sentences on the task, to follow the sentences on the execution."""
    if outcome is None:
        return ""
    if outcome.error is ErrorName.STOPPED_BY_STEP_FUNCTIONS:
        return " Its task was stopped for that."
    return f" Of its task: {outcome.summary}"
