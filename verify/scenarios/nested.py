"""Executions that an execution starts: `states:startExecution` and its patterns (fact B49)."""

from __future__ import annotations

import json
from datetime import datetime

from verify.facts import Fact, Seen, scenario
from verify.machines import FAILING, PASSING, WAITING, output, state
from verify.place import Json, Place

#: What a description says of any child; its own names and times are told as being those of DescribeExecution.
DESCRIBED: Json = {
    "ExecutionArn": True,
    "Name": True,
    "StateMachineArn": True,
    "StartDate": True,
    "StopDate": True,
    "InputDetails": {"Included": True},
}
SUCCEEDED: Json = {**DESCRIBED, "Status": "SUCCEEDED", "OutputDetails": {"Included": True}}
STARTED: Json = {"ExecutionArn": True, "StartDate": True, "SdkHttpMetadata": True, "SdkResponseMetadata": True}


def described(place: Place, child: Json) -> Json:
    """A child's description, with true for each name and time that is the one of DescribeExecution, in milliseconds."""
    execution = place.ended(child["ExecutionArn"])
    own = {name: execution[name[0].lower() + name[1:]] for name in child if DESCRIBED.get(name) is True}
    same = {name: child[name] == (_milliseconds(value) if "Date" in name else value) for name, value in own.items()}
    return {**child, **same, **{name: True for name in child if name.startswith("Sdk")}}


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


@scenario(
    Fact(
        "nested-json",
        "B49",
        "`startExecution.sync:2` gives the description of the child, Input and Output as JSON.",
        {**SUCCEEDED, "Input": {"n": 7}, "Output": {"n": 7}},
    ),
    Fact(
        "nested-text",
        "B49",
        "`startExecution.sync` gives the description of the child, Input and Output as text.",
        {**SUCCEEDED, "Input": '{"n":7}', "Output": '{"n":7}'},
    ),
    Fact(
        "nested-at-once",
        "B49",
        "`startExecution` gives the child's ARN with the metadata of the call.",
        STARTED,
    ),
)
def a_child_that_succeeds(place: Place) -> Seen:
    """In each pattern."""
    child = place.machine(PASSING)
    parameters = {"StateMachineArn": child, "Input": {"n.$": "$.n"}}
    for key, suffix in (("nested-json", ".sync:2"), ("nested-text", ".sync"), ("nested-at-once", "")):
        yield key, described(place, _output(place, suffix, parameters))


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
    Fact(
        "nested-cause",
        "B49",
        "The cause of a child execution that fails is its description, as JSON, with its error and cause.",
        {**DESCRIBED, "Status": "FAILED", "Error": "Own.Error", "Cause": "because", "Input": "{}"},
    ),
)
def a_child_that_fails(place: Place) -> Seen:
    """By a Fail state."""
    parameters = {"StateMachineArn": place.machine(FAILING)}
    parent = place.execute(state(place.resource("states:startExecution.sync:2"), parameters))
    yield "nested-error", [parent["status"], parent.get("error")]
    yield "nested-cause", described(place, json.loads(parent["cause"]))


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
