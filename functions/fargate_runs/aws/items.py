"""Records as DynamoDB items and back. Absent values are absent attributes; numbers come back as Decimal.

    run   pk=RUN#<runId>  sk=RUN            createdAt, listStatus          (index runs-by-status)
                                            listJob, createdAt             (index runs-by-job, only runs of jobs)
                                            list, createdAt, runId         (indexes runs, runs-by-id)
                                            openShard, openSince           (index open, only while it has not ended)
    task  pk=RUN#<runId>  sk=TASK#<taskId>  openShard, openSince           (index open, only while something is to do)
                                            liveExecutionArn, openSince    (index live-by-execution, without an outcome)
    mark  pk=SWEEP        sk=MARK           who sweeps, and how far the last whole sweep has seen

A field that is stored has one row, in the table of its dataclass. projections.py takes what it can from the tables.

A task's creation is `taskCreatedAt`, so that the index by `createdAt` holds runs only. An item has `expiresAt` when
nothing is to do any more, and a run also between two attempts.
"""

import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from fargate_runs.aws.rows import (
    Item,
    Row,
    found,
    lines,
    needed,
    present,
    reads_one,
    text,
    values,
    whole,
    written,
)
from fargate_runs.outcomes.kinds import ErrorName, OutcomeStatus
from fargate_runs.outcomes.outcome import Outcome
from fargate_runs.reading import lenient
from fargate_runs.reading.execution import Execution, ExecutionStatus
from fargate_runs.reading.links import partition_and_region
from fargate_runs.reading.patterns import Pattern
from fargate_runs.reading.task import TIMELINE_NAMES, TaskState, Timeline
from fargate_runs.runs.billed import Billed
from fargate_runs.runs.log import LogLocation, Result
from fargate_runs.runs.record import Delivery, TaskRecord
from fargate_runs.runs.run_state import GivenUp, RunRecord, StopRequest, TaskView
from fargate_runs.runs.run_status import RunStatus, TurnedAway

OPEN_SHARDS: Final = 8

TASK_STATE: Final = (
    needed("runId", "run_id"),
    needed("taskArn", "task_arn"),
    needed("clusterArn", "cluster_arn"),
    Row("taskDefinitionArn", "task_definition_arn"),
    Row("executionArn", "execution_arn"),
    Row("timeoutSeconds", "timeout_seconds", whole),
    Row("attempt", "attempt", whole),
    Row("startedBy", "started_by"),
    needed("version", "version", whole),
    needed("lastStatus", "last_status"),
    Row("desiredStatus", "desired_status"),
    Row("stopCode", "stop_code"),
    Row("stoppedReason", "stopped_reason"),
    Row("capacityProviderName", "capacity_provider_name"),
    Row("cpu", "cpu"),
    Row("memory", "memory"),
    Row("mainContainer", "main_container"),
)

TIMELINE: Final = tuple(
    Row("taskCreatedAt" if theirs == "createdAt" else theirs, ours, lenient.time, lenient.iso)
    for ours, theirs in TIMELINE_NAMES.items()
)

TASK: Final = (
    Row("pattern", "pattern", Pattern),
    needed("delivery", "delivery", Delivery),
    Row("missingSweeps", "missing_sweeps", whole, lambda times: times or None),
    Row("taskToken", "token"),
)

# The container's output. It may be large, and is read only to show a run.
PRINTED: Final = (
    Row("lastLogLines", "last_lines", lines, lambda lines: list(lines) or None),
    Row("logNote", "log_note"),
)

# Of the map `outcome`.
OUTCOME: Final = (
    needed("status", "status", OutcomeStatus),
    Row("error", "error", ErrorName),
    needed("transient", "transient", bool),
    needed("summary", "summary"),
    needed("advice", "advice"),
    Row("container", "container"),
    Row("culprit", "culprit"),
    Row("exitCode", "exit_code", whole),
    Row("stopCode", "stop_code"),
    Row("stoppedReason", "stopped_reason"),
)


def _outcome_of(item: object) -> Outcome:
    return Outcome(**{"error": None, **found(OUTCOME, lenient.mapping(item))})  # a success has none


