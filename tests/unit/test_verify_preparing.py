"""What the suite makes beside a stack, what its role may do, and that a failure in the middle leaves nothing."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from cli.target import Target
from verify import preparing
from verify.place import Json, Place
from verify.preparing import prepared
from verify.waiting import Patience

REGION = "eu-west-1"
OPTIONS = {"awslogs-group": "/jobs/tasks", "awslogs-region": REGION, "awslogs-stream-prefix": "runs"}
CONTAINER: Json = {"name": "main", "image": "any", "logConfiguration": {"logDriver": "awslogs", "options": OPTIONS}}
TRUST = {"Version": "2012-10-17", "Statement": []}


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch) -> Iterator[Target]:
    """A stack in moto, whose role is ready at once."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setattr(preparing, "_await_what_is_new", lambda _: None)
    monkeypatch.setattr(preparing, "ApiClient", lambda *_, **__: None)
    with mock_aws():
        make: Any = boto3.client
        clients = {name: make(name, REGION) for name in ("ecs", "sqs", "events", "iam", "logs", "stepfunctions")}
        outputs = _stack(clients)
        yield cast(
            "Target",
            SimpleNamespace(
                outputs=outputs,
                output=outputs.__getitem__,
                **{name: lambda client=client: client for name, client in clients.items()},
            ),
        )


def _stack(clients: Any) -> dict[str, str]:
    cluster = clients["ecs"].create_cluster(clusterName="jobs")["cluster"]["clusterArn"]
    roles = {
        name: clients["iam"].create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        for name in ("jobs-task", "jobs-execution")
    }
    definition = clients["ecs"].register_task_definition(
        family="jobs",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        containerDefinitions=[{"name": "other", "image": "other"}, CONTAINER],
        taskRoleArn=roles["jobs-task"],
        executionRoleArn=roles["jobs-execution"],
    )
    machine = {
        "StartAt": "P",
        "States": {"P": {"Type": "Pass", "Result": [{"AssignPublicIp": "DISABLED"}], "End": True}},
    }
    arn = clients["stepfunctions"].create_state_machine(
        name="jobs", definition=json.dumps(machine), roleArn=roles["jobs-task"]
    )
    return {
        "ClusterArn": cluster,
        "TaskDefinitionArn": definition["taskDefinition"]["taskDefinitionArn"],
        "ContainerName": "main",
        "SubnetIds": "subnet-1,subnet-2",
        "SecurityGroupIds": "sg-1",
        "RunTaskStateMachineArn": arn["stateMachineArn"],
    }


def own(target: Target) -> list[str]:
    """What the suite has made and that is there."""
    names = [role["RoleName"] for role in target.iam().list_roles()["Roles"]]
    names += [url.rpartition("/")[2] for url in target.sqs().list_queues().get("QueueUrls", [])]
    names += [rule["Name"] for rule in target.events().list_rules()["Rules"]]
    names += [arn.rpartition("/")[2] for arn in target.ecs().list_task_definitions()["taskDefinitionArns"]]
    return sorted(name for name in names if name.startswith(preparing.PREFIX))


def test_what_is_made_is_the_stacks_own_again_and_goes_at_the_end(target: Target) -> None:
    said: list[str] = []
    with prepared(target, Patience(), said.append) as place:
        definition = place.definition({}).rpartition("/")[2]
        assert own(target) == sorted(
            [place.name, place.name, f"{place.name}-executions", f"{place.name}-tasks", definition]
        )
        assert place.network == {
            "subnets": ["subnet-1", "subnet-2"],
            "securityGroups": ["sg-1"],
            "assignPublicIp": "DISABLED",
        }
        assert (place.container["name"], place.log_group) == ("main", "/jobs/tasks")
    assert own(target) == []
    assert said == ["Removing what was made."]


