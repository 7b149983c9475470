"""Which attributes are read of an item, where not all of them are."""

from typing import Final

from fargate_runs.reading.task import TIMELINE_NAMES

# What is read of a task that is only looked after: all but what its container printed.
TASK_ATTRIBUTES: Final = (
    "pk",
    "sk",
    "runId",
    "taskId",
    "taskArn",
    "clusterArn",
    "taskDefinitionArn",
    "pattern",
    "executionArn",
    "timeoutSeconds",
    "attempt",
    "startedBy",
    "version",
    "lastStatus",
    "desiredStatus",
    "stopCode",
    "stoppedReason",
    "capacityProviderName",
    "cpu",
    "memory",
    "mainContainer",
    "logGroup",
    "logStream",
    "logRegion",
    "culpritLog",
    "outcome.status",
    "outcome.error",
    "outcome.transient",
    "outcome.summary",
    "outcome.advice",
    "outcome.container",
    "outcome.culprit",
    "outcome.exitCode",
    "outcome.stopCode",
    "outcome.stoppedReason",
    "delivery",
    "missingSweeps",
    "taskToken",
    "taskCreatedAt",
    *(name for name in TIMELINE_NAMES.values() if name != "createdAt"),
)

# What a sweep reads of each open item.
OPEN_ATTRIBUTES: Final = (
    "pk",
    "sk",
    "runId",
    "taskId",
    "taskArn",
    "outcome",
    "pattern",
    "executionArn",
    "missingSweeps",
    "taskCreatedAt",
    "timeoutSeconds",
    "createdAt",
    "followsExecution",
    "executionStatus",
    "taskOrder",
)
