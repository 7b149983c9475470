"""The cluster's tasks on ECS."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from fargate_runs.ports import Cluster, ClusterUnavailableError, Described, TaskList

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient

T = TypeVar("T")

MISSING: Final = "MISSING"  # fact B12
# StopTask of a task that ECS no longer knows: it does not run.
_NOT_FOUND: Final = "InvalidParameterException"


class EcsCluster(Cluster):
    """See Cluster."""

    def __init__(self, client: "ECSClient", cluster_arn: str) -> None:
        self._client = client
        self._cluster_arn = cluster_arn

    def listed(self, which: TaskList) -> Iterator[Sequence[str]]:
        """See Cluster."""
        token: dict[str, str] = {}
        while True:
            more = dict(token)
            page = _translated(
                lambda more=more: self._client.list_tasks(  # type: ignore[misc]
                    cluster=self._cluster_arn, desiredStatus=which.value, **more
                )
            )
            yield page["taskArns"]
            if not page.get("nextToken"):
                return
            token = {"nextToken": page["nextToken"]}

    def describe(self, task_arns: Sequence[str]) -> Described:
        """See Cluster."""
        answer = _translated(lambda: self._client.describe_tasks(cluster=self._cluster_arn, tasks=list(task_arns)))
        missing = {each.get("arn", "") for each in answer["failures"] if each.get("reason") == MISSING}
        return Described(tuple(dict(task) for task in answer["tasks"]), frozenset(missing))

    def stop(self, task_arn: str, reason: str) -> None:
        """See Cluster."""
        try:
            self._client.stop_task(cluster=self._cluster_arn, task=task_arn, reason=reason)
        except ClientError as error:
            if error.response["Error"]["Code"] != _NOT_FOUND or "not found" not in error.response["Error"]["Message"]:
                raise _unavailable(error) from None
        except BotoCoreError as error:
            raise _unavailable(error) from None


def _translated(call: Callable[[], T]) -> T:
    try:
        return call()
    except (BotoCoreError, ClientError) as error:
        raise _unavailable(error) from None


def _unavailable(error: BotoCoreError | ClientError) -> ClusterUnavailableError:
    """Only the code: a message of AWS may repeat what was sent."""
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
    return ClusterUnavailableError(f"ECS answered {code}")
