"""The stored record of a task. The record of a run is in `run_state.py`."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from fargate_runs.outcomes.outcome import Outcome
from fargate_runs.reading.patterns import Pattern
from fargate_runs.reading.task import EcsTask, TaskState
from fargate_runs.runs.log import NO_RESULT, LogLocation, LogTail, Result, result_of


class Delivery(StrEnum):
    """The state of the answer to a task's token."""

    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    # Closed before our answer came: the container answered, the state timed out, the execution stopped, or an earlier
    # try of ours answered and died before it said so.
    CLOSED_BY_OTHERS = "CLOSED_BY_OTHERS"
    # Step Functions accepts no answer, not even the smallest one. Or this never was a token.
    REFUSED = "REFUSED"
    NOT_NEEDED = "NOT_NEEDED"


_CORRECTED: Final = (Delivery.CLOSED_BY_OTHERS, Delivery.REFUSED)


def replaceable_by(delivery: Delivery) -> tuple[Delivery, ...]:
    """Returns the stored deliveries that this one replaces.

    Two processes may deliver at once. If the answer of one was accepted, that explains the other's result.
    """
    return (Delivery.PENDING, *(_CORRECTED if delivery is Delivery.DELIVERED else ()))


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """One task, one attempt of a run: the newest state that ECS has shown of it, its outcome and its delivery.

    `token` is kept only while it may still be needed, and never in the repr. `missing_sweeps` counts the sweeps that
    did not find the task in ECS; the next state from ECS clears it.
    `log` is the main container's. `last_lines` are the end of the log of a task that did not succeed: of `culprit_log`
    if the outcome names a culprit. `log_note` says why there are none.
    """

    task: TaskState
    pattern: Pattern | None = None
    log: LogLocation | None = None
    culprit_log: LogLocation | None = None
    outcome: Outcome | None = None
    result: Result = NO_RESULT
    last_lines: tuple[str, ...] = ()
    log_note: str | None = None
    delivery: Delivery = Delivery.NOT_NEEDED
    missing_sweeps: int = 0
    token: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, task: EcsTask, pattern: Pattern | None, log: LogLocation | None) -> "TaskRecord":
        """Returns the record of a task in this state, without an outcome."""
        delivery = Delivery.PENDING if task.token else Delivery.NOT_NEEDED
        return cls(task.state, pattern, log, delivery=delivery, token=task.token)

    @property
    def run_id(self) -> str:
        """The run that the task is an attempt of."""
        return self.task.run_id

    @property
    def task_id(self) -> str:
        """The id of the task, unique within its run."""
        return self.task.task_id

    @property
    def task_arn(self) -> str:
        """The ARN of the task, unique everywhere."""
        return self.task.task_arn

    @property
    def execution_arn(self) -> str | None:
        """The execution that started the task, as its environment says."""
        return self.task.execution_arn

    @property
    def created_at(self) -> datetime | None:
        """When ECS made the task."""
        return self.task.timeline.created_at

    def keeping(self, stands: "TaskRecord | None") -> "TaskRecord":
        """Returns the same with the facts of the stored record that hold for the task's life, if it lacks them itself.

        The place of the log may have been readable then, and not now. The variables for a token are a setting of the
        stack, which may have changed: the token stays, and so does all that follows from it.
        """
        if stands is None:
            return self
        located = replace(self, log=stands.log or self.log)
        if stands.token is None or self.token is not None:
            return located
        main_container = self.task.main_container or stands.task.main_container
        return replace(
            located,
            task=replace(self.task, main_container=main_container),
            token=stands.token,
            delivery=Delivery.PENDING,
            pattern=stands.pattern,
        )

    def ended(self, outcome: Outcome, result: Result) -> "TaskRecord":
        """Returns the same with its outcome."""
        return replace(self, outcome=outcome, result=result)

    def settled(self, outcome: Outcome, tail: LogTail) -> "TaskRecord":
        """Returns the same with its outcome and its log: the result of a success, else the last lines."""
        if outcome.succeeded:
            return self.ended(outcome, result_of(tail))
        kept = tail.kept()
        return replace(self.ended(outcome, NO_RESULT), last_lines=kept.lines, log_note=kept.note)

    def delivered(self, delivery: Delivery) -> "TaskRecord":
        """Returns the same after the delivery. The token is no longer kept."""
        return replace(self, delivery=delivery, token=None)

    @property
    def awaits_delivery(self) -> bool:
        """True if there is an outcome whose token has not been answered."""
        return self.outcome is not None and self.delivery is Delivery.PENDING

    @property
    def is_open(self) -> bool:
        """True if something is left to do: the task has no outcome, or the outcome was not delivered."""
        return self.outcome is None or self.delivery is Delivery.PENDING
