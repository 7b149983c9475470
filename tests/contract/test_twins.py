"""What the simulation's twins and the local runtime both claim about AWS, by one suite over both.

Facts: tokens B28 and B29, StartExecution B32, versions B9, MISSING B12, aborts B26, events B1 and B7, StopTask, lists,
and conditional writes of DynamoDB.
"""

from __future__ import annotations

import json
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, TypeVar

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.contract.conftest import Aws
from tests.contract.running import STAY
from tests.fakes.ecs import CLUSTER_ARN, MACHINES
from tests.fakes.tables import TABLE, create_runs_table
from tests.runtimes import client_settings
from tests.simulation import template
from tests.simulation.dynamodb import DynamoDb
from tests.simulation.ecs import Ecs
from tests.simulation.eventbridge import EventBridge
from tests.simulation.executions import Executions, Pattern, RunSpec
from tests.simulation.faults import FaultPlan, Weather
from tests.simulation.lives import Ending, Life
from tests.simulation.network import Client
from tests.simulation.scheduler import Scheduler
from tests.simulation.stepfunctions import StepFunctions
from tests.simulation.tasks import Task
from tests.waiting import eventually

T = TypeVar("T")
Json = dict[str, Any]
PATTERNS = {"callback": ".waitForTaskToken", "sync": ".sync"}


class Side(ABC):
    """One implementation: clients in AWS's own words, and a way to let time pass."""

    ecs: Any
    stepfunctions: Any
    dynamodb: Any
    cluster: str

    @abstractmethod
    def machine(self, pattern: str, *, timeout: int = 600, retries: int = 0) -> str:
        """The ARN of a machine of one Task state whose container stays."""

    @abstractmethod
    def wait(self, probe: Callable[[], T | None], what: str) -> T:
        """The first value of the probe that is neither None nor False."""

    @abstractmethod
    def events(self, task_arn: str) -> list[Json]:
        """The "ECS Task State Change" events of a task so far."""

    def start(self, pattern: str, *, timeout: int = 600, retries: int = 0) -> str:
        """A new execution; gives its ARN."""
        machine = self.machine(pattern, timeout=timeout, retries=retries)
        answer = self.stepfunctions.start_execution(stateMachineArn=machine, name=uuid.uuid4().hex, input="{}")
        return str(answer["executionArn"])

    def task_of(self, execution_arn: str, attempt: int = 1) -> Json:
        """The running task of an execution's attempt, as DescribeTasks has it."""

        def probe() -> Json | None:
            tasks = {task["taskArn"]: task for task in self.described()}.values()
            found = [task for task in tasks if self.variable(task, "EXECUTION") == execution_arn]
            if len(found) < attempt:
                return None
            # Not the newest: whoever looks late may find that there has been another attempt since.
            task: Json = sorted(found, key=lambda task: task["createdAt"])[attempt - 1]
            return task if task["lastStatus"] == "RUNNING" else None

        return self.wait(probe, f"task {attempt} of {execution_arn}")

    def described(self) -> list[Json]:
        """Every task that there is."""
        pages = (
            page["taskArns"]
            for status in ("RUNNING", "STOPPED")
            for page in self.ecs.get_paginator("list_tasks").paginate(cluster=self.cluster, desiredStatus=status)
        )
        return [
            task
            for arns in pages
            if arns
            for task in self.ecs.describe_tasks(cluster=self.cluster, tasks=arns)["tasks"]
        ]

    def one(self, task_arn: str) -> Json:
        """One task."""
        (task,) = self.ecs.describe_tasks(cluster=self.cluster, tasks=[task_arn])["tasks"]
        return dict(task)

    def until_status(self, task_arn: str, status: str) -> Json:
        """One task once it has a status."""

        def probe() -> Json | None:
            task = self.one(task_arn)
            return task if task["lastStatus"] == status else None

        return self.wait(probe, f"{status} of {task_arn}")

    def until_closed(self, execution_arn: str) -> Json:
        """DescribeExecution's answer once the execution has ended."""

        def probe() -> Json | None:
            answer: Json = self.stepfunctions.describe_execution(executionArn=execution_arn)
            return None if answer["status"] == "RUNNING" else answer

        return self.wait(probe, f"the end of {execution_arn}")

    @staticmethod
    def variable(task: Json, name: str) -> str | None:
        """A variable of a task's overrides."""
        entries = [each for entry in task["overrides"]["containerOverrides"] for each in entry.get("environment", [])]
        return next((each["value"] for each in entries if each["name"] == name), None)


