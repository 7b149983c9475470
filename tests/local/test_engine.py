"""The engine where StopExecution and RedriveExecution come at bad moments."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from local.clock import Clock
from local.ecs.model import Json
from local.stepfunctions.engine import Engine
from local.stepfunctions.execution import Frame
from local.stepfunctions.interpreter import Interpreter
from local.stepfunctions.ports import ExecutionEvents

MACHINE: Json = {"StartAt": "A", "States": {}}


class Events(ExecutionEvents):
    """Keeps the statuses."""

    def __init__(self) -> None:
        self.statuses: list[object] = []

    def status_changed(self, record: Json) -> None:
        self.statuses.append(record["status"])


class Walks:
    """Stands in for the interpreter: an attempt waits until it is told how to end; a stubborn one is not cancelled."""

    def __init__(self, *, stubborn: bool = False) -> None:
        self.stubborn = stubborn
        self.ends: list[asyncio.Future[object]] = []

    async def run(self, machine: Json, data: object, frame: Frame) -> object:
        end: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self.ends.append(end)
        try:
            return await asyncio.shield(end)
        except asyncio.CancelledError:
            if not self.stubborn:
                raise
            return await end


def record(status: str = "RUNNING") -> Json:
    """What the embedded AWS has made for StartExecution."""
    return {
        "executionArn": "arn:aws:states:us-east-1:1:execution:m:e",
        "stateMachineArn": "arn:aws:states:us-east-1:1:stateMachine:m",
        "name": "e",
        "status": status,
        "startDate": "2026-01-01T00:00:00.000Z",
        "stopDate": None,
        "input": "{}",
        "output": None,
        "events": [{"id": 1, "type": "ExecutionStarted"}],
    }


def engine(walks: Walks, events: Events) -> Engine:
    return Engine(cast(Interpreter, cast(Any, walks)), events, Clock())


async def settled() -> None:
    """Let everything that is ready run."""
    for _ in range(5):
        await asyncio.sleep(0)


def test_an_execution_that_was_stopped_before_it_began_does_not_begin() -> None:
    async def scenario() -> None:
        walks, stopped = Walks(), record("ABORTED")
        engine(walks, Events()).start(stopped, MACHINE)
        await settled()
        assert (walks.ends, stopped["status"]) == ([], "ABORTED")

    asyncio.run(scenario())


def test_an_attempt_that_ends_late_changes_nothing_in_the_redriven_one() -> None:
    async def scenario() -> None:
        walks, events, execution = Walks(stubborn=True), Events(), record()
        running = engine(walks, events)
        running.start(execution, MACHINE)
        await settled()
        running.stop(execution, None, None)
        running.redrive(execution)
        await settled()
        first, second = walks.ends
        first.set_result("late")
        await settled()
        assert (execution["status"], execution["redriveCount"]) == ("RUNNING", 1)
        running.stop(execution, "Why", None)
        assert (execution["status"], execution["error"]) == ("ABORTED", "Why")
        second.set_result("later")
        await settled()
        assert (execution["status"], execution["output"]) == ("ABORTED", None)
        assert events.statuses == ["ABORTED", "RUNNING", "ABORTED"]

    asyncio.run(scenario())
