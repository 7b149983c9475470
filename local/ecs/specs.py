"""From a task definition and overrides to the specification of a container."""

from __future__ import annotations

from local.ecs.containers import ContainerSpec
from local.ecs.model import Json, LocalTask
from local.ecs.ports import Catalog, Identity
from local.ecs.requests import RunTaskRequest


def container_spec(
    task: LocalTask, definition: Json, request: RunTaskRequest, catalog: Catalog, identity: Identity
) -> ContainerSpec:
    """The spec of one container: overrides win over the definition, and ECS's own variables are added.

    Raises `ports.SecretError` where a secret cannot be read.
    """
    name = str(definition["name"])
    override = request.override_of(name)
    command = override.get("command") or definition.get("command")
    memory = override.get("memory") or definition.get("memory")
    return ContainerSpec(
        task_id=task.task_id,
        name=name,
        image=str(definition.get("image", "")),
        arguments=(*_words(definition.get("entryPoint")), *_words(command)),
        environment={
            **_ecs_environment(task, request, identity),
            **_pairs(definition.get("environment")),
            **catalog.secrets(definition),
            **_pairs(override.get("environment")),
        },
        working_directory=_text_or_none(definition.get("workingDirectory")),
        memory_mib=_mebibytes(memory),
        task_memory_mib=_mebibytes(task.memory),
        entry_point=_words(definition.get("entryPoint")),
        user=_text_or_none(definition.get("user")),
    )


def _mebibytes(value: object) -> int | None:
    return int(value) if isinstance(value, int | str) and str(value).isdigit() else None


def _ecs_environment(task: LocalTask, request: RunTaskRequest, identity: Identity) -> dict[str, str]:
    place = identity.place()
    return {
        "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
        "AWS_REGION": place.region,
        "AWS_DEFAULT_REGION": place.region,
        "AWS_ENDPOINT_URL": place.endpoint_url,
        **identity.credentials_environment(request.task_role, task.task_id),
    }


def _words(value: object) -> tuple[str, ...]:
    return tuple(str(word) for word in value) if isinstance(value, list) else ()


def _pairs(value: object) -> dict[str, str]:
    entries = value if isinstance(value, list) else []
    return {str(entry["name"]): str(entry.get("value", "")) for entry in entries if isinstance(entry, dict)}


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
