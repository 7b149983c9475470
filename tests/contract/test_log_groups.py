"""A container's log group that its task definition lets be made: `awslogs-create-group` (fact B16)."""

from __future__ import annotations

import uuid

import boto3
import pytest

from tests.contract.conftest import Aws, Json, make_role
from tests.contract.running import request
from tests.runtimes import client_settings


def definition(aws: Aws, group: str, role: str | None, **options: str) -> str:
    """A task definition whose container logs one line into a group that is not there."""
    settings = {"awslogs-group": group, "awslogs-region": "us-east-1", "awslogs-stream-prefix": "b", **options}
    container: Json = {
        "name": "main",
        "image": "any",
        "command": ["python", "-c", "print(1)"],
        "logConfiguration": {"logDriver": "awslogs", "options": settings},
    }
    answer = aws.ecs.register_task_definition(
        family=f"groups-{uuid.uuid4().hex[:8]}",
        containerDefinitions=[container],  # type: ignore[list-item]
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        **({"executionRoleArn": role} if role else {}),  # type: ignore[arg-type]
    )
    return answer["taskDefinition"]["taskDefinitionArn"]


def ended(aws: Aws, definition: str) -> Json:
    """One task, once it has stopped."""
    task = aws.ecs.run_task(**request(aws, definition))["tasks"][0]  # type: ignore[arg-type]
    return aws.until_status(task["taskArn"], "STOPPED")


def execution_role(aws: Aws, group: str, *actions: str, resource: str | None = None) -> str:
    """An execution role that may log, and do `actions` with the group."""
    role = make_role(aws.endpoint, f"execution-{uuid.uuid4().hex[:8]}", "logs:CreateLogStream", "logs:PutLogEvents")
    if actions:
        arn = resource or f"arn:aws:logs:us-east-1:000000000000:log-group:{group}:*"
        statement = f'{{"Effect": "Allow", "Action": "{actions[0]}", "Resource": "{arn}"}}'
        iam = boto3.client("iam", **client_settings(aws.endpoint))
        policy = f'{{"Statement": [{statement}]}}'
        iam.put_role_policy(RoleName=role.rsplit("/", 1)[-1], PolicyName="create", PolicyDocument=policy)
    return role


def groups(aws: Aws, group: str) -> list[str]:
    """The log groups of this name."""
    return [found["logGroupName"] for found in aws.logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]]


@pytest.mark.parametrize("ends_with", [":*", ""])
def test_b16_the_group_is_made_where_the_execution_role_may(aws: Aws, ends_with: str) -> None:
    group = f"/made-{uuid.uuid4().hex[:8]}"
    arn = f"arn:aws:logs:us-east-1:000000000000:log-group:{group}{ends_with}"
    role = execution_role(aws, group, "logs:CreateLogGroup", resource=arn)
    task = ended(aws, definition(aws, group, role, **{"awslogs-create-group": "true"}))
    assert (task["stopCode"], groups(aws, group)) == ("EssentialContainerExited", [group])
    stream = f"b/main/{str(task['taskArn']).rsplit('/', 1)[-1]}"
    events = aws.logs.get_log_events(logGroupName=group, logStreamName=stream)["events"]
    assert [event["message"] for event in events] == ["1"]


def test_b16_without_that_permission_the_task_does_not_start(aws: Aws) -> None:
    group = f"/denied-{uuid.uuid4().hex[:8]}"
    role = execution_role(aws, group)
    task = ended(aws, definition(aws, group, role, **{"awslogs-create-group": "true"}))
    name, task_id = role.rsplit("/", 1)[-1], str(task["taskArn"]).rsplit("/", 1)[-1]
    assert (task["stopCode"], groups(aws, group)) == ("TaskFailedToStart", [])
    assert task["stoppedReason"] == (
        "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: "
        "failed to create Cloudwatch log group: AccessDeniedException: "
        f"User: arn:aws:sts::000000000000:assumed-role/{name}/{task_id} is not authorized to perform: "
        f"logs:CreateLogGroup on resource: arn:aws:logs:us-east-1:000000000000:log-group:{group}:log-stream: "
        "because no identity-based policy allows the logs:CreateLogGroup action : exit status 1"
    )


@pytest.mark.parametrize("option", [{}, {"awslogs-create-group": "false"}])
def test_b16_a_group_that_is_not_to_be_made_is_missing(aws: Aws, option: dict[str, str]) -> None:
    group = f"/missing-{uuid.uuid4().hex[:8]}"
    role = execution_role(aws, group, "logs:CreateLogGroup")
    task = ended(aws, definition(aws, group, role, **option))
    assert (task["stopCode"], groups(aws, group)) == ("TaskFailedToStart", [])
    assert "The specified log group does not exist." in str(task["stoppedReason"])


def test_two_tasks_at_once_make_one_group(aws: Aws) -> None:
    group = f"/both-{uuid.uuid4().hex[:8]}"
    both = definition(aws, group, None, **{"awslogs-create-group": "true"})
    tasks = [aws.ecs.run_task(**request(aws, both))["tasks"][0]["taskArn"] for _ in range(2)]  # type: ignore[arg-type]
    ends = [aws.until_status(task, "STOPPED") for task in tasks]
    assert [end["stopCode"] for end in ends] == ["EssentialContainerExited"] * 2
    assert groups(aws, group) == [group]
