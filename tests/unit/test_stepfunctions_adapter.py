"""Step Functions: what each answer of the service means to us, the same for the twin in memory."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError
from botocore.stub import Stubber

from fargate_runs.aws.stepfunctions import StepFunctionsCallbacks, StepFunctionsExecutions
from fargate_runs.errors import PortError
from fargate_runs.ports import (
    AnswerRefusedError,
    CallbacksUnavailableError,
    ExecutionExistsError,
    ExecutionRefusedError,
    ExecutionThrottledError,
    ExecutionUnknownError,
    TokenCallbacks,
    TokenClosedError,
    TokenUnusableError,
)
from tests.fakes.ecs import EXECUTION_ARN, MACHINES, RUN_ID, TOKEN
from tests.fakes.stepfunctions import InMemoryCallbacks, InMemoryExecutions


@pytest.fixture
def stubbed() -> Iterator[tuple[Any, Stubber]]:
    client = boto3.client(
        "stepfunctions", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    with Stubber(client) as stubber:
        yield client, stubber


SITUATIONS: dict[str, tuple[str | None, type[PortError] | None]] = {
    "open": (None, None),
    "closed": ("TaskTimedOut", TokenClosedError),
    "of nobody": ("InvalidToken", TokenUnusableError),
    "refused": ("InvalidOutput", AnswerRefusedError),
}


def twin(situation: str) -> InMemoryCallbacks:
    callbacks = InMemoryCallbacks() if situation == "of nobody" else InMemoryCallbacks(TOKEN)
    if situation == "closed":
        callbacks.close(TOKEN)
    if situation == "refused":
        callbacks.refuses_longer_than = 1
    return callbacks


@pytest.mark.parametrize("kind", ["in-memory", "aws"])
@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("method", ["send_task_success", "send_task_failure"])
def test_answers(kind: str, situation: str, method: str, stubbed: tuple[Any, Stubber]) -> None:
    code, error = SITUATIONS[situation]
    callbacks: TokenCallbacks = twin(situation)
    if kind == "aws":
        client, stubber = stubbed
        callbacks = StepFunctionsCallbacks(client)
        if code:
            stubber.add_client_error(method, code, f"{code}: {TOKEN}")
        else:
            stubber.add_response(method, {})
    send = _sender(callbacks, method)
    if error is None:
        send()
        return
    with pytest.raises(error) as raised:
        send()
    assert TOKEN not in str(raised.value)
    assert raised.value.__cause__ is None


def _sender(callbacks: TokenCallbacks, method: str) -> Callable[[], None]:
    if method == "send_task_success":
        return lambda: callbacks.send_success(TOKEN, '{"a": 1}')
    return lambda: callbacks.send_failure(TOKEN, "Task.Unknown", '{"a": 1}')


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("TaskDoesNotExist", TokenClosedError),
        ("ValidationException", AnswerRefusedError),
        ("ThrottlingException", CallbacksUnavailableError),
        ("InternalServerError", CallbacksUnavailableError),
        ("AccessDeniedException", CallbacksUnavailableError),
        ("KmsThrottlingException", CallbacksUnavailableError),
    ],
)
def test_further_codes(code: str, error: type[PortError], stubbed: tuple[Any, Stubber]) -> None:
    client, stubber = stubbed
    stubber.add_client_error("send_task_success", code)
    with pytest.raises(error, match=code):
        StepFunctionsCallbacks(client).send_success(TOKEN, "{}")


class Unreachable:
    def __getattr__(self, _name: str) -> Any:
        def call(**_request: object) -> None:
            raise ConnectTimeoutError(endpoint_url="x")

        return call


def test_no_answer_is_not_known() -> None:
    nowhere: Any = Unreachable()
    with pytest.raises(CallbacksUnavailableError, match="ConnectTimeoutError"):
        StepFunctionsCallbacks(nowhere).send_failure(TOKEN, "e", "{}")
    with pytest.raises(ExecutionUnknownError, match="ConnectTimeoutError"):
        StepFunctionsExecutions(nowhere).start(MACHINES.callback, RUN_ID, "{}")


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("ExecutionAlreadyExists", ExecutionExistsError),
        ("ExecutionLimitExceeded", ExecutionThrottledError),
        ("ThrottlingException", ExecutionThrottledError),
        ("AccessDeniedException", ExecutionRefusedError),
        ("StateMachineDoesNotExist", ExecutionRefusedError),
        ("InvalidExecutionInput", ExecutionRefusedError),
        ("InternalServerError", ExecutionUnknownError),
        ("ServiceUnavailable", ExecutionUnknownError),
    ],
)
def test_starts_that_fail(code: str, error: type[PortError], stubbed: tuple[Any, Stubber]) -> None:
    client, stubber = stubbed
    stubber.add_client_error("start_execution", code)
    with pytest.raises(error, match=code):
        StepFunctionsExecutions(client).start(MACHINES.callback, RUN_ID, "{}")


@pytest.mark.parametrize("kind", ["in-memory", "aws"])
def test_a_start(kind: str, stubbed: tuple[Any, Stubber]) -> None:
    client, stubber = stubbed
    request = {"stateMachineArn": MACHINES.callback, "name": RUN_ID, "input": "{}"}
    moment = datetime(2025, 5, 6, 12, tzinfo=UTC)
    stubber.add_response("start_execution", {"executionArn": EXECUTION_ARN, "startDate": moment}, request)
    executions = InMemoryExecutions() if kind == "in-memory" else StepFunctionsExecutions(client)
    started = executions.start(MACHINES.callback, RUN_ID, "{}")
    assert (started.arn, started.started_at) == (EXECUTION_ARN, moment)


def test_the_twin_knows_a_second_start_by_its_input() -> None:
    executions = InMemoryExecutions()
    first = executions.start(MACHINES.callback, RUN_ID, "{}")
    assert executions.start(MACHINES.callback, RUN_ID, "{}") == first
    with pytest.raises(ExecutionExistsError):
        executions.start(MACHINES.callback, RUN_ID, '{"a": 1}')
