"""The answer to a task token, made from the recorded outcome. It always fits Step Functions' limits (fact B30)."""

import json
from dataclasses import dataclass
from typing import Final

from fargate_runs.answers.durations import durations_of
from fargate_runs.answers.usage import Prices, usage_of
from fargate_runs.outcomes.kinds import ErrorName
from fargate_runs.outcomes.outcome import Outcome
from fargate_runs.reading.links import task_url
from fargate_runs.runs.record import TaskRecord

LARGEST_OUTPUT: Final = 262_144  # bytes
LONGEST_CAUSE: Final = 32_768  # characters


@dataclass(frozen=True, slots=True)
class Success:
    """The output for SendTaskSuccess: one JSON object."""

    output: str


@dataclass(frozen=True, slots=True)
class Failure:
    """The arguments of SendTaskFailure: the error's name, and one JSON object as the cause."""

    error: str
    cause: str


Answer = Success | Failure


def answer_of(record: TaskRecord, outcome: Outcome, prices: Prices) -> Answer:
    """Returns the answer for a recorded outcome. A cause ends with as many of the log's last lines as fit."""
    if outcome.succeeded:
        return Success(_output(record, outcome, prices))
    return failure_of(record, outcome, prices)


def failure_of(record: TaskRecord, outcome: Outcome, prices: Prices) -> Failure:
    """Returns the answer for an outcome that is no success."""
    return Failure(outcome.error or ErrorName.UNKNOWN, _cause(record, outcome, prices))


def smallest_answer_of(record: TaskRecord, outcome: Outcome) -> Answer:
    """Returns the same verdict without any text of the container or of AWS, for use if the full answer was refused."""
    facts = {"runId": record.run_id, "taskArn": record.task_arn, "exitCode": outcome.exit_code}
    # The callback machine reads from the cause whether another attempt makes sense.
    verdict = {"transient": outcome.transient}
    note = "Step Functions refused the full answer: see the run's record"
    if outcome.succeeded:
        return Success(_json({**facts, "result": None, "note": note}))
    return Failure(outcome.error or ErrorName.UNKNOWN, _json({**facts, **verdict, "summary": note}))


def _output(record: TaskRecord, outcome: Outcome, prices: Prices) -> str:
    facts = _facts(record, outcome, prices)
    note = {"resultNote": record.result.note} if record.result.note else {}
    result = json.loads(record.result.json) if record.result.json else None
    output = _json({**facts, "result": result, **note})
    if len(output.encode("utf-8")) <= LARGEST_OUTPUT:
        return output
    return _json({**facts, "result": None, "resultNote": "the result is too large to be delivered: read it in the log"})


def _cause(record: TaskRecord, outcome: Outcome, prices: Prices) -> str:
    facts = {
        "summary": outcome.summary,
        "advice": outcome.advice,
        "status": outcome.status,
        "transient": outcome.transient,
        **_facts(record, outcome, prices),
        "culprit": outcome.culprit,
        "culpritLog": record.culprit_log.as_json() if record.culprit_log else None,
        "stopCode": outcome.stop_code,
        "stoppedReason": outcome.stopped_reason,
    }
    note = {"logNote": record.log_note} if record.log_note else {}
    lines = record.last_lines
    while True:
        cause = _json({**facts, "lastLogLines": lines, **note})
        if len(cause) <= LONGEST_CAUSE:
            return cause
        if not lines:
            few = ("summary", "advice", "transient", "exitCode")
            return _json({name: facts[name] for name in few})
        lines = lines[1:]


def _facts(record: TaskRecord, outcome: Outcome, prices: Prices) -> dict[str, object]:
    usage = usage_of(record.task, prices)
    return {
        "runId": record.run_id,
        "taskArn": record.task_arn,
        "taskUrl": task_url(record.task_arn, record.task.cluster_arn),
        "container": outcome.container,
        "exitCode": outcome.exit_code,
        "log": record.log.as_json() if record.log else None,
        "timeline": record.task.timeline.as_detail(),
        "durations": durations_of(record.task.timeline),
        "usage": usage.as_json() if usage else None,
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
