"""What local Fargate needs from the emulator around it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from local.ecs.model import Json


@dataclass(frozen=True)
class ClusterInfo:
    """A cluster that exists."""

    arn: str
    name: str
    capacity_providers: tuple[str, ...] = ()


class Catalog(ABC):
    """Clusters and task definitions, which the embedded AWS keeps (CloudFormation makes them there)."""

    @abstractmethod
    def cluster(self, reference: str) -> ClusterInfo | None:
        """Returns the cluster with this name or ARN; None if there is none."""

    @abstractmethod
    def task_definition(self, reference: str) -> Json | None:
        """The task definition of a family, `family:revision` or ARN, as DescribeTaskDefinition shows it."""

    @abstractmethod
    def secrets(self, container_definition: Json) -> dict[str, str]:
        """The values of a container's `secrets`; SecretError where one cannot be had."""


class SecretError(Exception):
    """A secret of a container definition cannot be read; the message names it, never its value."""


class Events(ABC):
    """The default event bus."""

    @abstractmethod
    def publish(self, *, source: str, detail_type: str, resources: Sequence[str], detail: Json) -> None:
        """Put one event of an AWS service on the bus."""


class Logs(ABC):
    """CloudWatch Logs."""

    @abstractmethod
    def create_group(self, group: str) -> None:
        """Make a log group, which may be there by now."""

    @abstractmethod
    def create_stream(self, group: str, stream: str) -> None:
        """Make a log stream; LogGroupMissingError where the group does not exist."""

    @abstractmethod
    def put(self, group: str, stream: str, messages: Sequence[tuple[int, str]]) -> None:
        """Append (epoch milliseconds, text) in order."""


class LogGroupMissingError(Exception):
    """The log group of a container does not exist."""


@dataclass(frozen=True)
class Place:
    """Where a container runs: the Region and account that ECS tells it, and the endpoint of AWS."""

    region: str
    account: str
    endpoint_url: str


class Identity(ABC):
    """Credentials and permissions of roles, and the place of this runtime."""

    @abstractmethod
    def place(self) -> Place:
        """Region, account and endpoint of the caller's scope."""

    @abstractmethod
    def credentials_environment(self, role_arn: str | None, session_name: str) -> dict[str, str]:
        """Environment that lets an AWS SDK in the container act as the task role; empty without a role."""

    @abstractmethod
    def end_sessions(self, session_name: str) -> None:
        """The credentials that were given out under this name are good for nothing any more."""

    @abstractmethod
    def allows(self, role_arn: str, action: str, resource: str) -> bool:
        """Whether a role's policies allow an action on a resource."""
