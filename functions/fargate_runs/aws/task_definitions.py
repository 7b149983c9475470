"""ECS's task definitions."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from fargate_runs.aws.translate import Translation
from fargate_runs.ports import TaskDefinitionRefusedError, TaskDefinitions, TaskDefinitionUnavailableError
from fargate_runs.runs.log_place import LogConfiguration, log_configurations_of

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient

# ClientException: there is no such revision (fact B24).
_REFUSALS: Final = ("AccessDeniedException", "ClientException", "InvalidParameterException")
_TRANSLATED: Final = Translation(
    "the task definition could not be read:",
    TaskDefinitionUnavailableError,
    dict.fromkeys(_REFUSALS, TaskDefinitionRefusedError),
)


class EcsTaskDefinitions(TaskDefinitions):
    """See TaskDefinitions."""

    def __init__(self, client: "ECSClient") -> None:
        self._client = client

    def log_configurations(self, task_definition_arn: str) -> Mapping[str, LogConfiguration]:
        """See TaskDefinitions."""
        with _TRANSLATED:
            answer = self._client.describe_task_definition(taskDefinition=task_definition_arn)
        return log_configurations_of(answer["taskDefinition"])
