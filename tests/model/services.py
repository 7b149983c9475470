"""What Step Functions and ECS answer in a state, and what a call changes in it (facts B12, B26, B28, B29)."""

from collections.abc import Hashable, Iterator
from datetime import timedelta
from typing import NamedTuple

from fargate_runs.ports import AnswerRefusedError, Described, TaskList, TokenClosedError
from fargate_runs.reading.execution import Execution, ExecutionStatus
from fargate_runs.reading.patterns import state_machine_of
from tests.fakes.clock import NOON
from tests.model.ecs import TOKENS, Ecs
from tests.model.replay import Call, Raised
from tests.model.state import CLOSED, NO_TOKEN, OPEN, State, at
from tests.model.tables import Pages

SUCCESS = "success"
REFUSED = "refused"
STARTED = NOON - timedelta(minutes=10)
OPEN_EXECUTION = ExecutionStatus.RUNNING
_CLOSED = (ExecutionStatus.SUCCEEDED, ExecutionStatus.FAILED, ExecutionStatus.ABORTED)


class Answer(NamedTuple):
    """The world after a call, and what the call gave; equal results have equal keys."""

    state: State
    key: Hashable
    result: object


def ended(state: State, status: ExecutionStatus) -> State:
    """After the execution has ended so. Its tokens take no answer any more."""
    tokens = tuple(CLOSED if token == OPEN else token for token in state.tokens)
    return state._replace(execution=status, tokens=tokens)


def is_wanted(state: State, attempt: int) -> bool:
    """Whether somebody still wants this task: its state machine waits for it, or never meant to."""
    if state.tokens[attempt] == NO_TOKEN:
        return state.execution in {OPEN_EXECUTION, ExecutionStatus.SUCCEEDED}
    return state.execution is OPEN_EXECUTION and state.tokens[attempt] == OPEN


class StepFunctions:
    """Tokens, and the one execution of one machine."""

    def __init__(self, execution_arn: str, *, refuses_answers: bool = False) -> None:
        self._execution_arn = execution_arn
        self._refuses_answers = refuses_answers

    def execution(self, status: ExecutionStatus, redrives: int) -> Execution:
        """As an event or DescribeExecution has it."""
        return Execution(self._execution_arn, status, redrives, STARTED, None if status is OPEN_EXECUTION else NOON)

    def descriptions(self, most_redrives: int) -> Iterator[tuple[Hashable, object]]:
        """All that DescribeExecution may answer: (key, result)."""
        for status in (*_CLOSED, OPEN_EXECUTION):
            for redrives in range(most_redrives + 1):
                yield (status, redrives), self.execution(status, redrives)

    def callbacks(self, state: State, call: Call) -> Answer:
        """SendTaskSuccess, SendTaskFailure, and SendTaskHeartbeat as `is_closed`."""
        attempt = TOKENS.index(call.arguments[0])
        is_open = state.tokens[attempt] == OPEN
        if call.method == "is_closed":
            return Answer(state, not is_open, not is_open)
        if not is_open:
            return Answer(state, CLOSED, Raised(TokenClosedError("closed")))
        if self._refuses_answers:
            return Answer(state, REFUSED, Raised(AnswerRefusedError("refused")))
        succeeded = call.method == "send_success"
        answer = SUCCESS if succeeded else str(call.arguments[1])
        state = state._replace(tokens=at(state.tokens, attempt, answer))
        after = ended(state, ExecutionStatus.SUCCEEDED if succeeded else ExecutionStatus.FAILED)
        return Answer(after, None, None)

    def executions(self, state: State, call: Call) -> Answer:
        """DescribeExecution and ListExecutions."""
        execution = self.execution(state.execution, state.redrives)
        if call.method == "describe":
            return Answer(state, (state.execution, state.redrives), execution)
        is_listed = call.method == "newest" or execution.status is OPEN_EXECUTION
        pages = Pages(
            [(execution,)] if is_listed and call.arguments[0] == state_machine_of(self._execution_arn) else []
        )
        return Answer(state, (state.execution, state.redrives), pages)


class Cluster:
    """ListTasks, DescribeTasks and StopTask."""

    def __init__(self, ecs: Ecs) -> None:
        self._ecs = ecs

    def call(self, state: State, call: Call) -> Answer:
        """One call of the port."""
        if call.method == "listed":
            return self._listed(state, call.arguments[0])
        if call.method == "describe":
            return self._describe(state, call.arguments[0])
        return self._stop(state, *call.arguments)

    def _listed(self, state: State, which: TaskList) -> Answer:
        arns = [self._ecs.arn(task) for task in self._known(state) if self._ecs.detail(task)["desiredStatus"] == which]
        pages = Pages([tuple(arns)] if arns else [])
        return Answer(state, pages, pages)

    def _describe(self, state: State, arns: tuple[str, ...]) -> Answer:
        known = {self._ecs.arn(task): task for task in self._known(state)}
        found = tuple(known[arn] for arn in arns if arn in known)
        missing = frozenset(arns) - set(known)
        details = tuple(self._ecs.detail(task) for task in found)
        return Answer(state, (found, missing), Described(details, missing))

    def _stop(self, state: State, task_arn: str, reason: str) -> Answer:
        attempt = self._ecs.attempt_of(task_arn)
        stopping = self._ecs.stopping(state.tasks[attempt], reason)
        if stopping == state.tasks[attempt]:
            return Answer(state, None, None)
        broken = "a task that somebody waits for was stopped" if is_wanted(state, attempt) else state.broken
        tasks = (*state.tasks[:attempt], stopping, *state.tasks[attempt + 1 :])
        return Answer(state._replace(tasks=tasks, broken=broken), None, None)

    @staticmethod
    def _known(state: State) -> list[int]:
        return [task for task, is_gone in zip(state.tasks, state.gone, strict=True) if not is_gone]
