"""The role of a state machine is enforced (fact B31)."""

from __future__ import annotations

import json
import uuid

import boto3
import pytest

from tests.contract.conftest import Aws, Json, make_role, state
from tests.runtimes import client_settings

RUN_TASK = "arn:aws:states:::ecs:runTask"
EXIT_0 = ["python", "-c", "pass"]
STAY = ["python", "-c", "import time; time.sleep(600)"]


def definition(aws: Aws, command: list[str]) -> str:
    """A task definition with a task role."""
    role = make_role(aws.endpoint, f"task-{uuid.uuid4().hex[:8]}", "s3:GetObject")
    answer = aws.ecs.register_task_definition(
        family=f"roles-{uuid.uuid4().hex[:8]}",
        containerDefinitions=[{"name": "main", "image": "any", "command": command}],
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        taskRoleArn=role,
    )
    return answer["taskDefinition"]["taskDefinitionArn"]


def machine(aws: Aws, suffix: str, command: list[str]) -> Json:
    """A machine that runs that definition."""
    return state(RUN_TASK + suffix, aws.parameters(definition(aws, command)))


@pytest.mark.parametrize("suffix", ["", ".sync", ".waitForTaskToken"])
@pytest.mark.parametrize(
    ("actions", "missing"), [(("s3:GetObject",), "ecs:RunTask"), (("ecs:RunTask",), "iam:PassRole")]
)
def test_b31_what_the_role_may_not_do_is_denied(aws: Aws, suffix: str, actions: tuple[str, ...], missing: str) -> None:
    role = make_role(aws.endpoint, f"machine-{uuid.uuid4().hex[:8]}", *actions)
    end = aws.ended(aws.start(machine(aws, suffix, EXIT_0), role=role))
    assert (end["status"], end["error"]) == ("FAILED", "ECS.AccessDeniedException")
    assert f"is not authorized to perform: {missing} on resource" in str(end["cause"])


def test_b31_run_task_and_pass_role_are_enough_for_request_response(aws: Aws) -> None:
    role = make_role(aws.endpoint, f"machine-{uuid.uuid4().hex[:8]}", "ecs:RunTask", "iam:PassRole")
    assert aws.ended(aws.start(machine(aws, "", EXIT_0), role=role))["status"] == "SUCCEEDED"


@pytest.mark.parametrize("suffix", ["", ".sync", ".waitForTaskToken"])
def test_b31_a_task_with_tags_needs_the_permission_to_tag_it(aws: Aws, suffix: str) -> None:
    """B24: its lack is AccessDeniedException, whatever else is wrong with the call."""
    parameters = aws.parameters(
        aws.task_definition({"command": EXIT_0}), Tags=[{"Key": "K", "Value": "v"}], EnableExecuteCommand=True
    )
    role = make_role(aws.endpoint, f"machine-{uuid.uuid4().hex[:8]}", "ecs:RunTask", "iam:PassRole")
    end = aws.ended(aws.start(state(RUN_TASK + suffix, parameters), role=role))
    assert (end["status"], end["error"]) == ("FAILED", "ECS.AccessDeniedException")
    tasks = f"arn:aws:ecs:us-east-1:000000000000:task/{aws.cluster}/*"
    said = f"is not authorized to perform: ecs:TagResource on resource: {tasks} because no identity-based policy allows"
    assert said in str(end["cause"])
    assert "Error Code: AccessDeniedException; " in str(end["cause"])


def test_b31_a_task_with_tags_may_be_run_by_a_role_that_may_tag_at_run_task(aws: Aws) -> None:
    role = make_role(aws.endpoint, f"machine-{uuid.uuid4().hex[:8]}", "ecs:RunTask", "iam:PassRole")
    tagging = {
        "Effect": "Allow",
        "Action": "ecs:TagResource",
        "Resource": "*",
        "Condition": {"StringEquals": {"ecs:CreateAction": ["RunTask"], "aws:RequestTag/K": "v"}},
    }
    iam = boto3.client("iam", **client_settings(aws.endpoint))
    name, policy = role.rsplit("/", 1)[-1], json.dumps({"Statement": [tagging]})
    iam.put_role_policy(RoleName=name, PolicyName="tag", PolicyDocument=policy)
    definition = aws.task_definition({"command": EXIT_0})
    for value, status in (("v", "SUCCEEDED"), ("w", "FAILED")):
        parameters = aws.parameters(definition, Tags=[{"Key": "K", "Value": value}])
        end = aws.ended(aws.start(state(RUN_TASK, parameters), role=role))
        assert end["status"] == status, end


def aborted(aws: Aws, *more: str) -> str:
    """The task of a `.sync` execution that was stopped, of a machine whose role may also do `more`."""
    role = make_role(aws.endpoint, f"machine-{uuid.uuid4().hex[:8]}", "ecs:RunTask", "iam:PassRole", *more)
    execution = aws.start(machine(aws, ".sync", STAY), role=role)
    task_arn = aws.running_task(execution)
    aws.sfn.stop_execution(executionArn=execution)
    aws.ended(execution)
    return task_arn


def test_b31_a_role_that_may_stop_tasks_stops_them(aws: Aws) -> None:
    aws.until_status(aborted(aws, "ecs:StopTask"), "STOPPED")


def test_b31_a_role_that_may_not_leaves_them_running(aws: Aws) -> None:
    task_arn = aborted(aws)
    # A later abort that does stop its task shows that this one had its turn.
    aws.until_status(aborted(aws, "ecs:StopTask"), "STOPPED")
    task = aws.ecs.describe_tasks(cluster=aws.cluster, tasks=[task_arn])["tasks"][0]
    assert task["desiredStatus"] == "RUNNING"
    aws.ecs.stop_task(cluster=aws.cluster, task=task_arn)
