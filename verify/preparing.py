"""Make what the suite needs beside a stack, and remove it again."""

from __future__ import annotations

import json
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cli.api_client import ApiClient
from verify.machines import run_task
from verify.made import Made
from verify.place import Json, Place

if TYPE_CHECKING:
    from mypy_boto3_ecs.client import ECSClient
    from mypy_boto3_events.client import EventBridgeClient
    from mypy_boto3_iam.client import IAMClient

    from cli.target import Target
    from verify.waiting import Patience

PREFIX = "fargate-runs-verify"
#: Step Functions makes these rules itself, to follow what `.sync` waits for.
_MANAGED_RULES = ("StepFunctionsGetEventsForECSTaskRule", "StepFunctionsGetEventsForStepFunctionsExecutionRule")
_DELETED_AT_ONCE = 10


@contextmanager
def prepared(target: Target, patience: Patience, say: Callable[[str], None]) -> Iterator[Place]:
    """A place in a stack; what was made is removed at the end, and what could not be is said.

    Nothing interrupts the removal but SIGKILL.
    """
    made = Made()
    try:
        yield _place(target, patience, made)
    finally:
        with _uninterrupted():
            say("Removing what was made.")
            for problem in made.remove_all():
                say(problem)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _place(target: Target, patience: Patience, made: Made) -> Place:
    name = f"{PREFIX}-{uuid.uuid4().hex[:8]}"
    ecs, sqs = target.ecs(), target.sqs()
    cluster = target.output("ClusterArn")
    definition: Json = dict(
        ecs.describe_task_definition(taskDefinition=target.output("TaskDefinitionArn"))["taskDefinition"]
    )
    container = next(one for one in definition["containerDefinitions"] if one["name"] == target.output("ContainerName"))
    queue = _queue(target, name, made)
    _rules(target.events(), name, cluster, _arn_of(target, queue), made)
    made.will_remove(f"the tasks of family {name}", lambda: _remove_family(ecs, cluster, name))
    role = _role(target.iam(), name, _permissions(cluster, name, definition), cluster.split(":")[4], made)
    place = Place(
        name=name,
        cluster=cluster,
        network=_network(target),
        container=dict(container),
        roles={
            key: definition[key] for key in ("executionRoleArn", "taskRoleArn", "runtimePlatform") if key in definition
        },
        role=role,
        queue=queue,
        outputs=target.outputs,
        ecs=ecs,
        sfn=target.stepfunctions(),
        sqs=sqs,
        logs=target.logs(),
        api=ApiClient(target, sleep=time.sleep),
        patience=patience,
        made=made,
    )
    _await_what_is_new(place)
    return place


def _await_what_is_new(place: Place) -> None:
    """Wait until the role may do what it is to do, and until events come: neither is so at once where it is AWS.

    An execution with a call of each kind goes on without being refused, and its end is told.
    """
    queue = place.own_queue()
    unknown = f"{place.definition({}).rpartition(':')[0]}:999999"
    send = {"QueueUrl": queue, "MessageBody": "ready"}
    steps: Json = {
        "Send": {"Type": "Task", "Resource": place.resource("sqs:sendMessage"), "Parameters": send, "Next": "Run"},
        **run_task(place, "", place.parameters(unknown))["States"],
    }
    machine = place.machine({"StartAt": "Send", "States": steps})

    def probe() -> bool | None:
        ended = place.ended(place.start({}, machine=machine))
        if "AccessDenied" in str(ended.get("error")):
            return None
        return True if place.comes_soon(ended["executionArn"]) else None

    place.patience.until(probe, "the permissions of the new role, and events in the new queue")


def _network(target: Target) -> Json:
    """The stack's own network; whether tasks get public addresses is in its state machines alone."""
    machine = target.stepfunctions().describe_state_machine(stateMachineArn=target.output("RunTaskStateMachineArn"))
    (public,) = set(_values(json.loads(machine["definition"]), "AssignPublicIp"))
    return {
        "subnets": target.output("SubnetIds").split(","),
        "securityGroups": target.output("SecurityGroupIds").split(","),
        "assignPublicIp": public,
    }


def _values(document: object, name: str) -> Iterator[str]:
    """Every text under a name, at any depth."""
    if isinstance(document, dict):
        for key, value in document.items():
            if key == name and isinstance(value, str):
                yield value
            yield from _values(value, name)
    elif isinstance(document, list):
        for value in document:
            yield from _values(value, name)


