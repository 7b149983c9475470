"""What CreateStateMachine refuses: definitions that cannot run. The structure is checked, not every field's form."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from local.ecs.model import Json

TERMINAL: Final = frozenset({"Succeed", "Fail"})
TYPES: Final = frozenset({"Pass", "Task", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map"})


def problem_of(definition: object) -> str | None:
    """Returns the first problem of a definition (a JSON text), in the form of AWS's message; None if there is none."""
    try:
        machine = json.loads(str(definition))
    except (ValueError, RecursionError):
        return "INVALID_JSON_DESCRIPTION: The definition is not valid JSON"
    found = next(_problems(machine, ""), None)
    return f"SCHEMA_VALIDATION_FAILED: {found}" if found else None


def _problems(machine: object, path: str) -> Iterator[str]:
    if not isinstance(machine, dict):
        yield f"A state machine must be an object at {path or '/'}"
        return
    states = machine.get("States")
    if not isinstance(states, dict) or not states:
        yield f"The field 'States' is required at {path or '/'}"
        return
    if machine.get("StartAt") not in states:
        yield f"MISSING_TRANSITION_TARGET: Missing 'StartAt' target: {machine.get('StartAt')} at {path}/StartAt"
    for name, state in states.items():
        yield from _problems_of_state(state, states, f"{path}/States/{name}")


def _problems_of_state(state: object, states: Json, path: str) -> Iterator[str]:
    if not isinstance(state, dict):
        yield f"A state must be an object at {path}"
        return
    kind = state.get("Type")
    if kind not in TYPES:
        yield f"The value of 'Type' must be one of {', '.join(sorted(TYPES))}, not {kind!r} at {path}/Type"
        return
    if kind not in TERMINAL and kind != "Choice" and ("Next" in state) == (state.get("End") is True):
        yield f"Exactly one of 'Next' and 'End' is needed at {path}"
    for target, at in _targets(state):
        if target not in states:
            yield f"MISSING_TRANSITION_TARGET: Missing 'Next' target: {target} at {path}{at}"
    yield from _nested(state, path)


def _targets(state: Json) -> Iterator[tuple[object, str]]:
    for field in ("Next", "Default"):
        if field in state:
            yield state[field], f"/{field}"
    for field in ("Choices", "Catch"):
        rules = state.get(field)
        for index, rule in enumerate(rules if isinstance(rules, list) else []):
            yield (rule.get("Next") if isinstance(rule, dict) else None), f"/{field}[{index}]/Next"


def _nested(state: Json, path: str) -> Iterator[str]:
    branches = state.get("Branches") if state["Type"] == "Parallel" else None
    for index, branch in enumerate(branches if isinstance(branches, list) else []):
        yield from _problems(branch, f"{path}/Branches[{index}]")
    if state["Type"] == "Map":
        name = "ItemProcessor" if "ItemProcessor" in state else "Iterator"
        yield from _problems(state.get(name), f"{path}/{name}")
