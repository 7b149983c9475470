"""Records as DynamoDB items and back. Absent values are absent attributes; numbers come back as Decimal.

    run   pk=RUN#<runId>  sk=RUN            createdAt, listStatus          (index runs-by-status)
                                            list, createdAt, runId         (indexes runs, runs-by-id)
                                            openShard, openSince           (index open, only while it has not ended)
    task  pk=RUN#<runId>  sk=TASK#<taskId>  openShard, openSince           (index open, only while something is to do)
                                            liveExecutionArn, openSince    (index live-by-execution, without an outcome)
    mark  pk=SWEEP        sk=MARK           who sweeps, and how far the last whole sweep has seen

A task's creation is `taskCreatedAt`, so that the index by `createdAt` holds runs only. An item has `expiresAt` when
nothing is to do any more, and a run also between two attempts.
"""

import zlib
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import wraps
from typing import Final, TypeVar

from fargate_runs.outcomes.kinds import ErrorName, OutcomeStatus
from fargate_runs.outcomes.outcome import Outcome
from fargate_runs.ports import OpenRun, OpenTask, Unreadable, UnreadableRecordError
from fargate_runs.reading import lenient
from fargate_runs.reading.execution import Execution, ExecutionStatus
from fargate_runs.reading.links import partition_and_region
from fargate_runs.reading.patterns import Pattern
from fargate_runs.reading.task import Timeline
from fargate_runs.runs.log import NO_RESULT, LogLocation, Result
from fargate_runs.runs.record import Delivery, TaskRecord
from fargate_runs.runs.run_state import GivenUp, RunRecord, TaskView, task_id_of

OPEN_SHARDS: Final = 8
Item = dict[str, object]
T = TypeVar("T")
Read = Callable[[Mapping[str, object]], T]
_LONGEST_PROBLEM: Final = 200


def _reads_one(read: "Read[T]") -> "Read[T]":
    """Whatever is odd about a record is one error that names it, so that it can keep no other from being read."""

    @wraps(read)
    def reads(item: Mapping[str, object]) -> T:
        try:
            return read(item)
        except (LookupError, ValueError, TypeError, ArithmeticError) as error:
            raise UnreadableRecordError(*_owner(item), _problem(error)) from None

    return reads


def _owner(item: Mapping[str, object]) -> tuple[str, str | None]:
    """The run and the task whose record this is: by its key, which every item has."""
    kind, _, task_id = str(item.get("sk", "")).partition("#")
    return str(item.get("pk", "")).removeprefix("RUN#"), task_id if kind == "TASK" else None


def _problem(error: Exception) -> str:
    """Of an attribute that is not there its name; of a word that is not known the word, as enumerations say it."""
    text = f"it has no {error}" if isinstance(error, KeyError) else str(error)
    return text[:_LONGEST_PROBLEM]


def unless_unreadable(read: "Read[T]", item: Mapping[str, object]) -> T | Unreadable:
    """The record, or that it cannot be read: for what reads several."""
    try:
        return read(item)
    except UnreadableRecordError as error:
        return Unreadable(error.run_id, error.task_id, error.problem)


def run_key(run_id: str) -> dict[str, str]:
    """The key of a run."""
    return {"pk": f"RUN#{run_id}", "sk": "RUN"}


def task_key(run_id: str, task_id: str) -> dict[str, str]:
    """The key of a task."""
    return {"pk": f"RUN#{run_id}", "sk": f"TASK#{task_id}"}


def present(attributes: Mapping[str, object]) -> Item:
    """Without the attributes that have no value."""
    return {name: value for name, value in attributes.items() if value is not None}


def task_item(record: TaskRecord, *, now: datetime, expires_at: int) -> Item:
    """A task as it is stored."""
    times = record.timeline.as_detail()
    created = times.pop("createdAt")
    to_do = (
        {"openShard": open_shard(record.task_id), "openSince": created or lenient.iso(now)} if record.is_open else {}
    )
    if record.outcome is None:
        to_do["liveExecutionArn"] = record.execution_arn
    return present(
        {
            **task_key(record.run_id, record.task_id),
            "runId": record.run_id,
            "taskId": record.task_id,
            "taskArn": record.task_arn,
            "clusterArn": record.cluster_arn,
            "taskDefinitionArn": record.task_definition_arn,
            "pattern": record.pattern,
            "executionArn": record.execution_arn,
            "timeoutSeconds": record.timeout_seconds,
            "attempt": record.attempt,
            "startedBy": record.started_by,
            "version": record.version,
            "lastStatus": record.last_status,
            "desiredStatus": record.desired_status,
            "stopCode": record.stop_code,
            "stoppedReason": record.stopped_reason,
            "capacityProviderName": record.capacity_provider_name,
            "cpu": record.cpu,
            "memory": record.memory,
            "mainContainer": record.main_container,
            "logGroup": record.log.group if record.log else None,
            "logStream": record.log.stream if record.log else None,
            "logRegion": _other_region(record, record.log),
            "culpritLog": _log_item(record, record.culprit_log),
            "outcome": _outcome_item(record.outcome, record.result) if record.outcome else None,
            "lastLogLines": list(record.last_lines) or None,
            "logNote": record.log_note,
            "delivery": record.delivery,
            "missingSweeps": record.missing_sweeps or None,
            "taskToken": record.token,
            "taskCreatedAt": created,
            "expiresAt": None if record.is_open else expires_at,
            **times,
            **to_do,
        }
    )