class Local(Side):
    """The bare local runtime."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self.ecs, self.stepfunctions, self.cluster = aws.ecs, aws.sfn, aws.cluster
        self.dynamodb = boto3.client("dynamodb", **client_settings(aws.endpoint))
        if TABLE not in self.dynamodb.list_tables()["TableNames"]:
            create_runs_table(self.dynamodb)

    def machine(self, pattern: str, *, timeout: int = 600, retries: int = 0) -> str:
        environment: list[Json] = [{"Name": "EXECUTION", "Value": "{% $states.context.Execution.Id %}"}]
        if pattern == "callback":
            environment.append({"Name": "TASK_TOKEN", "Value": "{% $states.context.Task.Token %}"})
        override = {"Name": "main", "Command": list(STAY), "Environment": environment}
        arguments = self._aws.parameters(self._aws.task_definition({}), Overrides={"ContainerOverrides": [override]})
        # The last attempt has time enough: what a test does with it is real, and may be slow.
        limit = f"{{% $states.context.State.RetryCount < {retries} ? {timeout} : {max(timeout, 600)} %}}"
        task: Json = {"Type": "Task", "Resource": f"arn:aws:states:::ecs:runTask{PATTERNS[pattern]}", "End": True}
        task |= {"Arguments": arguments, "TimeoutSeconds": limit}
        if retries:
            task["Retry"] = [{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1, "MaxAttempts": retries}]
        body = {"QueryLanguage": "JSONata", "StartAt": "Run", "States": {"Run": task}}
        answer = self.stepfunctions.create_state_machine(
            name=f"twins-{uuid.uuid4().hex[:8]}",
            definition=json.dumps(body),
            roleArn="arn:aws:iam::000000000000:role/any",
        )
        return str(answer["stateMachineArn"])

    def wait(self, probe: Callable[[], T | None], what: str) -> T:
        return eventually(probe, what)

    def events(self, task_arn: str) -> list[Json]:
        self._aws.receive()
        return [dict(event) for event in self._aws.seen if event["resources"] == [task_arn]]


class Simulated(Side):
    """The simulation's twins, without any fault."""

    def __init__(self) -> None:
        self._scheduler = Scheduler()
        plan = FaultPlan(Random(1), Weather.CALM)
        ecs = Ecs(self._scheduler, plan)
        self._executions = Executions(self._scheduler, plan, ecs)
        self._executions.life = lambda _has_token: Life(Ending.FOREVER, 20, 0, 20)
        self._executions.more_environment = lambda execution: {"EXECUTION": execution.arn}
        stepfunctions = StepFunctions(self._scheduler, plan, self._executions)
        stepfunctions.spec_of = self._spec
        self._bus = EventBridge(self._scheduler, plan, (), None, lambda _function, _event: None)
        self._events: list[Json] = []
        self._specs: dict[str, RunSpec] = {}
        ecs.emit = self._emitted
        self.ecs, self.stepfunctions = Client("ecs", ecs), Client("stepfunctions", stepfunctions)
        self.dynamodb = Client("dynamodb", DynamoDb(template.table(), TABLE))
        self.cluster = CLUSTER_ARN

    def machine(self, pattern: str, *, timeout: int = 600, retries: int = 0) -> str:
        arn = f"{MACHINES.callback}-{uuid.uuid4().hex[:8]}"
        self._specs[arn] = RunSpec(
            "", arn, Pattern(pattern), timeout_seconds=timeout * 60, retries=retries, retries_timeouts=True
        )
        return arn

    def _spec(self, machine_arn: str, name: str) -> RunSpec:
        spec = self._specs[machine_arn]
        return RunSpec(
            name,
            machine_arn,
            spec.pattern,
            timeout_seconds=spec.timeout_seconds,
            retries=spec.retries,
            retries_timeouts=True,
        )

    def wait(self, probe: Callable[[], T | None], what: str) -> T:
        for _ in range(2_000):
            value = probe()
            if value is not None and value is not False:
                return value
            self._scheduler.run(self._scheduler.now + 1)
        raise AssertionError(f"not in time: {what}")

    def events(self, task_arn: str) -> list[Json]:
        return [event for event in self._events if event["resources"] == [task_arn]]

    def _emitted(self, task: Task, detail: Json) -> None:
        self._events.append(self._bus.envelope("aws.ecs", "ECS Task State Change", task.arn, detail))


@pytest.fixture(params=["local", "simulated"])
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    if request.param == "simulated":
        yield Simulated()
        return
    aws: Aws = request.getfixturevalue("aws")
    yield Local(aws)
    aws.at_rest()


def code_of(call: Callable[[], object]) -> str:
    """The code that a call is refused with."""
    with pytest.raises(ClientError) as refused:
        call()
    return str(refused.value.response["Error"]["Code"])


