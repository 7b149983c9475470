"""Reads events of EventBridge: an envelope (fact B1) around one state of one task or of one execution."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fargate_runs.errors import (
    ForeignEventError,
    MalformedEventError,
    MalformedExecutionError,
    MalformedTaskError,
)
from fargate_runs.reading.execution import Execution
from fargate_runs.reading.patterns import StateMachines
from fargate_runs.reading.task import DEFAULT_TOKEN_VARIABLES, EcsTask

TASK_EVENTS: Final = ("aws.ecs", "ECS Task State Change")
EXECUTION_EVENTS: Final = ("aws.states", "Step Functions Execution Status Change")
_LONGEST_ID: Final = 64


@dataclass(frozen=True, slots=True)
class TaskStateChange:
    """One "ECS Task State Change". `event_id` is for the log only: task and version identify duplicates."""

    event_id: str
    task: EcsTask

    @classmethod
    def from_event(
        cls, event: object, *, cluster_arn: str, token_variables: Sequence[str] = DEFAULT_TOKEN_VARIABLES
    ) -> "TaskStateChange":
        """Reads an event. Raises MalformedEventError or ForeignEventError; both name the field and show no value."""
        event_id, detail = _opened(event, *TASK_EVENTS)
        task = _task(detail, token_variables)
        if task.cluster_arn != cluster_arn:
            raise ForeignEventError("detail.clusterArn", "is another cluster than this application's")
        return cls(event_id, task)


@dataclass(frozen=True, slots=True)
class ExecutionStateChange:
    """One "Step Functions Execution Status Change". `event_id` is for the log only."""

    event_id: str
    execution: Execution

    @classmethod
    def from_event(cls, event: object, *, state_machines: StateMachines) -> "ExecutionStateChange":
        """Reads an event. Raises MalformedEventError or ForeignEventError; both name the field and show no value."""
        event_id, detail = _opened(event, *EXECUTION_EVENTS)
        try:
            execution = Execution.from_detail(detail)
        except MalformedExecutionError as error:
            raise MalformedEventError(f"detail.{error.field}", "cannot be used") from error
        if state_machines.pattern_of_execution(execution.arn) is None:
            raise ForeignEventError("detail.executionArn", "is of another state machine than this application's")
        return cls(event_id, execution)


def _opened(event: object, source: str, detail_type: str) -> tuple[str, Mapping[str, object]]:
    """Returns the id and the detail of an event of this kind."""
    envelope = _object(event, "the event")
    if envelope.get("source") != source:
        raise ForeignEventError("source", f"is not {source!r}")
    if envelope.get("detail-type") != detail_type:
        raise MalformedEventError("detail-type", f"is not {detail_type!r}")
    return str(envelope.get("id", ""))[:_LONGEST_ID], _object(envelope.get("detail"), "detail")


def _object(value: object, field: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise MalformedEventError(field, "is not a JSON object")
    return value


def _task(detail: Mapping[str, object], token_variables: Sequence[str]) -> EcsTask:
    try:
        return EcsTask.from_detail(detail, token_variables=token_variables)
    except MalformedTaskError as error:
        raise MalformedEventError(f"detail.{error.field}", "cannot be used") from error
