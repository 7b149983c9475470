"""Tasks by the API, and what their events show: shared by the tests of faults and of containers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.contract.conftest import LOG_GROUP, Aws, Json

STAY = ("python", "-c", "import time; time.sleep(600)")
EXIT_0 = ("python", "-c", "pass")
AWS_LOGS: Json = {
    "logConfiguration": {
        "logDriver": "awslogs",
        "options": {"awslogs-group": LOG_GROUP, "awslogs-region": "us-east-1", "awslogs-stream-prefix": "p"},
    }
}


def python(program: str) -> list[str]:
    """The command of a container that runs a program."""
    return ["python", "-c", program]


def request(
    aws: Aws,
    definition: str,
    command: Sequence[str] = (),
    *,
    provider: str | None = None,
    overrides: Mapping[str, object] | None = None,
    **container: object,
) -> Json:
    """RunTask's parameters; `container` are further overrides of container main."""
    override = {"name": "main", **({"command": list(command)} if command else {}), **container}
    where: Json = (
        {"capacityProviderStrategy": [{"capacityProvider": provider}]} if provider else {"launchType": "FARGATE"}
    )
    return {
        "cluster": aws.cluster,
        "taskDefinition": definition,
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
        "overrides": {"containerOverrides": [override], **(overrides or {})},
        **where,
    }


def run(aws: Aws, definition: str, command: Sequence[str] = (), *, provider: str | None = None, **more: object) -> str:
    """Start one task; gives its ARN."""
    answer = aws.ecs.run_task(**request(aws, definition, command, provider=provider, **more))  # type: ignore[arg-type]
    return answer["tasks"][0]["taskArn"]


def details(events: Sequence[Json]) -> list[Json]:
    """The `detail` of each event."""
    return [event["detail"] for event in events if isinstance(event["detail"], dict)]


def steps(events: Sequence[Json]) -> list[tuple[object, object]]:
    """version and lastStatus of each event."""
    return [(detail["version"], detail["lastStatus"]) for detail in details(events)]


def containers(shown: Json) -> dict[object, Json]:
    """The containers of a detail or of a described task, by name."""
    found = shown["containers"]
    assert isinstance(found, list)
    return {container["name"]: container for container in found}


def logged(aws: Aws, task_arn: str, container: str) -> list[tuple[int, str]]:
    """Epoch milliseconds and text of each line that a container with AWS_LOGS has written."""
    stream = f"p/{container}/{task_arn.rsplit('/', 1)[-1]}"
    events = aws.logs.get_log_events(logGroupName=LOG_GROUP, logStreamName=stream)["events"]
    return [(event["timestamp"], event["message"]) for event in events]