@pytest.mark.parametrize("broken", ["create_role", "put_role_policy"])
def test_a_failure_in_the_middle_leaves_nothing(target: Target, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    def refuse(**_: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": ""}}, broken)

    monkeypatch.setattr(target.iam(), broken, refuse)
    said: list[str] = []
    with pytest.raises(ClientError, match="AccessDenied"), prepared(target, Patience(), said.append):
        raise AssertionError("it was not prepared")
    assert (own(target), said) == ([], ["Removing what was made."])


def test_what_cannot_be_removed_is_said(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DeleteRole")

    said: list[str] = []
    with prepared(target, Patience(), said.append) as place:
        monkeypatch.setattr(target.iam(), "delete_role", refuse)
    assert [line.partition(" is left")[0] for line in said] == ["Removing what was made.", f"role {place.name}"]
    assert own(target) == [place.name]


def test_the_removal_is_not_interrupted(target: Target) -> None:
    handlers: list[object] = []
    before = signal.getsignal(signal.SIGINT)
    with prepared(target, Patience(), lambda _: handlers.append(signal.getsignal(signal.SIGINT))):
        pass
    assert handlers == [signal.SIG_IGN]
    assert signal.getsignal(signal.SIGINT) is before


def test_the_role_may_what_the_suites_machines_do_and_no_more(target: Target) -> None:
    with prepared(target, Patience(), lambda _: None) as place:
        document: Any = target.iam().get_role_policy(RoleName=place.name, PolicyName="verify")["PolicyDocument"]
        trust: Any = target.iam().get_role(RoleName=place.name)["Role"]["AssumeRolePolicyDocument"]
    own_arn = f"{REGION}:123456789012"
    allowed = {action: one["Resource"] for one in document["Statement"] for action in one["Action"]}
    assert {action: resources for action, resources in allowed.items() if not action.startswith("events:")} == {
        "ecs:RunTask": [f"arn:aws:ecs:{own_arn}:task-definition/{place.name}:*"],
        "ecs:StopTask": ["*"],
        "ecs:DescribeTasks": ["*"],
        "states:StartExecution": [f"arn:aws:states:{own_arn}:stateMachine:{place.name}*"],
        "states:DescribeExecution": [f"arn:aws:states:{own_arn}:execution:{place.name}*"],
        "states:StopExecution": [f"arn:aws:states:{own_arn}:execution:{place.name}*"],
        "sqs:SendMessage": [f"arn:aws:sqs:{own_arn}:{place.name}*"],
        "iam:PassRole": ["arn:aws:iam::123456789012:role/jobs-execution", "arn:aws:iam::123456789012:role/jobs-task"],
    }
    assert allowed["events:PutRule"] == [
        f"arn:aws:events:{own_arn}:rule/StepFunctionsGetEventsForECSTaskRule",
        f"arn:aws:events:{own_arn}:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule",
    ]
    assert trust["Statement"][0]["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}


def waiting_place(errors: list[str | None], events: list[bool]) -> tuple[Place, list[str]]:
    """A place whose probes end with these errors, and then with events that come or do not."""
    started: list[str] = []

    def start(_data: object, machine: str) -> str:
        started.append(machine)
        return "execution"

    place = SimpleNamespace(
        own_queue=lambda: "queue",
        definition=lambda _: "arn:family:1",
        resource=lambda name: name,
        parameters=lambda definition: {"TaskDefinition": definition},
        machine=json.dumps,
        start=start,
        ended=lambda _: {"executionArn": "execution", "error": errors.pop(0)},
        comes_soon=lambda _: events.pop(0),
        patience=Patience(limit_seconds=60, longest_pause_seconds=0.01),
    )
    return cast("Place", place), started


@pytest.mark.parametrize(
    ("errors", "events", "probes"),
    [
        (["ECS.ClientException"], [True], 1),
        (["SQS.AccessDeniedException", "ECS.AccessDeniedException", "ECS.ClientException"], [True], 3),
        (["ECS.ClientException"] * 3, [False, False, True], 3),
        ([None], [True], 1),
    ],
)
def test_the_suite_begins_when_the_role_may_and_events_come(
    errors: list[str | None], events: list[bool], probes: int
) -> None:
    place, started = waiting_place(errors, events)
    preparing._await_what_is_new(place)
    assert len(started) == probes
    machine = json.loads(started[0])["States"]
    assert [machine[name]["Resource"] for name in ("Send", "Run")] == ["sqs:sendMessage", "ecs:runTask"]
    assert machine["Run"]["Parameters"] == {"TaskDefinition": "arn:family:999999"}
