"""RunTask's parameters: which ones ECS refuses, in ECS's words, and how it reads the others."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from local.ecs.errors import ClientError, ClusterNotFoundError, InvalidParameterError
from local.ecs.model import Json
from local.ecs.names import check_tags, check_task_definition
from local.ecs.ports import Catalog, ClusterInfo

LONGEST_OVERRIDES_CHARACTERS: Final = 8_192  # fact B30
LONGEST_STARTED_BY_CHARACTERS: Final = 128  # fact B30
MOST_TASKS: Final = 10  # fact B34
FARGATE_PROVIDERS: Final = ("FARGATE", "FARGATE_SPOT")


@dataclass(frozen=True)
class RunTaskRequest:
    """A RunTask call that ECS would accept."""

    cluster: ClusterInfo
    definition: Json
    count: int
    overrides: Json
    launch_type: str | None
    capacity_provider: str | None
    subnet_id: str
    platform_version: str
    started_by: str | None
    group: str | None
    enable_execute_command: bool
    tags: tuple[Json, ...]

    @property
    def container_definitions(self) -> list[Json]:
        """The containers that the task definition names."""
        return list(_objects(self.definition.get("containerDefinitions")))

    @property
    def task_role(self) -> str | None:
        """The role of the containers: an override's, or the definition's."""
        return self._role("taskRoleArn")

    @property
    def execution_role(self) -> str | None:
        """The role of ECS's own work for the task: an override's, or the definition's."""
        return self._role("executionRoleArn")

    def _role(self, name: str) -> str | None:
        found = self.overrides.get(name) or self.definition.get(name)
        return str(found) if found else None

    def override_of(self, container: str) -> Json:
        """The override of one container, `{}` if there is none."""
        entries = _objects(self.overrides.get("containerOverrides"))
        return next((entry for entry in entries if entry.get("name") == container), {})


def read_run_task(parameters: Json, catalog: Catalog) -> RunTaskRequest:
    """RunTask's parameters (API names, camelCase) as a request; `EcsApiError` as ECS answers (facts B24, B25, B30)."""
    definition = _definition(parameters, catalog)
    # Also of a definition that came by another way than the API: its names become parts of paths.
    check_task_definition(definition)
    check_tags(parameters)
    cluster = catalog.cluster(_text(parameters, "cluster") or "default")
    if cluster is None:
        raise ClusterNotFoundError
    overrides = _overrides(parameters, definition)
    launch_type, provider = _launch(parameters, cluster)
    family = str(definition["family"])
    return RunTaskRequest(
        cluster=cluster,
        definition=definition,
        count=_count(parameters),
        overrides=overrides,
        launch_type=launch_type,
        capacity_provider=provider,
        subnet_id=_subnet(parameters),
        platform_version=_platform_version(parameters),
        started_by=_started_by(parameters),
        group=_text(parameters, "group") or f"family:{family}",
        enable_execute_command=bool(parameters.get("enableExecuteCommand", False)),
        tags=tuple(_only_objects(parameters, "tags")),
    )


def _definition(parameters: Json, catalog: Catalog) -> Json:
    reference = _text(parameters, "taskDefinition")
    if not reference:
        raise InvalidParameterError("TaskDefinition can not be blank.")
    definition = catalog.task_definition(reference)
    if definition is None:
        raise ClientError("TaskDefinition not found.")
    if definition.get("status") == "INACTIVE":
        raise ClientError("TaskDefinition is inactive")
    return definition


