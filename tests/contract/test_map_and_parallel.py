"""Map and Parallel states: what follows a failure, and the events of it, as recorded (facts B26, B49)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.contract.conftest import Aws, Json

RUN_SYNC = "arn:aws:states:::ecs:runTask.sync"
STAY = ["python", "-c", "import time; time.sleep(600)"]
FAIL: Json = {"Type": "Fail", "Error": "E"}
PASS: Json = {"Type": "Pass", "End": True}


def a_map(processor: Json, **more: object) -> Json:
    """A machine of one Map over its input."""
    return {"StartAt": "S", "States": {"S": {"Type": "Map", "ItemProcessor": processor, "End": True, **more}}}


def a_parallel(*branches: Json, **more: object) -> Json:
    """A machine of one Parallel state."""
    return {"StartAt": "S", "States": {"S": {"Type": "Parallel", "Branches": list(branches), "End": True, **more}}}


def told(history: list[Json]) -> list[tuple[object, ...]]:
    """Type, index if it is an iteration's, and the event before it, of each event of a history."""
    found: list[tuple[object, ...]] = []
    for event in history:
        details: Any = next((value for name, value in event.items() if name.startswith("mapIteration")), {})
        index = (details["index"],) if "index" in details else ()
        found.append((event["type"], *index, event["previousEventId"]))
    return found


def test_b49_a_map_that_succeeds(aws: Aws) -> None:
    end = aws.run(a_map({"StartAt": "P", "States": {"P": PASS}}), [7])
    assert told(aws.history(end["executionArn"]))[3:] == [
        ("MapIterationStarted", 0, 3),
        ("PassStateEntered", 4),
        ("PassStateExited", 5),
        ("MapIterationSucceeded", 0, 6),
        ("MapStateSucceeded", 7),
        ("MapStateExited", 7),
        ("ExecutionSucceeded", 9),
    ]


