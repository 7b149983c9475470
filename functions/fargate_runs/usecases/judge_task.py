"""Judge the failure of a `.sync` state: the same names and the same cause as a callback run's.

It reads what Step Functions says (fact B21) and nothing else but the log: what the state machine is told does not wait
for the record, and a lost event does not change it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from fargate_runs import lenient
from fargate_runs.answer import failure_of
from fargate_runs.errors import MalformedTaskError
from fargate_runs.log_place import LogPlace
from fargate_runs.log_reading import tail_of
from fargate_runs.patterns import Pattern
from fargate_runs.ports import LogReader
from fargate_runs.record import TaskRecord
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
    log_problem: str | None = None

    def as_json(self) -> dict[str, object]:
        """What the function answers."""
        return {"error": self.error, "cause": self.cause, "transient": self.transient, "exitCode": self.exit_code}


class JudgeTask:
    """The use case. It never raises: an error that tells of no task goes on as it came."""

    def __init__(self, logs: LogReader, *, log_place: LogPlace, prices: Prices) -> None:
        self._logs = logs
        self._log_place = log_place
        self._prices = prices

    def __call__(self, error: str, cause: str) -> Judgement:
        """Judge what the state's Catch got."""
        task = _task_in(cause) if error == TASK_FAILED else None
        if task is None:
            return Judgement(error, cause)
        outcome = sync_failure_of(task)
        record = TaskRecord.of(task, Pattern.SYNC, self._log_place.of(task))
        tail = tail_of(self._logs, record, outcome)
        failure = failure_of(record, outcome, tail, self._prices)
        return Judgement(failure.error, failure.cause, outcome.transient, outcome.exit_code, tail.problem)


def _task_in(cause: str) -> EcsTask | None:
    try:
        said = json.loads(cause)
        return EcsTask.from_detail(from_pascal_case(lenient.mapping(said))) if isinstance(said, Mapping) else None
    except (ValueError, RecursionError, MalformedTaskError):
        return None
