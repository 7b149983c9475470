"""The task definition of a job with an image: like the stack's own but for what the job says. Pure."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from fargate_runs.jobs.job import Job

STREAM_PREFIX: Final = "runs"  # of the stack's own, so that one place leads to the logs of both
_ARCHITECTURES: Final = {"linux/amd64": "X86_64", "linux/arm64": "ARM64"}


@dataclass(frozen=True, slots=True)
class OwnTaskDefinition:
    """What the stack's own task definition says, and that of a job repeats. Sizes are as ECS writes them."""

    family: str
    container: str
    cpu: str
    memory: str
    architecture: str
    execution_role: str
    task_role: str
    log_group: str
    log_region: str
    stop_timeout_seconds: int

    def family_of(self, job: str) -> str:
        """Returns the family of a job. The state machines may run every family that begins with the stack's."""
        return f"{self.family}-{job}"


def task_definition_of(job: Job, own: OwnTaskDefinition) -> dict[str, object]:
    """Returns the arguments of RegisterTaskDefinition for a job with an image."""
    container: dict[str, object] = {
        "name": own.container,
        "image": job.image,
        "essential": True,
        "stopTimeout": own.stop_timeout_seconds,
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": own.log_group,
                "awslogs-region": own.log_region,
                "awslogs-stream-prefix": STREAM_PREFIX,
                "mode": "blocking",  # as in template.yaml: else the driver drops the newest lines (fact B45)
            },
        },
    }
    if job.entrypoint:
        container["entryPoint"] = list(job.entrypoint)
    if job.command:
        container["command"] = list(job.command)
    if job.environment:
        container["environment"] = [{"name": name, "value": value} for name, value in sorted(job.environment.items())]
    if job.secrets:
        container["secrets"] = [{"name": name, "valueFrom": arn} for name, arn in sorted(job.secrets.items())]
    return {
        "family": own.family_of(job.name),
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": str(job.cpu) if job.cpu else own.cpu,
        "memory": str(job.memory) if job.memory else own.memory,
        "runtimePlatform": {
            "cpuArchitecture": _ARCHITECTURES[job.platform] if job.platform else own.architecture,
            "operatingSystemFamily": "LINUX",
        },
        "executionRoleArn": own.execution_role,
        "taskRoleArn": job.task_role or own.task_role,
        "containerDefinitions": [container],
    }


def digest_of(definition: Mapping[str, object]) -> str:
    """Returns the digest of a task definition: the same for the same content. Nothing can be read from it."""
    text = json.dumps(definition, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
