"""One bare local runtime for all contract tests, and what they say about it in AWS's own calls."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import boto3
import pytest
from mypy_boto3_ecs.client import ECSClient
from mypy_boto3_events.client import EventBridgeClient
from mypy_boto3_logs.client import CloudWatchLogsClient
from mypy_boto3_sqs.client import SQSClient
from mypy_boto3_stepfunctions.client import SFNClient

from tests.runtimes import bare_runtime, client_settings
from tests.waiting import LIMIT_SECONDS, eventually

Json = dict[str, object]
LOG_GROUP = "/contract"
ROLE = "arn:aws:iam::000000000000:role/any"


@dataclass
class Aws:
    """Clients of the runtime, a cluster in it, and helpers that name what a test does."""

    endpoint: str
    ecs: ECSClient
    sfn: SFNClient
    events: EventBridgeClient
    sqs: SQSClient
    logs: CloudWatchLogsClient
    cluster: str = "contract"
    queue_url: str = ""
    seen: list[Json] = field(default_factory=list)

    def task_definition(self, *containers: Mapping[str, object]) -> str:
        """Register a Fargate task definition; gives its ARN."""
        named = [{"name": "main", "image": "any", **container} for container in containers]
        response = self.ecs.register_task_definition(
            family=f"contract-{uuid.uuid4().hex[:8]}",
            containerDefinitions=named,  # type: ignore[arg-type]
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu="256",
            memory="512",
        )
        return response["taskDefinition"]["taskDefinitionArn"]

    def parameters(self, definition: str, *command: str, **more: object) -> Json:
        """RunTask's parameters as a state machine has them."""
        override: Json = {"Name": "main"}
        if command:
            override["Command"] = list(command)
        return {
            "Cluster": self.cluster,
            "TaskDefinition": definition,
            "LaunchType": "FARGATE",
            "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": ["subnet-1"]}},
            "Overrides": {"ContainerOverrides": [override]},
            **more,
        }

    def start(self, machine: Mapping[str, object], data: object = None, *, role: str = ROLE) -> str:
        """Create a state machine and start it; gives the execution's ARN."""
        name = f"contract-{uuid.uuid4().hex[:8]}"
        arn = self.sfn.create_state_machine(name=name, definition=json.dumps(machine), roleArn=role)["stateMachineArn"]
        return self.sfn.start_execution(stateMachineArn=arn, input=json.dumps(data or {}))["executionArn"]

    def ended(self, execution_arn: str, *, limit_seconds: float = LIMIT_SECONDS) -> Json:
        """DescribeExecution's answer once the execution has ended."""

        def probe() -> Json | None:
            answer = self.sfn.describe_execution(executionArn=execution_arn)
            return None if answer["status"] == "RUNNING" else dict(answer)

        return eventually(probe, f"the end of {execution_arn}", limit_seconds=limit_seconds)

    def run(self, machine: Mapping[str, object], data: object = None) -> Json:
        """Start a machine and wait for its end."""
        return self.ended(self.start(machine, data))

    def history(self, execution_arn: object) -> list[Json]:
        """The execution's events."""
        answer = self.sfn.get_execution_history(executionArn=str(execution_arn), maxResults=1000)
        return [dict(event) for event in answer["events"]]

    def task_events(self, task_arn: object, *, until: str = "STOPPED") -> list[Json]:
        """The "ECS Task State Change" events of a task, in the order in which they came."""

        def probe() -> list[Json] | None:
            self.receive()
            own = [event for event in self.seen if event["resources"] == [task_arn]]
            ended = any(_detail(event)["lastStatus"] == until for event in own)
            return own if ended else None

        return eventually(probe, f"an event with {until} of {task_arn}")

    def submitted_task(self, execution_arn: str, attempt: int = 1) -> str | None:
        """The task that an attempt of an execution submitted; None before it has."""
        submitted = [e for e in self.history(execution_arn) if e["type"] == "TaskSubmitted"]
        if len(submitted) < attempt:
            return None
        details = submitted[attempt - 1]["taskSubmittedEventDetails"]
        assert isinstance(details, dict)
        return str(json.loads(details["output"])["Tasks"][0]["TaskArn"])

    def running_or_stopped_task(self, execution_arn: str) -> str:
        """The first task of an execution, once it is submitted."""
        return eventually(lambda: self.submitted_task(execution_arn), "a submitted task")

    def running_task(self, execution_arn: str) -> str:
        """The first task of an execution, once it is RUNNING."""
        task_arn = self.running_or_stopped_task(execution_arn)
        self.until_status(task_arn, "RUNNING")
        return task_arn

    def until_status(self, task_arn: str, status: str) -> Json:
        """DescribeTasks' element once the task has a status."""

        def probe() -> Json | None:
            task = self.ecs.describe_tasks(cluster=self.cluster, tasks=[task_arn])["tasks"][0]
            return dict(task) if task["lastStatus"] == status else None

        return eventually(probe, f"{status} of {task_arn}")

    def at_rest(self) -> None:
        """Stop what earlier tests left running: it would meet the next fault that is armed, or be counted."""
        for task_arn in self.living():
            self.ecs.stop_task(cluster=self.cluster, task=task_arn)
        eventually(lambda: not self.living(), "the end of every task")

    def living(self) -> list[str]:
        """The tasks that have not come to their end."""
        found = []
        # In this order: who is told to stop between the two lists is in both, and not in none.
        for status in ("RUNNING", "STOPPED"):
            for page in self.ecs.get_paginator("list_tasks").paginate(cluster=self.cluster, desiredStatus=status):
                if page["taskArns"]:
                    tasks = self.ecs.describe_tasks(cluster=self.cluster, tasks=page["taskArns"])["tasks"]
                    found += [task["taskArn"] for task in tasks if task["lastStatus"] != "STOPPED"]
        return found

    def receive(self) -> None:
        """Take what is in the queue of events into `seen`."""
        answer = self.sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            self.seen.append(json.loads(message["Body"]))
            self.sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])


