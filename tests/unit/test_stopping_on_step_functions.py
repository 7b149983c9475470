"""StopExecution, and the input of an execution, on Step Functions."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from fargate_runs.aws.stepfunctions import StepFunctionsExecutions
from fargate_runs.ports import ExecutionsUnavailableError
from tests.fakes.clock import NOON
from tests.fakes.ecs import EXECUTION_ARN

STOP = {"executionArn": EXECUTION_ARN, "error": "Run.Stopped", "cause": "why"}
ASK = {"executionArn": EXECUTION_ARN}
FORGOTTEN = ["ExecutionDoesNotExist", "InvalidArn"]
DOWN = ["ThrottlingException", "AccessDeniedException", "InternalServerError", "KmsAccessDeniedException"]


@pytest.fixture
def stubbed() -> Iterator[tuple[StepFunctionsExecutions, Stubber]]:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    client: Any = boto3.client("stepfunctions", region_name="us-east-1", **keys)  # type: ignore[call-overload]
    with Stubber(client) as stubber:
        yield StepFunctionsExecutions(client), stubber
        stubber.assert_no_pending_responses()


Stubbed = tuple[StepFunctionsExecutions, Stubber]


def test_an_execution_is_stopped(stubbed: Stubbed) -> None:
    executions, stubber = stubbed
    stubber.add_response("stop_execution", {"stopDate": NOON}, STOP)
    assert executions.stop(EXECUTION_ARN, "Run.Stopped", "why") is True


@pytest.mark.parametrize("code", FORGOTTEN)
def test_there_is_none_to_stop(stubbed: Stubbed, code: str) -> None:
    executions, stubber = stubbed
    stubber.add_client_error("stop_execution", code, expected_params=STOP)
    assert executions.stop(EXECUTION_ARN, "Run.Stopped", "why") is False


@pytest.mark.parametrize("code", DOWN)
def test_it_is_not_known_whether_it_was_stopped(stubbed: Stubbed, code: str) -> None:
    executions, stubber = stubbed
    stubber.add_client_error("stop_execution", code, expected_params=STOP)
    with pytest.raises(ExecutionsUnavailableError, match=code):
        executions.stop(EXECUTION_ARN, "Run.Stopped", "why")


def test_the_input(stubbed: Stubbed) -> None:
    executions, stubber = stubbed
    arns = {"executionArn": EXECUTION_ARN, "stateMachineArn": EXECUTION_ARN.rpartition(":")[0]}
    answer = {**arns, "status": "RUNNING", "startDate": NOON}
    stubber.add_response("describe_execution", {**answer, "input": '{"a": 1}'}, ASK)
    assert executions.input_of(EXECUTION_ARN) == '{"a": 1}'
    stubber.add_response("describe_execution", answer, ASK)
    assert executions.input_of(EXECUTION_ARN) is None


@pytest.mark.parametrize("code", FORGOTTEN)
def test_a_forgotten_input(stubbed: Stubbed, code: str) -> None:
    executions, stubber = stubbed
    stubber.add_client_error("describe_execution", code, expected_params=ASK)
    assert executions.input_of(EXECUTION_ARN) is None


@pytest.mark.parametrize("code", DOWN)
def test_an_input_that_cannot_be_had_now(stubbed: Stubbed, code: str) -> None:
    executions, stubber = stubbed
    stubber.add_client_error("describe_execution", code, expected_params=ASK)
    with pytest.raises(ExecutionsUnavailableError, match=code):
        executions.input_of(EXECUTION_ARN)