def _queue(target: Target, name: str, made: Made) -> str:
    sqs = target.sqs()
    made.will_remove(f"queue {name}", lambda: sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"]))
    url = sqs.create_queue(QueueName=name, tags={PREFIX: name})["QueueUrl"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": _arn_of(target, url),
        "Condition": {"StringEquals": {"aws:SourceAccount": target.output("ClusterArn").split(":")[4]}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return url


def _arn_of(target: Target, queue_url: str) -> str:
    answer = target.sqs().get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
    return answer["Attributes"]["QueueArn"]


def _rules(events: EventBridgeClient, name: str, cluster: str, queue_arn: str, made: Made) -> None:
    machines = f"{':'.join(cluster.replace(':ecs:', ':states:').split(':')[:5])}:stateMachine:{name}"
    patterns: dict[str, Json] = {
        f"{name}-tasks": {"source": ["aws.ecs"], "detail": {"clusterArn": [cluster]}},
        f"{name}-executions": {"source": ["aws.states"], "detail": {"stateMachineArn": [{"prefix": machines}]}},
    }
    for rule, pattern in patterns.items():
        made.will_remove(f"rule {rule}", lambda rule=rule: events.delete_rule(Name=rule))  # type: ignore[misc]
        events.put_rule(Name=rule, EventPattern=json.dumps(pattern), Tags=[{"Key": PREFIX, "Value": name}])
        made.will_remove(
            f"the target of rule {rule}",
            lambda rule=rule: events.remove_targets(Rule=rule, Ids=["queue"]),  # type: ignore[misc]
        )
        events.put_targets(Rule=rule, Targets=[{"Id": "queue", "Arn": queue_arn}])


def _permissions(cluster: str, name: str, definition: Json) -> list[Json]:
    """What the suite's state machines may do, and no more."""
    partition, region, account = (cluster.split(":")[index] for index in (1, 3, 4))

    def arn(service: str, resource: str) -> str:
        return f"arn:{partition}:{service}:{region}:{account}:{resource}"

    rules = [arn("events", f"rule/{rule}") for rule in _MANAGED_RULES]
    passed = [definition[key] for key in ("executionRoleArn", "taskRoleArn") if key in definition]
    may: list[tuple[list[str], list[str]]] = [
        (["ecs:RunTask"], [arn("ecs", f"task-definition/{name}:*")]),
        (["ecs:StopTask", "ecs:DescribeTasks"], ["*"]),
        (["events:PutTargets", "events:PutRule", "events:DescribeRule"], rules),
        (["states:StartExecution"], [arn("states", f"stateMachine:{name}*")]),
        (["states:DescribeExecution", "states:StopExecution"], [arn("states", f"execution:{name}*")]),
        (["sqs:SendMessage"], [arn("sqs", f"{name}*")]),
        *([(["iam:PassRole"], passed)] if passed else []),
    ]
    return [{"Effect": "Allow", "Action": actions, "Resource": resources} for actions, resources in may]


def _role(iam: IAMClient, name: str, statements: list[Json], account: str, made: Made) -> str:
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "states.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": account}},
    }
    made.will_remove(f"role {name}", lambda: iam.delete_role(RoleName=name))
    answer = iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        Description="State machines of `make verify` of Fargate Runs",
        Tags=[{"Key": PREFIX, "Value": name}],
    )
    made.will_remove(f"the policy of role {name}", lambda: iam.delete_role_policy(RoleName=name, PolicyName="verify"))
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_role_policy(RoleName=name, PolicyName="verify", PolicyDocument=policy)
    return answer["Role"]["Arn"]


def _remove_family(ecs: ECSClient, cluster: str, family: str) -> None:
    """Stop what still runs of a family, and delete its task definitions."""
    for page in ecs.get_paginator("list_tasks").paginate(cluster=cluster, family=family, desiredStatus="RUNNING"):
        for task in page["taskArns"]:
            ecs.stop_task(cluster=cluster, task=task, reason="make verify has ended")
    revisions = [
        arn
        for page in ecs.get_paginator("list_task_definitions").paginate(familyPrefix=family)
        for arn in page["taskDefinitionArns"]
    ]
    for arn in revisions:
        ecs.deregister_task_definition(taskDefinition=arn)
    for first in range(0, len(revisions), _DELETED_AT_ONCE):
        ecs.delete_task_definitions(taskDefinitions=revisions[first : first + _DELETED_AT_ONCE])
