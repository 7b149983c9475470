"""Links into the AWS console. Both are worked out from names alone: nothing is asked, so nothing can fail."""

from typing import Final
from urllib.parse import quote

_HOSTS: Final = {"aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}


def partition_and_region(arn: str) -> tuple[str, str]:
    """Of any ARN."""
    _, partition, _, region, *_ = (arn + ":::").split(":")
    return partition, region


def console(partition: str, region: str) -> str:
    """The console's address in a Region."""
    return f"https://{region}.{_HOSTS.get(partition, 'console.aws.amazon.com')}"


def task_url(task_arn: str, cluster_arn: str) -> str:
    """The page of a task, which the console has for about an hour after its end (fact B12)."""
    partition, region = partition_and_region(task_arn)
    cluster, task = (quote(arn.rpartition("/")[2], safe="") for arn in (cluster_arn, task_arn))
    return f"{console(partition, region)}/ecs/v2/clusters/{cluster}/tasks/{task}/configuration?region={region}"


def log_stream_url(partition: str, region: str, group: str, stream: str) -> str:
    """The page of a log stream; the console escapes names twice, with $ for %."""
    names = (quote(quote(name, safe=""), safe="").replace("%", "$") for name in (group, stream))
    return f"{console(partition, region)}/cloudwatch/home?region={region}#logsV2:log-groups/log-group/" + (
        "/log-events/".join(names)
    )
