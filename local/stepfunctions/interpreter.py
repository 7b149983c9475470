"""Walks the states of a machine, a branch or an item."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final

from local.clock import Clock, iso_milliseconds
from local.ecs.model import Json
from local.stepfunctions.branches import Branches
from local.stepfunctions.distributed_map import DistributedMap
from local.stepfunctions.errors import DATA_LIMIT_EXCEEDED, LONGEST_OUTPUT_BYTES, RUNTIME, StateError
from local.stepfunctions.execution import Frame, Place, as_json
from local.stepfunctions.fields import Fields
from local.stepfunctions.ports import Language, MapRuns
from local.stepfunctions.retry import Retries, catcher_for
from local.stepfunctions.tasks import TaskRunner

MOST_MAP_WORKERS: Final = 40  # an inline Map runs at most 40 iterations at a time
# A redrive schedules these again without entering them again.
RESCHEDULED: Final = frozenset({"Task", "Parallel", "Map"})
# These say that they have failed, once no retry follows.
BRANCHING: Final = frozenset({"Parallel", "Map"})
Step = tuple[object, str | None]


class Interpreter:
    """Runs states. One instance serves all executions; what belongs to one is in its frame."""

    def __init__(self, language: Language, tasks: TaskRunner, map_runs: MapRuns, clock: Clock) -> None:
        self._language = language
        self._tasks = tasks
        self._clock = clock
        self._distributed = DistributedMap(map_runs, clock, self.run)
        self._handlers: dict[str, Callable[[Json, object, Frame], Awaitable[Step]]] = {
            "Pass": self._pass,
            "Task": self._task,
            "Choice": self._choice,
            "Wait": self._wait,
            "Succeed": self._succeed,
            "Fail": self._fail,
            "Parallel": self._parallel,
            "Map": self._map,
        }

    async def run(self, machine: Json, data: object, frame: Frame) -> object:
        """Runs from `StartAt` to the end of `States`. Returns the last state's output. Raises `StateError`.

        A frame that has a place already goes on from it: a redrive.
        """
        states = machine.get("States")
        again = frame.place
        name: object = again.state if again else machine.get("StartAt")
        while isinstance(name, str):
            state = states.get(name) if isinstance(states, dict) else None
            if not isinstance(state, dict):
                raise StateError(RUNTIME, f"The state '{name}' does not exist")
            frame.place = Place(name, data, dict(frame.variables))
            data, name = await self._run_state(state, frame.place, frame, entered=again is not None)
            again = None
        return data

    async def _run_state(self, state: Json, place: Place, frame: Frame, *, entered: bool) -> Step:
        name, data, kind = place.state, place.data, str(state.get("Type"))
        frame.context["State"] = {"Name": name, "EnteredTime": iso_milliseconds(self._clock.now()), "RetryCount": 0}
        frame.open_state = kind
        if not (entered and kind in RESCHEDULED):
            frame.note(f"{kind}StateEntered", {"name": name, "input": as_json(data)})
        handler = self._handlers.get(kind)
        if handler is None:
            raise StateError(RUNTIME, f"The state '{name}' has an unknown type: {kind}")
        entered_at = frame.previous_event
        try:
            output, following = await handler(state, data, frame)
        except StateError as failure:
            raise failure.located(name, entered_at) from None
        text = as_json(output)
        if len(text.encode()) > LONGEST_OUTPUT_BYTES:
            raise StateError(
                DATA_LIMIT_EXCEEDED,
                f"The state/task '{name}' returned a result with a size exceeding the maximum number of bytes "
                "service limit.",
            )
        frame.open_state = None
        frame.note(f"{kind}StateExited", {"name": name, "output": text})
        return output, following

    async def _pass(self, state: Json, data: object, frame: Frame) -> Step:
        fields = Fields(self._language, frame, state, data)
        if fields.is_jsonata:
            return fields.output(data), _next(state)
        result = state["Result"] if "Result" in state else fields.arguments()
        return fields.output(result), _next(state)

    async def _succeed(self, state: Json, data: object, frame: Frame) -> Step:
        fields = Fields(self._language, frame, state, data)
        return fields.output(fields.selected_input()), None

    async def _fail(self, state: Json, data: object, frame: Frame) -> Step:
        fields = Fields(self._language, frame, state, data)
        raise StateError(fields.text("Error"), fields.text("Cause"))

    async def _choice(self, state: Json, data: object, frame: Frame) -> Step:
        fields = Fields(self._language, frame, state, data)
        selected = fields.selected_input()
        for rule in _objects(state.get("Choices")):
            if self._holds(rule, selected, fields, frame):
                return self._choice_output(fields, selected, rule), str(rule["Next"])
        if "Default" not in state:
            raise StateError("States.NoChoiceMatched", "No choice rule matched and there is no Default")
        return self._choice_output(fields, selected, state), str(state["Default"])

    def _holds(self, rule: Json, selected: object, fields: Fields, frame: Frame) -> bool:
        if not fields.is_jsonata:
            return self._language.choice_rule(rule, selected, frame.context)
        value = fields.template(rule.get("Condition"))
        if not isinstance(value, bool):
            raise StateError(
                "States.QueryEvaluationError", f"A Condition must be true or false, but was: {as_json(value)}"
            )
        return value

    @staticmethod
    def _choice_output(fields: Fields, selected: object, source: Json) -> object:
        if fields.is_jsonata:
            return fields.output(selected, source=source)
        fields.assign(source)
        return selected

    async def _wait(self, state: Json, data: object, frame: Frame) -> Step:
        fields = Fields(self._language, frame, state, data)
        await self._clock.sleep(self._wait_seconds(fields))
        return fields.output(data if fields.is_jsonata else fields.selected_input()), _next(state)

    def _wait_seconds(self, fields: Fields) -> float:
        seconds = fields.number("Seconds")
        if seconds is not None:
            return seconds
        timestamp = fields.text("Timestamp")
        if timestamp is None:
            return 0
        try:
            moment = datetime.fromisoformat(timestamp)
        except ValueError as error:
            raise StateError(RUNTIME, f"Timestamp is not an ISO 8601 time: {timestamp}") from error
        return (moment.astimezone(UTC) - self._clock.now()).total_seconds()

    async def _task(self, state: Json, data: object, frame: Frame) -> Step:
        async def attempt() -> Step:
            fields = Fields(self._language, frame, state, data)
            result = await self._tasks.run(state, fields, frame)
            return fields.output(result), _next(state)

        return await self._with_retry_and_catch(state, data, frame, attempt)

    async def _parallel(self, state: Json, data: object, frame: Frame) -> Step:
        async def attempt() -> Step:
            fields = Fields(self._language, frame, state, data)
            branch_input = fields.arguments()
            frame.note("ParallelStateStarted")
            definitions = _objects(state.get("Branches"))
            branches = Branches(
                frame, lambda _: frame.branch(), lambda index, inner: self.run(definitions[index], branch_input, inner)
            )
            results = await branches.run(len(definitions), len(definitions))
            frame.note_aside("ParallelStateSucceeded")
            return fields.output(results), _next(state)

        return await self._with_retry_and_catch(state, data, frame, attempt)

    async def _map(self, state: Json, data: object, frame: Frame) -> Step:
        async def attempt() -> Step:
            fields = Fields(self._language, frame, state, data)
            run = self._distributed.run if _is_distributed(state) else self._inline
            results = await run(state, fields, frame)
            frame.note_aside("MapStateSucceeded")
            return fields.output(results), _next(state)

        return await self._with_retry_and_catch(state, data, frame, attempt)

    async def _inline(self, state: Json, fields: Fields, frame: Frame) -> list[object]:
        items = fields.items()
        at_once = int(fields.number("MaxConcurrency") or 0) or MOST_MAP_WORKERS
        frame.note("MapStateStarted", {"length": len(items)})
        processor = _object(state.get("ItemProcessor", state.get("Iterator")))

        def make_frame(index: int) -> Frame:
            return frame.branch({**frame.context, "Map": {"Item": {"Index": index, "Value": items[index]}}})

        def walk(index: int, inner: Frame) -> Awaitable[object]:
            return self.run(processor, fields.item_input(items[index], inner.context), inner)

        name = str(_object(frame.context["State"]).get("Name", ""))
        return await Branches(frame, make_frame, walk, name).run(len(items), min(at_once, MOST_MAP_WORKERS))

    async def _with_retry_and_catch(
        self, state: Json, data: object, frame: Frame, attempt: Callable[[], Awaitable[Step]]
    ) -> Step:
        retries = Retries(state)
        place_name, entered_at = (frame.place.state if frame.place else ""), frame.previous_event
        while True:
            with contextlib.suppress(TypeError):
                frame.context["State"]["RetryCount"] = retries.count  # type: ignore[index]
            try:
                return await attempt()
            except StateError as unlocated:
                failure = unlocated.located(place_name, entered_at)
                delay = retries.delay_seconds(failure)
                if delay is None:
                    if state["Type"] in BRANCHING:
                        frame.note(f"{state['Type']}StateFailed")
                    return self._caught(state, data, frame, failure)
            await self._clock.sleep(delay)

    def _caught(self, state: Json, data: object, frame: Frame, failure: StateError) -> Step:
        catcher = catcher_for(state, failure)
        if catcher is None:
            raise failure
        fields = Fields(self._language, frame, state, data)
        return fields.caught(catcher, failure), str(catcher["Next"])


def _is_distributed(state: Json) -> bool:
    processor = _object(state.get("ItemProcessor", state.get("Iterator")))
    return _object(processor.get("ProcessorConfig")).get("Mode") == "DISTRIBUTED"


def _next(state: Json) -> str | None:
    following = state.get("Next")
    return str(following) if following is not None else None


def _objects(value: object) -> list[Json]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}