def _outcome_item(outcome: Outcome) -> Item:
    return written(OUTCOME, outcome)


# Also in the map `outcome` of a task: taken from the container's output.
RESULT: Final = (Row("result", "json"), Row("resultNote", "note"))

# Of a task, and of the map `culpritLog`.
LOG_ATTRIBUTES: Final = ("logGroup", "logStream", "logRegion")

BILLED: Final = (
    needed("seconds", "seconds", whole),
    needed("cpu", "cpu_units", whole),
    needed("memory", "memory_mib", whole),
    needed("spot", "is_spot", bool),
)


def _attempts_item(attempts: Mapping[str, Billed | None]) -> Item | None:
    return {task_id: written(BILLED, billed) if billed else {} for task_id, billed in attempts.items()} or None


def attempts_of(item: object) -> Mapping[str, Billed | None]:
    """Returns the billed time and size of each task of a run, by task id. Raises LookupError or ValueError."""
    stored = ((task_id, lenient.mapping(each)) for task_id, each in lenient.mapping(item).items())
    return {task_id: Billed(**found(BILLED, each)) if each else None for task_id, each in stored}


STOP_REQUEST: Final = (
    Row("at", "at", lenient.time, lenient.iso, is_needed=True),
    needed("by", "by"),
    needed("reason", "reason"),
)

TURNED_AWAY: Final = (
    needed("status", "status", RunStatus),
    needed("reason", "reason"),
    Row("by", "by"),
)

RUN: Final = (
    needed("runId", "run_id"),
    Row("createdAt", "created_at", lenient.time, lenient.iso),
    Row("pattern", "pattern", Pattern),
    Row("executionArn", "execution_arn"),
    needed("followsExecution", "follows", bool),
    Row("input", "input", values),
    Row("givenUp", "given_up", GivenUp),
    Row("billed", "attempts", attempts_of, _attempts_item),
    Row(
        "stopRequest",
        "stop_request",
        lambda item: StopRequest(**found(STOP_REQUEST, lenient.mapping(item))),
        lambda request: written(STOP_REQUEST, request),
    ),
    Row("rerunOf", "rerun_of"),
    Row("job", "job"),
    Row("schedule", "schedule"),
    Row("scheduledTime", "scheduled_at", lenient.time, lenient.iso),
    Row("takesSlot", "takes_slot", bool, lambda takes: takes or None),
    Row("queuedAt", "queued_at", lenient.time, lenient.iso),
    Row("admittedAt", "admitted_at", lenient.time, lenient.iso),
    Row("forced", "is_forced", bool, lambda is_forced: is_forced or None),
    Row(
        "turnedAway",
        "turned_away",
        lambda item: TurnedAway(**found(TURNED_AWAY, lenient.mapping(item))),
        lambda away: written(TURNED_AWAY, away),
    ),
    Row("deadline", "deadline", lenient.time, lenient.iso),
    Row("revision", "revision", whole, lambda revision: revision + 1, is_needed=True),
)

# The columns of lists. A run that is read computes them again.
LISTED_OF_RUN: Final = (
    Row("status", "status"),
    Row("listStatus", "status"),
    Row("listJob", "job"),
    Row("error", "error"),
    Row("summary", "summary"),
    Row("exitCode", "exit_code"),
    Row("attemptCount", "attempt_count", write=lambda count: count or None),
    Row("stateMachineArn", "state_machine_arn"),
)

TASK_VIEW: Final = (
    needed("taskOrder", "order"),
    Row("outcome", "outcome", _outcome_of, _outcome_item),
    Row("startedAt", "started_at", lenient.time, lenient.iso),
    Row("stoppedAt", "stopped_at", lenient.time, lenient.iso),
)

EXECUTION: Final = (
    needed("executionStatus", "status", ExecutionStatus),
    Row("executionError", "error"),
    Row("executionCause", "cause"),
    Row("executionStartedAt", "started_at", lenient.time, lenient.iso),
    Row("executionStoppedAt", "stopped_at", lenient.time, lenient.iso),
    needed("redriveCount", "redrive_count", whole),
)


def run_key(run_id: str) -> dict[str, str]:
    """Returns the key of a run."""
    return {"pk": f"RUN#{run_id}", "sk": "RUN"}


