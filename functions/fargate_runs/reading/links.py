"""Links into the AWS console. They are made from names alone, without a call, so nothing can fail."""

from typing import Final
from urllib.parse import quote

_HOSTS: Final = {"aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}


def partition_and_region(arn: str) -> tuple[str, str]:
    """Returns the partition and the Region of an ARN."""
    _, partition, _, region, *_ = (arn + ":::").split(":")
    return partition, region


def console(partition: str, region: str) -> str:
    """Returns the console's address in a Region."""
    return f"https://{region}.{_HOSTS.get(partition, 'console.aws.amazon.com')}"


def task_url(task_arn: str, cluster_arn: str) -> str:
    """Returns the address of a task's page. The console keeps the page for about an hour after the end (fact B12)."""
    partition, region = partition_and_region(task_arn)
    cluster, task = (quote(arn.rpartition("/")[2], safe="") for arn in (cluster_arn, task_arn))
    return f"{console(partition, region)}/ecs/v2/clusters/{cluster}/tasks/{task}/configuration?region={region}"


def log_stream_url(partition: str, region: str, group: str, stream: str) -> str:
    """Returns the address of a log stream's page. The console escapes names twice, with $ for %."""
    names = (quote(quote(name, safe=""), safe="").replace("%", "$") for name in (group, stream))
    return f"{console(partition, region)}/cloudwatch/home?region={region}#logsV2:log-groups/log-group/" + (
        "/log-events/".join(names)
    )