def _detail(event: Json) -> Json:
    detail = event["detail"]
    assert isinstance(detail, dict)
    return detail


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """The runtime, with a cluster, a log group, and a queue that gets every event of ECS."""
    with bare_runtime(tmp_path_factory.mktemp("runtime")) as endpoint:
        yield prepared(endpoint)


def prepared(endpoint: str) -> Aws:
    """`Aws` with what every contract test needs in it."""
    settings = client_settings(endpoint)
    aws = Aws(
        endpoint=endpoint,
        ecs=boto3.client("ecs", **settings),
        sfn=boto3.client("stepfunctions", **settings),
        events=boto3.client("events", **settings),
        sqs=boto3.client("sqs", **settings),
        logs=boto3.client("logs", **settings),
    )
    aws.ecs.create_cluster(clusterName=aws.cluster, capacityProviders=["FARGATE", "FARGATE_SPOT"])
    make_role(endpoint, "any", "*")
    aws.logs.create_log_group(logGroupName=LOG_GROUP)
    aws.queue_url = aws.sqs.create_queue(QueueName="events")["QueueUrl"]
    arn = aws.sqs.get_queue_attributes(QueueUrl=aws.queue_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    aws.events.put_rule(Name="all", EventPattern=json.dumps({"source": ["aws.ecs"]}))
    aws.events.put_targets(Rule="all", Targets=[{"Id": "queue", "Arn": arn}])
    return aws


def make_role(endpoint: str, name: str, *actions: str) -> str:
    """A role of state machines that may do `actions` on everything; gives its ARN."""
    iam = boto3.client("iam", **client_settings(endpoint))
    principal = {"Service": "states.amazonaws.com"}
    trust = {"Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    policy = {"Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}
    iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=json.dumps(policy))
    return role


def state(resource: str, parameters: Json, **more: object) -> Json:
    """A machine of one Task state (JSONPath)."""
    task = {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True, **more}
    return {"StartAt": "Run", "States": {"Run": task}}