def task_key(run_id: str, task_id: str) -> dict[str, str]:
    """Returns the key of a task."""
    return {"pk": f"RUN#{run_id}", "sk": f"TASK#{task_id}"}


def open_shard(of_id: str) -> str:
    """Returns the partition of the open index for a task or a run."""
    return shard(zlib.crc32(of_id.encode()) % OPEN_SHARDS)


def shard(number: int) -> str:
    """Returns a partition of the open index, from 0 to OPEN_SHARDS - 1."""
    return f"OPEN#{number}"


def task_item(record: TaskRecord, *, now: datetime, expires_at: int) -> Item:
    """Returns the item of a task."""
    outcome = {**_outcome_item(record.outcome), **written(RESULT, record.result)} if record.outcome else None
    return present(
        {
            **task_key(record.run_id, record.task_id),
            "taskId": record.task_id,
            **written(TASK_STATE, record.task),
            **written(TIMELINE, record.task.timeline),
            **written(TASK, record),
            **written(PRINTED, record),
            **_log_item(record, record.log),
            "culpritLog": _log_item(record, record.culprit_log) or None,
            "outcome": outcome,
            "expiresAt": None if record.is_open else expires_at,
            **_indexes(record, now),
        }
    )


def _indexes(record: TaskRecord, now: datetime) -> Item:
    """Returns the keys of a task in the indexes."""
    if not record.is_open:
        return {}
    return {
        "openShard": open_shard(record.task_id),
        "openSince": lenient.iso(record.created_at or now),
        "liveExecutionArn": None if record.outcome else record.execution_arn,
    }


@reads_one
def task_of(item: Mapping[str, object]) -> TaskRecord:
    """Returns the record of a stored task."""
    timeline = Timeline(**found(TIMELINE, item))
    task = TaskState(**found(TASK_STATE, item), timeline=timeline)
    outcome = item.get("outcome")
    return TaskRecord(
        task,
        **found(TASK, item),
        **found(PRINTED, item),
        log=_log_of(item, task),
        culprit_log=_log_of(lenient.mapping(item.get("culpritLog")), task),
        outcome=None if outcome is None else _outcome_of(outcome),
        result=Result(**found(RESULT, lenient.mapping(outcome))),
    )


def _log_item(record: TaskRecord, log: LogLocation | None) -> Item:
    """Returns the item of a log. It holds the log's Region if that is not the task's."""
    if log is None:
        return {}
    _, region = partition_and_region(record.task_arn)
    values = (log.group, log.stream, log.region if log.region != region else None)
    return present(dict(zip(LOG_ATTRIBUTES, values, strict=True)))


def _log_of(item: Mapping[str, object], task: TaskState) -> LogLocation | None:
    group, stream, region = LOG_ATTRIBUTES
    if group not in item:
        return None
    return LogLocation.of(task.task_arn, str(item[group]), str(item[stream]), text(item.get(region)))


def run_item(run: RunRecord, *, now: datetime, expires_at: int) -> Item:
    """Returns the item of a run, to replace `run.revision`: what the run is folded from, and what lists show."""
    created = lenient.iso(run.created_at or now)
    to_do = {} if run.has_ended else {"openShard": open_shard(run.run_id), "openSince": created}
    return present(
        {
            **run_key(run.run_id),
            "list": "RUN",
            **written(RUN, run),
            **written(LISTED_OF_RUN, run),
            "createdAt": created,
            "expiresAt": expires_at if run.has_ended or run.outcome else None,
            **(written(TASK_VIEW, run.task) if run.task else {}),
            **(written(EXECUTION, run.execution) if run.execution else {}),
            **to_do,
        }
    )


@reads_one
def run_of(item: Mapping[str, object]) -> RunRecord:
    """Returns the record of a stored run."""
    return RunRecord(
        **found(RUN, item),
        task=TaskView(**found(TASK_VIEW, item)) if "taskOrder" in item else None,
        execution=_execution_of(item) if "executionStatus" in item else None,
    )


def _execution_of(item: Mapping[str, object]) -> Execution:
    return Execution(arn=str(item["executionArn"]), **found(EXECUTION, item))
