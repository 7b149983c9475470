"""Puts the local runtime together."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.clock import Clock
from local.control_api import ControlApi
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
from local.emulator.functions import AsyncInvocations
from local.emulator.install import install
from local.emulator.language import EmulatorLanguage
from local.emulator.map_runs import EmulatorMapRuns
from local.emulator.permissions import EmulatorPermissions
from local.emulator.scope import EmulatorIdentity
from local.state import MARK
from local.stepfunctions.engine import Engine
from local.stepfunctions.interpreter import Interpreter
from local.stepfunctions.run_task import RESOURCE, RunTask
from local.stepfunctions.tasks import TaskRunner
from local.stepfunctions.tokens import Tokens


@dataclass(frozen=True)
class Runtime:
    """The parts that live as long as the process."""

    fargate: LocalFargate
    engine: Engine

    def wrap(self, app: Any) -> Any:
        """The embedded AWS with this runtime's own paths before it."""
        return ControlApi(app, self.fargate)

    async def shutdown(self) -> None:
        """Stop executions, then kill every container."""
        await self.engine.shutdown()
        await self.fargate.shutdown()


def assemble(*, endpoint_url: str, scratch: Path, time_scale: float = 1.0, pace: Pace | None = None) -> Runtime:
    """Make the parts and put them into the embedded AWS. Must be called on the loop that serves requests."""
    clock = Clock(time_scale)
    events = EmulatorEvents()
    fargate = LocalFargate(
        Surroundings(
            catalog=EmulatorCatalog(),
            runtime=ProcessRuntime(scratch, _marks()),
            events=events,
            logs=EmulatorLogs(),
            identity=EmulatorIdentity(endpoint_url),
            clock=clock,
            pace=pace or Pace(),
        )
    )
    tokens = Tokens()
    tasks = TaskRunner({RESOURCE: RunTask(fargate, EmulatorPermissions())}, EmulatorServices(), tokens, clock)
    engine = Engine(
        Interpreter(EmulatorLanguage(), tasks, EmulatorMapRuns(clock), clock), EmulatorExecutionEvents(events), clock
    )
    loop = asyncio.get_running_loop()
    install(fargate, engine, tokens, AsyncInvocations(loop, clock), loop)
    return Runtime(fargate, engine)


def _marks() -> dict[str, str]:
    return {MARK: os.environ[MARK]} if MARK in os.environ else {}
