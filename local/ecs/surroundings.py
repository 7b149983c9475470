"""The services that the life of every task needs."""

from __future__ import annotations

from dataclasses import dataclass

from local.clock import Clock
from local.ecs.containers import ContainerRuntime
from local.ecs.ports import Catalog, Events, Identity, Logs


@dataclass(frozen=True)
class Pace:
    """How long the parts of a life take, in virtual seconds. AWS takes 20 to 57 s to start, 22 to 38 s to stop
    (fact B13).
    """

    provisioning_seconds: float = 0.1
    pull_seconds: float = 0.1
    deprovisioning_seconds: float = 0.1


@dataclass(frozen=True)
class Surroundings:
    """The services that every life needs."""

    catalog: Catalog
    runtime: ContainerRuntime
    events: Events
    logs: Logs
    identity: Identity
    clock: Clock
    pace: Pace
