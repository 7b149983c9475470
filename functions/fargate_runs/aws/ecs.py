"""The cluster on ECS."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, Literal

from botocore.exceptions import BotoCoreError, ClientError

from fargate_runs.cluster import Cluster, ClusterUnavailableError, Described, Detail, TaskNotFoundError

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient

MOST_TASKS: Final = 100  # fact B34
# Running ones first: what still bills is looked at even when there is no time for the rest.
_DESIRED: Final[tuple[Literal["RUNNING", "STOPPED"], ...]] = ("RUNNING", "STOPPED")


class EcsCluster(Cluster):
    """See Cluster."""

    def __init__(self, client: "ECSClient", cluster_arn: str) -> None:
        self._client = client
        self._cluster = cluster_arn

    def tasks(self) -> Iterator[Sequence[Detail]]:
        """See Cluster."""
        for desired in _DESIRED:
            pages = self._client.get_paginator("list_tasks").paginate(cluster=self._cluster, desiredStatus=desired)
            try:
                for page in pages:
                    if page["taskArns"]:
                        yield self.describe(page["taskArns"]).tasks
            except (BotoCoreError, ClientError) as error:
                raise _unavailable(error) from None

    def describe(self, task_arns: Sequence[str]) -> Described:
        """See Cluster."""
        try:
            answer = self._client.describe_tasks(cluster=self._cluster, tasks=list(task_arns)[:MOST_TASKS])
        except (BotoCoreError, ClientError) as error:
            raise _unavailable(error) from None
        missing = (failure["arn"] for failure in answer["failures"] if failure.get("reason") == "MISSING")
        return Described(tuple(dict(task) for task in answer["tasks"]), frozenset(missing))

    def stop(self, task_arn: str, reason: str) -> None:
        """See Cluster."""
        try:
            self._client.stop_task(cluster=self._cluster, task=task_arn, reason=reason)
        except ClientError as error:
            if error.response["Error"]["Code"] == "InvalidParameterException":
                raise TaskNotFoundError("ECS does not know the task") from None
            raise _unavailable(error) from None
        except BotoCoreError as error:
            raise _unavailable(error) from None


def _unavailable(error: BotoCoreError | ClientError) -> ClusterUnavailableError:
    """Only the code: messages of AWS may repeat what was sent."""
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
    return ClusterUnavailableError(f"ECS answered {code}")
