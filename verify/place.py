"""Where the facts are looked at: the clients of one stack, and what scenarios do with them.

Everything is AWS's own: the local runtime is a stack like any other here.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from verify.made import Made
from verify.waiting import Patience

if TYPE_CHECKING:
    from mypy_boto3_ecs.client import ECSClient
    from mypy_boto3_logs.client import CloudWatchLogsClient
    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_stepfunctions.client import SFNClient

    from cli.api_client import ApiClient

#: A state machine's definition, an event, an answer: JSON whose form a scenario looks into.
Json = dict[str, Any]
#: A role that was just made is not known everywhere at once.
ROLE_SECONDS = 90
#: For how long an event is waited for that a later one has overtaken.
LATE_SECONDS = 30


class EndedTooSoonError(Exception):
    """A task will not have the status any more that was waited for."""

    def __init__(self, status: str, task: Json) -> None:
        said = task.get("stoppedReason") or "no reason"
        super().__init__(f"a task was not {status} before it STOPPED: {task.get('stopCode')}, {said}")


@dataclass
class Place:
    """A stack, and what the suite has made beside it."""

    name: str
    """Of everything that is made; unique."""
    cluster: str
    network: Json
    """`awsvpcConfiguration` of a task."""
    container: Json
    """The stack's main container: its image and log configuration."""
    roles: Json
    """`executionRoleArn` and `taskRoleArn` of the stack's tasks, where it has them; `cpuArchitecture`."""
    role: str
    """Of the suite's own state machines."""
    queue: str
    """The URL of the queue that gets the events."""
    outputs: Mapping[str, str]
    ecs: ECSClient
    sfn: SFNClient
    sqs: SQSClient
    logs: CloudWatchLogsClient
    api: ApiClient
    patience: Patience
    made: Made
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _events: dict[str, Json] = field(default_factory=dict)
    _definitions: dict[str, str] = field(default_factory=dict)
    _receiving: threading.Lock = field(default_factory=threading.Lock)
    _registering: threading.Lock = field(default_factory=threading.Lock)

    @property
    def partition(self) -> str:
        """The first part of every ARN, such as `aws`."""
        return self.cluster.split(":")[1]

    @property
    def account(self) -> str:
        """The account's id."""
        return self.cluster.split(":")[4]

    @property
    def log_group(self) -> str:
        """Where the containers of the suite log."""
        return str(self.container["logConfiguration"]["options"]["awslogs-group"])

    def resource(self, name: str) -> str:
        """The ARN of an integration, such as `ecs:runTask.sync`."""
        return f"arn:{self.partition}:states:::{name}"

    def fresh(self) -> str:
        """A name that nothing has yet."""
        return f"{self.name}-{next(self._numbers)}"

    # ---- Tasks -----------------------------------------------------------------------------------------------------

    def definition(self, *containers: Mapping[str, object], task_role: bool = True) -> str:
        """The ARN of a task definition of the suite's family, the first container being `main`.

        The same one is registered once: ECS lets in one registration a second, after a first burst.
        """
        wanted = json.dumps([containers, task_role])
        with self._registering:
            if wanted not in self._definitions:
                self._definitions[wanted] = self._register(containers, task_role=task_role)
            return self._definitions[wanted]

    def _register(self, containers: Sequence[Mapping[str, object]], *, task_role: bool) -> str:
        main: Json = {"name": "main", "essential": True}
        named = [{**self._container(), **(main if index == 0 else {}), **one} for index, one in enumerate(containers)]
        keys = ("executionRoleArn", *(["taskRoleArn"] if task_role else []))
        roles = {key: self.roles[key] for key in keys if key in self.roles}
        answer = self.ecs.register_task_definition(
            family=self.name,
            containerDefinitions=named,  # type: ignore[arg-type]
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu="256",
            memory="512",
            runtimePlatform=self.roles.get("runtimePlatform", {}),
            tags=[{"key": "fargate-runs-verify", "value": self.name}],
            **roles,
        )
        return answer["taskDefinition"]["taskDefinitionArn"]

    def _container(self) -> Json:
        options = {**self.container["logConfiguration"]["options"], "awslogs-stream-prefix": "verify"}
        return {
            "image": self.container["image"],
            "entryPoint": ["sh", "-c"],  # whatever the image's own is
            "logConfiguration": {**self.container["logConfiguration"], "options": options},
        }

    def parameters(self, definition: str, script: str | None = None, **more: object) -> Json:
        """RunTask's parameters as a state machine has them."""
        override: Json = {"Name": "main", **({"Command": [script]} if script is not None else {})}
        network = {key[0].upper() + key[1:]: value for key, value in self.network.items()}
        return {
            "Cluster": self.cluster,
            "TaskDefinition": definition,
            "LaunchType": "FARGATE",
            "NetworkConfiguration": {"AwsvpcConfiguration": network},
            "Overrides": {"ContainerOverrides": [override]},
            **more,
        }

    def run_task(self, definition: str, script: str, **more: Any) -> str:
        """RunTask by the API; gives the task's ARN."""
        override: Json = {"name": "main", "command": [script], **more.pop("override", {})}
        request: Json = {"launchType": "FARGATE", "overrides": {"containerOverrides": [override]}, **more}
        return self.started(definition, request)

    def started(self, definition: str, request: Json) -> str:
        """RunTask in the stack's cluster and network; gives the task's ARN."""
        network: Any = {"awsvpcConfiguration": self.network}
        answer = self.ecs.run_task(
            cluster=self.cluster, taskDefinition=definition, networkConfiguration=network, **request
        )
        return answer["tasks"][0]["taskArn"]

    def task(self, task_arn: str) -> Json:
        """DescribeTasks' element, tags included."""
        answer = self.ecs.describe_tasks(cluster=self.cluster, tasks=[task_arn], include=["TAGS"])
        return dict(answer["tasks"][0]) if answer["tasks"] else {"lastStatus": "MISSING"}

    def task_in(self, status: str, task_arn: str) -> Json:
        """DescribeTasks' element once the task has a status.

        Errors: EndedTooSoonError where it has come to its end and will not have it any more.
        """

        def probe() -> Json | None:
            task = self.task(task_arn)
            if task["lastStatus"] == "STOPPED" != status:
                raise EndedTooSoonError(status, task)
            return task if task["lastStatus"] == status else None

        return self.patience.until(probe, f"{status} of a task")

    # ---- Executions ------------------------------------------------------------------------------------------------

    def machine(self, definition: Json) -> str:
        """Create a state machine with the suite's role; gives its ARN."""
        name = self.fresh()
        region = self.cluster.split(":")[3]
        arn = f"arn:{self.partition}:states:{region}:{self.account}:stateMachine:{name}"
        self.made.will_remove(f"state machine {name}", lambda: self.sfn.delete_state_machine(stateMachineArn=arn))

        def create() -> str:
            answer = self.sfn.create_state_machine(
                name=name,
                definition=json.dumps(definition),
                roleArn=self.role,
                tags=[{"key": "fargate-runs-verify", "value": self.name}],
            )
            return answer["stateMachineArn"]

        return self.once_allowed(create)

    def once_allowed(self, call: Callable[[], str]) -> str:
        """What a call gives, tried again for a while as long as it is said that the new role may not yet."""
        end = time.monotonic() + ROLE_SECONDS

        def probe() -> str | None:
            try:
                return call()
            except ClientError as error:
                if error.response["Error"]["Code"] != "AccessDeniedException" or time.monotonic() > end:
                    raise
                return None

        return self.patience.until(probe, "the permissions of the new role")

    def start(self, definition: Json, data: object = None, *, machine: str | None = None) -> str:
        """Start an execution of a machine, or of a new one; gives the execution's ARN."""
        arn = machine or self.machine(definition)
        execution = self.sfn.start_execution(stateMachineArn=arn, input=json.dumps({} if data is None else data))
        self.will_stop(execution["executionArn"])
        return execution["executionArn"]

    def will_stop(self, execution_arn: str) -> None:
        """Note an execution, that may wait for something, to be stopped at the end."""

        def stop() -> None:
            if self.sfn.describe_execution(executionArn=execution_arn)["status"] == "RUNNING":
                self.sfn.stop_execution(executionArn=execution_arn)

        self.made.will_remove("an execution", stop)

    def ended(self, execution_arn: str) -> Json:
        """DescribeExecution's answer once the execution has ended."""

        def probe() -> Json | None:
            answer = self.sfn.describe_execution(executionArn=execution_arn)
            return None if answer["status"] in {"RUNNING", "PENDING_REDRIVE"} else dict(answer)

        return self.patience.until(probe, "the end of an execution")

    def execute(self, definition: Json, data: object = None) -> Json:
        """Start a machine and wait for its end."""
        return self.ended(self.start(definition, data))

    def history(self, execution: Json | str) -> list[Json]:
        """The execution's events."""
        arn = execution if isinstance(execution, str) else execution["executionArn"]
        answer = self.sfn.get_execution_history(executionArn=arn, maxResults=1000)
        return [dict(event) for event in answer["events"]]

    def submitted_task(self, execution_arn: str, attempt: int = 1) -> str:
        """The task that an attempt of an execution submitted, once it has."""

        def probe() -> str | None:
            events = [event for event in self.history(execution_arn) if event["type"] == "TaskSubmitted"]
            if len(events) < attempt:
                return None
            output = json.loads(events[attempt - 1]["taskSubmittedEventDetails"]["output"])
            return str(output["Tasks"][0]["TaskArn"])

        return self.patience.until(probe, "a submitted task")

    # ---- Events ----------------------------------------------------------------------------------------------------

    def events_of(self, resource: str) -> list[Json]:
        """The events about a task or an execution that have come so far, each once."""
        with self._receiving:
            for body in self.messages(self.queue):
                event = json.loads(body)
                self._events.setdefault(event["id"], event)
            return [event for event in self._events.values() if event["resources"] == [resource]]

    def comes_soon(self, resource: str) -> bool:
        """Whether any event about a task or an execution comes within a while."""
        end = time.monotonic() + LATE_SECONDS

        def probe() -> bool | None:
            if self.events_of(resource):
                return True
            return False if time.monotonic() > end else None

        return self.patience.until(probe, "an event")

    def task_events(self, task_arn: str) -> list[Json]:
        """The `detail` of each event of a task that has ended, in the order of their versions.

        Events come in any order (fact B10): after the last one, those that are missing are waited for, for a while.
        """
        details: list[Json] = []
        late_at: float | None = None

        def probe() -> list[Json] | None:
            nonlocal details, late_at
            events = self.events_of(task_arn)
            details = sorted((event["detail"] for event in events), key=lambda detail: int(detail["version"]))
            if not details or details[-1]["lastStatus"] != "STOPPED":
                return None
            late_at = late_at or time.monotonic() + LATE_SECONDS
            complete = [detail["version"] for detail in details] == list(range(1, len(details) + 1))
            return details if complete or time.monotonic() > late_at else None

        return self.patience.until(probe, "the last event of a task")

    def own_queue(self) -> str:
        """A new queue, for the tokens of one scenario; gives its URL."""
        name = self.fresh()
        self.made.will_remove(
            f"queue {name}",
            lambda: self.sqs.delete_queue(QueueUrl=self.sqs.get_queue_url(QueueName=name)["QueueUrl"]),
        )
        return self.sqs.create_queue(QueueName=name, tags={"fargate-runs-verify": self.name})["QueueUrl"]

    def messages(self, queue: str) -> Sequence[str]:
        """The bodies of up to ten messages, which are taken from their queue."""
        bodies = []
        for message in self.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            self.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            bodies.append(message["Body"])
        return bodies
