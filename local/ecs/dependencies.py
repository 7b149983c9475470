"""`dependsOn`: what a container waits for, what ECS refuses, and in which order containers are stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from local.ecs.errors import ClientError
from local.ecs.health import HealthCheck
from local.ecs.model import Json


class Condition(StrEnum):
    """What has to be true of a container before those that depend on it start (API reference, ContainerDependency)."""

    START = "START"
    COMPLETE = "COMPLETE"
    SUCCESS = "SUCCESS"
    HEALTHY = "HEALTHY"


ENDS: Final = frozenset({Condition.COMPLETE, Condition.SUCCESS})


@dataclass(frozen=True)
class Dependency:
    """One entry of `dependsOn`."""

    container: str
    condition: Condition


Dependencies = Mapping[str, Sequence[Dependency]]


def read_dependencies(definitions: Sequence[Json]) -> Dependencies:
    """The dependencies of each container; ClientError for what ECS does not let be registered.

    The first two texts are AWS's own (reports: boto3#2436, hako#99), the others are assumed.
    """
    by_name = {str(definition["name"]): definition for definition in definitions}
    found = {name: [_dependency(entry) for entry in _entries(definition)] for name, definition in by_name.items()}
    for entry in (entry for entries in found.values() for entry in entries):
        _check(entry, by_name.get(entry.container))
    if _has_cycle(found):
        raise ClientError("Container dependencies should not have a cycle")
    return found


def stopping_order(dependencies: Dependencies) -> list[list[str]]:
    """Groups of containers to stop one after the other: those that others depend on come after them."""
    left = {name: {entry.container for entry in entries} for name, entries in dependencies.items()}
    groups = []
    while left:
        needed = set().union(*left.values())
        group = [name for name in left if name not in needed]
        groups.append(group)
        left = {name: entries for name, entries in left.items() if name in needed}
    return groups


def _dependency(entry: Json) -> Dependency:
    try:
        condition = Condition(str(entry.get("condition")))
    except ValueError:
        known = ", ".join(Condition)
        raise ClientError(f"Invalid condition {entry.get('condition')!r} of dependsOn: it must be {known}") from None
    return Dependency(str(entry.get("containerName")), condition)


def _check(dependency: Dependency, definition: Json | None) -> None:
    if definition is None:
        raise ClientError(f"Cannot depend on container + '{dependency.container}' because it does not exist")
    if dependency.condition in ENDS and definition.get("essential", True):
        raise ClientError("A dependency container with SUCCESS or COMPLETE condition cannot be an essential container")
    if dependency.condition is Condition.HEALTHY and HealthCheck.of(definition) is None:
        raise ClientError(
            f"Container '{dependency.container}' must have a health check to be a dependency with condition HEALTHY"
        )


def _has_cycle(dependencies: Dependencies) -> bool:
    done: set[str] = set()
    while len(done) < len(dependencies):
        ready = {
            name
            for name, entries in dependencies.items()
            if name not in done and all(entry.container in done for entry in entries)
        }
        if not ready:
            return True
        done |= ready
    return False


def _entries(definition: Json) -> list[Json]:
    entries = definition.get("dependsOn")
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
