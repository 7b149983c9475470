"""Step Functions: answers to task tokens, and executions."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from fargate_runs.aws.translate import AwsError, Translation, code_of
from fargate_runs.errors import MalformedExecutionError, PortError
from fargate_runs.ports import (
    AnswerRefusedError,
    CallbacksUnavailableError,
    ExecutionError,
    ExecutionExistsError,
    ExecutionInputs,
    ExecutionLists,
    ExecutionNotShownError,
    ExecutionRefusedError,
    ExecutionStarts,
    ExecutionStates,
    ExecutionStops,
    ExecutionsUnavailableError,
    ExecutionThrottledError,
    ExecutionUnknownError,
    StartedExecution,
    TokenCallbacks,
    TokenClosedError,
    TokenError,
    TokenKeyError,
    TokenUnusableError,
)
from fargate_runs.reading.execution import Execution

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


class _NoExecutionError(ExecutionsUnavailableError):
    """There is no execution to show."""


PAGED: Final = {"input_token": "nextToken", "output_token": "nextToken", "result_key": "executions"}
# No execution of this ARN, an express one, or no machine any more.
_NO_EXECUTION: Final = ("ExecutionDoesNotExist", "InvalidArn", "StateMachineDoesNotExist")

ANSWER: Final = Translation(
    "Step Functions answered",
    CallbacksUnavailableError,
    {
        "TaskTimedOut": TokenClosedError,
        "TaskDoesNotExist": TokenClosedError,
        "InvalidToken": TokenUnusableError,
        "InvalidOutput": AnswerRefusedError,
        "ValidationException": AnswerRefusedError,
        "KmsAccessDeniedException": TokenKeyError,
        "KmsInvalidStateException": TokenKeyError,
    },
)
_START: Final = Translation(
    "Step Functions answered",
    ExecutionUnknownError,
    {
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
    },
)
_QUESTION: Final = Translation(
    "Step Functions answered",
    ExecutionsUnavailableError,
    dict.fromkeys(_NO_EXECUTION, _NoExecutionError),
)
# Errors that concern all of our calls, or this moment, and not the one execution.
_OF_ALL_CALLS: Final = frozenset(
    {
        "ThrottlingException",
        "TooManyRequestsException",
        "KmsThrottlingException",
        "InternalFailure",
        "InternalServerError",
        "ServiceUnavailable",
        "ExpiredTokenException",
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "IncompleteSignature",
        "MissingAuthenticationToken",
        "RequestExpired",
    }
)
_DENIED: Final = "AccessDeniedException"
_SERVER_ERRORS: Final = 500
_MOST_LISTED: Final = 1_000
_MOST_STARTS: Final = 3


class StepFunctionsCallbacks(TokenCallbacks):
    """See TokenCallbacks."""

    def __init__(self, client: "SFNClient") -> None:
        self._client = client

    def send_success(self, token: str, output: str) -> None:
        """See TokenCallbacks."""
        with ANSWER:
            self._client.send_task_success(taskToken=token, output=output)

    def send_failure(self, token: str, error: str, cause: str) -> None:
        """See TokenCallbacks."""
        with ANSWER:
            self._client.send_task_failure(taskToken=token, error=error, cause=cause)

    def is_closed(self, token: str) -> bool:
        """See TokenCallbacks."""
        try:
            with ANSWER:
                self._client.send_task_heartbeat(taskToken=token)
        except TokenClosedError:
            return True
        except TokenKeyError:
            raise
        except TokenError:
            return False  # it is no token, so nothing waits for it, and it tells nothing
        return False


class StepFunctionsStarts(ExecutionStarts):
    """See ExecutionStarts. The same name and input started twice is one execution (fact B32).

    The client makes one try with each call (`clients.starts`), because an SDK does not report how its own tries ended.
    """

    def __init__(self, client: "SFNClient") -> None:
        self._client = client

    def start(self, state_machine_arn: str, name: str, execution_input: str) -> StartedExecution:
        """See ExecutionStarts."""
        unknown: ExecutionError | None = None
        for _ in range(_MOST_STARTS):
            try:
                return self._start(state_machine_arn, name, execution_input)
            except ExecutionUnknownError as error:
                unknown = unknown or error
            except ExecutionError as error:
                # A try without an answer may have started the execution, so a later refusal proves nothing.
                raise unknown or error from None
        raise unknown or ExecutionUnknownError("Step Functions was not asked")

    def _start(self, state_machine_arn: str, name: str, execution_input: str) -> StartedExecution:
        with _START:
            started = self._client.start_execution(stateMachineArn=state_machine_arn, name=name, input=execution_input)
        return StartedExecution(started["executionArn"], started["startDate"])


class StepFunctionsExecutions(ExecutionStates, ExecutionLists, ExecutionStops, ExecutionInputs):
    """See ExecutionStates, ExecutionLists, ExecutionStops and ExecutionInputs."""

    def __init__(self, client: "SFNClient") -> None:
        self._client = client

    def describe(self, execution_arn: str) -> Execution | None:
        """See ExecutionStates."""
        try:
            answer = self._client.describe_execution(executionArn=execution_arn)
            return Execution.from_detail(answer)
        except (BotoCoreError, ClientError) as error:
            if code_of(error) in _NO_EXECUTION:
                return None
            raise _not_shown(error) from None
        except MalformedExecutionError as error:
            raise ExecutionNotShownError(f"Step Functions answered what cannot be read: {error}") from None

    def stop(self, execution_arn: str, error: str, cause: str) -> bool:
        """See ExecutionStops."""
        try:
            with _QUESTION:
                self._client.stop_execution(executionArn=execution_arn, error=error, cause=cause)
        except _NoExecutionError:
            return False
        return True

    def input_of(self, execution_arn: str) -> str | None:
        """See ExecutionInputs. Returns no input if it is encrypted with a key that we may not use."""
        try:
            with _QUESTION:
                return self._client.describe_execution(executionArn=execution_arn).get("input")
        except _NoExecutionError:
            return None

    def running(self, state_machine_arn: str) -> Iterator[Sequence[Execution]]:
        """See ExecutionLists."""
        return self._pages(stateMachineArn=state_machine_arn, statusFilter="RUNNING", maxResults=_MOST_LISTED)

    def newest(self, state_machine_arn: str) -> Iterator[Sequence[Execution]]:
        """See ExecutionLists."""
        return self._pages(stateMachineArn=state_machine_arn, maxResults=_MOST_LISTED)

    def _pages(self, **request: Any) -> Iterator[Sequence[Execution]]:
        with suppress(_NoExecutionError):
            for page in _QUESTION.pages(self._client.list_executions, PAGED, **request):
                yield tuple(_readable(page["executions"]))


def _readable(listed: Iterable[Mapping[str, Any]]) -> Iterator[Execution]:
    """Yields the readable executions. An unreadable one, such as one with a new status, does not hide the others."""
    for each in listed:
        with suppress(MalformedExecutionError):
            yield Execution.from_detail(each)


def _not_shown(error: AwsError) -> PortError:
    """Returns the error of a refusal: about this one execution, unless the code is known to be about all calls."""
    code = code_of(error)
    if isinstance(error, BotoCoreError) or code in _OF_ALL_CALLS or _status(error) >= _SERVER_ERRORS:
        return _QUESTION.of(error)
    return ExecutionNotShownError(f"Step Functions answered {code}", is_denied=code.endswith(_DENIED))


def _status(error: ClientError) -> int:
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
