"""Puts the local runtime together."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from local.clock import Clock
from local.control_api import ControlApi
from local.ecs.containers import ContainerRuntime
from local.ecs.fargate import LocalFargate
from local.ecs.life import Pace, Surroundings
from local.ecs.processes import ProcessRuntime
from local.emulator.adapters import (
    EmulatorCatalog,
    EmulatorEvents,
    EmulatorExecutionEvents,
    EmulatorLogs,
    EmulatorServices,
)
from local.emulator.credentials import Keys, install_function_credentials
from local.emulator.functions import AsyncInvocations
from local.emulator.gate import Gate
from local.emulator.install import install
from local.emulator.language import EmulatorLanguage
from local.emulator.map_runs import EmulatorMapRuns
from local.emulator.nested_executions import EmulatorExecutions, ExecutionEnds
from local.emulator.permissions import EmulatorPermissions
from local.emulator.scope import EmulatorIdentity
from local.function_calls import FunctionCalls, caller_at
from local.state import MARK, Containers
from local.stepfunctions import run_task, start_execution
from local.stepfunctions.engine import Engine
from local.stepfunctions.interpreter import Interpreter
from local.stepfunctions.tasks import Integration, TaskRunner
from local.stepfunctions.tokens import Tokens


@dataclass(frozen=True)
class Runtime:
    """The parts that live as long as the process."""

    fargate: LocalFargate
    engine: Engine
    end_containers: Callable[[], Awaitable[None]]
    keys: Keys

    def wrap(self, app: Any) -> Any:
        """The embedded AWS with this runtime's own paths before it, for who has a key."""
        return Gate(ControlApi(FunctionCalls(app, self.fargate.faults, caller_at), self.fargate), self.keys)

    async def shutdown(self) -> None:
        """Stop executions, then kill every container."""
        await self.engine.shutdown()
        await self.fargate.shutdown()
        await self.end_containers()


def assemble(
    *,
    endpoint_url: str,
    secret: str,
    scratch: Path,
    containers: Containers = Containers.PROCESS,
    time_scale: float = 1.0,
    pace: Pace | None = None,
) -> Runtime:
    """Make the parts and put them into the embedded AWS. Must be called on the loop that serves requests.

    `secret` is the secret access key of the account's root user.
    """
    clock = Clock(time_scale)
    events = EmulatorEvents()
    runtime, end_containers = _RUNTIMES[containers](scratch)
    fargate = LocalFargate(
        Surroundings(
            catalog=EmulatorCatalog(),
            runtime=runtime,
            events=events,
            logs=EmulatorLogs(),
            identity=EmulatorIdentity(endpoint_url),
            clock=clock,
            pace=pace or Pace(),
        )
    )
    tokens = Tokens()
    execution_events = ExecutionEnds(EmulatorExecutionEvents(fargate.events, clock))
    permissions = EmulatorPermissions()
    integrations: dict[str, Integration] = {
        run_task.RESOURCE: run_task.RunTask(fargate, permissions),
        start_execution.RESOURCE: start_execution.StartExecution(EmulatorExecutions(execution_events), permissions),
    }
    tasks = TaskRunner(integrations, EmulatorServices(), tokens, clock)
    engine = Engine(Interpreter(EmulatorLanguage(), tasks, EmulatorMapRuns(clock), clock), execution_events, clock)
    install(fargate, engine, tokens, AsyncInvocations(asyncio.get_running_loop(), clock), execution_events, clock)
    install_function_credentials()
    return Runtime(fargate, engine, end_containers, Keys(secret))


def container_hosts(containers: Containers) -> Collection[str]:
    """The names, beside those of the loopback interface, by which containers reach the runtime."""
    if containers is not Containers.DOCKER:
        return ()
    # Docker's SDK is slow to import, and only those who use Docker need it.
    from local.ecs.docker_runtime import DESKTOP_HOST  # noqa: PLC0415

    return (DESKTOP_HOST,)


def _processes(scratch: Path) -> tuple[ContainerRuntime, Callable[[], Awaitable[None]]]:
    async def nothing_more() -> None:
        """Processes end with the lives of their tasks."""

    return ProcessRuntime(scratch, _marks()), nothing_more


def _docker(_: Path) -> tuple[ContainerRuntime, Callable[[], Awaitable[None]]]:
    # Docker's SDK is slow to import, and only those who use Docker need it.
    from local.ecs.docker_engine import Engine as ContainerEngine  # noqa: PLC0415
    from local.ecs.docker_runtime import DockerRuntime  # noqa: PLC0415

    runtime = DockerRuntime(ContainerEngine.connect(), os.environ.get(MARK, ""))
    return runtime, runtime.close


_RUNTIMES: Final = {Containers.PROCESS: _processes, Containers.DOCKER: _docker}


def _marks() -> dict[str, str]:
    return {MARK: os.environ[MARK]} if MARK in os.environ else {}