def test_b49_a_map_that_is_retried_says_only_at_the_end_that_it_failed(aws: Aws) -> None:
    retry = [{"ErrorEquals": ["E"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    end = aws.run(a_map({"StartAt": "F", "States": {"F": FAIL}}, Retry=retry), [1])
    assert told(aws.history(end["executionArn"]))[2:] == [
        ("MapStateStarted", 2),
        ("MapIterationStarted", 0, 3),
        ("FailStateEntered", 4),
        ("MapIterationFailed", 0, 5),
        ("MapStateStarted", 5),
        ("MapIterationStarted", 0, 7),
        ("FailStateEntered", 8),
        ("MapIterationFailed", 0, 9),
        ("MapStateFailed", 9),
        ("ExecutionFailed", 11),
    ]


def test_b49_a_parallel_state_that_is_retried_and_caught(aws: Aws) -> None:
    retry = [{"ErrorEquals": ["E"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    catch = [{"ErrorEquals": ["E"], "Next": "P"}]
    machine: Any = a_parallel({"StartAt": "F", "States": {"F": FAIL}}, Retry=retry, Catch=catch)
    machine["States"]["P"] = PASS
    end = aws.run(machine)
    assert json.loads(str(end["output"])) == {"Error": "E", "Cause": None}
    assert told(aws.history(end["executionArn"]))[2:] == [
        ("ParallelStateStarted", 2),
        ("FailStateEntered", 3),
        ("ParallelStateStarted", 4),
        ("FailStateEntered", 5),
        ("ParallelStateFailed", 6),
        ("ParallelStateExited", 7),
        ("PassStateEntered", 8),
        ("PassStateExited", 9),
        ("ExecutionSucceeded", 10),
    ]


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"ItemsPath": "$.items"}, "States.Runtime"),
        ({"QueryLanguage": "JSONata", "Items": "{% 7 %}"}, "States.QueryEvaluationError"),
        ({"QueryLanguage": "JSONata"}, "States.QueryEvaluationError"),
    ],
)
def test_b49_a_map_whose_items_are_no_list_has_failed(aws: Aws, fields: Json, error: str) -> None:
    end = aws.run(a_map({"StartAt": "P", "States": {"P": PASS}}, **fields), {"items": 7})
    assert (end["status"], end["error"]) == ("FAILED", error)
    assert "(entered at the event id #2). Map state input must be an array but was: " in str(end["cause"])
    assert [name for name, *_ in told(aws.history(end["executionArn"]))][2:] == ["MapStateFailed", "ExecutionFailed"]


def a_task(aws: Aws, *command: str) -> Json:
    """States of one `.sync` task, told by the input to end or to stay."""
    parameters = aws.parameters(aws.task_definition({"command": list(command)}))
    return {
        "StartAt": "T",
        "States": {"T": {"Type": "Task", "Resource": RUN_SYNC, "Parameters": parameters, "End": True}},
    }


def stopped_by_step_functions(aws: Aws, execution: str, task_arn: str) -> None:
    """A task ends because the state that managed it was aborted."""
    task = aws.until_status(task_arn, "STOPPED")
    assert str(task["stoppedReason"]).startswith(f"The Task state in AWS Step Functions execution [{execution}] which")


def test_b26_iterations_that_run_are_aborted_and_their_tasks_stopped(aws: Aws) -> None:
    """The event of each iteration that was stopped, and of its state, follows the last one of the failed iteration."""
    rules = [
        {"Variable": "$", "NumericEquals": value, "Next": to} for value, to in ((0, "T"), (1, "Soon"), (2, "Late"))
    ]
    states: Any = a_task(aws, *STAY)["States"]
    states.update(
        C={"Type": "Choice", "Choices": rules},
        Soon={"Type": "Wait", "Seconds": 2, "Next": "F"},
        Late={"Type": "Wait", "Seconds": 600, "End": True},
        F=FAIL,
    )
    execution = aws.start(a_map({"StartAt": "C", "States": states}, MaxConcurrency=3), [0, 1, 2, 3])
    end = aws.ended(execution)
    assert (end["status"], end["error"]) == ("FAILED", "E")
    history = aws.history(execution)
    (failed,) = (event["id"] for event in history if event["type"] == "FailStateEntered")
    assert told(history)[-7:] == [
        ("MapIterationFailed", 1, failed),
        ("TaskStateAborted", failed),
        ("MapIterationAborted", 0, failed),
        ("WaitStateAborted", failed),
        ("MapIterationAborted", 2, failed),
        ("MapStateFailed", failed),
        ("ExecutionFailed", len(history) - 1),
    ]
    assert [event["type"] for event in history].count("MapIterationStarted") == 3
    stopped_by_step_functions(aws, execution, aws.running_or_stopped_task(execution))


def test_b26_a_failed_task_ends_its_parallel_state_and_the_tasks_of_the_others(aws: Aws) -> None:
    """The state of the task that failed is aborted too, after those of the others."""
    execution = aws.start(a_parallel(a_task(aws, *STAY), a_task(aws, "python", "-c", "raise SystemExit(3)")))
    end = aws.ended(execution)
    assert (end["status"], end["error"]) == ("FAILED", "States.TaskFailed")
    history = aws.history(execution)
    (failed,) = (event["id"] for event in history if event["type"] == "TaskFailed")
    assert told(history)[-4:] == [
        ("TaskStateAborted", failed),
        ("TaskStateAborted", failed),
        ("ParallelStateFailed", failed),
        ("ExecutionFailed", len(history) - 1),
    ]
    stopped_by_step_functions(aws, execution, aws.running_or_stopped_task(execution))


def test_b26_the_tasks_of_a_distributed_map_that_failed_are_stopped(aws: Aws) -> None:
    rule = {"Variable": "$.fails", "BooleanEquals": True, "Next": "Soon"}
    states: Any = a_task(aws, *STAY)["States"]
    states.update(
        C={"Type": "Choice", "Choices": [rule], "Default": "T"},
        Soon={"Type": "Wait", "Seconds": 2, "Next": "F"},
        F=FAIL,
    )
    processor: Json = {"ProcessorConfig": {"Mode": "DISTRIBUTED"}, "StartAt": "C", "States": states}
    end = aws.run(a_map(processor, ItemsPath="$.items"), {"items": [{"fails": False}, {"fails": True}]})
    assert end["error"] == "States.ExceedToleratedFailureThreshold"
    (run,) = aws.sfn.list_map_runs(executionArn=str(end["executionArn"]))["mapRuns"]
    (aborted,) = aws.sfn.list_executions(mapRunArn=run["mapRunArn"], statusFilter="ABORTED")["executions"]
    child = aborted["executionArn"]
    stopped_by_step_functions(aws, child, aws.running_or_stopped_task(child))
