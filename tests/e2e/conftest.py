"""One local runtime with the stack deployed in it by `sam build` and `sam deploy`, for all end-to-end tests."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import boto3
import pytest
from mypy_boto3_ecs.client import ECSClient
from mypy_boto3_ecs.type_defs import TaskTypeDef
from mypy_boto3_events.client import EventBridgeClient
from mypy_boto3_lambda.client import LambdaClient
from mypy_boto3_sqs.client import SQSClient
from mypy_boto3_stepfunctions.client import SFNClient

from cli.api_client import ApiClient
from cli.errors import RunNotFoundError
from cli.target import local_target
from fargate_runs.usecases.pace import LISTS_AT_ONCE
from local import faults_client
from local.control import RuntimeStatus
from tests.issuer import AUDIENCE, Issuer, serving
from tests.runtimes import client_settings, deployed_runtime
from tests.waiting import LIMIT_SECONDS, eventually

Json = dict[str, object]
#: Families that tests register; retries come soon, because nobody gains from waiting here.
PARAMETERS = {
    "AllowedTaskDefinitions": ",".join(
        f"arn:aws:ecs:us-east-1:000000000000:task-definition/{family}:*"
        for family in ("two-essential", "with-sidecar", "logs-elsewhere", "logs-unseen", "logs-of-several")
    ),
    "AllowedLogGroups": ",".join(
        f"arn:aws:logs:us-east-1:000000000000:log-group:/of-users/{name}:*" for name in ("jobs", "several")
    ),
    "RetryIntervalSeconds": "1",
}
DESIRED: tuple[Literal["RUNNING"], Literal["STOPPED"]] = ("RUNNING", "STOPPED")
#: Each asks for six lists of executions, and a process may ask for `LISTS_AT_ONCE` before it has to wait.
SWEEPS_WITHOUT_PACE = int(LISTS_AT_ONCE) // 6
ENDED = {"SUCCEEDED", "FAILED", "STOPPED"}
MACHINES = {
    "request-response": "RunTaskStateMachineArn",
    "sync": "RunTaskSyncStateMachineArn",
    "callback": "RunTaskCallbackStateMachineArn",
}


@dataclass
class Stack:
    """The deployed application and what tests do with it."""

    status: RuntimeStatus
    api: ApiClient
    sfn: SFNClient
    ecs: ECSClient
    sqs: SQSClient
    functions: LambdaClient
    events: EventBridgeClient
    sweeps: int = 0
    """How many this object has asked for, in the sweep's process of now."""

    def start(self, pattern: str, *commands: str, **more: object) -> str:
        """POST /runs; gives the run id."""
        return str(self.api.start_run({"pattern": pattern, "commands": list(commands), **more})["runId"])

    def ended_run(self, run_id: str, *, limit_seconds: float = LIMIT_SECONDS) -> Json:
        """GET /runs/{id}, once it has ended and is whole; see `find_ended_run`."""
        return eventually(lambda: self.find_ended_run(run_id), f"the end of run {run_id}", limit_seconds=limit_seconds)

    def find_ended_run(self, run_id: str) -> Json | None:
        """GET /runs/{id}, if it is there, has ended, and shows the end of every task that ECS has of it.

        An execution may end before the last task's first event: the run has ended then by what its execution says. And
        the end of an earlier attempt may be taken in after that of the last one, because events overtake each other.
        """
        try:
            document = dict(self.api.get_run(run_id))
        except RunNotFoundError:
            return None
        attempts = cast("list[Json]", document["attempts"])
        if document["status"] not in ENDED or not all(attempt["status"] for attempt in attempts):
            return None
        return document if {attempt["taskArn"] for attempt in attempts} >= set(self.find_tasks(run_id)) else None

    def await_delivery(self, run_id: str, expected: str) -> None:
        """Wait until the record of a run's only task says so of its answer.

        That is noted after the execution has gone on with the answer. Of two that answer at once the one that comes
        second may note first that the token is closed, and who knows better corrects that.
        """

        def probe() -> bool:
            (attempt,) = cast("list[Json]", self.api.get_run(run_id)["attempts"])
            return attempt["delivery"] == expected

        eventually(probe, f"{expected} as the delivery of {run_id}")

    def ended_execution(self, execution_arn: str) -> Json:
        """DescribeExecution, once it has ended."""

        def probe() -> Json | None:
            answer = dict(self.sfn.describe_execution(executionArn=execution_arn))
            return None if answer["status"] == "RUNNING" else answer

        return eventually(probe, f"the end of {execution_arn}")

    def run(self, pattern: str, *commands: str, **more: object) -> tuple[Json, Json]:
        """Start a run and wait for it and for its execution."""
        run = self.ended_run(self.start(pattern, *commands, **more))
        return run, self.ended_execution(str(run["executionArn"]))

    def execute(self, pattern: str, data: object) -> Json:
        """Start the machine of a pattern by StartExecution and wait for its end."""
        arn = self.status.outputs[MACHINES[pattern]]
        return self.ended_execution(
            self.sfn.start_execution(stateMachineArn=arn, input=json.dumps(data))["executionArn"]
        )

    def sweep(self, *, alone: bool = True) -> Json:
        """One whole sweep, after whatever another one has under way; its counts.

        If it is `alone`, its process may be replaced by a new one before. A process that has swept several times in a
        minute waits for its pace, a second for each list of executions (`LISTS_AT_ONCE`): in AWS there is one a minute.
        """
        self.sweeps += 1
        if alone and self.sweeps > SWEEPS_WITHOUT_PACE:
            self._replace_process(self.status.outputs["SweepFunctionName"])
            self.sweeps = 1

        def probe() -> Json | None:
            failed, report = self.ask_for_sweep()
            assert not failed, report
            return None if report["isSkipped"] else report

        # One that died, or could not say that it is over, holds its turn for 90 s.
        return eventually(probe, "a sweep", limit_seconds=120)

    def ask_for_sweep(self) -> tuple[bool, Json]:
        """Whether a sweep failed, and its error or its counts. It is skipped if another one holds the turn."""
        answer = self.functions.invoke(FunctionName=self.status.outputs["SweepFunctionName"], Payload=b"{}")
        report: Json = json.loads(answer["Payload"].read())
        return "FunctionError" in answer, report

    def _replace_process(self, function: str) -> None:
        """As AWS does when the settings of a function are written, even the same ones."""
        timeout = self.functions.get_function_configuration(FunctionName=function)["Timeout"]
        self.functions.update_function_configuration(FunctionName=function, Timeout=timeout)
        self.functions.get_waiter("function_updated_v2").wait(FunctionName=function, WaiterConfig={"Delay": 1})

    def set_schedule(self, state: Literal["ENABLED", "DISABLED"]) -> None:
        """Let the sweep's schedule fire, or not."""
        scheduler = boto3.client("scheduler", **client_settings(self.status.endpoint))
        (listed,) = scheduler.list_schedules(GroupName="default")["Schedules"]  # those of jobs have a group
        found = scheduler.get_schedule(Name=listed["Name"], GroupName=listed["GroupName"])
        kept = ("Name", "GroupName", "ScheduleExpression", "FlexibleTimeWindow", "Target", "Description")
        scheduler.update_schedule(**{name: found[name] for name in kept}, State=state)

    def come_to_rest(self) -> None:
        """Wait until what was told to stop has stopped, and settle it: no sweep finds anything new of earlier tests."""
        cluster = self.status.outputs["ClusterArn"]
        eventually(
            lambda: all(task["lastStatus"] == "STOPPED" for task in self._tasks(cluster, "STOPPED")),
            "the end of the tasks of earlier tests",
        )
        self.sweep()

    def task_of(self, run_id: str) -> str:
        """The ARN of a run's only task, as ECS has it: none of our records is asked."""
        (task,) = eventually(lambda: self.find_tasks(run_id) or None, f"the task of {run_id}")
        return task

    def find_tasks(self, run_id: str) -> list[str]:
        """The ARNs of a run's tasks as ECS has them now."""
        # A task may stop between the two lists and be in both.
        return sorted({task["taskArn"] for task in self.described_tasks(run_id)})

    def described_tasks(self, run_id: str) -> list[TaskTypeDef]:
        """DescribeTasks of a run's tasks; one that stops meanwhile may be there twice."""
        cluster = self.status.outputs["ClusterArn"]
        tasks = (task for status in DESIRED for task in self._tasks(cluster, status))
        return [task for task in tasks if f"'value': '{run_id}'" in str(task["overrides"])]

    def _tasks(self, cluster: str, desired: Literal["RUNNING", "STOPPED"]) -> Iterator[TaskTypeDef]:
        pages = self.ecs.get_paginator("list_tasks").paginate(cluster=cluster, desiredStatus=desired)
        for arns in filter(None, (page["taskArns"] for page in pages)):
            yield from self.ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"]

    def ended_task(self, task_arn: str) -> Json:
        """DescribeTasks' answer, once the task has stopped."""

        def probe() -> Json | None:
            cluster = self.status.outputs["ClusterArn"]
            (task,) = self.ecs.describe_tasks(cluster=cluster, tasks=[task_arn])["tasks"]
            return dict(task) if task["lastStatus"] == "STOPPED" else None

        return eventually(probe, f"the end of {task_arn}")

    def dead_letters(self, count: int) -> list[Json]:
        """`count` messages of the dead-letter queue, which are then gone."""
        url, found = self.status.outputs["DeadLetterQueueUrl"], []

        def probe() -> bool:
            for message in self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
                found.append(json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            return len(found) >= count

        eventually(probe, f"{count} messages in the dead-letter queue")
        return found


@pytest.fixture(scope="session")
def issuer() -> Iterator[Issuer]:
    """Whose tokens the stack's second API takes."""
    with serving() as found:
        yield found


@pytest.fixture(scope="session")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the test processes of this session share: one `sam build`."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, issuer: Issuer, builds: Path) -> Iterator[Stack]:
    """The deployed application.

    Its schedule is off: a sweep that comes by itself in the middle of a test takes the fault that is armed for another
    call, settles what is meant to be settled otherwise, or answers a token at the same moment. Tests sweep themselves.
    """
    tokens = {"JwtIssuer": issuer.url, "JwtAudience": AUDIENCE}
    with deployed_runtime(tmp_path_factory.mktemp("runtime"), PARAMETERS | tokens, builds) as status:
        settings = client_settings(status.endpoint)
        stack = Stack(
            status=status,
            api=ApiClient(local_target(status), sleep=time.sleep),
            sfn=boto3.client("stepfunctions", **settings),
            ecs=boto3.client("ecs", **settings),
            sqs=boto3.client("sqs", **settings),
            functions=boto3.client("lambda", **settings),
            events=boto3.client("events", **settings),
        )
        stack.set_schedule("DISABLED")
        stack.sweep()  # after one that the schedule may have begun
        yield stack


@pytest.fixture(autouse=True)
def _no_fault_is_left(stack: Stack) -> Iterator[None]:
    faults_client.clear(stack.status.endpoint)
    yield
    faults_client.clear(stack.status.endpoint)
