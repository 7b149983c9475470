"""The state "Prepare the run" of our machines: `prepare_run` is asked before anything is started, and tried again.

It fails, is throttled, dies, is slow, and is called twice: a call that the state has given up may still be carried
out. Whatever happens, a run that starts a task has a record that says so, and a run that could not be prepared ends
under a name of its own with nothing started (I1).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any, Final

from fargate_runs.errors import InvalidRunRequestError, RunHasEndedError, RunSkippedError, SlotTakenError
from fargate_runs.ports import StoreUnavailableError
from tests.simulation.attempts import INVALID_INPUT, NOT_PREPARED, SKIPPED, Execution
from tests.simulation.faults import FaultPlan
from tests.simulation.invariants import Invariants
from tests.simulation.lambda_ import Lambda
from tests.simulation.scheduler import Ended, Scheduler
from tests.simulation.violations import must
from tests.simulation.waiting import GoOn, Waits

_FUNCTION: Final = "prepare_run"
#: As in the machine: the first try and eight more, each for half a minute at most.
_MOST_TRIES: Final = 9
_STATE_SECONDS: Final = 30.0
_LONGEST_WAIT_SECONDS: Final = 20.0
#: What anybody may write into an input that is not one, and is refused whatever the pattern is.
BAD_INPUT: Final = '{"commands": 3, "environment": {"RUN_ID": "mine"}}'

#: What the function raises, and the state catches or tries again.
_KNOWN: Final = (InvalidRunRequestError, StoreUnavailableError, SlotTakenError, RunSkippedError, RunHasEndedError)


@dataclass(eq=False, slots=True)
class _Question:
    """`waits_for` is the try whose answer counts; 0 while none does."""

    execution: Execution
    given: str
    go_on: GoOn
    tries: int = 0
    waits_for: int = 0


class Preparations:
    """Asks the function, as often as the machine does. `chances` are of its own: other worlds stay what they are."""

    def __init__(self, scheduler: Scheduler, plan: FaultPlan, lambda_: Lambda, invariants: Invariants) -> None:
        self._scheduler = scheduler
        self._plan = plan
        self._lambda = lambda_
        self._invariants = invariants
        self.chances = Random(0)
        #: The chance that Lambda itself fails, or takes no more calls; in some worlds it does nothing else.
        self.fails = 0.0
        self.waits: Waits | None = None
        self.on_let_in: Callable[[Execution], None] = lambda _execution: None
        self.input_of: Callable[[Execution], str] = lambda _execution: "{}"
        self.prepared = 0
        self.given_up = 0

    def prepare(self, execution: Execution, go_on: GoOn) -> None:
        """The first state of an execution is entered."""
        question = _Question(execution, self.input_of(execution), go_on)
        job = self.waits.waiting.get(execution.arn) if self.waits else None
        if job:  # a redrive: it waited when it was aborted
            self._wait(question, job)
        else:
            self._ask(question)

    def _wait(self, question: _Question, job: str) -> None:
        assert self.waits
        self.waits.wait(question.execution, job, partial(self._waited, question))

    def _waited(self, question: _Question, error: str | None) -> None:
        if error is not None:
            question.go_on(error)
        else:
            self._ask(_Question(question.execution, question.given, question.go_on))

    def _ask(self, question: _Question) -> None:
        execution = question.execution
        if execution.status != "RUNNING":
            return
        question.tries += 1
        question.waits_for = question.tries
        if not self._plan.is_over and self.chances.random() < self.fails:
            self._again(question)
            return
        event = {
            "pattern": execution.spec.pattern.value,
            "input": json.loads(question.given),
            "executionArn": execution.arn,
            "startDate": self._scheduler.iso(execution.started),
            "redriveCount": execution.redrives,
        }
        self._lambda.call(_FUNCTION, event, partial(self._answered, question, question.tries))
        self._scheduler.after(_STATE_SECONDS, self._times_out, question, question.tries)

    def _times_out(self, question: _Question, tries: int) -> None:
        """The state does not wait any longer. What was asked may be carried out all the same."""
        if question.waits_for == tries:
            self._again(question)

    def _again(self, question: _Question) -> None:
        question.waits_for = 0  # whatever comes of it now
        if question.tries >= _MOST_TRIES:
            self.given_up += 1
            question.go_on(NOT_PREPARED)
            return
        longest = min(_LONGEST_WAIT_SECONDS, 2.0 ** (question.tries - 1))
        self._scheduler.after(self.chances.random() * longest, self._ask, question)

    def _answered(self, question: _Question, tries: int, ended: Ended) -> None:
        if ended.error is not None and not isinstance(ended.error, _KNOWN):
            must(False, "I8", f"{_FUNCTION} raises {type(ended.error).__name__}: {ended.error}")
        if question.waits_for != tries:
            return  # given up before
        question.waits_for = 0
        if isinstance(ended.error, InvalidRunRequestError):
            must(question.given == BAD_INPUT, "I1", f"{question.execution.spec.name} is refused: {ended.error}")
            question.go_on(INVALID_INPUT)
        elif isinstance(ended.error, SlotTakenError):
            self._wait(question, ended.error.job)
        elif isinstance(ended.error, RunSkippedError):
            self._plan.count["skipped"] += 1
            question.go_on(SKIPPED)
        elif isinstance(ended.error, RunHasEndedError):
            question.go_on(NOT_PREPARED)
        elif ended.well:
            self._check(question.execution, ended.value)
            self.prepared += 1
            if question.execution.status == "RUNNING":
                self.on_let_in(question.execution)
            question.go_on(None)
        else:
            self._again(question)

    def _check(self, execution: Execution, answer: Any) -> None:
        """What it answered is of this run, and the run's record says who and what (I1)."""
        name = execution.spec.name
        must(name in answer["overrides"][0], "I1", f"the overrides of {name} are another run's")
        if self._invariants.is_of_tomorrow(f"RUN#{name}"):
            return
        item = self._invariants.run(name)
        is_recorded = item is not None and "input" in item and item["executionArn"]["S"] == execution.arn
        must(is_recorded, "I1", f"run {name} is prepared, and no record says so")
