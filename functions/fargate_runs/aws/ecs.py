"""The cluster's tasks on ECS."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from fargate_runs.aws.translate import Translation, code_of
from fargate_runs.ports import Cluster, ClusterUnavailableError, Described, TaskList, TasksRefusedError
from fargate_runs.reading import lenient

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient

MISSING: Final = "MISSING"  # fact B12
# Refusals because of a task in the call: its ARN is of another cluster or an older form, or no policy allows it.
_REFUSALS: Final = ("AccessDeniedException", "ClientException", "InvalidParameterException", "ValidationException")
_TRANSLATED: Final = Translation("ECS answered", ClusterUnavailableError, dict.fromkeys(_REFUSALS, TasksRefusedError))
PAGED: Final = {"input_token": "nextToken", "output_token": "nextToken", "result_key": "taskArns"}
# The answer of StopTask for a task that ECS no longer knows, and that does not run.
_NOT_FOUND: Final = "InvalidParameterException"


class EcsCluster(Cluster):
    """See Cluster."""

    def __init__(self, client: "ECSClient", cluster_arn: str) -> None:
        self._client = client
        self._cluster_arn = cluster_arn
        self._answered_at: datetime | None = None

    def listed(self, which: TaskList) -> Iterator[Sequence[str]]:
        """See Cluster."""
        for page in _TRANSLATED.pages(
            self._client.list_tasks, PAGED, cluster=self._cluster_arn, desiredStatus=which.value
        ):
            self._note_time(page)
            yield page["taskArns"]

    def describe(self, task_arns: Sequence[str]) -> Described:
        """See Cluster."""
        with _TRANSLATED:
            answer = self._client.describe_tasks(cluster=self._cluster_arn, tasks=list(task_arns))
        self._note_time(answer)
        missing = {each.get("arn", "") for each in answer["failures"] if each.get("reason") == MISSING}
        return Described(tuple(dict(task) for task in answer["tasks"]), frozenset(missing))

    def answered_at(self) -> datetime | None:
        """See Cluster. Returns the Date header of ECS's answer."""
        return self._answered_at

    def _note_time(self, answer: Mapping[str, object]) -> None:
        self._answered_at = _date_of(answer) or self._answered_at

    def stop(self, task_arn: str, reason: str) -> None:
        """See Cluster."""
        with _TRANSLATED:
            try:
                self._client.stop_task(cluster=self._cluster_arn, task=task_arn, reason=reason)
            except ClientError as error:
                if code_of(error) != _NOT_FOUND or "not found" not in error.response["Error"]["Message"]:
                    raise


def _date_of(answer: Mapping[str, object]) -> datetime | None:
    headers = lenient.mapping(lenient.mapping(answer.get("ResponseMetadata")).get("HTTPHeaders"))
    try:
        return lenient.time(parsedate_to_datetime(str(headers.get("date"))))
    except ValueError:
        return None
