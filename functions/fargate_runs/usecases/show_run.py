"""Show a run: the document for the API and the command line. It never contains a token or an environment value."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from fargate_runs.answers.document_size import fitted
from fargate_runs.answers.durations import durations_of
from fargate_runs.answers.usage import Prices, Usage, total, usage_of
from fargate_runs.ports import RunStore, UnreadableJobError
from fargate_runs.reading import lenient
from fargate_runs.reading.execution import Execution
from fargate_runs.reading.links import task_url
from fargate_runs.reading.patterns import StateMachines
from fargate_runs.runs.record import TaskRecord
from fargate_runs.runs.request import RECORDED_KEYS
from fargate_runs.runs.run_state import RunRecord
from fargate_runs.runs.run_status import RunStatus
from fargate_runs.usecases.whole_run import whole_run

if TYPE_CHECKING:
    from fargate_runs.ports.jobs import Gates

Document = dict[str, object]


class ShowRun:
    """The use case."""

    def __init__(
        self, store: RunStore, state_machines: StateMachines, prices: Prices, gates: "Gates | None" = None
    ) -> None:
        self._store = store
        self._gates = gates
        self._state_machines = state_machines
        self._prices = prices

    def __call__(self, run_id: str) -> Document:
        """Return the document of a run. Raises RunNotFoundError, UnreadableRecordError or StoreUnavailableError."""
        run, attempts, unreadable = whole_run(self._store, run_id, self._state_machines)
        return run_document(run, attempts, self._prices, unreadable=len(unreadable), place=self._place_of(run))

    def _place_of(self, run: RunRecord) -> int | None:
        """The place of a run among those that wait for a slot of its job. No other run's gate is read."""
        if run.status is not RunStatus.QUEUED or run.job is None or self._gates is None:
            return None
        try:
            return self._gates.find_gate(run.job).place_of(run.run_id)
        except UnreadableJobError:
            return None


def run_document(
    run: RunRecord,
    attempts: Sequence[TaskRecord],
    prices: Prices,
    *,
    unreadable: int = 0,
    place: int | None = None,
) -> Document:
    """Return a run with its attempts, oldest first. Absent values are null, times are ISO 8601 in UTC.

    The usage is computed from the recorded times and sizes, at the current prices. The run's own usage is the sum over
    its ended attempts. `attempt` is RUN_ATTEMPT. Two tasks share it if one attempt was started twice. `culprit` is the
    container whose last lines are shown, if it is not the main one. `unreadableAttempts` counts the attempts whose
    records cannot be read. `queue` is there while the run waits for a slot: since when, and its place, from 1.
    `document_size.py` leaves out attempts and results that do not fit into one answer.
    """
    usages = [usage_of(each.task, prices) for each in attempts]
    outcome = run.outcome if run.has_ended else None
    newest = next((task for task in attempts if task.task_id == run.newest_task_id), None)
    document: Document = {
        "runId": run.run_id,
        "pattern": run.pattern,
        "status": run.status,
        "error": run.error,
        "transient": run.transient,
        "summary": run.summary,
        "advice": run.advice,
        "exitCode": run.exit_code,
        "culprit": outcome.culprit if outcome else None,
        "result": _result(newest) if newest else None,
        "lastLogLines": list(newest.last_lines) if newest and outcome else [],
        "logNote": newest.log_note if newest and outcome else None,
        "executionArn": run.execution_arn,
        "execution": _execution(run.execution),
        "stateMachineArn": run.state_machine_arn,
        "createdAt": lenient.iso(run.created_at),
        "startedAt": lenient.iso(run.task.started_at) if run.task else None,
        "stoppedAt": lenient.iso(run.task.stopped_at) if run.task else None,
        "durationSeconds": run.duration_seconds,
        "usage": _usage(total(usages)),
        "input": _input(run.input),
        "stopRequest": run.stop_request.as_json() if run.stop_request else None,
        "rerunOf": run.rerun_of,
        "job": run.job,
        "schedule": run.schedule,
        "scheduledTime": lenient.iso(run.scheduled_at),
        "queuedAt": lenient.iso(run.queued_at),
        "admittedAt": lenient.iso(run.admitted_at),
        "forced": run.is_forced,
        "reason": run.turned_away.reason if run.turned_away else None,
        "blockedBy": run.turned_away.by if run.turned_away else None,
        "queue": _queue(run, place),
        "deadline": lenient.iso(run.deadline),
        "unreadableAttempts": unreadable,
    }
    return fitted(document, [_attempt(task, usage) for task, usage in zip(attempts, usages, strict=True)])


def _execution(execution: Execution | None) -> Document | None:
    """The state of the execution itself. It may have failed although the task succeeded (fact B22)."""
    if execution is None:
        return None
    return {
        "status": execution.status,
        "error": execution.error,
        "cause": execution.cause,
        "stoppedAt": lenient.iso(execution.stopped_at),
        "redriveCount": execution.redrive_count,
    }


def _queue(run: RunRecord, place: int | None) -> Document | None:
    return {"since": lenient.iso(run.queued_at), "place": place} if run.status is RunStatus.QUEUED else None


_INPUT_KEYS = (*RECORDED_KEYS, "environmentNames")


def _input(given: Mapping[str, object] | None) -> Document | None:
    return None if given is None else {key: given.get(key) for key in _INPUT_KEYS}


def _attempt(record: TaskRecord, usage: Usage | None) -> Document:
    task, outcome = record.task, record.outcome
    return {
        "taskArn": task.task_arn,
        "taskId": task.task_id,
        "taskUrl": task_url(task.task_arn, task.cluster_arn),
        "attempt": task.attempt,
        "status": outcome.status if outcome else None,
        "lastStatus": task.last_status,
        "version": task.version,
        "error": outcome.error if outcome else None,
        "transient": outcome.transient if outcome else None,
        "summary": outcome.summary if outcome else None,
        "advice": outcome.advice if outcome else None,
        "container": outcome.container if outcome else task.main_container,
        "culprit": outcome.culprit if outcome else None,
        "exitCode": outcome.exit_code if outcome else None,
        "stopCode": task.stop_code,
        "stoppedReason": task.stopped_reason,
        "delivery": record.delivery,
        "capacityProviderName": task.capacity_provider_name,
        "cpu": task.cpu,
        "memory": task.memory,
        "timeline": task.timeline.as_detail(),
        "durations": durations_of(task.timeline),
        "usage": _usage(usage),
        "log": record.log.as_json() if record.log else None,
        "culpritLog": record.culprit_log.as_json() if record.culprit_log else None,
        "result": _result(record),
        "resultNote": record.result.note,
        "lastLogLines": list(record.last_lines),
        "logNote": record.log_note,
    }


def _usage(usage: Usage | None) -> Document | None:
    return usage.as_json() if usage else None


def _result(record: TaskRecord) -> object:
    return json.loads(record.result.json) if record.result.json else None
