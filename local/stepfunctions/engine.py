"""Runs executions and stops them."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Final

from local.clock import Clock
from local.ecs.model import Json
from local.stepfunctions.errors import RUNTIME, TIMEOUT, StateError
from local.stepfunctions.execution import Execution, Frame, as_json
from local.stepfunctions.interpreter import Interpreter
from local.stepfunctions.ports import ExecutionEvents

logger = logging.getLogger(__name__)

STARTED_EVENT: Final = 1  # the embedded AWS writes ExecutionStarted itself


class Engine:
    """The executions of this runtime. Every method must be called on the runtime's event loop."""

    def __init__(self, interpreter: Interpreter, events: ExecutionEvents, clock: Clock) -> None:
        self._interpreter = interpreter
        self._events = events
        self._clock = clock
        self._runs: dict[str, asyncio.Task[None]] = {}

    def start(self, record: Json, machine: Json) -> None:
        """Run the execution of a record that the embedded AWS has just made."""
        execution = Execution(record, self._clock)
        run = asyncio.get_running_loop().create_task(self._run(execution, machine))
        self._runs[execution.arn] = run
        run.add_done_callback(lambda _: self._runs.pop(execution.arn, None))

    def stop(self, record: Json, error: str | None, cause: str | None) -> None:
        """StopExecution: ABORTED at once; what `.sync` started is stopped (fact B26)."""
        execution = Execution(record, self._clock)
        run = self._runs.get(execution.arn)
        execution.end("ABORTED", error=error, cause=cause)
        execution.add_event("ExecutionAborted", 0, {"error": error, "cause": cause})
        self._events.status_changed(record)
        if run is not None:
            run.cancel()

    async def shutdown(self) -> None:
        """Leave every execution where it is."""
        runs = list(self._runs.values())
        for run in runs:
            run.cancel()
        await asyncio.gather(*runs, return_exceptions=True)

    async def _run(self, execution: Execution, machine: Json) -> None:
        try:
            async with asyncio.timeout(self._machine_timeout(machine)):
                output = await self._walk(execution, machine)
        except TimeoutError:
            self._end(execution, "TIMED_OUT", "ExecutionTimedOut", StateError(TIMEOUT))
        except StateError as failure:
            self._end(execution, "FAILED", "ExecutionFailed", failure)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            logger.exception("an execution ended in an error of the runtime")
            self._end(execution, "FAILED", "ExecutionFailed", StateError(RUNTIME, str(error)))
        else:
            self._succeed(execution, output)

    async def _walk(self, execution: Execution, machine: Json) -> object:
        data = json.loads(str(execution.record["input"]))
        frame = Frame(
            execution=execution,
            query_language=str(machine.get("QueryLanguage", "JSONPath")),
            context=_context(execution.record, data),
            previous_event=STARTED_EVENT,
        )
        return await self._interpreter.run(machine, data, frame)

    def _machine_timeout(self, machine: Json) -> float | None:
        seconds = machine.get("TimeoutSeconds")
        return self._clock.real_seconds(float(seconds)) if isinstance(seconds, int | float) else None

    def _succeed(self, execution: Execution, output: object) -> None:
        if not execution.running:
            return
        text = as_json(output)
        execution.end("SUCCEEDED", output=text)
        execution.add_event("ExecutionSucceeded", _last(execution), {"output": text})
        self._events.status_changed(execution.record)

    def _end(self, execution: Execution, status: str, event: str, failure: StateError) -> None:
        if not execution.running:
            return
        execution.end(status, error=failure.error, cause=failure.cause)
        execution.add_event(event, _last(execution), {"error": failure.error, "cause": failure.cause})
        self._events.status_changed(execution.record)


def _context(record: Json, data: object) -> Json:
    machine_arn = str(record["stateMachineArn"])
    return {
        "Execution": {
            "Id": record["executionArn"],
            "Input": data,
            "Name": record["name"],
            "RoleArn": record.get("roleArn"),
            "StartTime": record["startDate"],
            "RedriveCount": 0,
        },
        "StateMachine": {"Id": machine_arn, "Name": machine_arn.rsplit(":", 1)[-1]},
    }


def _last(execution: Execution) -> int:
    events = execution.record["events"]
    return len(events) if isinstance(events, list) else 0
