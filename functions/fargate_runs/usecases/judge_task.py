"""Judge why a state that runs a task failed, and what comes next. The judgement is the same for all three machines.

It reads Step Functions' error and cause (facts B21 and B24), the task's log and the location of the log, and nothing
else. So the answer does not wait for the record, and a lost event does not change it. `attempts.py` decides whether the
run is tried again.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import random

from fargate_runs.answers.answer import failure_of
from fargate_runs.answers.log_reading import TaskLogs
from fargate_runs.answers.usage import Prices
from fargate_runs.errors import MalformedTaskError
from fargate_runs.outcomes.kinds import KINDS, ErrorName
from fargate_runs.outcomes.refused_start import is_of_a_call, refusal_of
from fargate_runs.outcomes.sync_failure import sync_failure_of
from fargate_runs.ports import Clock
from fargate_runs.reading import lenient
from fargate_runs.reading.patterns import Pattern
from fargate_runs.reading.task import EcsTask, from_pascal_case
from fargate_runs.runs.attempts import Failed, Next, Plan, next_attempt, within_its_time
from fargate_runs.runs.record import TaskRecord
from fargate_runs.runs.run_verdict import NO_TIME_LEFT, TOTAL_TIMEOUT

TASK_FAILED = "States.TaskFailed"
_NAMES = frozenset(ErrorName)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict for the state machine. `log_problem` is for this function's own log.

    `plan` is the plan of the call. It is None if the machine is of an older version, without plans. `next` is the next
    attempt, if there is one.
    """

    error: str
    cause: str
    transient: bool = False
    exit_code: int | None = None
    throttled: bool = False
    log_problem: str | None = None
    started_a_task: bool = False
    plan: Plan | None = None
    next: Next | None = None

    def as_json(self) -> dict[str, object]:
        """Return the function's answer."""
        judged: dict[str, object] = {
            "error": self.error,
            "cause": self.cause,
            "transient": self.transient,
            "throttled": self.throttled,
            "exitCode": self.exit_code,
        }
        if self.plan is None:
            return judged
        return {
            **judged,
            "again": self.next is not None,
            "waitSeconds": self.next.wait_seconds if self.next else 0,
            "plan": (self.next.plan if self.next else self.plan).as_json(),
        }


class JudgeTask:
    """The use case. It never raises: an error that is neither about a task nor about a call is returned unchanged.

    `part` returns the random part of a wait.
    """

    def __init__(self, logs: TaskLogs, clock: Clock, *, prices: Prices, part: Callable[[], float] = random) -> None:
        self._logs = logs
        self._clock = clock
        self._prices = prices
        self._part = part

    def __call__(self, error: str, cause: str, run_id: str | None = None, plan: Plan | None = None) -> Judgement:
        """Judge what the state's Catch received. `run_id` goes into the cause of a call that started no task.

        `plan` holds the tries that the run has left. With a plan, this also decides about another attempt.
        """
        judged = self._judged(error, cause, run_id)
        if plan is None:
            return judged
        failed = Failed(judged.error, judged.transient, judged.throttled, judged.exit_code, judged.started_a_task)
        another = next_attempt(plan, failed, self._part())
        if another is None:
            return replace(judged, plan=plan)
        fitting = within_its_time(another, self._clock.now())
        if fitting is None:
            return replace(judged, error=TOTAL_TIMEOUT, cause=NO_TIME_LEFT, transient=False, plan=plan)
        return replace(judged, plan=plan, next=fitting)

    def _judged(self, error: str, cause: str, run_id: str | None) -> Judgement:
        if is_of_a_call(error):
            refusal = refusal_of(error, cause, run_id)
            return Judgement(refusal.error, refusal.cause, refusal.transient, throttled=refusal.throttled)
        if error in _NAMES:
            return _as_it_is_named(ErrorName(error), cause)
        task = _task_in(cause) if error == TASK_FAILED else None
        return Judgement(error, cause) if task is None else self._of(task)

    def _of(self, task: EcsTask) -> Judgement:
        outcome = sync_failure_of(task)
        place = self._logs.place_of(task)
        record = TaskRecord.of(task, Pattern.SYNC, place.location)
        settled = self._logs.settled(record, outcome, task, place)
        failure = failure_of(settled.record, outcome, self._prices)
        return Judgement(
            failure.error,
            failure.cause,
            outcome.transient,
            outcome.exit_code,
            log_problem=settled.log_problem,
            started_a_task=True,
        )


def _as_it_is_named(error: ErrorName, cause: str) -> Judgement:
    """Judge an outcome that was the answer to a task token. Its cause may say that it is not transient."""
    try:
        said = lenient.mapping(json.loads(cause))
    except (ValueError, RecursionError):
        said = {}
    transient = KINDS[error].transient and said.get("transient") is not False
    exit_code = lenient.whole_number(said.get("exitCode"))
    return Judgement(error, cause, transient, exit_code, started_a_task=True)


def _task_in(cause: str) -> EcsTask | None:
    try:
        said = json.loads(cause)
        return EcsTask.from_detail(from_pascal_case(lenient.mapping(said))) if isinstance(said, Mapping) else None
    except (ValueError, RecursionError, MalformedTaskError):
        return None
