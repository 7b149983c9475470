"""Task definitions in memory."""

from collections.abc import Mapping
from typing import Any

from fargate_runs.ports import TaskDefinitionRefusedError, TaskDefinitions, TaskDefinitionUnavailableError
from fargate_runs.runs.log_place import LogConfiguration, log_configurations_of


class InMemoryTaskDefinitions(TaskDefinitions):
    """`known` holds ECS's own form of each revision by its ARN."""

    def __init__(self, known: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self.known = dict(known or {})
        self.is_down = False
        self.reads = 0

    def log_configurations(self, task_definition_arn: str) -> Mapping[str, LogConfiguration]:
        self.reads += 1
        if self.is_down:
            raise TaskDefinitionUnavailableError("the task definition could not be read: ThrottlingException")
        if task_definition_arn not in self.known:
            raise TaskDefinitionRefusedError("the task definition could not be read: ClientException")
        return log_configurations_of(self.known[task_definition_arn])


def awslogs(group: str = "/others", region: str = "us-east-1", prefix: str | None = "app") -> dict[str, Any]:
    """A log configuration as RegisterTaskDefinition takes it."""
    options = {"awslogs-group": group, "awslogs-region": region, "awslogs-stream-prefix": prefix}
    return {"logDriver": "awslogs", "options": {name: value for name, value in options.items() if value is not None}}


def definition(*names: str, **logs: dict[str, Any]) -> dict[str, Any]:
    """A task definition with these containers, those in `logs` with that log configuration."""
    return {
        "containerDefinitions": [
            {"name": name, "image": "image", **({"logConfiguration": logs[name]} if name in logs else {})}
            for name in (*names, *logs)
        ]
    }
