"""The task definitions of jobs in ECS."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from fargate_runs.aws.translate import Translation
from fargate_runs.ports import TaskDefinitionRefusedError, TaskDefinitionUnavailableError
from fargate_runs.ports.jobs import JobTaskDefinitions

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient

_REFUSALS: Final = ("AccessDeniedException", "ClientException", "InvalidParameterException")
_TRANSLATED: Final = Translation(
    "ECS did not change the task definition:",
    TaskDefinitionUnavailableError,
    dict.fromkeys(_REFUSALS, TaskDefinitionRefusedError),
)
_PAGED: Final = {"input_token": "nextToken", "output_token": "nextToken", "result_key": "taskDefinitionArns"}


class EcsJobTaskDefinitions(JobTaskDefinitions):
    """See JobTaskDefinitions."""

    def __init__(self, client: "ECSClient") -> None:
        self._client = client

    def register(self, definition: Mapping[str, object]) -> str:
        """See JobTaskDefinitions."""
        request: Any = definition  # as RegisterTaskDefinition takes it
        with _TRANSLATED:
            answer = self._client.register_task_definition(**request)
        return answer["taskDefinition"]["taskDefinitionArn"]

    def deregister_all(self, family: str) -> None:
        """See JobTaskDefinitions."""
        for arn in list(self._active(family)):
            with _TRANSLATED:
                self._client.deregister_task_definition(taskDefinition=arn)

    def _active(self, family: str) -> Iterator[str]:
        """Yields the revisions of a family. ECS looks for a prefix, which other families may have too."""
        call = self._client.list_task_definitions
        for page in _TRANSLATED.pages(call, _PAGED, familyPrefix=family, status="ACTIVE"):
            yield from (arn for arn in page["taskDefinitionArns"] if arn.rpartition("/")[2].split(":")[0] == family)
