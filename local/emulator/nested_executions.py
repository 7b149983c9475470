"""Executions that other executions start, in MiniStack's stores."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict

from ministack.services import stepfunctions

from local.ecs.model import Json
from local.stepfunctions.ports import ExecutionEvents, Executions, StartRefusedError


class ExecutionEnds(ExecutionEvents):
    """Passes status changes on, and wakes the waiters for an execution's end."""

    def __init__(self, events: ExecutionEvents) -> None:
        self._events = events
        self._waiting: dict[str, list[asyncio.Future[Json]]] = defaultdict(list)

    def status_changed(self, record: Json) -> None:
        """See `ExecutionEvents.status_changed`."""
        self._events.status_changed(record)
        if record["status"] == "RUNNING":
            return
        for end in self._waiting.pop(str(record["executionArn"]), []):
            if not end.done():
                end.set_result(dict(record))  # as it ended: a redrive may change it before the waiter has its turn

    async def ended(self, record: Json) -> Json:
        """The record at the execution's end."""
        if record["status"] != "RUNNING":
            return record
        end: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting[str(record["executionArn"])].append(end)
        return await end


class EmulatorExecutions(Executions):
    """See `Executions`."""

    def __init__(self, ends: ExecutionEnds) -> None:
        self._ends = ends

    def is_express(self, machine_arn: str) -> bool:
        """See `Executions.is_express`."""
        known = stepfunctions._resolve_state_machine_arn(machine_arn)
        return known is not None and stepfunctions._state_machines[known]["type"] == "EXPRESS"

    def start(self, machine_arn: str, name: str | None, data: str) -> Json:
        """See `Executions.start`."""
        request: Json = {"stateMachineArn": machine_arn, "input": data, **({} if name is None else {"name": name})}
        status, _, body = stepfunctions._start_execution(request)
        answer = json.loads(body)
        if status != 200:  # noqa: PLR2004
            raise StartRefusedError(str(answer["__type"]), str(answer["message"]))
        record: Json = stepfunctions._executions[answer["executionArn"]]
        return record

    async def ended(self, record: Json) -> Json:
        """See `Executions.ended`."""
        return await self._ends.ended(record)

    def stop(self, record: Json) -> None:
        """See `Executions.stop`."""
        stepfunctions._stop_execution({"executionArn": record["executionArn"]})
