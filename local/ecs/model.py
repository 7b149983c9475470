"""What a task and a container are while they live, and the three shapes in which AWS shows them.

`detail` (events), `api` (DescribeTasks) and `pascal` (Step Functions) differ in which keys are absent, in the form of
times and in the case of names (facts B1 to B5, B20).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from local.clock import epoch_milliseconds, iso_milliseconds

Json = dict[str, object]

EMPTY_OVERRIDE: Final[Json] = {"command": [], "environment": [], "environmentFiles": [], "resourceRequirements": []}


@dataclass
class LocalContainer:
    """One container of a task. `exit_code` and `runtime_id` stay None for one that never started (fact B3)."""

    name: str
    image: str
    arn: str
    cpu: str = "0"
    memory: str | None = None
    essential: bool = True
    last_status: str = "PENDING"
    exit_code: int | None = None
    reason: str | None = None
    runtime_id: str | None = None
    health: str = "UNKNOWN"
    has_health_check: bool = False


@dataclass
class LocalTask:
    """One task: what ECS knows of it. Times are virtual (`local.clock.Clock`).

    `containers_made` is false for a task that failed before ECS made its containers: it is shown without any (fact B3).
    """

    arn: str
    cluster_arn: str
    definition_arn: str
    family: str
    containers: list[LocalContainer]
    cpu: str
    memory: str
    overrides: Json
    availability_zone: str
    subnet_id: str
    launch_type: str | None = "FARGATE"
    capacity_provider: str | None = None
    platform_version: str = "1.4.0"
    started_by: str | None = None
    group: str | None = None
    enable_execute_command: bool = False
    tags: list[Json] = field(default_factory=list)
    last_status: str = "PROVISIONING"
    desired_status: str = "RUNNING"
    version: int = 1
    stop_code: str | None = None
    stopped_reason: str | None = None
    containers_made: bool = True
    times: dict[str, datetime] = field(default_factory=dict)

    @property
    def task_id(self) -> str:
        """The last part of the ARN."""
        return self.arn.rsplit("/", 1)[-1]

    @property
    def stopped(self) -> bool:
        """Whether the task has come to its end."""
        return self.last_status == "STOPPED"

    def detail(self) -> Json:
        """The `detail` of an event: times in ISO 8601. Unknown values are absent, not null (facts B2, B4, B5)."""
        return _without_none(
            {
                **self._common(),
                "containers": [self._container_detail(container) for container in self._shown()],
                "updatedAt": iso_milliseconds(self._updated_at()),
                **{name: iso_milliseconds(moment) for name, moment in sorted(self.times.items())},
            }
        )

    def api(self) -> Json:
        """One element of DescribeTasks' `tasks`: times in epoch seconds, with tags and health (fact B5).

        The times have milliseconds, as in events (fact B4), so both show the same times.
        """
        return _without_none(
            {
                **self._common(),
                "containers": [
                    {**self._container_detail(container), "healthStatus": container.health, "networkBindings": []}
                    for container in self._shown()
                ],
                "healthStatus": self._health(),
                "inferenceAccelerators": [],
                "tags": self.tags,
                **{name: epoch_milliseconds(moment) / 1000 for name, moment in self.times.items()},
            }
        )

    def pascal(self) -> Json:
        """The task as Step Functions hands it on: PascalCase, times in epoch milliseconds (fact B20)."""
        containers = [
            {
                **self._container_detail(container),
                "gpuIds": [],
                "managedAgents": [],
                "networkBindings": [],
            }
            for container in self._shown()
        ]
        shown = _without_none(
            {
                **self._common(),
                "containers": containers,
                "overrides": _padded(self.overrides),
                "inferenceAccelerators": [],
                "tags": self.tags,
                **{name: epoch_milliseconds(moment) for name, moment in self.times.items()},
            }
        )
        return _pascal_object(shown)

    def _common(self) -> Json:
        return {
            "attachments": [self._network_interface()],
            "attributes": [{"name": "ecs.cpu-architecture", "value": "x86_64"}],
            "availabilityZone": self.availability_zone,
            "capacityProviderName": self.capacity_provider,
            "clusterArn": self.cluster_arn,
            "connectivity": "CONNECTED" if "connectivityAt" in self.times else None,
            "cpu": self.cpu,
            "desiredStatus": self.desired_status,
            "enableExecuteCommand": self.enable_execute_command,
            "ephemeralStorage": {"sizeInGiB": 20},
            "group": self.group,
            "lastStatus": self.last_status,
            "launchType": self.launch_type,
            "memory": self.memory,
            "overrides": self.overrides,
            "platformVersion": self.platform_version,
            "startedBy": self.started_by,
            "stopCode": self.stop_code,
            "stoppedReason": self.stopped_reason,
            "taskArn": self.arn,
            "taskDefinitionArn": self.definition_arn,
            "version": self.version,
        }

    def _shown(self) -> list[LocalContainer]:
        return self.containers if self.containers_made else []

    def _health(self) -> str:
        """HEALTHY when every essential container with a health check is, UNHEALTHY when one is (API reference)."""
        checked = {each.health for each in self.containers if each.essential and each.has_health_check}
        if checked == {"HEALTHY"}:
            return "HEALTHY"
        return "UNHEALTHY" if "UNHEALTHY" in checked else "UNKNOWN"

    def _container_detail(self, container: LocalContainer) -> Json:
        return _without_none(
            {
                "containerArn": container.arn,
                "cpu": container.cpu,
                "exitCode": container.exit_code,
                "image": container.image,
                "lastStatus": container.last_status,
                "memory": container.memory,
                "name": container.name,
                "networkInterfaces": [
                    {"attachmentId": self._attachment_id(), "privateIpv4Address": self._private_address()}
                ],
                "reason": container.reason,
                "runtimeId": container.runtime_id,
                "taskArn": self.arn,
            }
        )

    def _network_interface(self) -> Json:
        status = {"PROVISIONING": "PRECREATED", "STOPPED": "DELETED"}.get(self.last_status, "ATTACHED")
        details = {"subnetId": self.subnet_id, "privateIPv4Address": self._private_address()}
        return {
            "id": self._attachment_id(),
            "type": "eni",
            "status": status,
            "details": [{"name": name, "value": value} for name, value in details.items()],
        }

    def _attachment_id(self) -> str:
        digest = self._digest().hex()
        return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}"

    def _private_address(self) -> str:
        digest = self._digest()
        return f"10.0.{digest[0] % 2}.{4 + digest[1] % 250}"

    def _digest(self) -> bytes:
        return hashlib.sha256(self.arn.encode()).digest()

    def _updated_at(self) -> datetime:
        return max(self.times.values())


def pascal_case(value: object) -> object:
    """`value` with every object key's first letter in upper case, lists and nested objects included (fact B25)."""
    if isinstance(value, dict):
        return _pascal_object(value)
    if isinstance(value, list):
        return [pascal_case(item) for item in value]
    return value


def camel_case(value: object) -> object:
    """The opposite of `pascal_case`: Step Functions' parameters as ECS's API names them (fact B25)."""
    if isinstance(value, dict):
        return {name[:1].lower() + name[1:]: camel_case(item) for name, item in value.items()}
    if isinstance(value, list):
        return [camel_case(item) for item in value]
    return value


def _pascal_object(value: Json) -> Json:
    return {name[:1].upper() + name[1:]: pascal_case(item) for name, item in value.items()}


def _padded(overrides: Json) -> Json:
    """Overrides with the empty lists that Step Functions' output has and events have not (fact B20)."""
    given = overrides.get("containerOverrides")
    entries = given if isinstance(given, list) else []
    return {
        **overrides,
        "containerOverrides": [{**EMPTY_OVERRIDE, **entry} for entry in entries],
        "inferenceAcceleratorOverrides": [],
    }


def _without_none(value: Json) -> Json:
    return {name: item for name, item in value.items() if item is not None}
