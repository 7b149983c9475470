"""Lambda: asynchronous invocations of the real handlers, tried again, then put into the dead-letter queue."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any, Final

from tests.simulation.faults import FaultPlan
from tests.simulation.network import Network
from tests.simulation.scheduler import Ended, Process, Scheduler
from tests.simulation.template import ACCOUNT, REGION, Function

Event = Any
Handler = Callable[[Event, Any], object]
_SKEWS: Final = (300.0, -300.0, 86_400.0, -86_400.0)


@dataclass(frozen=True, slots=True)
class Context:
    """What Lambda hands over beside the event."""

    function_name: str
    remaining: Callable[[], float]
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:function"
    aws_request_id: str = "00000000-0000-4000-8000-00000000000f"

    def get_remaining_time_in_millis(self) -> int:
        """Virtual time until this invocation is ended by Lambda."""
        return int(self.remaining() * 1_000)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that was given up, and why."""

    function: str
    event: Event
    reason: str


@dataclass(eq=False, slots=True)
class Invocation:
    """One event on its way through a function; `tries` counts the first. `reply` is told how a call has ended."""

    function: str
    event: Event
    tries: int = 0
    is_redrive: bool = False
    before: object = None
    reply: Callable[[Ended], None] | None = None


class Lambda:
    """`on_success` is told of each event that was handled, `on_error` of
    what is raised, `on_cold_start` of each new process.

    `concurrency` limits how many run at once.
    """

    def __init__(
        self, scheduler: Scheduler, plan: FaultPlan, network: Network, functions: Mapping[str, Function]
    ) -> None:
        self._scheduler = scheduler
        self._plan = plan
        self._network = network
        self._functions = functions
        self._handlers: dict[str, Handler] = {name: import_module(f"{name}.handler").handler for name in functions}
        self._numbers: dict[str, int] = dict.fromkeys(functions, 0)
        self._cold = set(functions)
        self.on_cold_start: Callable[[Function], None] = lambda _function: None
        self.on_error: Callable[[str, BaseException], None] = lambda _function, _error: None
        self.on_success: Callable[[str, Event], None] = lambda _function, _event: None
        self.on_start: Callable[[str], Any] = lambda _function: None
        self.on_return: Callable[[Any, object], None] = lambda _before, _answer: None
        self.concurrency: int | None = None
        self.running: dict[str, int] = dict.fromkeys(functions, 0)
        self.dead_letters: list[DeadLetter] = []
        self.invocations = 0
        self.sweeps_ahead = 0  # sweeps by a clock that is ahead of time

    def begin_anew(self) -> None:
        """The functions are updated: each process from now on is a new one."""
        self._cold = set(self._functions)

    def invoke(self, function: str, event: Event) -> None:
        """Asynchronously: there is no answer, and there are two more tries."""
        self._start(Invocation(function, event))

    def call(self, function: str, event: Event, reply: Callable[[Ended], None]) -> None:
        """Synchronously, as API Gateway does: one try."""
        self._start(Invocation(function, event, reply=reply))

    def bury(self, function: str, event: Event) -> None:
        """A rule could not deliver an event: it is in the dead-letter queue too (fact B11)."""
        self.dead_letters.append(DeadLetter(function, event, "undelivered"))

    def redrive(self) -> int:
        """Everything in the dead-letter queue again, one try each, as `runs dead-letters` does: what fails stays there.

        Gives how many events.
        """
        letters, self.dead_letters = self.dead_letters, []
        for letter in letters:
            self._start(
                Invocation(letter.function, letter.event, reply=partial(self._redriven, letter), is_redrive=True)
            )
        self._plan.count["F24"] += bool(letters)
        return len(letters)

    def _redriven(self, letter: DeadLetter, ended: Ended) -> None:
        if ended.well:
            self.on_success(letter.function, letter.event)
            return
        if ended.error:
            self.on_error(letter.function, ended.error)
        self.dead_letters.append(DeadLetter(letter.function, letter.event, _reason(ended)))

    def _start(self, invocation: Invocation) -> None:
        name = invocation.function
        if (
            invocation.reply and self.running[name]
        ):  # another process, on AWS; the API's handler keeps a request's state
            self._scheduler.after(0.1, self._start, invocation)
            return
        if self.concurrency is not None and self.running[name] >= self.concurrency and not self._plan.is_over:
            self._plan.count["F26"] += 1
            self._scheduler.after(1 + self._plan.rng.random() * 30, self._start, invocation)
            return
        function = self._functions[name]
        if name in self._cold:
            self._cold.discard(name)
            self.on_cold_start(function)
        self._numbers[name] += 1
        self.invocations += 1
        invocation.tries += 1
        invocation.before = self.on_start(name)
        self.running[name] += 1
        ends_at = self._scheduler.now + function.timeout
        context = Context(name, lambda: ends_at - self._scheduler.now)
        process = Process(
            f"{name}-{self._numbers[name]}",
            partial(self._handlers[name], invocation.event, context),
            self._network.on_wait,
            partial(self._ended, invocation),
            skew=self._skew(name),
            recovers=name == "sweep" or invocation.tries > 1 or invocation.is_redrive,
        )
        self._scheduler.trace.add((self._scheduler.now, process.name, "starts", invocation.tries))
        self._scheduler.after(function.timeout, self._times_out, process)
        process.start()

    def _skew(self, name: str) -> float:
        if not self._plan.happens(0.05):
            return 0.0
        self._plan.count["F25"] += 1
        skew = _SKEWS[int(self._plan.rng.random() * len(_SKEWS))]
        if name == "sweep" and skew > 0:
            self.sweeps_ahead += 1
        return skew

    def _times_out(self, process: Process) -> None:
        if not process.is_over:
            self._plan.count["lambda-timeout"] += 1
            process.kill()

    def _ended(self, invocation: Invocation, process: Process, ended: Ended) -> None:
        name = invocation.function
        self.running[name] -= 1
        reason = _reason(ended)
        self._scheduler.trace.add((self._scheduler.now, process.name, reason))
        if ended.died:
            self._cold.add(name)
        if ended.error and not invocation.reply:
            self.on_error(name, ended.error)
        if invocation.reply:
            invocation.reply(ended)
        elif ended.well:
            self.on_success(name, invocation.event)
            self.on_return(invocation.before, ended.value)
        elif invocation.tries <= self._functions[name].retries:
            self._plan.count["F07"] += ended.died
            self._scheduler.after(60.0 * invocation.tries + self._plan.rng.random() * 5, self._start, invocation)
        else:
            self.dead_letters.append(DeadLetter(name, invocation.event, reason))


def _reason(ended: Ended) -> str:
    return "returned" if ended.well else "died" if ended.died else type(ended.error).__name__