def _overrides(parameters: Json, definition: Json) -> Json:
    overrides = parameters.get("overrides")
    if overrides is None:
        return {}
    if not isinstance(overrides, dict) or not isinstance(overrides.get("containerOverrides", []), list):
        raise InvalidParameterError("Overrides must be an object, and its containerOverrides a list.")
    if not _is_text(overrides):
        raise InvalidParameterError("Overrides must be valid UTF-8 without null characters.")
    if len(json.dumps(overrides, separators=(",", ":"), ensure_ascii=False)) > LONGEST_OVERRIDES_CHARACTERS:
        raise InvalidParameterError(f"Container Overrides length must be at most {LONGEST_OVERRIDES_CHARACTERS}")
    known = {container["name"] for container in _objects(definition.get("containerDefinitions"))}
    for entry in _only_objects(overrides, "containerOverrides"):
        if entry.get("name") not in known:
            raise InvalidParameterError(
                f"Override for container named {entry.get('name')} is not a container in the TaskDefinition."
            )
        _check_override(entry)
    return overrides


def _is_text(overrides: Json) -> bool:
    try:
        encoded = json.dumps(overrides, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return b"\\u0000" not in encoded


def _check_override(entry: Json) -> None:
    command = entry.get("command")
    if command is not None and not (isinstance(command, list) and all(isinstance(word, str) for word in command)):
        raise InvalidParameterError(f"Override command of container {entry['name']} must be a list of strings.")
    for pair in _only_objects(entry, "environment"):
        if not isinstance(pair.get("name"), str) or not isinstance(pair.get("value"), str):
            raise InvalidParameterError(
                f"Override environment of container {entry['name']} must be a list of name and value, both strings."
            )


def _launch(parameters: Json, cluster: ClusterInfo) -> tuple[str | None, str | None]:
    launch_type = _text(parameters, "launchType")
    strategy = _only_objects(parameters, "capacityProviderStrategy")
    if launch_type not in {None, "EC2", "FARGATE", "EXTERNAL"}:
        raise InvalidParameterError(f"Unknown launch type: {launch_type}")
    if launch_type and strategy:
        raise InvalidParameterError(
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again."
        )
    if not strategy:
        return launch_type or "EC2", None
    provider = str(max(strategy, key=_weight).get("capacityProvider"))
    if provider not in cluster.capacity_providers:
        raise InvalidParameterError(
            f"The specified capacity provider '{provider}' was not found. Specify a valid name or ARN and try again."
        )
    return ("FARGATE" if provider in FARGATE_PROVIDERS else "EC2"), provider


def _weight(entry: Json) -> tuple[int, int]:
    base, weight = entry.get("base", 0), entry.get("weight", 0)
    return (base if isinstance(base, int) else 0, weight if isinstance(weight, int) else 0)


def _subnet(parameters: Json) -> str:
    """The first subnet; a made-up one where no network is named, which AWS takes only outside awsvpc.

    The machines printed on AWS's page about this integration name none, and have to run here as they stand.
    """
    network = parameters.get("networkConfiguration")
    awsvpc = network.get("awsvpcConfiguration") if isinstance(network, dict) else None
    if not isinstance(awsvpc, dict):
        return "subnet-00000000"
    subnets = awsvpc.get("subnets")
    if not isinstance(subnets, list) or not subnets or not all(isinstance(name, str) for name in subnets):
        raise InvalidParameterError("subnets can not be empty.")
    return str(subnets[0])


def _count(parameters: Json) -> int:
    count = parameters.get("count", 1)
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MOST_TASKS:
        raise InvalidParameterError(f"Tasks count should be between 1 and {MOST_TASKS}.")
    return count


def _started_by(parameters: Json) -> str | None:
    started_by = _text(parameters, "startedBy")
    if started_by and len(started_by) > LONGEST_STARTED_BY_CHARACTERS:
        raise InvalidParameterError(f"startedBy must be at most {LONGEST_STARTED_BY_CHARACTERS} characters.")
    return started_by


def _platform_version(parameters: Json) -> str:
    version = _text(parameters, "platformVersion")
    return "1.4.0" if version in {None, "LATEST"} else str(version)


def _text(parameters: Json, name: str) -> str | None:
    value = parameters.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidParameterError(f"{name} must be a string.")
    return value


def _only_objects(holder: Json, name: str) -> list[Json]:
    value = holder.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise InvalidParameterError(f"{name} must be a list of objects.")
    return value


def _objects(value: object) -> list[Json]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
