"""Which tasks are abandoned: they run, but their execution does not wait for them any more. Pure.

One table decides about a task whose execution has ended:

    pattern \\ execution       open    SUCCEEDED     FAILED, TIMED_OUT, ABORTED
    request-response, none    LEAVE   LEAVE         STOP
    sync, callback            LEAVE   STOP_LATER    STOP

A request-response execution succeeds while its task works on. In the other two patterns such a task is abandoned: its
container answered its own token, or its state timed out and the execution went on without it. It gets a few minutes to
end by itself. Step Functions stops tasks of `.sync` only, on a best-effort basis (fact B26).

While an execution runs, a task of it is abandoned if it is a replaced attempt: a retry has started the next one, or
Step Functions has started the same one once more.

A request-response run may be asked to stop when its execution has succeeded and its task is not known yet. Then its
task is stopped when it is seen.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from fargate_runs.reading.execution import Execution, ExecutionStatus
from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.record import TaskRecord
from fargate_runs.runs.run_folding import JUST_AFTER, is_attempt
from fargate_runs.runs.run_state import RunRecord, StopRequest

GRACE: Final = timedelta(minutes=5)
# DescribeExecution is eventually consistent: for some seconds it may not show a redrive.
SHOWN_AFTER: Final = timedelta(minutes=1)
LONGEST_REASON: Final = 255  # fact B30


class Verdict(StrEnum):
    """The decision about the task."""

    LEAVE = "nothing: the task has somebody who wants it"
    STOP_LATER = "it is stopped if it still runs five minutes after its execution"
    STOP = "it is stopped"


_WITHOUT_TOKENS: Final = frozenset({Pattern.REQUEST_RESPONSE, Pattern.SYNC})
_NOBODY_WAITS: Final = (ExecutionStatus.FAILED, ExecutionStatus.TIMED_OUT, ExecutionStatus.ABORTED)
_OPEN: Final = (ExecutionStatus.RUNNING, ExecutionStatus.PENDING_REDRIVE)
_PATTERNS: Final = (*Pattern, None)
_ON_SUCCESS: Final[Mapping[Pattern | None, Verdict]] = MappingProxyType(
    {
        Pattern.REQUEST_RESPONSE: Verdict.LEAVE,
        None: Verdict.LEAVE,
        Pattern.SYNC: Verdict.STOP_LATER,
        Pattern.CALLBACK: Verdict.STOP_LATER,
    }
)
VERDICTS: Final[Mapping[tuple[Pattern | None, ExecutionStatus], Verdict]] = MappingProxyType(
    {
        **{(pattern, status): Verdict.LEAVE for pattern in _PATTERNS for status in _OPEN},
        **{(pattern, ExecutionStatus.SUCCEEDED): verdict for pattern, verdict in _ON_SUCCESS.items()},
        **{(pattern, status): Verdict.STOP for pattern in _PATTERNS for status in _NOBODY_WAITS},
    }
)


def is_to_be_stopped(pattern: Pattern | None, execution: Execution, now: datetime) -> bool:
    """Returns whether to stop a live task of this execution now. Only the grace depends on `now`."""
    verdict = VERDICTS[pattern, execution.status]
    if verdict is Verdict.STOP_LATER:
        return execution.stopped_at is not None and now - execution.stopped_at >= GRACE
    return verdict is Verdict.STOP


def may_be_of_a_redrive(created_at: datetime | None, execution: Execution, now: datetime) -> bool:
    """Returns whether a live task of an ended execution may belong to a redrive that Step Functions does not show yet.

    ECS made it after the end, and only just now. A minute later the redrive shows, or there was none.
    """
    if created_at is None or execution.stopped_at is None:
        return False
    return created_at - execution.stopped_at > JUST_AFTER and now - created_at < SHOWN_AFTER


def may_be_asked_to_stop(run: RunRecord, task: TaskRecord) -> bool:
    """Whether a live task is of a run that somebody asked to stop, and no end of its execution stops the task."""
    if run.stop_request is None or not run.follows or (run.execution and run.execution.status in _NOBODY_WAITS):
        return False
    return task.pattern is Pattern.REQUEST_RESPONSE and is_attempt(run, task)


def is_asked_to_stop(execution: Execution) -> bool:
    """Whether the request is for this execution as it is now.

    A redrive came after the request. An execution that failed or was stopped is left to the table above.
    """
    return execution.status not in _NOBODY_WAITS and not execution.redrive_count


def may_be_replaced(tasks: Sequence[TaskRecord]) -> tuple[TaskRecord, ...]:
    """Returns live tasks with a token that may be replaced: a newer task or one of the same attempt stands beside them.

    `tasks` are those of one run; only tasks of one execution are compared. A retry closes the token of the attempt
    before it starts the next one (fact B28). So a closed token means that the attempt was replaced. An open one means
    that both are wanted: the branches of a Parallel or Map state share a run id.
    """
    return tuple(
        each
        for each in tasks
        if each.outcome is None
        and each.token is not None
        and any(
            other.execution_arn == each.execution_arn and (_is_newer(other, each) or _is_twin(other, each))
            for other in tasks
        )
    )


def started_twice(tasks: Sequence[TaskRecord], execution: Execution) -> tuple[TaskRecord, ...]:
    """Returns live tasks without a token that this execution of our machines has replaced by a later one (fact B43).

    RunTask was carried out, but answered with a 5xx, so Step Functions called it again and knows only the later task.
    The second call is for the same attempt. It is for a later one if the execution was closed in between and redriven.

    Other tasks are somebody else's: one made after the end of the execution, and one that was started otherwise. A task
    from before the execution belongs to an earlier one of this name. The clocks of ECS and Step Functions may differ by
    a few seconds.
    """
    return tuple(
        each
        for each in tasks
        if each.outcome is None
        and each.pattern in _WITHOUT_TOKENS
        and each.execution_arn == execution.arn
        and any(_replaces(other, each, execution) for other in tasks)
    )


def _replaces(other: TaskRecord, each: TaskRecord, execution: Execution) -> bool:
    ours, theirs = each.created_at, other.created_at
    attempt, later = each.task.attempt, other.task.attempt
    if attempt is None or later is None or ours is None or theirs is None:
        return False
    is_later = later >= attempt and theirs > ours
    is_of_it = (other.execution_arn, other.task.started_by) == (each.execution_arn, each.task.started_by)
    began, ended = execution.started_at or ours, execution.stopped_at or theirs
    return is_later and is_of_it and began - ours <= JUST_AFTER and theirs - ended <= JUST_AFTER


def _is_twin(other: TaskRecord, each: TaskRecord) -> bool:
    """Returns whether the other one is a second task of the same attempt, within one execution."""
    attempt = each.task.attempt
    return attempt is not None and other.task.attempt == attempt and other.task_arn != each.task_arn


def _is_newer(other: TaskRecord, than: TaskRecord) -> bool:
    ours, theirs = than.created_at, other.created_at
    return ours is not None and theirs is not None and theirs > ours


def reason_of_end(execution: Execution) -> str:
    """Returns the reason that ECS keeps for a task whose execution has ended; `rules.py` matches it (fact B17)."""
    return _reason(execution.arn, f"managing this resource ended: {execution.status}")


def reason_of_retry(record: TaskRecord) -> str:
    """Returns the reason for an attempt that a retry has replaced: its token is closed, and its execution goes on."""
    return _reason(record.execution_arn or record.run_id, "managing this resource replaced this attempt")


def reason_of_request(request: StopRequest) -> str:
    """The reason for what is stopped because somebody asked for it."""
    return f"{request.reason} (stopped by {request.by})"


def reason_of_second_start(record: TaskRecord) -> str:
    """Returns the reason for a task whose attempt was started once more: the answer of the first RunTask was lost."""
    return _reason(record.execution_arn or record.run_id, "managing this resource started this attempt once more")


def _reason(execution_arn: str, what: str) -> str:
    text = f"AWS Step Functions execution [{execution_arn}] {what}"
    if len(text) <= LONGEST_REASON:
        return text
    machine_and_name = execution_arn.partition(":execution:")[2] or execution_arn
    kept = machine_and_name[: LONGEST_REASON - len(text) + len(execution_arn)]
    return f"AWS Step Functions execution [{kept}] {what}"
