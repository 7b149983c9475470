"""The specification of a container, and the runtimes that run it."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

OUT_OF_MEMORY: Final = "OutOfMemoryError: Container killed due to memory usage"  # fact B18
OnOutput = Callable[[bytes], None]


@dataclass(frozen=True)
class ContainerSpec:
    """One container of one task. `arguments` is entryPoint and command together, `entry_point` the first alone.

    `memory_mib` is the container's own hard limit, `task_memory_mib` one that all containers of the task share.
    """

    task_id: str
    name: str
    image: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    working_directory: str | None = None
    memory_mib: int | None = None
    task_memory_mib: int | None = None
    entry_point: tuple[str, ...] = ()
    user: str | None = None


@dataclass(frozen=True)
class ContainerExit:
    """How a container ended. `reason` has ECS's words, and only if they say more than the exit code (fact B18)."""

    exit_code: int
    reason: str | None = None


class CannotStartContainerError(Exception):
    """The container never started; the message is the reason that a container runtime gives."""


class RunningContainer(ABC):
    """A started container."""

    @property
    @abstractmethod
    def runtime_id(self) -> str:
        """The id that the container runtime gave it."""

    @property
    @abstractmethod
    def ended(self) -> asyncio.Future[ContainerExit]:
        """Resolved once the container has ended and all its output has been handed on."""

    @abstractmethod
    def terminate(self) -> None:
        """SIGTERM."""

    @abstractmethod
    def kill(self) -> None:
        """SIGKILL."""

    async def execute(self, arguments: Sequence[str], timeout_seconds: float) -> int | None:
        """Runs a command in the container, as a health check does. Returns its exit code, None if it took too long.

        `timeout_seconds` are real seconds. A command that cannot be executed gives 126 or 127, as a shell does.
        """
        raise NotImplementedError(f"{type(self).__name__} runs no commands but its own: {arguments}, {timeout_seconds}")


class ContainerRuntime(ABC):
    """Starts containers."""

    @abstractmethod
    async def start(self, spec: ContainerSpec, on_output: OnOutput) -> RunningContainer:
        """Start one; its output (both streams) is handed on in pieces. CannotStartContainerError if it cannot."""

    @abstractmethod
    async def close(self) -> None:
        """Ends the containers that still run. Nothing is started after it."""


def cannot_execute(program: str, why: str) -> CannotStartContainerError:
    """The error of a command that cannot be executed, as Fargate words it (reports: containers-roadmap, ecs-agent)."""
    return CannotStartContainerError(
        "CannotStartContainerError: ResourceInitializationError: failed to create new container runtime task: "
        "failed to create shim task: OCI runtime create failed: runc create failed: "
        f'unable to start container process: exec: "{program}": {why}: unknown'
    )
