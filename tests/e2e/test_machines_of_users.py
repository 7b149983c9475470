"""State machines of users, in the stack's cluster: the two forms that AWS's page has, as they stand."""

from __future__ import annotations

import json
import uuid

import boto3
import pytest

from cli.errors import CliError
from tests.e2e.conftest import MACHINES, Json, Stack
from tests.runtimes import client_settings
from tests.waiting import eventually


def started(stack: Stack, machine: Json, data: Json, *actions: str) -> str:
    """Deploy a machine of a user's own, with a role of its own that may do `actions` too, and start it."""
    iam = boto3.client("iam", **client_settings(stack.status.endpoint))
    name = f"user-{uuid.uuid4().hex[:8]}"
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:*"}]}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    policy = {"Statement": [{"Effect": "Allow", "Action": ["ecs:*", "iam:PassRole", *actions], "Resource": "*"}]}
    iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=json.dumps(policy))
    arn = stack.sfn.create_state_machine(name=name, definition=json.dumps(machine), roleArn=role)["stateMachineArn"]
    return stack.sfn.start_execution(stateMachineArn=arn, input=json.dumps(data))["executionArn"]


def sync(stack: Stack) -> Json:
    """A task that gets `$.commands`, awaited with `.sync`."""
    outputs = stack.status.outputs
    override = {"Name": outputs["ContainerName"], "Command.$": "$.commands"}
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::ecs:runTask.sync",
        "Parameters": {
            "Cluster": outputs["ClusterArn"],
            "TaskDefinition": outputs["TaskDefinitionArn"],
            "Overrides": {"ContainerOverrides": [override]},
        },
        "End": True,
    }
    name = "Run an ECS Task and wait for it to complete"
    return {"StartAt": name, "States": {name: task}}


def callback(stack: Stack, *command: str) -> Json:
    """A task with its token in TASK_TOKEN_ENV_VARIABLE, awaited with `.waitForTaskToken`."""
    outputs = stack.status.outputs
    environment = [{"Name": "TASK_TOKEN_ENV_VARIABLE", "Value.$": "$$.Task.Token"}]
    override: Json = {"Name": outputs["ContainerName"], "Environment": environment}
    if command:
        override["Command"] = list(command)
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::ecs:runTask.waitForTaskToken",
        "Parameters": {
            "LaunchType": "FARGATE",
            "Cluster": outputs["ClusterArn"],
            "TaskDefinition": outputs["TaskDefinitionArn"],
            "Overrides": {"ContainerOverrides": [override]},
        },
        "End": True,
    }
    return {"StartAt": "Manage ECS task", "States": {"Manage ECS task": task}}


def test_the_sync_form_runs_and_its_task_is_a_run_of_its_own(stack: Stack) -> None:
    execution = stack.ended_execution(
        started(stack, sync(stack), {"commands": ["python", "-c", "print('{\"a\": 1}')"]})
    )
    assert execution["status"] == "SUCCEEDED"
    task_id = json.loads(str(execution["output"]))["TaskArn"].rsplit("/", 1)[-1]
    run = eventually(lambda: ended(stack, task_id), "the record of the task")
    assert (run["status"], run["pattern"]) == ("SUCCEEDED", "sync")


def test_the_callback_form_is_answered_by_the_function(stack: Stack) -> None:
    execution = stack.ended_execution(started(stack, callback(stack), {}))
    assert execution["status"] == "SUCCEEDED", execution
    assert json.loads(str(execution["output"]))["exitCode"] == 0


def test_the_callback_form_fails_with_the_outcomes_name(stack: Stack) -> None:
    command = ("python", "-c", "raise SystemExit(7)")
    execution = stack.ended_execution(started(stack, callback(stack, *command), {}))
    assert (execution["status"], execution["error"]) == ("FAILED", "Container.ExitedNonZero")
    assert json.loads(str(execution["cause"]))["exitCode"] == 7


def parent(stack: Stack, pattern: str) -> Json:
    """A machine of a user's own that runs one of the stack's machines and waits for it; the run's id is the name."""
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": {
            "StateMachineArn": stack.status.outputs[MACHINES[pattern]],
            "Name.$": "$.name",
            "Input": {"commands.$": "$.commands"},
        },
        "OutputPath": "$.Output",
        "End": True,
    }
    return {"StartAt": "Run a task", "States": {"Run a task": task}}


@pytest.mark.parametrize("pattern", ["sync", "callback"])
def test_a_parent_gets_what_a_run_made(stack: Stack, pattern: str) -> None:
    """docs/outcomes.md: a machine of a user's own that runs ours by `states:startExecution.sync:2`."""
    name = f"nested-{uuid.uuid4().hex}"
    data: Json = {"name": name, "commands": ["python", "-c", "print('{\"rows\": 3}')"]}
    execution = stack.ended_execution(started(stack, parent(stack, pattern), data, "states:StartExecution"))
    assert execution["status"] == "SUCCEEDED", execution
    run = stack.ended_run(name)
    assert (run["status"], run["pattern"]) == ("SUCCEEDED", pattern)
    child = stack.ended_execution(str(run["executionArn"]))
    assert json.loads(str(execution["output"])) == json.loads(str(child["output"]))


@pytest.mark.parametrize("pattern", ["sync", "callback"])
def test_a_parent_sees_the_name_of_a_runs_error_in_the_cause(stack: Stack, pattern: str) -> None:
    """docs/outcomes.md: States.TaskFailed, and the outcome's name is the Error in its cause."""
    name = f"nested-{uuid.uuid4().hex}"
    data: Json = {"name": name, "commands": ["python", "-c", "raise SystemExit(7)"]}
    execution = stack.ended_execution(started(stack, parent(stack, pattern), data, "states:StartExecution"))
    assert (execution["status"], execution["error"]) == ("FAILED", "States.TaskFailed")
    child = json.loads(str(execution["cause"]))
    assert (child["Status"], child["Name"], child["Error"]) == ("FAILED", name, "Container.ExitedNonZero")
    assert json.loads(child["Cause"])["exitCode"] == 7


def ended(stack: Stack, run_id: str) -> Json | None:
    """The run's document once it is there and has ended."""
    try:
        document = dict(stack.api.get_run(run_id))
    except CliError:
        return None
    return document if document["status"] in {"SUCCEEDED", "FAILED", "STOPPED"} else None
