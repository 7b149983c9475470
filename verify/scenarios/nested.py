"""Executions that an execution starts: `states:startExecution` and its patterns (fact B49)."""

from __future__ import annotations

import json

from verify.facts import Fact, Seen, scenario
from verify.machines import FAILING, PASSING, WAITING, output, state
from verify.place import Json, Place

CHILD_KEYS = (
    "ExecutionArn",
    "Input",
    "InputDetails",
    "Name",
    "Output",
    "OutputDetails",
    "StartDate",
    "StateMachineArn",
    "Status",
    "StopDate",
)
FAILED_KEYS = (
    "Cause",
    "Error",
    "ExecutionArn",
    "Input",
    "InputDetails",
    "Name",
    "StartDate",
    "StateMachineArn",
    "Status",
    "StopDate",
)


@scenario(
    Fact("nested-keys", "B49", "`startExecution.sync:2` gives the description of the child.", CHILD_KEYS),
    Fact("nested-json", "B49", "`startExecution.sync:2` gives Input and Output as JSON.", [{"n": 7}, {"n": 7}]),
    Fact("nested-text", "B49", "`startExecution.sync` gives Input and Output as text.", ['{"n":7}', '{"n":7}']),
    Fact(
        "nested-at-once",
        "B49",
        "`startExecution` gives the child's ARN with the metadata of the call.",
        ["ExecutionArn", "SdkHttpMetadata", "SdkResponseMetadata", "StartDate"],
    ),
)
def a_child_that_succeeds(place: Place) -> Seen:
    """In each pattern."""
    child = place.machine(PASSING)
    parameters = {"StateMachineArn": child, "Input": {"n.$": "$.n"}}
    found = {suffix: _output(place, suffix, parameters) for suffix in ("", ".sync", ".sync:2")}
    yield "nested-keys", sorted(found[".sync:2"])
    yield "nested-json", [found[".sync:2"].get(key) for key in ("Input", "Output")]
    yield "nested-text", [found[".sync"].get(key) for key in ("Input", "Output")]
    yield "nested-at-once", sorted(found[""])


def _output(place: Place, suffix: str, parameters: Json) -> Json:
    machine = state(place.resource(f"states:startExecution{suffix}"), parameters)
    return dict(output(place.execute(machine, {"n": 7})))


@scenario(
    Fact(
        "nested-error",
        "B49",
        "A child execution that fails is States.TaskFailed in its parent.",
        ["FAILED", "States.TaskFailed"],
    ),
    Fact("nested-cause", "B49", "The cause of a child execution that fails is its description, as JSON.", FAILED_KEYS),
    Fact(
        "nested-cause-error",
        "B49",
        "That cause has the error and cause of the child execution.",
        ["FAILED", "Own.Error", "because"],
    ),
)
def a_child_that_fails(place: Place) -> Seen:
    """By a Fail state."""
    parameters = {"StateMachineArn": place.machine(FAILING)}
    parent = place.execute(state(place.resource("states:startExecution.sync:2"), parameters))
    yield "nested-error", [parent["status"], parent.get("error")]
    cause = json.loads(parent["cause"])
    yield "nested-cause", sorted(cause)
    yield "nested-cause-error", [cause["Status"], cause["Error"], cause["Cause"]]


@scenario(
    Fact("nested-abort", "B26", "StopExecution of a parent stops the child of `startExecution.sync:2`.", "ABORTED"),
)
def a_parent_that_is_stopped(place: Place) -> Seen:
    """While its child runs."""
    parameters = {"StateMachineArn": place.machine(WAITING)}
    parent = place.start(state(place.resource("states:startExecution.sync:2"), parameters))

    def child() -> str | None:
        submitted = [event for event in place.history(parent) if event["type"] == "TaskSubmitted"]
        if not submitted:
            return None
        return str(json.loads(submitted[0]["taskSubmittedEventDetails"]["output"])["ExecutionArn"])

    arn = place.patience.until(child, "a child")
    place.will_stop(arn)
    place.sfn.stop_execution(executionArn=parent)
    yield "nested-abort", place.ended(arn)["status"]


SCENARIOS = (a_child_that_succeeds, a_child_that_fails, a_parent_that_is_stopped)
