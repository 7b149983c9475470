"""Step Functions in memory: tokens that take one answer, executions that exist once."""

import json
from dataclasses import dataclass

from fargate_runs.answer import LARGEST_OUTPUT, LONGEST_CAUSE, Answer, Failure, Success
from fargate_runs.patterns import execution_arn
from fargate_runs.ports import (
    AnswerRefusedError,
    Clock,
    ExecutionError,
    ExecutionExistsError,
    Executions,
    StartedExecution,
    TokenCallbacks,
    TokenClosedError,
    TokenUnusableError,
)
from tests.fakes.clock import StoppedClock

LONGEST_ERROR = 256


class InMemoryCallbacks(TokenCallbacks):
    """`answers` holds the answer that took effect for each token; `calls` counts every call."""

    def __init__(self, *open_tokens: str) -> None:
        self.open = set(open_tokens)
        self.closed: set[str] = set()
        self.answers: dict[str, Answer] = {}
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

    def _check(self, text: str, fits: bool) -> None:
        self.calls += 1
        if not fits or (self.refuses_longer_than is not None and len(text) > self.refuses_longer_than):
            raise AnswerRefusedError("too long")
        try:
            json.loads(text)
        except ValueError:
            raise AnswerRefusedError("no JSON") from None

    def _answer(self, token: str, answer: Answer) -> None:
        if token in self.closed:
            raise TokenClosedError("closed")
        if token not in self.open:
            raise TokenUnusableError("no token")
        self.close(token)
        self.answers[token] = answer


@dataclass(frozen=True)
class Execution:
    machine: str
    input: str


class InMemoryExecutions(Executions):
    """`fails_with` is raised by the next start, before or after it took place."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or StoppedClock()
        self.started: dict[str, Execution] = {}
        self.fails_with: ExecutionError | None = None

    def start(self, state_machine_arn: str, name: str, execution_input: str) -> StartedExecution:
        if self.fails_with:
            raise self.fails_with
        asked = Execution(state_machine_arn, execution_input)
        if self.started.setdefault(name, asked) != asked:
            raise ExecutionExistsError("exists")
        return StartedExecution(execution_arn(state_machine_arn, name), self.clock.now())
