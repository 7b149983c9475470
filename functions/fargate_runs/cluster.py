"""What ECS itself says: the port behind the sweep, and its errors.

    PortError
    ├── ClusterUnavailableError   ECS did not answer: throttled, down, refused
    └── TaskNotFoundError         ECS does not know the task that is to be stopped
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from fargate_runs.errors import PortError

Detail = Mapping[str, object]


class ClusterUnavailableError(PortError):
    """ECS did not answer; the same call may work later."""


class TaskNotFoundError(PortError):
    """ECS does not know the task: it has forgotten it, or it never was one of this cluster."""


@dataclass(frozen=True, slots=True)
class Described:
    """DescribeTasks' answer: the tasks that ECS knows, and the ARNs of those that it does not (MISSING, fact B12)."""

    tasks: tuple[Detail, ...]
    missing: frozenset[str]


class Cluster(ABC):
    """This application's cluster. Raises ClusterUnavailableError."""

    @abstractmethod
    def tasks(self) -> Iterator[Sequence[Detail]]:
        """Every task that ECS still knows, running and stopped (for about an hour, fact B12), a page at a time."""

    @abstractmethod
    def describe(self, task_arns: Sequence[str]) -> Described:
        """The tasks of these ARNs, at most 100 (fact B34)."""

    @abstractmethod
    def stop(self, task_arn: str, reason: str) -> None:
        """Ask a task to stop; harmless for one that has. `reason` of at most 255 characters. TaskNotFoundError."""
