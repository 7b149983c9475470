"""The Map state in distributed mode: each item, or batch of items, is a child execution of a Map Run."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from local.clock import Clock
from local.ecs.model import Json
from local.stepfunctions.branches import in_line
from local.stepfunctions.errors import StateError
from local.stepfunctions.execution import Execution, Frame, as_json
from local.stepfunctions.fields import Fields
from local.stepfunctions.ports import MapRuns

EXCEEDED: Final = "States.ExceedToleratedFailureThreshold"
MOST_CHILDREN_AT_ONCE: Final = 10_000  # fact B35
PERCENT: Final = 100
RunStates = Callable[[Json, object, Frame], Awaitable[object]]


@dataclass(frozen=True)
class Tolerance:
    """How many children may fail; nothing given: none."""

    count: float | None
    percentage: float | None

    @classmethod
    def of(cls, fields: Fields) -> Tolerance:
        """From the state's fields."""
        return cls(fields.number("ToleratedFailureCount"), fields.number("ToleratedFailurePercentage"))

    def exceeded(self, failed: int, total: int) -> bool:
        """Whether too many have failed. Either threshold ends the Map Run."""
        if self.count is None and self.percentage is None:
            return failed > 0
        by_count = self.count is not None and failed > self.count
        by_share = self.percentage is not None and failed * PERCENT > self.percentage * total
        return by_count or by_share


class DistributedMap:
    """Runs one attempt of a distributed Map state."""

    def __init__(self, runs: MapRuns, clock: Clock, run_states: RunStates) -> None:
        self._runs = runs
        self._clock = clock
        self._run_states = run_states

    async def run(self, state: Json, fields: Fields, frame: Frame) -> list[object]:
        """Every child's output in order; `StateError` once too many have failed, and the rest are then aborted."""
        inputs = self._inputs(state, fields, frame)
        at_once = int(fields.number("MaxConcurrency") or 0) or MOST_CHILDREN_AT_ONCE
        run = self._runs.open(frame.execution.record, _label(state, frame), len(inputs), at_once)
        frame.note("MapStateStarted", {"length": len(inputs)})
        frame.note("MapRunStarted", {"mapRunArn": run["mapRunArn"]})
        try:
            results = await self._children(state, inputs, frame, run, Tolerance.of(fields))
        except StateError as failure:
            self._runs.close(run, "FAILED")
            frame.note("MapRunFailed", {"error": failure.shown, "cause": failure.cause})
            raise
        except asyncio.CancelledError:
            self._runs.close(run, "ABORTED")
            raise
        self._runs.close(run, "SUCCEEDED")
        frame.note("MapRunSucceeded")
        return results

    async def _children(
        self, state: Json, inputs: Sequence[object], frame: Frame, run: Json, tolerance: Tolerance
    ) -> list[object]:
        outputs: dict[int, object] = {}
        failed = 0

        async def turn(index: int) -> None:
            nonlocal failed
            try:
                outputs[index] = await self._child(state, (index, inputs[index]), frame, run)
            except StateError:
                failed += 1
                if tolerance.exceeded(failed, len(inputs)):
                    raise StateError(EXCEEDED, "The specified tolerated failure threshold was exceeded") from None

        await in_line(len(inputs), int(str(run["maxConcurrency"])), turn)
        return [outputs[index] for index in sorted(outputs)]

    async def _child(self, state: Json, turn: tuple[int, object], frame: Frame, run: Json) -> object:
        index, data = turn
        record = self._runs.add_child(run, as_json(data))
        execution = Execution(record, self._clock)
        context: Json = {
            **frame.context,
            "Execution": {
                **_object(frame.context["Execution"]),
                "Id": execution.arn,
                "Name": record["name"],
                "Input": data,
            },
            "Map": {"Item": {"Index": index, "Value": data}},
        }
        inner = Frame(execution, frame.query_language, context)
        processor = _object(state.get("ItemProcessor", state.get("Iterator")))
        try:
            output = await self._run_states(processor, data, inner)
        except StateError as failure:
            self._end(run, execution, "FAILED", failure)
            raise
        except asyncio.CancelledError:
            self._end(run, execution, "ABORTED", None)
            raise
        execution.end("SUCCEEDED", output=as_json(output))
        execution.add_event("ExecutionSucceeded", inner.previous_event, {"output": as_json(output)})
        self._runs.child_ended(run, "succeeded")
        return output

    def _end(self, run: Json, execution: Execution, status: str, failure: StateError | None) -> None:
        error, cause = (failure.shown, failure.cause) if failure else (None, None)
        execution.end(status, error=error, cause=cause)
        execution.add_event(f"Execution{status.capitalize()}", 0, {"error": error, "cause": cause})
        self._runs.child_ended(run, status.lower())

    def _inputs(self, state: Json, fields: Fields, frame: Frame) -> list[object]:
        items = self._items(state, fields, frame)
        selected = []
        for index, item in enumerate(items):
            context: Json = {**frame.context, "Map": {"Item": {"Index": index, "Value": item}}}
            selected.append(fields.item_input(item, context))
        return _batched(state, fields, selected)

    def _items(self, state: Json, fields: Fields, frame: Frame) -> list[object]:
        reader = state.get("ItemReader")
        if not isinstance(reader, dict):
            return fields.items()
        given = "Arguments" if fields.is_jsonata else "Parameters"
        reader = {**reader, "Parameters": fields.shaped(reader.get(given, {}))}
        return self._runs.read_items(reader, fields.selected_input(), frame.context)


def _batched(state: Json, fields: Fields, items: list[object]) -> list[object]:
    batcher = state.get("ItemBatcher")
    if not isinstance(batcher, dict) or not isinstance(batcher.get("MaxItemsPerBatch"), int):
        return items
    size = int(batcher["MaxItemsPerBatch"])
    extra = {"BatchInput": fields.shaped(batcher["BatchInput"])} if "BatchInput" in batcher else {}
    return [{**extra, "Items": items[start : start + size]} for start in range(0, len(items), size)]


def _label(state: Json, frame: Frame) -> str:
    name = str(_object(frame.context["State"]).get("Name", "Map"))
    return str(state.get("Label") or "".join(character for character in name if character.isalnum())[:40])


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}
