"""The local runtime and the simulation's twins, asked by the same tests."""

from __future__ import annotations

import json
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable
from random import Random
from typing import Any, TypeVar

import boto3

from fargate_runs.aws import ecs
from fargate_runs.aws.translate import Translation
from fargate_runs.errors import PortError
from tests.contract.conftest import Aws
from tests.contract.running import STAY
from tests.fakes.ecs import CLUSTER_ARN, MACHINES
from tests.fakes.tables import TABLE, create_runs_table
from tests.runtimes import client_settings
from tests.simulation import template
from tests.simulation.attempts import Pattern, RunSpec
from tests.simulation.dynamodb import DynamoDb
from tests.simulation.ecs import Ecs
from tests.simulation.eventbridge import EventBridge
from tests.simulation.executions import Executions
from tests.simulation.faults import FaultPlan, Weather
from tests.simulation.lives import Ending, Life
from tests.simulation.network import Client
from tests.simulation.scheduler import Scheduler
from tests.simulation.stepfunctions import StepFunctions
from tests.simulation.tasks import Task
from tests.waiting import eventually

T = TypeVar("T")
Json = dict[str, Any]
#: For lists: the tests read pages as the adapters do.
AS_THE_ADAPTERS = Translation("AWS answered", PortError)
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
            for page in AS_THE_ADAPTERS.pages(
                self.ecs.list_tasks, ecs.PAGED, cluster=self.cluster, desiredStatus=status
            )
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
