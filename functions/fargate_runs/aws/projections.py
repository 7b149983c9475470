"""Projections: which attributes of an item are read if not all are needed."""

from collections.abc import Mapping
from typing import Final

from fargate_runs.aws.items import LOG_ATTRIBUTES, OUTCOME, TASK, TASK_STATE, TIMELINE
from fargate_runs.aws.rows import Row, found, names, needed, reads_one, whole
from fargate_runs.ports import OpenRun, OpenTask
from fargate_runs.reading import lenient
from fargate_runs.reading.execution import ExecutionStatus
from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.run_state import task_id_of

# The sweep reads all of a task but its container's output.
TASK_ATTRIBUTES: Final = (
    "pk",
    "sk",
    *names((*TASK_STATE, *TIMELINE, *TASK)),
    *LOG_ATTRIBUTES,
    "culpritLog",
    *(f"outcome.{name}" for name in names(OUTCOME)),
)

_OPEN_TASK: Final = (
    needed("runId", "run_id"),
    needed("taskId", "task_id"),
    needed("taskArn", "task_arn"),
    Row("pattern", "pattern", Pattern),
    Row("executionArn", "execution_arn"),
    Row("missingSweeps", "missing_sweeps", whole),
    Row("taskCreatedAt", "created_at", lenient.time),
    Row("timeoutSeconds", "timeout_seconds", whole),
)
_OPEN_RUN: Final = (
    needed("runId", "run_id"),
    Row("executionArn", "execution_arn"),
    Row("createdAt", "created_at", lenient.time),
    Row("taskOrder", "newest_task_id", lambda order: task_id_of(str(order))),
    Row("job", "job"),
    Row("takesSlot", "takes_slot", bool),
)

# The attributes of an open item that a sweep reads.
OPEN_ATTRIBUTES: Final = tuple(
    dict.fromkeys(
        (
            *("pk", "sk", *names(_OPEN_TASK), *names(_OPEN_RUN)),
            *("outcome", "followsExecution", "executionStatus", "stopRequest"),
        )
    )
)


@reads_one
def open_item_of(item: Mapping[str, object]) -> OpenTask | OpenRun:
    """Returns an element of the index of open items."""
    if item["sk"] == "RUN":
        return _open_run_of(item)
    return OpenTask(has_outcome="outcome" in item, **found(_OPEN_TASK, item))


def _open_run_of(item: Mapping[str, object]) -> OpenRun:
    """Returns an open run. It has an execution if the run is one of this application's machines."""
    fields = found(_OPEN_RUN, item)
    if not item["followsExecution"]:
        fields["execution_arn"] = None
    has_succeeded = item.get("executionStatus") == ExecutionStatus.SUCCEEDED
    return OpenRun(**fields, has_succeeded=has_succeeded, is_to_stop="stopRequest" in item)
