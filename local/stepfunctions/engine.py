"""Runs executions and stops them."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import dataclass

from local.clock import Clock, iso_milliseconds
from local.ecs.model import Json
from local.stepfunctions.errors import RUNTIME, StateError
from local.stepfunctions.execution import Execution, Frame, as_json
from local.stepfunctions.interpreter import Interpreter
from local.stepfunctions.ports import ExecutionEvents
from local.stepfunctions.redrive import redrive_count

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Walk:
    """One attempt at an execution: the definition that it was started with, and where it stands."""

    machine: Json
    frame: Frame


class Engine:
    """The executions of this runtime. Every method must be called on the runtime's event loop."""

    def __init__(self, interpreter: Interpreter, events: ExecutionEvents, clock: Clock) -> None:
        self._interpreter = interpreter
        self._events = events
        self._clock = clock
        self._runs: dict[str, asyncio.Task[None]] = {}
        self._walks: dict[str, Walk] = {}

    def start(self, record: Json, machine: Json) -> None:
        """Run the execution of a record that the embedded AWS has just made; one that was stopped by now does not."""
        data = json.loads(str(record["input"]))
        self._begin(Walk(machine, self._frame(record, machine, data)), data)

    def stop(self, record: Json, error: str | None, cause: str | None) -> None:
        """StopExecution: ABORTED at once; what `.sync` started is stopped (fact B26)."""
        execution = Execution(record, self._clock)
        run = self._runs.get(execution.arn)
        execution.end("ABORTED", error=error, cause=cause)
        execution.add_event("ExecutionAborted", 0, {"error": error, "cause": cause})
        self._events.status_changed(record)
        if run is not None:
            run.cancel()

    def redrive(self, record: Json) -> None:
        """RedriveExecution of an execution that has ended without success: it goes on from the state that failed.

        The state has the same input and variables, no retry behind it, and the machine's time-out begins again (the
        developer guide's "Redriving executions"; fact B32). A Parallel or Map state begins as a whole.
        """
        before = self._walks[str(record["executionArn"])]
        record.update(status="RUNNING", stopDate=None, output=None, error=None, cause=None)
        record.update(redriveCount=redrive_count(record) + 1, redriveDate=iso_milliseconds(self._clock.now()))
        place = before.frame.place
        data = place.data if place else json.loads(str(record["input"]))
        frame = self._frame(record, before.machine, json.loads(str(record["input"])))
        frame.place = place
        frame.previous_event = _last(frame.execution)
        frame.variables = dict(place.variables) if place else {}
        frame.note("ExecutionRedriven", {"redriveCount": record["redriveCount"]})
        self._events.status_changed(record)
        self._begin(Walk(before.machine, frame), data)

    async def shutdown(self) -> None:
        """Leave every execution where it is."""
        runs = list(self._runs.values())
        for run in runs:
            run.cancel()
        await asyncio.gather(*runs, return_exceptions=True)

    def _frame(self, record: Json, machine: Json, data: object) -> Frame:
        execution = Execution(record, self._clock)
        language = str(machine.get("QueryLanguage", "JSONPath"))
        return Frame(execution, language, _context(record, data))

    def _begin(self, walk: Walk, data: object) -> None:
        execution = walk.frame.execution
        self._walks[execution.arn] = walk
        if not execution.running:
            return
        run = asyncio.get_running_loop().create_task(self._run(walk, data))
        self._runs[execution.arn] = run
        run.add_done_callback(lambda _: self._forget(execution.arn, run))

    def _forget(self, arn: str, run: asyncio.Task[None]) -> None:
        if self._runs.get(arn) is run:
            del self._runs[arn]

    async def _run(self, walk: Walk, data: object) -> None:
        try:
            async with asyncio.timeout(self._machine_timeout(walk.machine)):
                output = await self._interpreter.run(walk.machine, data, walk.frame)
        except TimeoutError:
            self._end(walk.frame, "TIMED_OUT", "ExecutionTimedOut", StateError(None))
        except StateError as failure:
            self._end(walk.frame, "FAILED", "ExecutionFailed", failure)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            logger.exception("an execution ended in an error of the runtime")
            self._end(walk.frame, "FAILED", "ExecutionFailed", StateError(RUNTIME, str(error)))
        else:
            self._succeed(walk.frame, output)

    def _machine_timeout(self, machine: Json) -> float | None:
        seconds = machine.get("TimeoutSeconds")
        return self._clock.real_seconds(float(seconds)) if isinstance(seconds, int | float) else None

    def _succeed(self, frame: Frame, output: object) -> None:
        execution = frame.execution
        if not execution.running:
            return
        text = as_json(output)
        execution.end("SUCCEEDED", output=text)
        execution.add_event("ExecutionSucceeded", frame.previous_event, {"output": text})
        self._events.status_changed(execution.record)

    def _end(self, frame: Frame, status: str, event: str, failure: StateError) -> None:
        execution = frame.execution
        if not execution.running:
            return
        execution.end(status, error=failure.shown, cause=failure.cause)
        execution.add_event(event, frame.previous_event, {"error": failure.shown, "cause": failure.cause})
        self._events.status_changed(execution.record)


def _context(record: Json, data: object) -> Json:
    machine_arn = str(record["stateMachineArn"])
    redriven = {"RedriveTime": record["redriveDate"]} if redrive_count(record) else {}
    return {
        "Execution": {
            "Id": record["executionArn"],
            "Input": data,
            "Name": record["name"],
            "RoleArn": record.get("roleArn"),
            "StartTime": record["startDate"],
            "RedriveCount": redrive_count(record),
            **redriven,
        },
        "StateMachine": {"Id": machine_arn, "Name": machine_arn.rsplit(":", 1)[-1]},
    }


def _last(execution: Execution) -> int:
    events = execution.record["events"]
    return len(events) if isinstance(events, list) else 0
