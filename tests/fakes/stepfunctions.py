"""Step Functions in memory: tokens that take one answer, executions that exist once."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from fargate_runs.answers.answer import LARGEST_OUTPUT, LONGEST_CAUSE, Answer, Failure, Success
from fargate_runs.ports import (
    AnswerRefusedError,
    Clock,
    ExecutionError,
    ExecutionExistsError,
    ExecutionInputs,
    ExecutionLists,
    ExecutionStarts,
    ExecutionStates,
    ExecutionStops,
    ExecutionsUnavailableError,
    StartedExecution,
    TokenCallbacks,
    TokenClosedError,
    TokenKeyError,
    TokenUnusableError,
)
from fargate_runs.reading.execution import Execution, ExecutionStatus
from fargate_runs.reading.patterns import execution_arn, state_machine_of
from tests.fakes.clock import NOON, StoppedClock

LONGEST_ERROR = 256
PAGE = 3


class InMemoryCallbacks(TokenCallbacks):
    """`answers` holds the answer that took effect for each token; `calls` counts every call.

    `with_another_key` are tokens whose machine has a key that is not ours to use.
    """

    def __init__(self, *open_tokens: str) -> None:
        self.open = set(open_tokens)
        self.closed: set[str] = set()
        self.answers: dict[str, Answer] = {}
        self.with_another_key: set[str] = set()
        self.calls = 0
        self.refuses_longer_than: int | None = None

    def close(self, token: str) -> None:
        """As a time-out, an abort or the container's own answer does."""
        self.open.discard(token)
        self.closed.add(token)

    def send_success(self, token: str, output: str) -> None:
        self._check(output, len(output.encode()) <= LARGEST_OUTPUT)
        self._answer(token, Success(output))

    def send_failure(self, token: str, error: str, cause: str) -> None:
        self._check(cause, len(cause) <= LONGEST_CAUSE and len(error) <= LONGEST_ERROR)
        self._answer(token, Failure(error, cause))

    def is_closed(self, token: str) -> bool:
        self.calls += 1
        self._check_key(token)
        return token in self.closed

    def _check(self, text: str, fits: bool) -> None:
        self.calls += 1
        if not fits or (self.refuses_longer_than is not None and len(text) > self.refuses_longer_than):
            raise AnswerRefusedError("too long")
        try:
            json.loads(text)
        except ValueError:
            raise AnswerRefusedError("no JSON") from None

    def _check_key(self, token: str) -> None:
        if token in self.with_another_key:
            raise TokenKeyError("Step Functions answered KmsAccessDeniedException")

    def _answer(self, token: str, answer: Answer) -> None:
        self._check_key(token)
        if token in self.closed:
            raise TokenClosedError("closed")
        if token not in self.open:
            raise TokenUnusableError("no token")
        self.close(token)
        self.answers[token] = answer


@dataclass(frozen=True)
class Started:
    machine: str
    input: str
    at: datetime = field(compare=False)


class InMemoryExecutions(ExecutionStarts, ExecutionStates, ExecutionLists, ExecutionStops, ExecutionInputs):
    """`fails_with` is raised by the next start, before or after it took place.

    `known` is what Step Functions says of executions, by ARN; `is_down` refuses to say it.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or StoppedClock()
        self.started: dict[str, Started] = {}
        self.fails_with: ExecutionError | None = None
        self.known: dict[str, Execution] = {}
        self.is_down = False
        self.described: list[str] = []
        self.stops: list[tuple[str, str, str]] = []

    def start(self, state_machine_arn: str, name: str, execution_input: str) -> StartedExecution:
        if self.fails_with:
            raise self.fails_with
        asked = Started(state_machine_arn, execution_input, self.clock.now())
        stands = self.started.setdefault(name, asked)
        if stands != asked:
            raise ExecutionExistsError("exists")
        return StartedExecution(execution_arn(state_machine_arn, name), stands.at)

    def show(self, execution: Execution) -> Execution:
        """From now on Step Functions says this of the execution."""
        self.known[execution.arn] = execution
        return execution

    def describe(self, execution_arn: str) -> Execution | None:
        self._ask()
        self.described.append(execution_arn)
        return self.known.get(execution_arn)

    def stop(self, execution_arn: str, error: str, cause: str) -> bool:
        self._ask()
        name = execution_arn.rpartition(":")[2]
        known = self.known.get(execution_arn)
        if known is None and name not in self.started:
            return False
        self.stops.append((execution_arn, error, cause))
        if known is None or not known.is_closed:
            began = known.started_at if known else self.started[name].at
            self.show(Execution(execution_arn, ExecutionStatus.ABORTED, 0, began, self.clock.now(), error, cause))
        return True

    def input_of(self, execution_arn: str) -> str | None:
        self._ask()
        started = self.started.get(execution_arn.rpartition(":")[2])
        return started.input if started else None

    def running(self, state_machine_arn: str) -> Iterator[Sequence[Execution]]:
        self._ask()
        yield [each for each in self._of(state_machine_arn) if not each.is_closed]

    def newest(self, state_machine_arn: str) -> Iterator[Sequence[Execution]]:
        self._ask()
        listed = sorted(self._of(state_machine_arn), key=lambda each: each.started_at or NOON, reverse=True)
        for start in range(0, max(1, len(listed)), PAGE):
            yield listed[start : start + PAGE]

    def _of(self, machine: str) -> Sequence[Execution]:
        return [each for each in self.known.values() if state_machine_of(each.arn) == machine]

    def _ask(self) -> None:
        if self.is_down:
            raise ExecutionsUnavailableError("Step Functions answered ThrottlingException")