def open_shard(of_id: str) -> str:
    """The partition of the open index that a task or a run is in."""
    return shard(zlib.crc32(of_id.encode()) % OPEN_SHARDS)


def shard(number: int) -> str:
    """A partition of the open index, from 0 to OPEN_SHARDS - 1."""
    return f"OPEN#{number}"


def _outcome_item(outcome: Outcome, result: Result) -> Item:
    return present(
        {
            "status": outcome.status,
            "error": outcome.error,
            "transient": outcome.transient,
            "summary": outcome.summary,
            "advice": outcome.advice,
            "container": outcome.container,
            "culprit": outcome.culprit,
            "exitCode": outcome.exit_code,
            "stopCode": outcome.stop_code,
            "stoppedReason": outcome.stopped_reason,
            "result": result.json,
            "resultNote": result.note,
        }
    )


@_reads_one
def task_of(item: Mapping[str, object]) -> TaskRecord:
    """The record of a stored task."""
    outcome = lenient.mapping(item.get("outcome"))
    task_arn = str(item["taskArn"])
    return TaskRecord(
        run_id=str(item["runId"]),
        task_id=str(item["taskId"]),
        task_arn=task_arn,
        cluster_arn=str(item["clusterArn"]),
        version=_whole(item["version"]) or 0,
        last_status=str(item["lastStatus"]),
        desired_status=_text(item, "desiredStatus"),
        task_definition_arn=_text(item, "taskDefinitionArn"),
        pattern=Pattern(str(item["pattern"])) if "pattern" in item else None,
        execution_arn=_text(item, "executionArn"),
        timeout_seconds=_whole(item.get("timeoutSeconds")),
        attempt=_whole(item.get("attempt")),
        started_by=_text(item, "startedBy"),
        timeline=Timeline.from_detail({**item, "createdAt": item.get("taskCreatedAt")}),
        stop_code=_text(item, "stopCode"),
        stopped_reason=_text(item, "stoppedReason"),
        capacity_provider_name=_text(item, "capacityProviderName"),
        cpu=_text(item, "cpu"),
        memory=_text(item, "memory"),
        main_container=_text(item, "mainContainer"),
        log=_log_of(item, task_arn),
        culprit_log=_log_of(lenient.mapping(item.get("culpritLog")), task_arn),
        outcome=_outcome_of(outcome) if outcome else None,
        result=Result(json=_text(outcome, "result"), note=_text(outcome, "resultNote")),
        last_lines=_lines(item.get("lastLogLines")),
        log_note=_text(item, "logNote"),
        delivery=Delivery(str(item["delivery"])),
        missing_sweeps=_whole(item.get("missingSweeps")) or 0,
        token=_text(item, "taskToken"),
    )


def _outcome_of(item: Mapping[str, object]) -> Outcome:
    return Outcome(
        status=OutcomeStatus(str(item["status"])),
        error=ErrorName(str(item["error"])) if "error" in item else None,
        transient=bool(item["transient"]),
        summary=str(item["summary"]),
        advice=str(item["advice"]),
        container=_text(item, "container"),
        culprit=_text(item, "culprit"),
        exit_code=_whole(item.get("exitCode")),
        stop_code=_text(item, "stopCode"),
        stopped_reason=_text(item, "stoppedReason"),
    )


def run_item(run: RunRecord, *, now: datetime, expires_at: int) -> Item:
    """A run as it is stored over `run.revision`: what it is folded from, and what lists show."""
    created = lenient.iso(run.created_at or now)
    to_do = {} if run.has_ended else {"openShard": open_shard(run.run_id), "openSince": created}
    return present(
        {
            **run_key(run.run_id),
            "runId": run.run_id,
            "status": run.status,
            "listStatus": run.status,
            "list": "RUN",
            "error": run.error,
            "summary": run.summary,
            "exitCode": run.exit_code,
            "createdAt": created,
            "pattern": run.pattern,
            "executionArn": run.execution_arn,
            "stateMachineArn": run.state_machine_arn,
            "followsExecution": run.follows,
            "input": run.input,
            "givenUp": run.given_up,
            "revision": run.revision + 1,
            "expiresAt": expires_at if run.has_ended or run.outcome else None,
            **(_task_view_item(run.task) if run.task else {}),
            **(_execution_item(run.execution) if run.execution else {}),
            **to_do,
        }
    )


