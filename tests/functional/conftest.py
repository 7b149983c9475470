"""The handlers as Lambda calls them: the real table on moto, twins in memory behind the other ports, no sockets."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from moto import mock_aws

import api.handler
import execution_state_change.handler
import jobs.handler
import judge_task.handler
import prepare_run.handler
import start_scheduled_run.handler
import sweep.handler
import task_state_change.handler
import wait_for_slot.handler
from fargate_runs.aws import clients, ecs, job_alarms, logs, stepfunctions
from fargate_runs.aws.job_store import DynamoJobStore
from fargate_runs.jobs.job import StoredJob
from fargate_runs.observability import logger
from jobs.routes import ROUTES as JOB_ROUTES
from tests.fakes.clock import StoppedClock
from tests.fakes.cluster import InMemoryCluster
from tests.fakes.ecs import CLUSTER_ARN, EVERY_MACHINE, MACHINES, TASK_DEFINITION_ARN, TOKEN
from tests.fakes.job_alarms import InMemoryJobAlarms
from tests.fakes.logs import InMemoryLogPages, InMemoryLogs
from tests.fakes.moto_table import dynamodb
from tests.fakes.stepfunctions import InMemoryCallbacks, InMemoryExecutions
from tests.fakes.tables import JOBS_TABLE, TABLE, create_jobs_table, create_runs_table

SCHEDULE_GROUP = "schedules"
ALARM_TOPIC_ARN = "arn:aws:sns:us-east-1:123456789012:alarms"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "POWERTOOLS_SERVICE_NAME": "fargate-runs",
    "POWERTOOLS_METRICS_NAMESPACE": "FargateRuns",
    "POWERTOOLS_LOG_LEVEL": "DEBUG",
    "POWERTOOLS_LOGGER_LOG_EVENT": "true",
    "RUNS_TABLE_NAME": TABLE,
    "CLUSTER_ARN": CLUSTER_ARN,
    "TASK_DEFINITION_ARN": TASK_DEFINITION_ARN,
    "CONTAINER_NAME": "main",
    "LOG_GROUP_NAME": "/jobs/tasks",
    "LOG_STREAM_PREFIX": "runs",
    "FARGATE_VCPU_HOUR_USD": "0.04048",
    "FARGATE_GB_HOUR_USD": "0.004445",
    "FARGATE_SPOT_PRICE_FACTOR": "1",
    "TASK_CPU": "256",
    "TASK_MEMORY": "512",
    "JOBS_TABLE_NAME": JOBS_TABLE,
    "LOG_REGION": "us-east-1",
    "TASK_FAMILY": "stack",
    "TASK_ARCHITECTURE": "X86_64",
    "STOP_TIMEOUT_SECONDS": "30",
    "EXECUTION_ROLE_ARN": "arn:aws:iam::123456789012:role/execution",
    "TASK_ROLE_ARN": "arn:aws:iam::123456789012:role/task",
    "ALLOWED_TASK_ROLES": "arn:aws:iam::123456789012:role/report",
    "ALLOWED_SECRETS": "arn:aws:ssm:us-east-1:123456789012:parameter/report/*",
    "SCHEDULE_GROUP_NAME": SCHEDULE_GROUP,
    "START_SCHEDULED_RUN_FUNCTION_ARN": "arn:aws:lambda:us-east-1:123456789012:function:start",
    "TIMER_ROLE_ARN": "arn:aws:iam::123456789012:role/timers",
    "TIMER_DEAD_LETTER_ARN": "arn:aws:sqs:us-east-1:123456789012:timers",
    "DEFAULT_TIMEOUT_SECONDS": "3600",
    "DEFAULT_RETRIES": "3",
    "RETRY_INTERVAL_SECONDS": "10",
    "FOLLOW_OTHER_STATE_MACHINES": ",".join(EVERY_MACHINE.machines),
    "ALARM_TOPIC_ARN": ALARM_TOPIC_ARN,
    "RUN_TASK_STATE_MACHINE_ARN": MACHINES.request_response,
    "RUN_TASK_SYNC_STATE_MACHINE_ARN": MACHINES.sync,
    "RUN_TASK_CALLBACK_STATE_MACHINE_ARN": MACHINES.callback,
}


@dataclass
class Context:
    """What Lambda hands over beside the event."""

    function_name: str = "function"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:function"
    aws_request_id: str = "00000000-0000-4000-8000-00000000000f"
    remaining_milliseconds: int = 900_000

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_milliseconds


CONTEXT: Any = Context()


@dataclass
class Stack:
    """Everything around the handlers, and the handlers."""

    dynamodb: Any
    callbacks: InMemoryCallbacks = field(default_factory=lambda: InMemoryCallbacks(TOKEN))
    logs: InMemoryLogs = field(default_factory=InMemoryLogs)
    log_pages: InMemoryLogPages = field(default_factory=InMemoryLogPages)
    executions: InMemoryExecutions = field(default_factory=InMemoryExecutions)
    cluster: InMemoryCluster = field(default_factory=InMemoryCluster)
    alarms: InMemoryJobAlarms = field(default_factory=InMemoryJobAlarms)

    def task_state_change(self, event: Any) -> None:
        task_state_change.handler.handler(event, CONTEXT)

    def execution_state_change(self, event: Any) -> None:
        execution_state_change.handler.handler(event, CONTEXT)

    def sweep(self) -> dict[str, Any]:
        return dict(sweep.handler.handler({}, CONTEXT))

    def judge_task(self, event: Any) -> Any:
        return judge_task.handler.handler(event, CONTEXT)

    def prepare_run(self, event: Any) -> Any:
        return prepare_run.handler.handler(event, CONTEXT)

    def start_scheduled_run(self, event: Any) -> Any:
        return start_scheduled_run.handler.handler(event, CONTEXT)

    def wait_for_slot(self, event: Any) -> None:
        wait_for_slot.handler.handler(event, CONTEXT)

    def api(self, event: Any) -> Any:
        return api.handler.handler(event, CONTEXT)

    def apply(self, *jobs: StoredJob) -> None:
        """Write jobs into the table."""
        store = DynamoJobStore(self.dynamodb, JOBS_TABLE, clock=StoppedClock(), retention=timedelta(days=1))
        for each in jobs:
            assert store.write_job(each) is None

    def jobs(self, event: Any) -> Any:
        return jobs.handler.handler(event, CONTEXT)

    def rest(self, event: Any) -> Any:
        """Whichever of both functions the template has behind this route."""
        asked = (event["httpMethod"], event["resource"])
        return self.jobs(event) if asked in {(each.method, each.path) for each in JOB_ROUTES} else self.api(event)

    def items(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.dynamodb.scan(TableName=TABLE)["Items"]
        return found


@pytest.fixture(autouse=True)
def _offline(no_sockets: None) -> None:
    pass


@pytest.fixture(autouse=True, scope="module")
def _clients_of_this_module() -> Iterator[None]:
    """A client takes longer to make than most of these tests, and keeps nothing of one."""
    forget_clients()
    yield
    forget_clients()


def forget_clients() -> None:
    for cached in (
        clients.dynamodb,
        clients.stepfunctions,
        clients.starts,
        clients.logs,
        clients.logs_in,
        clients.ecs,
        clients.scheduler,
        clients.sns,
        clients.task_definitions,
    ):
        cached.cache_clear()


def forget_what_is_cached() -> None:
    for cached in (
        execution_state_change.handler.settings,
        execution_state_change.handler.record_execution_state,
        sweep.handler.sweep,
        task_state_change.handler.settings,
        task_state_change.handler.record_task_state,
        api.handler.settings,
        api.handler.use_cases,
        jobs.handler.use_cases,
        judge_task.handler.judge_task,
        prepare_run.handler.prepare_run,
        start_scheduled_run.handler.start_scheduled_run,
        wait_for_slot.handler.wait_for_slot,
    ):
        cached.cache_clear()


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """Everything that went to the log so far: messages and metrics. The logger keeps the stdout of its import."""
    messages = io.StringIO()
    for handler in logger.handlers:
        monkeypatch.setattr(handler, "stream", messages)

    def read() -> str:
        captured = capsys.readouterr()
        return messages.getvalue() + captured.out + captured.err

    return read


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    forget_what_is_cached()
    with mock_aws():
        client = dynamodb()
        create_runs_table(client)
        create_jobs_table(client)
        clients.scheduler().create_schedule_group(Name=SCHEDULE_GROUP)
        built = Stack(client)
        monkeypatch.setattr(stepfunctions, "StepFunctionsCallbacks", lambda _client: built.callbacks)
        monkeypatch.setattr(stepfunctions, "StepFunctionsExecutions", lambda _client: built.executions)
        monkeypatch.setattr(stepfunctions, "StepFunctionsStarts", lambda _client: built.executions)
        monkeypatch.setattr(logs, "CloudWatchLogReader", lambda _client: built.logs)
        monkeypatch.setattr(logs, "CloudWatchLogPages", lambda _client: built.log_pages)
        monkeypatch.setattr(job_alarms, "SnsJobAlarms", lambda _client, _arn: built.alarms)
        monkeypatch.setattr(ecs, "EcsCluster", lambda _client, _arn: built.cluster)
        yield built
    forget_what_is_cached()
