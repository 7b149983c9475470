"""ECS's task definitions."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from fargate_runs.ports import TaskDefinitionRefusedError, TaskDefinitions, TaskDefinitionUnavailableError
from fargate_runs.runs.log_place import LogConfiguration, log_configurations_of

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient

# ClientException: there is no such revision (fact B24).
_REFUSALS: Final = frozenset({"AccessDeniedException", "ClientException", "InvalidParameterException"})


class EcsTaskDefinitions(TaskDefinitions):
    """See TaskDefinitions."""

    def __init__(self, client: "ECSClient") -> None:
        self._client = client

    def log_configurations(self, task_definition_arn: str) -> Mapping[str, LogConfiguration]:
        """See TaskDefinitions."""
        try:
            answer = self._client.describe_task_definition(taskDefinition=task_definition_arn)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            kind = TaskDefinitionRefusedError if code in _REFUSALS else TaskDefinitionUnavailableError
            raise kind(_said(code)) from None
        except BotoCoreError as error:
            raise TaskDefinitionUnavailableError(_said(type(error).__name__)) from None
        return log_configurations_of(answer["taskDefinition"])


def _said(code: str) -> str:
    """Only the code: a message of AWS may repeat what was sent."""
    return f"the task definition could not be read: {code}"
