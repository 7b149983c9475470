"""Judge why a state that runs a task failed: the same names and the same cause, whichever machine asks.

It reads what Step Functions says (facts B21 and B24) and nothing else but the log, and where that is: what the state
machine is told does not wait for the record, and a lost event does not change it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from fargate_runs import lenient
from fargate_runs.answer import failure_of
from fargate_runs.errors import MalformedTaskError
from fargate_runs.log_reading import TaskLogs
from fargate_runs.patterns import Pattern
from fargate_runs.record import TaskRecord
from fargate_runs.refused_start import is_of_a_call, refusal_of
from fargate_runs.sync_failure import sync_failure_of
from fargate_runs.task import EcsTask, from_pascal_case
from fargate_runs.usage import Prices

TASK_FAILED = "States.TaskFailed"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the state machine goes on with. `log_problem` is for this function's own log."""

    error: str
    cause: str
    transient: bool = False
    exit_code: int | None = None
    throttled: bool = False
    log_problem: str | None = None

    def as_json(self) -> dict[str, object]:
        """What the function answers."""
        return {
            "error": self.error,
            "cause": self.cause,
            "transient": self.transient,
            "throttled": self.throttled,
            "exitCode": self.exit_code,
        }


class JudgeTask:
    """The use case. It never raises: an error that tells neither of a task nor of a call goes on as it came."""

    def __init__(self, logs: TaskLogs, *, prices: Prices) -> None:
        self._logs = logs
        self._prices = prices

    def __call__(self, error: str, cause: str, run_id: str | None = None) -> Judgement:
        """Judge what the state's Catch got. `run_id` stands in the cause of a call that started no task."""
        if is_of_a_call(error):
            refusal = refusal_of(error, cause, run_id)
            return Judgement(refusal.error, refusal.cause, refusal.transient, throttled=refusal.throttled)
        task = _task_in(cause) if error == TASK_FAILED else None
        return Judgement(error, cause) if task is None else self._of(task)

    def _of(self, task: EcsTask) -> Judgement:
        outcome = sync_failure_of(task)
        place = self._logs.place_of(task)
        record = TaskRecord.of(task, Pattern.SYNC, place.location)
        settled = self._logs.settled(record, outcome, task, place)
        failure = failure_of(settled.record, outcome, self._prices)
        problem = settled.log_problem
        return Judgement(failure.error, failure.cause, outcome.transient, outcome.exit_code, log_problem=problem)


def _task_in(cause: str) -> EcsTask | None:
    try:
        said = json.loads(cause)
        return EcsTask.from_detail(from_pascal_case(lenient.mapping(said))) if isinstance(said, Mapping) else None
    except (ValueError, RecursionError, MalformedTaskError):
        return None
