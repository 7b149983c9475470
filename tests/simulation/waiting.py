"""The state "Wait for a slot" of our machines: `wait_for_slot` is given a token, and the state waits for its answer."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Final

from fargate_runs.errors import PortError
from tests.simulation.attempts import NOT_PREPARED, QUEUE_TIMED_OUT, TOKEN_CANARY, Execution
from tests.simulation.faults import FaultPlan
from tests.simulation.lambda_ import Lambda
from tests.simulation.scheduler import Ended, Scheduler
from tests.simulation.violations import must

_FUNCTION: Final = "wait_for_slot"
#: As in the machine: the first try and eight more.
_MOST_TRIES: Final = 9
_LONGEST_WAIT_SECONDS: Final = 20.0

#: The error that ends the run; None where it asks again.
GoOn = Callable[[str | None], None]


@dataclass(eq=False, slots=True)
class Wait:
    """One token of the state, which is another one for each try."""

    execution: Execution
    redrives: int
    job: str
    token: str
    go_on: GoOn
    tries: int
    is_over: bool = False

    @property
    def is_open(self) -> bool:
        """Whether the token takes an answer."""
        execution = self.execution
        return not self.is_over and execution.status == "RUNNING" and execution.redrives == self.redrives


class Waits:
    """Calls the function as often as the machine does. `chances` are of its own."""

    def __init__(self, chances: Random, scheduler: Scheduler, plan: FaultPlan, lambda_: Lambda) -> None:
        self._chances = chances
        self._scheduler = scheduler
        self._plan = plan
        self._lambda = lambda_
        self.tokens: dict[str, Wait] = {}
        #: The executions that wait, by their ARN: a redrive of one enters this state again.
        self.waiting: dict[str, str] = {}
        #: The chance that Lambda itself fails, and that the time of the run is over before a slot is free.
        self.fails = 0.0
        self.times_out = chances.choice((0.0, 0.0, 0.1))

    def wait(self, execution: Execution, job: str, go_on: GoOn) -> None:
        """The state is entered."""
        self._plan.count["queued"] += 1
        self.waiting[execution.arn] = job
        self._try(execution, job, go_on, 1)

    def _try(self, execution: Execution, job: str, go_on: GoOn, tries: int) -> None:
        if execution.status != "RUNNING":
            return
        token = f"{TOKEN_CANARY}-{self._chances.getrandbits(96):024x}"
        wait = self.tokens[token] = Wait(execution, execution.redrives, job, token, go_on, tries)
        if not self._plan.is_over and self._chances.random() < self.times_out:
            self._scheduler.after(self._chances.random() * 300, self._time_is_over, wait)
        if not self._plan.is_over and self._chances.random() < self.fails:
            self._again(wait)
            return
        event = {"job": job, "runId": execution.spec.name, "token": token}
        self._lambda.call(_FUNCTION, event, partial(self._returned, wait))

    def _returned(self, wait: Wait, ended: Ended) -> None:
        """What it returns means nothing; an error fails the state, which tries it again with another token."""
        if ended.error is not None:
            known = isinstance(ended.error, PortError)
            must(known, "I8", f"{_FUNCTION} raises {type(ended.error).__name__}: {ended.error}")
        if not ended.well and wait.is_open:
            self._again(wait)

    def _again(self, wait: Wait) -> None:
        wait.is_over = True
        if wait.tries >= _MOST_TRIES:
            wait.go_on(NOT_PREPARED)
            return
        longest = min(_LONGEST_WAIT_SECONDS, 2.0 ** (wait.tries - 1))
        seconds = self._chances.random() * longest
        self._scheduler.after(seconds, self._try, wait.execution, wait.job, wait.go_on, wait.tries + 1)

    def _time_is_over(self, wait: Wait) -> None:
        if wait.is_open:
            wait.is_over = True
            self._plan.count["queue-timed-out"] += 1
            wait.go_on(QUEUE_TIMED_OUT)

    def answered(self, wait: Wait) -> None:
        """The token was answered: the run asks again."""
        wait.is_over = True
        self.waiting.pop(wait.execution.arn, None)
        self._scheduler.trace.add((self._scheduler.now, "slot", wait.execution.spec.name))
        self._scheduler.after(self._chances.random() * 0.2, wait.go_on, None)
