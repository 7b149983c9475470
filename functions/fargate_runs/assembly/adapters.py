"""The adapters to AWS. Each is imported where it is made: a function loads only those that its event needs."""

from datetime import timedelta
from typing import TYPE_CHECKING

from fargate_runs.clock import SystemClock
from fargate_runs.later import later
from fargate_runs.ports import Cluster, ExecutionStarts, LogPages, LogReader, RunStore, TaskDefinitions, TokenCallbacks

if TYPE_CHECKING:
    from fargate_runs.aws.stepfunctions import StepFunctionsExecutions
    from fargate_runs.ports.jobs import Gates, JobAlarms, JobStore, JobTaskDefinitions


def run_store(table: str, retention_days: int) -> RunStore:
    """The runs table. It is made when it is first used."""
    return later(lambda: made_run_store(table, retention_days))


def made_run_store(table: str, retention_days: int) -> RunStore:
    """The same, with its client made at once."""
    from fargate_runs.aws import clients
    from fargate_runs.aws.dynamodb import DynamoRunStore

    return DynamoRunStore(clients.dynamodb(), table, clock=SystemClock(), retention=timedelta(days=retention_days))


def job_store(table: str, retention_days: int) -> "JobStore":
    """The jobs table. Only what has a job at hand makes it."""
    from fargate_runs.aws import clients
    from fargate_runs.aws.job_store import DynamoJobStore

    return DynamoJobStore(clients.dynamodb(), table, clock=SystemClock(), retention=timedelta(days=retention_days))


def gates(table: str) -> "Gates":
    """The gates of jobs. Only what has a run at hand that takes a slot makes it."""
    return later(lambda: _gates(table))


def _gates(table: str) -> "Gates":
    from fargate_runs.aws import clients
    from fargate_runs.aws.gates import DynamoGates

    return DynamoGates(clients.dynamodb(), table, SystemClock())


def cluster(arn: str) -> Cluster:
    """The cluster. It is made when it is first used."""
    return later(lambda: made_cluster(arn))


def made_cluster(arn: str) -> Cluster:
    """The same, with its client made at once."""
    from fargate_runs.aws import clients
    from fargate_runs.aws.ecs import EcsCluster

    return EcsCluster(clients.ecs(), arn)


def executions() -> "StepFunctionsExecutions":
    """Executions, to be described, listed and stopped."""
    from fargate_runs.aws import clients
    from fargate_runs.aws.stepfunctions import StepFunctionsExecutions

    return StepFunctionsExecutions(clients.stepfunctions())


def starts() -> ExecutionStarts:
    """Executions, to be started. The client has its own time-outs."""
    from fargate_runs.aws import clients
    from fargate_runs.aws.stepfunctions import StepFunctionsStarts

    return StepFunctionsStarts(clients.starts())


def callbacks() -> TokenCallbacks:
    """Answers to task tokens."""
    from fargate_runs.aws import clients
    from fargate_runs.aws.stepfunctions import StepFunctionsCallbacks

    return StepFunctionsCallbacks(clients.stepfunctions())


def log_reader() -> LogReader:
    """The end of a log."""
    from fargate_runs.aws import clients
    from fargate_runs.aws.logs import CloudWatchLogReader

    return CloudWatchLogReader(clients.logs())


def log_pages() -> LogPages:
    """A log, page by page."""
    from fargate_runs.aws import clients
    from fargate_runs.aws.logs import CloudWatchLogPages

    return CloudWatchLogPages(clients.logs())


def task_definitions() -> TaskDefinitions:
    """Task definitions, to be read."""
    from fargate_runs.aws import clients
    from fargate_runs.aws.task_definitions import EcsTaskDefinitions

    return EcsTaskDefinitions(clients.task_definitions())


def job_task_definitions() -> "JobTaskDefinitions":
    """The task definitions of jobs, to be registered."""
    from fargate_runs.aws import clients
    from fargate_runs.aws.job_task_definitions import EcsJobTaskDefinitions

    return EcsJobTaskDefinitions(clients.ecs())


def job_alarms(topic_arn: str) -> "JobAlarms":
    """The topic that tells people of late jobs."""
    from fargate_runs.aws import clients
    from fargate_runs.aws.job_alarms import SnsJobAlarms

    return SnsJobAlarms(clients.sns(), topic_arn)
