"""Step Functions: what each answer about a token or a start means to us, the same for the twin in memory."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from fargate_runs.aws.stepfunctions import StepFunctionsCallbacks, StepFunctionsStarts
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
    TokenKeyError,
    TokenUnusableError,
)
from tests.fakes.ecs import EXECUTION_ARN, MACHINES, RUN_ID, TOKEN
from tests.fakes.stepfunctions import InMemoryCallbacks, InMemoryExecutions
from tests.fakes.wire import unreachable


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
    "with a key of others": ("KmsAccessDeniedException", TokenKeyError),
}


def twin(situation: str) -> InMemoryCallbacks:
    callbacks = InMemoryCallbacks() if situation == "of nobody" else InMemoryCallbacks(TOKEN)
    if situation == "closed":
        callbacks.close(TOKEN)
    if situation == "with a key of others":
        callbacks.with_another_key.add(TOKEN)
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
        ("KmsAccessDeniedException", TokenKeyError),
        ("KmsInvalidStateException", TokenKeyError),
    ],
)
def test_further_codes(code: str, error: type[PortError], stubbed: tuple[Any, Stubber]) -> None:
    client, stubber = stubbed
    stubber.add_client_error("send_task_success", code)
    with pytest.raises(error, match=code):
        StepFunctionsCallbacks(client).send_success(TOKEN, "{}")


def test_no_answer_is_not_known() -> None:
    nowhere = unreachable("stepfunctions")
    with pytest.raises(CallbacksUnavailableError, match="ConnectTimeoutError"):
        StepFunctionsCallbacks(nowhere).send_failure(TOKEN, "e", "{}")
    with pytest.raises(ExecutionUnknownError, match="ConnectTimeoutError"):
        StepFunctionsStarts(nowhere).start(MACHINES.callback, RUN_ID, "{}")


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
        StepFunctionsStarts(client).start(MACHINES.callback, RUN_ID, "{}")


@pytest.mark.parametrize("kind", ["in-memory", "aws"])
def test_a_start(kind: str, stubbed: tuple[Any, Stubber]) -> None:
    client, stubber = stubbed
    request = {"stateMachineArn": MACHINES.callback, "name": RUN_ID, "input": "{}"}
    moment = datetime(2025, 5, 6, 12, tzinfo=UTC)
    stubber.add_response("start_execution", {"executionArn": EXECUTION_ARN, "startDate": moment}, request)
    executions = InMemoryExecutions() if kind == "in-memory" else StepFunctionsStarts(client)
    started = executions.start(MACHINES.callback, RUN_ID, "{}")
    assert (started.arn, started.started_at) == (EXECUTION_ARN, moment)


def test_the_twin_knows_a_second_start_by_its_input() -> None:
    executions = InMemoryExecutions()
    first = executions.start(MACHINES.callback, RUN_ID, "{}")
    assert executions.start(MACHINES.callback, RUN_ID, "{}") == first
    with pytest.raises(ExecutionExistsError):
        executions.start(MACHINES.callback, RUN_ID, '{"a": 1}')


CLOSED_TOKENS = {"open": False, "closed": True, "of nobody": False}


@pytest.mark.parametrize("kind", ["in-memory", "aws"])
@pytest.mark.parametrize("situation", CLOSED_TOKENS)
def test_whether_a_token_is_closed(kind: str, situation: str, stubbed: tuple[Any, Stubber]) -> None:
    """What never was a token is not closed: nobody waits by it, and nothing is known from it."""
    callbacks: TokenCallbacks = twin(situation)
    if kind == "aws":
        client, stubber = stubbed
        callbacks = StepFunctionsCallbacks(client)
        code, _ = SITUATIONS[situation]
        if code:
            stubber.add_client_error("send_task_heartbeat", code, f"{code}: {TOKEN}")
        else:
            stubber.add_response("send_task_heartbeat", {}, {"taskToken": TOKEN})
    assert callbacks.is_closed(TOKEN) is CLOSED_TOKENS[situation]


def test_asking_leaves_an_open_token_open() -> None:
    callbacks = InMemoryCallbacks(TOKEN)
    assert not callbacks.is_closed(TOKEN)
    callbacks.send_success(TOKEN, "{}")
    assert callbacks.is_closed(TOKEN)


@pytest.mark.parametrize(
    ("code", "closed"),
    [("TaskDoesNotExist", True), ("TaskTimedOut", True), ("InvalidToken", False), ("ValidationException", False)],
)
def test_codes_of_a_heartbeat(code: str, closed: bool, stubbed: tuple[Any, Stubber]) -> None:
    client, stubber = stubbed
    stubber.add_client_error("send_task_heartbeat", code)
    assert StepFunctionsCallbacks(client).is_closed(TOKEN) is closed


@pytest.mark.parametrize("kind", ["in-memory", "KmsAccessDeniedException", "KmsInvalidStateException"])
def test_a_heartbeat_for_a_token_whose_key_is_not_ours_to_use(kind: str, stubbed: tuple[Any, Stubber]) -> None:
    """It may be closed or not: nobody can say, and somebody has to mend it."""
    callbacks: TokenCallbacks = twin("with a key of others")
    if kind != "in-memory":
        client, stubber = stubbed
        stubber.add_client_error("send_task_heartbeat", kind, f"of {TOKEN}")
        callbacks = StepFunctionsCallbacks(client)
    with pytest.raises(TokenKeyError) as raised:
        callbacks.is_closed(TOKEN)
    assert TOKEN not in str(raised.value)


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerError", "AccessDeniedException"])
def test_a_heartbeat_without_an_answer_says_nothing_of_the_token(code: str, stubbed: tuple[Any, Stubber]) -> None:
    client, stubber = stubbed
    stubber.add_client_error("send_task_heartbeat", code, f"of {TOKEN}")
    with pytest.raises(CallbacksUnavailableError, match=code) as raised:
        StepFunctionsCallbacks(client).is_closed(TOKEN)
    assert TOKEN not in str(raised.value)
    nowhere = unreachable("stepfunctions")
    with pytest.raises(CallbacksUnavailableError, match="ConnectTimeoutError"):
        StepFunctionsCallbacks(nowhere).is_closed(TOKEN)
