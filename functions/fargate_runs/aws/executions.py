"""How executions stand, from DescribeExecution (15 calls a second at most, fact B35)."""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from fargate_runs.execution import ExecutionState, ExecutionStates, ExecutionsUnavailableError

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


class StepFunctionsExecutionStates(ExecutionStates):
    """See ExecutionStates."""

    def __init__(self, client: "SFNClient") -> None:
        self._client = client

    def find(self, execution_arn: str) -> ExecutionState | None:
        """See ExecutionStates. Input and output, which may be secret, are not kept."""
        try:
            answer = self._client.describe_execution(executionArn=execution_arn)
        except ClientError as error:
            if error.response["Error"]["Code"] in {"ExecutionDoesNotExist", "InvalidArn"}:
                return None
            raise ExecutionsUnavailableError(f"Step Functions answered {error.response['Error']['Code']}") from None
        except BotoCoreError as error:
            raise ExecutionsUnavailableError(f"Step Functions answered {type(error).__name__}") from None
        return ExecutionState.from_detail({**answer})