def test_a_token_takes_one_answer(side: Side) -> None:
    execution = side.start("callback")
    token = side.variable(side.task_of(execution), "TASK_TOKEN")
    assert side.stepfunctions.send_task_heartbeat(taskToken=token) is not None
    assert code_of(lambda: side.stepfunctions.send_task_success(taskToken=token, output="no JSON")) == "InvalidOutput"
    side.stepfunctions.send_task_success(taskToken=token, output='{"a":1}')
    assert side.until_closed(execution)["status"] == "SUCCEEDED"
    for again in (
        lambda: side.stepfunctions.send_task_success(taskToken=token, output="{}"),
        lambda: side.stepfunctions.send_task_failure(taskToken=token, error="E", cause="c"),
        lambda: side.stepfunctions.send_task_heartbeat(taskToken=token),
    ):
        assert code_of(again) == "TaskTimedOut"


def test_a_failure_fails_the_execution(side: Side) -> None:
    execution = side.start("callback")
    token = side.variable(side.task_of(execution), "TASK_TOKEN")
    side.stepfunctions.send_task_failure(taskToken=token, error="Container.ExitedNonZero", cause="{}")
    closed = side.until_closed(execution)
    assert (closed["status"], closed["error"]) == ("FAILED", "Container.ExitedNonZero")


def test_a_token_of_nobody(side: Side) -> None:
    assert code_of(lambda: side.stepfunctions.send_task_success(taskToken="nobody", output="{}")) == "InvalidToken"
    assert code_of(lambda: side.stepfunctions.send_task_heartbeat(taskToken="nobody")) == "InvalidToken"


def test_a_retry_has_a_token_of_its_own(side: Side) -> None:
    execution = side.start("callback", timeout=6, retries=1)
    first = side.variable(side.task_of(execution), "TASK_TOKEN")
    second = side.variable(side.task_of(execution, attempt=2), "TASK_TOKEN")
    assert first != second
    assert code_of(lambda: side.stepfunctions.send_task_success(taskToken=first, output="{}")) == "TaskTimedOut"
    side.stepfunctions.send_task_success(taskToken=second, output="{}")
    assert side.until_closed(execution)["status"] == "SUCCEEDED"


def test_an_abort_closes_the_token_and_leaves_the_task(side: Side) -> None:
    execution = side.start("callback")
    task = side.task_of(execution)
    assert "stopDate" not in side.stepfunctions.describe_execution(executionArn=execution)
    side.stepfunctions.stop_execution(executionArn=execution)
    closed = side.until_closed(execution)
    assert closed["status"] == "ABORTED"
    assert closed["stopDate"] >= closed["startDate"]
    token = side.variable(task, "TASK_TOKEN")
    assert code_of(lambda: side.stepfunctions.send_task_success(taskToken=token, output="{}")) == "TaskTimedOut"
    assert side.one(task["taskArn"])["desiredStatus"] == "RUNNING"


def test_an_abort_of_sync_stops_the_task(side: Side) -> None:
    execution = side.start("sync")
    task = side.task_of(execution)["taskArn"]
    side.stepfunctions.stop_execution(executionArn=execution)
    stopped = side.until_status(task, "STOPPED")
    assert stopped["stopCode"] == "UserInitiated"
    assert "AWS Step Functions execution" in stopped["stoppedReason"]
    assert execution in stopped["stoppedReason"]


def test_stop_task_has_one_effect(side: Side) -> None:
    task = side.task_of(side.start("callback"))["taskArn"]
    side.ecs.stop_task(cluster=side.cluster, task=task, reason="enough")
    side.ecs.stop_task(cluster=side.cluster, task=task, reason="more than enough")
    stopped = side.until_status(task, "STOPPED")
    side.ecs.stop_task(cluster=side.cluster, task=task, reason="too late")
    assert side.one(task)["version"] == stopped["version"]
    assert (stopped["stopCode"], stopped["stoppedReason"]) == ("UserInitiated", "enough")
    assert stopped["containers"][0]["exitCode"] in {0, 137, 143}
    unknown = task[:-1] + ("0" if task[-1] != "0" else "1")
    refused = code_of(lambda: side.ecs.stop_task(cluster=side.cluster, task=unknown))
    assert refused == "InvalidParameterException"


def test_a_task_that_is_not_known_is_missing(side: Side) -> None:
    task = side.task_of(side.start("callback"))["taskArn"]
    unknown = task[:-1] + ("0" if task[-1] != "0" else "1")
    answer = side.ecs.describe_tasks(cluster=side.cluster, tasks=[task, unknown])
    assert [each["taskArn"] for each in answer["tasks"]] == [task]
    assert [(each["arn"], each["reason"]) for each in answer["failures"]] == [(unknown, "MISSING")]


