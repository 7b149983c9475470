"""Runs a task of one container to its end."""

from __future__ import annotations

from dataclasses import dataclass

from tests.contract.conftest import LOG_GROUP, Aws, Json
from tests.waiting import eventually

AWS_LOGS: Json = {
    "logConfiguration": {
        "logDriver": "awslogs",
        "options": {"awslogs-group": LOG_GROUP, "awslogs-region": "us-east-1", "awslogs-stream-prefix": "p"},
    }
}


@dataclass(frozen=True)
class Ended:
    """The last event of a task that ran."""

    task_arn: str
    detail: Json

    @property
    def container(self) -> Json:
        """Its first container."""
        containers = self.detail["containers"]
        assert isinstance(containers, list)
        return dict(containers[0])


def start(aws: Aws, container: Json, **override: object) -> str:
    """RunTask of a definition with one container; gives the task's ARN."""
    answer = aws.ecs.run_task(
        cluster=aws.cluster,
        taskDefinition=aws.task_definition({**AWS_LOGS, **container}),
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
        overrides={"containerOverrides": [{"name": "main", **override}]},  # type: ignore[misc, arg-type]
    )
    return answer["tasks"][0]["taskArn"]


def run(aws: Aws, container: Json, **override: object) -> Ended:
    """`start`, and wait for the end."""
    task_arn = start(aws, container, **override)
    detail = aws.task_events(task_arn)[-1]["detail"]
    assert isinstance(detail, dict)
    return Ended(task_arn, detail)


def output(aws: Aws, ended: Ended, lines: int = 1) -> list[str]:
    """What the container printed, once it is at least that many lines."""
    stream = f"p/main/{ended.task_arn.rsplit('/', 1)[-1]}"

    def probe() -> list[str] | None:
        events = aws.logs.get_log_events(logGroupName=LOG_GROUP, logStreamName=stream, startFromHead=True)["events"]
        return [event["message"] for event in events] if len(events) >= lines else None

    return eventually(probe, f"{lines} lines of output")
