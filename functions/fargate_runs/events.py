"""Reading what EventBridge sends: an envelope (fact B1) around one state of one task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fargate_runs.errors import ForeignEventError, MalformedEventError, MalformedTaskError
from fargate_runs.task import DEFAULT_TOKEN_VARIABLES, EcsTask

SOURCE: Final = "aws.ecs"
DETAIL_TYPE: Final = "ECS Task State Change"


@dataclass(frozen=True, slots=True)
class TaskStateChange:
    """One "ECS Task State Change". `event_id` is for the log only: duplicates are known by task and version."""

    event_id: str
    task: EcsTask

    @classmethod
    def from_event(
        cls, event: object, *, cluster_arn: str, token_variables: Sequence[str] = DEFAULT_TOKEN_VARIABLES
    ) -> "TaskStateChange":
        """Read an event. Raises MalformedEventError or ForeignEventError, which name the field and echo nothing."""
        envelope = _object(event, "the event")
        detail_type = envelope.get("detail-type")
        if envelope.get("source") != SOURCE:
            raise ForeignEventError("source", f"is not {SOURCE!r}")
        if detail_type != DETAIL_TYPE:
            raise MalformedEventError("detail-type", f"is not {DETAIL_TYPE!r}")
        task = _task(_object(envelope.get("detail"), "detail"), token_variables)
        if task.cluster_arn != cluster_arn:
            raise ForeignEventError("detail.clusterArn", "is another cluster than this application's")
        return cls(event_id=str(envelope.get("id", ""))[:64], task=task)


def _object(value: object, field: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise MalformedEventError(field, "is not a JSON object")
    return value


def _task(detail: Mapping[str, object], token_variables: Sequence[str]) -> EcsTask:
    try:
        return EcsTask.from_detail(detail, token_variables=token_variables)
    except MalformedTaskError as error:
        raise MalformedEventError(f"detail.{error.field}", "cannot be used") from error