def test_events_and_what_is_described(side: Side) -> None:
    execution = side.start("callback")
    task = side.task_of(execution)
    side.ecs.stop_task(cluster=side.cluster, task=task["taskArn"], reason="enough")
    stopped = side.until_status(task["taskArn"], "STOPPED")

    def probe() -> list[Json] | None:
        events = side.events(task["taskArn"])
        return events if any(event["detail"]["lastStatus"] == "STOPPED" for event in events) else None

    events = side.wait(probe, "the event of the end")
    for event in events:
        assert (event["source"], event["detail-type"]) == ("aws.ecs", "ECS Task State Change")
        assert {"version", "id", "account", "time", "region"} <= event.keys()
        assert event["resources"] == [event["detail"]["taskArn"]]
        assert side.variable(event["detail"], "TASK_TOKEN") == side.variable(task, "TASK_TOKEN")
        assert "tags" not in event["detail"]
        assert None not in event["detail"].values()
    versions = [event["detail"]["version"] for event in events]
    assert sorted(versions) == sorted(set(versions))
    assert max(versions) == stopped["version"]
    statuses = [event["detail"]["lastStatus"] for event in events]
    assert statuses.index("RUNNING") < statuses.index("STOPPED")


def test_the_same_name_and_input_is_the_same_execution(side: Side) -> None:
    machine = side.machine("callback")
    start = side.stepfunctions.start_execution
    first = start(stateMachineArn=machine, name="once", input='{"a":1}')
    assert start(stateMachineArn=machine, name="once", input='{"a":1}')["executionArn"] == first["executionArn"]
    exists = "ExecutionAlreadyExists"
    assert code_of(lambda: start(stateMachineArn=machine, name="once", input='{"a":2}')) == exists
    side.stepfunctions.stop_execution(executionArn=first["executionArn"])
    side.until_closed(first["executionArn"])
    assert code_of(lambda: start(stateMachineArn=machine, name="once", input='{"a":1}')) == exists


def test_an_execution_of_nobody(side: Side) -> None:
    arn = side.start("callback") + "-of-nobody"
    assert code_of(lambda: side.stepfunctions.describe_execution(executionArn=arn)) == "ExecutionDoesNotExist"


def test_executions_are_listed_newest_first_in_pages(side: Side) -> None:
    machine = side.machine("callback")
    arns = []
    for name in ("a", "b", "c"):
        answer = side.stepfunctions.start_execution(stateMachineArn=machine, name=name, input="{}")
        arns.append(answer["executionArn"])
        side.task_of(answer["executionArn"])
    pages = list(
        side.stepfunctions.get_paginator("list_executions").paginate(
            stateMachineArn=machine, PaginationConfig={"PageSize": 2}
        )
    )
    assert [len(page["executions"]) for page in pages] == [2, 1]
    assert [each["executionArn"] for page in pages for each in page["executions"]] == arns[::-1]
    side.stepfunctions.stop_execution(executionArn=arns[1])
    side.until_closed(arns[1])
    running = side.stepfunctions.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]
    assert [each["executionArn"] for each in running] == [arns[2], arns[0]]
    assert {each["status"] for each in running} == {"RUNNING"}


def test_tasks_are_listed_by_what_is_desired_in_pages(side: Side) -> None:
    tasks = [side.task_of(side.start("callback"))["taskArn"] for _ in range(3)]
    side.ecs.stop_task(cluster=side.cluster, task=tasks[0])
    listed = {
        status: [
            arn
            for page in side.ecs.get_paginator("list_tasks").paginate(
                cluster=side.cluster, desiredStatus=status, PaginationConfig={"PageSize": 1}
            )
            for arn in page["taskArns"]
        ]
        for status in ("RUNNING", "STOPPED")
    }
    assert {*tasks} & {*listed["RUNNING"]} == {*tasks[1:]}
    assert {*tasks} & {*listed["STOPPED"]} == {tasks[0]}
    assert len(listed["RUNNING"]) == len(set(listed["RUNNING"]))


def test_a_conditional_write_that_is_refused_shows_what_stands(side: Side) -> None:
    item = {"pk": {"S": f"RUN#{uuid.uuid4()}"}, "sk": {"S": "RUN"}, "version": {"N": "3"}}
    side.dynamodb.put_item(TableName=TABLE, Item=item, ConditionExpression="attribute_not_exists(pk)")
    with pytest.raises(ClientError) as refused:
        side.dynamodb.put_item(
            TableName=TABLE,
            Item={**item, "version": {"N": "2"}},
            ConditionExpression="attribute_not_exists(pk) OR #version < :version",
            ExpressionAttributeNames={"#version": "version"},
            ExpressionAttributeValues={":version": {"N": "2"}},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    assert refused.value.response["Error"]["Code"] == "ConditionalCheckFailedException"
    assert refused.value.response.get("Item") == item
