"""Map and Parallel states: what follows a failure (fact B49). No task is needed."""

from __future__ import annotations

from verify.facts import Fact, Seen, scenario
from verify.machines import PASS, WAITING, catching, end, output, types
from verify.place import Json, Place

FAIL: Json = {"Type": "Fail", "Error": "E"}


def a_map(processor: Json, **more: object) -> Json:
    """A machine of one Map."""
    return {"StartAt": "Map", "States": {"Map": {"Type": "Map", "ItemProcessor": processor, "End": True, **more}}}


@scenario(
    Fact("map-end", "B49", "A Map fails with the error of its iteration.", {"status": "FAILED", "error": "E"}),
    Fact(
        "map-history",
        "B49",
        "After an iteration of a Map that failed no other is started; each event follows this one.",
        [
            ["ExecutionStarted", 0],
            ["MapStateEntered", 0],
            ["MapStateStarted", 2],
            ["MapIterationStarted", 3],
            ["ChoiceStateEntered", 4],
            ["ChoiceStateExited", 5],
            ["PassStateEntered", 6],
            ["PassStateExited", 7],
            ["MapIterationSucceeded", 8],
            ["MapIterationStarted", 8],
            ["ChoiceStateEntered", 10],
            ["ChoiceStateExited", 11],
            ["FailStateEntered", 12],
            ["MapIterationFailed", 13],
            ["MapStateFailed", 13],
            ["ExecutionFailed", 15],
        ],
    ),
)
def a_map_that_fails(place: Place) -> Seen:
    """The second of three iterations, one at a time."""
    rule = {"Variable": "$", "NumericEquals": 1, "Next": "Fail"}
    choice = {"Type": "Choice", "Choices": [rule], "Default": "Pass"}
    states = {"Choice": choice, "Fail": FAIL, "Pass": PASS}
    execution = place.execute(a_map({"StartAt": "Choice", "States": states}, MaxConcurrency=1), [0, 1, 2])
    yield "map-end", end(execution)
    yield "map-history", [[event["type"], event["previousEventId"]] for event in place.history(execution)]


@scenario(
    Fact(
        "parallel-caught",
        "B49",
        "A branch that fails ends its Parallel state with its error; where there is no cause, null is caught.",
        {"Error": "E", "Cause": None},
    ),
    Fact(
        "parallel-history",
        "B49",
        "The other branch of a Parallel state is aborted before the state fails.",
        ["WaitStateAborted", "ParallelStateFailed", "ParallelStateExited"],
    ),
)
def a_parallel_state_that_fails(place: Place) -> Seen:
    """One branch fails while the other waits."""
    failing = {"StartAt": "Soon", "States": {"Soon": {"Type": "Wait", "Seconds": 5, "Next": "Fail"}, "Fail": FAIL}}
    parallel = {"Type": "Parallel", "Branches": [WAITING, failing], "End": True}
    execution = place.execute(catching({"StartAt": "Run", "States": {"Run": parallel}}, "E"))
    yield "parallel-caught", output(execution)
    told = types(place.history(execution))
    yield "parallel-history", told[told.index("FailStateEntered") + 1 : told.index("PassStateEntered")]


DISTRIBUTED_HISTORY = (
    "ExecutionStarted",
    "MapStateEntered",
    "MapStateStarted",
    "MapRunStarted",
    "MapRunFailed",
    "MapStateFailed",
    "ExecutionFailed",
)


@scenario(
    Fact(
        "distributed-error",
        "B49",
        "A Distributed Map with more failures than it tolerates is States.ExceedToleratedFailureThreshold.",
        ["FAILED", "States.ExceedToleratedFailureThreshold"],
    ),
    Fact(
        "distributed-history",
        "B49",
        "The history of a Distributed Map that failed has these events.",
        DISTRIBUTED_HISTORY,
    ),
    Fact(
        "distributed-counts",
        "B49",
        "After too many failures a Distributed Map starts no other child.",
        {"started": 1, "pending": 3},
    ),
    Fact(
        "distributed-tolerated",
        "B49",
        "A Distributed Map goes on after a failure that it tolerates.",
        {"started": 3, "pending": 1},
    ),
)
def a_distributed_map_that_fails(place: Place) -> Seen:
    """Of four items the first and the third fail, one at a time; the second time one failure is tolerated."""
    rule = {"Variable": "$.fails", "BooleanEquals": True, "Next": "Fail"}
    choice = {"Type": "Choice", "Choices": [rule], "Default": "Pass"}
    states = {"Choice": choice, "Fail": FAIL, "Pass": PASS}
    processor: Json = {"ProcessorConfig": {"Mode": "DISTRIBUTED"}, "StartAt": "Choice", "States": states}
    items = {"items": [{"fails": fails} for fails in (True, False, True, False)]}
    none = place.execute(a_map(processor, MaxConcurrency=1, ItemsPath="$.items"), items)
    yield "distributed-error", [none["status"], none.get("error")]
    yield "distributed-history", types(place.history(none))
    yield "distributed-counts", _counts(place, none)
    one = place.execute(a_map(processor, MaxConcurrency=1, ItemsPath="$.items", ToleratedFailureCount=1), items)
    yield "distributed-tolerated", _counts(place, one)


def _counts(place: Place, execution: Json) -> dict[str, int]:
    (run,) = place.sfn.list_map_runs(executionArn=execution["executionArn"])["mapRuns"]
    counts = place.sfn.describe_map_run(mapRunArn=run["mapRunArn"])["itemCounts"]
    return {"started": counts["failed"] + counts["succeeded"], "pending": counts["pending"]}


SCENARIOS = (a_map_that_fails, a_parallel_state_that_fails, a_distributed_map_that_fails)
