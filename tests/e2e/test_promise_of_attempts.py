"""Nothing of a retry, a fan-out or a redrive runs on or is lost: each attempt keeps the promise of a run."""

from __future__ import annotations

import contextlib
from typing import cast

import pytest

from cli.errors import RunNotFoundError
from tests.e2e.conftest import Json, Stack
from tests.e2e.promising import FAIL, STAY, SWEEPS_SECONDS, WELL, is_stopped, swept, without_events
from tests.e2e.test_machines_of_users import started
from tests.waiting import eventually


def of_user(stack: Stack, **more: object) -> Json:
    """A callback machine of a user's own that says which run and which execution its tasks are of."""
    outputs = stack.status.outputs
    names = {"RUN_ID": "Execution.Name", "RUN_EXECUTION_ARN": "Execution.Id", "TASK_TOKEN": "Task.Token"}
    environment = [{"Name": name, "Value": f"{{% $states.context.{path} %}}"} for name, path in names.items()]
    override = {"Name": outputs["ContainerName"], "Command": list(STAY), "Environment": environment}
    state: Json = {
        "Type": "Task",
        "Resource": "arn:aws:states:::ecs:runTask.waitForTaskToken",
        "Arguments": {
            "Cluster": outputs["ClusterArn"],
            "TaskDefinition": outputs["TaskDefinitionArn"],
            "Overrides": {"ContainerOverrides": [override]},
        },
        "End": True,
    }
    return {"QueryLanguage": "JSONata", "StartAt": "Run", "States": {"Run": {**state, **more}}}


AGAIN = {"Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1}]}
SOON = "{% $states.context.State.RetryCount = 0 ? 5 : 600 %}"


@pytest.mark.parametrize("limit", [{"TimeoutSeconds": SOON}, {"TimeoutSeconds": 900, "HeartbeatSeconds": SOON}])
@pytest.mark.parametrize("events", [True, False], ids=["with events", "without events"])
def test_an_attempt_that_a_retry_gave_up_on_is_stopped(stack: Stack, limit: dict[str, object], events: bool) -> None:
    with contextlib.nullcontext() if events else without_events(stack):
        execution = started(stack, of_user(stack, **AGAIN, **limit), {})
        run_id = execution.rpartition(":")[2]

        def first_is_stopped() -> list[Json] | None:
            if not events:
                stack.sweep()
            try:
                attempts = cast("list[Json]", stack.api.get_run(run_id)["attempts"])
            except RunNotFoundError:  # no event and no sweep has told of it yet
                return None
            return attempts if len(attempts) == 2 and attempts[0]["status"] else None

        first, second = eventually(first_is_stopped, "the end of the first attempt", limit_seconds=SWEEPS_SECONDS)
        assert (first["status"], first["error"]) == ("STOPPED", "Task.StoppedByStepFunctions")
        assert "replaced this attempt" in str(first["stoppedReason"])
        assert not is_stopped(stack, str(second["taskArn"]))
        stack.sfn.stop_execution(executionArn=execution)
        sweep_until_stopped(stack, str(second["taskArn"]))


def sweep_until_stopped(stack: Stack, arn: str) -> None:
    """Until the task has ended, which nobody who comes next shall see."""
    eventually(lambda: stack.sweep() and is_stopped(stack, arn), f"the stop of {arn}", limit_seconds=SWEEPS_SECONDS)
    stack.ended_task(arn)


def fan_out(stack: Stack) -> Json:
    """A Distributed Map of a user's own: an id for each item, the child execution named."""
    outputs = stack.status.outputs
    environment = [
        {"Name": "RUN_ID", "Value.$": "States.Format('{}:{}', $.parent, $.index)"},
        {"Name": "RUN_EXECUTION_ARN", "Value.$": "$$.Execution.Id"},
        {"Name": "TASK_TOKEN", "Value.$": "$$.Task.Token"},
    ]
    override = {"Name": outputs["ContainerName"], "Command.$": "$.commands", "Environment": environment}
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::ecs:runTask.waitForTaskToken",
        "Parameters": {
            "Cluster": outputs["ClusterArn"],
            "TaskDefinition": outputs["TaskDefinitionArn"],
            "Overrides": {"ContainerOverrides": [override]},
        },
        "End": True,
    }
    each = {
        "Type": "Map",
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Run",
            "States": {"Run": task},
        },
        "ItemsPath": "$.runs",
        "ItemSelector": {
            "parent.$": "$$.Execution.Name",
            "index.$": "$$.Map.Item.Index",
            "commands.$": "$$.Map.Item.Value.commands",
        },
        "ToleratedFailurePercentage": 100,
        "End": True,
    }
    return {"StartAt": "Each", "States": {"Each": each}}


def test_every_item_of_a_fan_out_keeps_the_promise(stack: Stack) -> None:
    runs = [{"commands": list(command)} for command in (WELL, FAIL, WELL)]
    execution = started(stack, fan_out(stack), {"runs": runs})
    name = execution.rpartition(":")[2]
    stack.ended_execution(execution)
    ended = [stack.ended_run(f"{name}:{index}") for index in range(3)]
    assert [each["error"] for each in ended] == [None, "Container.ExitedNonZero", None]


def test_nothing_of_a_fan_out_outlives_it(stack: Stack) -> None:
    with without_events(stack):
        execution = started(stack, fan_out(stack), {"runs": [{"commands": list(STAY)}] * 3})
        name = execution.rpartition(":")[2]
        tasks = [stack.task_of(f"{name}:{index}") for index in range(3)]
        stack.sfn.stop_execution(executionArn=execution)
        runs = [swept(stack, f"{name}:{index}") for index in range(3)]
    assert {each["error"] for each in runs} == {"Task.StoppedByStepFunctions"}
    assert all(stack.ended_task(task)["stopCode"] == "UserInitiated" for task in tasks)


def test_a_redriven_execution_keeps_its_new_attempt(stack: Stack) -> None:
    """The old end is told again while the new attempt runs (faults F05, F19)."""
    execution = started(stack, of_user(stack), {})
    run_id = execution.rpartition(":")[2]
    first = stack.task_of(run_id)
    stack.sfn.stop_execution(executionArn=execution)
    sweep_until_stopped(stack, first)
    stack.sfn.redrive_execution(executionArn=execution)

    def second() -> str | None:
        arns = stack.ecs.list_tasks(cluster=stack.status.outputs["ClusterArn"], desiredStatus="RUNNING")["taskArns"]
        tasks = (
            stack.ecs.describe_tasks(cluster=stack.status.outputs["ClusterArn"], tasks=arns)["tasks"] if arns else []
        )
        return next((each["taskArn"] for each in tasks if f"'value': '{run_id}'" in str(each["overrides"])), None)

    task = eventually(second, "the second attempt")
    stack.sweep()
    stack.sweep()
    assert not is_stopped(stack, task)
    stack.sfn.stop_execution(executionArn=execution)
    sweep_until_stopped(stack, task)
