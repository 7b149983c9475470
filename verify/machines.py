"""Definitions of the suite's own state machines, and what is read out of their histories."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from verify.place import Json, Place

PASS: Json = {"Type": "Pass", "End": True}
WAITING: Json = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 3600, "End": True}}}
FAILING: Json = {"StartAt": "Fail", "States": {"Fail": {"Type": "Fail", "Error": "Own.Error", "Cause": "because"}}}
PASSING: Json = {"StartAt": "Pass", "States": {"Pass": PASS}}


#: The events of `state` where it waits for what it started (`.sync`) or for its token, and succeeds.
HISTORY_OF_WAITING = (
    "ExecutionStarted",
    "TaskStateEntered",
    "TaskScheduled",
    "TaskStarted",
    "TaskSubmitted",
    "TaskSucceeded",
    "TaskStateExited",
    "ExecutionSucceeded",
)


def state(resource: str, parameters: Json, **more: object) -> Json:
    """A machine of one Task state (JSONPath)."""
    task = {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True, **more}
    return {"StartAt": "Run", "States": {"Run": task}}


def catching(machine: Json, *names: str) -> Json:
    """The same machine, with errors of these names caught: its output is what was caught."""
    caught = {**machine["States"]["Run"], "Catch": [{"ErrorEquals": list(names), "Next": "Caught"}]}
    return {**machine, "States": {"Run": caught, "Caught": PASS}}


def jsonata(output: str) -> Json:
    """A machine whose output is that of an expression."""
    return {"QueryLanguage": "JSONata", **PASSING, "States": {"Pass": {**PASS, "Output": f"{{% {output} %}}"}}}


def run_task(place: Place, suffix: str, parameters: Json, **more: object) -> Json:
    """A machine that runs a task, in the pattern of a suffix."""
    return state(place.resource(f"ecs:runTask{suffix}"), parameters, **more)


def types(history: Sequence[Json]) -> list[str]:
    """The types of a history's events."""
    return [str(event["type"]) for event in history]


def details(history: Sequence[Json], event_type: str) -> Json:
    """The details of the first event of a type."""
    event = next(event for event in history if event["type"] == event_type)
    return next((dict(value) for name, value in event.items() if name.endswith("EventDetails")), {})


def output(execution: Json) -> Any:
    """The output of an execution, whatever JSON it is; None where it has none."""
    return json.loads(execution["output"]) if execution.get("output") else None


def end(execution: Json) -> Json:
    """How an execution ended, with the keys that are there."""
    return {key: execution[key] for key in ("status", "error", "cause") if key in execution}
