"""Map Runs in MiniStack's stores."""

from __future__ import annotations

import uuid
from typing import Any

from ministack.services import stepfunctions

from local.clock import Clock, iso_milliseconds
from local.ecs.model import Json
from local.stepfunctions.errors import StateError
from local.stepfunctions.ports import MapRuns

ITEM_READER_FAILED = "States.ItemReaderFailed"
COUNTED = ("itemCounts", "executionCounts")
KINDS = (
    "pending",
    "running",
    "succeeded",
    "failed",
    "timedOut",
    "aborted",
    "total",
    "resultsWritten",
    "failuresNotRedrivable",
    "pendingRedrive",
)


class EmulatorMapRuns(MapRuns):
    """See `MapRuns`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def open(self, parent: Json, label: str, total: int, at_once: int) -> Json:
        """See `MapRuns.open`."""
        *_, region, account, _, machine = str(parent["stateMachineArn"]).split(":")
        base = f"arn:aws:states:{region}:{account}"
        counts = {**dict.fromkeys(KINDS, 0), "total": total, "pending": total}
        run: Json = {
            "mapRunArn": f"{base}:mapRun:{machine}/{label}:{uuid.uuid4()}",
            "executionArn": parent["executionArn"],
            "status": "RUNNING",
            "startDate": iso_milliseconds(self._clock.now()),
            "maxConcurrency": at_once,
            "toleratedFailurePercentage": 0,
            "toleratedFailureCount": 0,
            "itemCounts": dict(counts),
            "executionCounts": dict(counts),
            "redriveCount": 0,
            "_stateMachineArn": f"{base}:stateMachine:{machine}/{label}",
        }
        stepfunctions._map_runs[run["mapRunArn"]] = run
        return run

    def add_child(self, run: Json, data: str) -> Json:
        """See `MapRuns.add_child`."""
        machine, name = str(run["_stateMachineArn"]), str(uuid.uuid4())
        started = iso_milliseconds(self._clock.now())
        record: Json = {
            "executionArn": f"{machine.replace(':stateMachine:', ':execution:')}:{name}",
            "stateMachineArn": machine,
            "name": name,
            "status": "RUNNING",
            "startDate": started,
            "stopDate": None,
            "input": data,
            "inputDetails": {"included": True},
            "output": None,
            "outputDetails": {"included": True},
            "mapRunArn": run["mapRunArn"],
            "events": [
                {
                    "id": 1,
                    "previousEventId": 0,
                    "type": "ExecutionStarted",
                    "timestamp": started,
                    "executionStartedEventDetails": {"input": data},
                }
            ],
        }
        stepfunctions._executions[record["executionArn"]] = record
        _move(run, "pending", "running")
        return record

    def child_ended(self, run: Json, how: str) -> None:
        """See `MapRuns.child_ended`."""
        _move(run, "running", how)

    def close(self, run: Json, status: str) -> None:
        """See `MapRuns.close`."""
        run.update(status=status, stopDate=iso_milliseconds(self._clock.now()))

    def read_items(self, reader: Json, data: object, context: Json) -> list[object]:
        """See `MapRuns.read_items`."""
        try:
            items: list[object] = stepfunctions._read_map_items(reader, data, context)
        except stepfunctions._ExecutionError as error:
            raise StateError(error.error, error.cause) from error
        except ValueError as error:
            raise StateError(ITEM_READER_FAILED, f"The items cannot be read: {error}") from error
        return items


def _move(run: Json, before: str, after: str) -> None:
    for name in COUNTED:
        counts: Any = run[name]
        counts[before] -= 1
        counts[after] += 1
