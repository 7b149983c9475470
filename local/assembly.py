"""Puts the local runtime together."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.clock import Clock
from local.control_api import ControlApi
from local.ecs.fargate import LocalFargate
from local.ecs.life import Pace, Surroundings
from local.ecs.runtimes import DEFAULT, kind_of
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
from local.state import MARK
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
        """Returns the embedded AWS behind this runtime's own paths. It accepts only signed calls."""
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
    containers: str = DEFAULT,
    time_scale: float = 1.0,
    pace: Pace | None = None,
) -> Runtime:
    """Make the parts and put them into the embedded AWS. Must be called on the loop that serves requests.

    `secret` is the secret access key of the account's root user.
    """
    clock = Clock(time_scale)
    events = EmulatorEvents()
    runtime = kind_of(containers).make(scratch, os.environ.get(MARK, ""))
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
    return Runtime(fargate, engine, runtime.close, Keys(secret))