def _task_view_item(view: TaskView) -> Item:
    return {
        "taskOrder": view.order,
        "outcome": _outcome_item(view.outcome, NO_RESULT) if view.outcome else None,
        "startedAt": lenient.iso(view.started_at),
        "stoppedAt": lenient.iso(view.stopped_at),
    }


def _execution_item(execution: Execution) -> Item:
    return {
        "executionStatus": execution.status,
        "executionError": execution.error,
        "executionCause": execution.cause,
        "executionStartedAt": lenient.iso(execution.started_at),
        "executionStoppedAt": lenient.iso(execution.stopped_at),
        "redriveCount": execution.redrive_count,
    }


@_reads_one
def run_of(item: Mapping[str, object]) -> RunRecord:
    """The record of a stored run."""
    return RunRecord(
        run_id=str(item["runId"]),
        created_at=lenient.time(item.get("createdAt")),
        pattern=Pattern(str(item["pattern"])) if "pattern" in item else None,
        execution_arn=_text(item, "executionArn"),
        follows=bool(item["followsExecution"]),
        input=_input_of(item["input"]) if "input" in item else None,
        task=_task_view_of(item) if "taskOrder" in item else None,
        execution=_execution_of(item) if "executionStatus" in item else None,
        given_up=GivenUp(str(item["givenUp"])) if "givenUp" in item else None,
        revision=_whole(item["revision"]) or 0,
    )


def _task_view_of(item: Mapping[str, object]) -> TaskView:
    outcome = lenient.mapping(item.get("outcome"))
    return TaskView(
        order=str(item["taskOrder"]),
        outcome=_outcome_of(outcome) if outcome else None,
        started_at=lenient.time(item.get("startedAt")),
        stopped_at=lenient.time(item.get("stoppedAt")),
    )


def _execution_of(item: Mapping[str, object]) -> Execution:
    return Execution(
        arn=str(item["executionArn"]),
        status=ExecutionStatus(str(item["executionStatus"])),
        redrive_count=_whole(item["redriveCount"]) or 0,
        started_at=lenient.time(item.get("executionStartedAt")),
        stopped_at=lenient.time(item.get("executionStoppedAt")),
        error=_text(item, "executionError"),
        cause=_text(item, "executionCause"),
    )


@_reads_one
def open_item_of(item: Mapping[str, object]) -> OpenTask | OpenRun:
    """An element of the index of open items."""
    if item["sk"] == "RUN":
        return OpenRun(
            run_id=str(item["runId"]),
            execution_arn=_text(item, "executionArn") if item["followsExecution"] else None,
            created_at=lenient.time(item.get("createdAt")),
            newest_task_id=task_id_of(str(item["taskOrder"])) if "taskOrder" in item else None,
            has_succeeded=item.get("executionStatus") == ExecutionStatus.SUCCEEDED,
        )
    return OpenTask(
        run_id=str(item["runId"]),
        task_id=str(item["taskId"]),
        task_arn=str(item["taskArn"]),
        has_outcome="outcome" in item,
        pattern=Pattern(str(item["pattern"])) if "pattern" in item else None,
        execution_arn=_text(item, "executionArn"),
        missing_sweeps=_whole(item.get("missingSweeps")) or 0,
        created_at=lenient.time(item.get("taskCreatedAt")),
        timeout_seconds=_whole(item.get("timeoutSeconds")),
    )


def _input_of(value: object) -> Mapping[str, object]:
    """As it was written: numbers are whole numbers again."""
    return {name: _whole_numbers(each) for name, each in lenient.mapping(value).items()}


def _whole_numbers(value: object) -> object:
    if isinstance(value, list):
        return [_whole_numbers(each) for each in value]
    return int(value) if isinstance(value, Decimal) else value


def _text(item: Mapping[str, object], name: str) -> str | None:
    value = item.get(name)
    return value if isinstance(value, str) else None


def _log_item(record: TaskRecord, log: LogLocation | None) -> Item | None:
    """A log under the names that the main container's has among the task's own attributes."""
    if log is None:
        return None
    return present({"logGroup": log.group, "logStream": log.stream, "logRegion": _other_region(record, log)})


def _other_region(record: TaskRecord, log: LogLocation | None) -> str | None:
    """The Region of a log, where it is not the task's."""
    _, region = partition_and_region(record.task_arn)
    return log.region if log and log.region != region else None


def _log_of(item: Mapping[str, object], task_arn: str) -> LogLocation | None:
    if "logGroup" not in item:
        return None
    return LogLocation.of(task_arn, str(item["logGroup"]), str(item["logStream"]), _text(item, "logRegion"))


def _lines(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _whole(value: object) -> int | None:
    return None if value is None else int(str(value))
