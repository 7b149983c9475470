"""Step Functions: answers to task tokens, and executions."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from fargate_runs.errors import PortError
from fargate_runs.ports import (
    AnswerRefusedError,
    CallbacksUnavailableError,
    ExecutionExistsError,
    ExecutionRefusedError,
    Executions,
    ExecutionThrottledError,
    ExecutionUnknownError,
    StartedExecution,
    TokenCallbacks,
    TokenClosedError,
    TokenUnusableError,
)

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

_TOKEN_ERRORS: Final[Mapping[str, type[PortError]]] = {
    "TaskTimedOut": TokenClosedError,
    "TaskDoesNotExist": TokenClosedError,
    "InvalidToken": TokenUnusableError,
    "InvalidOutput": AnswerRefusedError,
    "ValidationException": AnswerRefusedError,
}
_START_ERRORS: Final[Mapping[str, type[PortError]]] = {
    "ExecutionAlreadyExists": ExecutionExistsError,
    "ExecutionLimitExceeded": ExecutionThrottledError,
    "ThrottlingException": ExecutionThrottledError,
    "TooManyRequestsException": ExecutionThrottledError,
    "AccessDeniedException": ExecutionRefusedError,
    "InvalidArn": ExecutionRefusedError,
    "InvalidExecutionInput": ExecutionRefusedError,
    "InvalidName": ExecutionRefusedError,
    "StateMachineDeleting": ExecutionRefusedError,
    "StateMachineDoesNotExist": ExecutionRefusedError,
    "UnrecognizedClientException": ExecutionRefusedError,
    "ValidationException": ExecutionRefusedError,
}


class StepFunctionsCallbacks(TokenCallbacks):
    """See TokenCallbacks."""

    def __init__(self, client: "SFNClient") -> None:
        self._client = client

    def send_success(self, token: str, output: str) -> None:
        """See TokenCallbacks."""
        try:
            self._client.send_task_success(taskToken=token, output=output)
        except (BotoCoreError, ClientError) as error:
            raise _translated(error, _TOKEN_ERRORS, CallbacksUnavailableError) from None

    def send_failure(self, token: str, error: str, cause: str) -> None:
        """See TokenCallbacks."""
        try:
            self._client.send_task_failure(taskToken=token, error=error, cause=cause)
        except (BotoCoreError, ClientError) as refusal:
            raise _translated(refusal, _TOKEN_ERRORS, CallbacksUnavailableError) from None


class StepFunctionsExecutions(Executions):
    """See Executions. The same name and input started twice is one execution (fact B32)."""

    def __init__(self, client: "SFNClient") -> None:
        self._client = client

    def start(self, state_machine_arn: str, name: str, execution_input: str) -> StartedExecution:
        """See Executions."""
        try:
            started = self._client.start_execution(stateMachineArn=state_machine_arn, name=name, input=execution_input)
        except (BotoCoreError, ClientError) as error:
            raise _translated(error, _START_ERRORS, ExecutionUnknownError) from None
        return StartedExecution(started["executionArn"], started["startDate"])


def _translated(
    error: BotoCoreError | ClientError, known: Mapping[str, type[PortError]], otherwise: type[PortError]
) -> PortError:
    """Only the code goes on: a message of AWS may repeat the token."""
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
    return known.get(code, otherwise)(f"Step Functions answered {code}")
