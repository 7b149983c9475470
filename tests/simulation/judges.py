"""The state "Judge the failure" of our machine for `.sync`: `judge_task` is asked why a task failed, and believed.

What it says goes on to the machine's Retry and to whoever catches its error, so it has to be what truly happened, and
must hold nothing of the task's environment, which the cause that it is given does (facts B7, B21).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from fargate_runs.outcomes.kinds import ErrorName
from local.ecs.model import pascal_case
from tests.simulation.attempts import Attempt
from tests.simulation.ecs import Ecs
from tests.simulation.faults import FaultPlan
from tests.simulation.lambda_ import Lambda
from tests.simulation.printed import SECRETS
from tests.simulation.scheduler import Ended, Scheduler
from tests.simulation.tasks import Task
from tests.simulation.violations import must

_FUNCTION: Final = "judge_task"
_FAILED: Final = "States.TaskFailed"
#: As in the machine: the state's Retry names what Lambda itself raises, and nothing that the function does.
_MOST_TRIES: Final = 6
#: What only `.sync` calls a failure (fact B22).
_OF_A_SUCCESS: Final = frozenset({ErrorName.SIDECAR_FAILED, ErrorName.UNKNOWN})

#: The error that the machine goes on with, and whether another attempt may help.
Verdict = Callable[[str, bool], None]


@dataclass(frozen=True, slots=True)
class _Question:
    attempt: Attempt
    task: Task
    event: Mapping[str, str]
    go_on: Verdict


class Judges:
    """Asks the function, as often as the machine does."""

    def __init__(self, scheduler: Scheduler, plan: FaultPlan, lambda_: Lambda, ecs: Ecs) -> None:
        self._scheduler = scheduler
        self._plan = plan
        self._lambda = lambda_
        self._ecs = ecs
        self.judged = 0

    def judge(self, attempt: Attempt, task: Task, go_on: Verdict) -> None:
        """The state of a task has failed."""
        cause = json.dumps(pascal_case(self._ecs.detail(task, self._milliseconds)))
        event = {"error": _FAILED, "cause": cause, "runId": attempt.branch.execution.spec.name}
        self._ask(_Question(attempt, task, event, go_on), 1)

    def _milliseconds(self, at: float) -> int:
        return int(self._scheduler.datetime(at).timestamp() * 1_000)

    def _ask(self, question: _Question, tries: int) -> None:
        if self._plan.happens(0.1):  # Lambda's own failure
            if tries < _MOST_TRIES:
                self._scheduler.after(self._plan.rng.random() * 2 ** (tries - 1), self._ask, question, tries + 1)
            else:
                question.go_on(_FAILED, False)
            return
        self._lambda.call(_FUNCTION, question.event, partial(self._answered, question))

    def _answered(self, question: _Question, ended: Ended) -> None:
        must(ended.error is None, "I8", f"{_FUNCTION} raises {type(ended.error).__name__}: {ended.error}")
        if ended.died:  # the state's Catch: the error goes on as it is
            question.go_on(_FAILED, False)
            return
        answer: Any = ended.value
        self.judged += 1
        text = json.dumps(answer)
        must(not any(secret in text for secret in SECRETS), "I9", "a failure was judged with a secret in it")
        truth, error = question.task.truth, answer["error"]
        is_true = error in truth or (None in truth and error in _OF_A_SUCCESS)
        must(
            is_true,
            "I3",
            f"the failure of {question.task.task_id} is judged as {error}, and truly {sorted(map(str, truth))}",
        )
        question.go_on(error, answer["transient"])
