"""The use cases on AWS, put together for the handlers. Each handler makes what it needs once for a process."""

from datetime import timedelta
from typing import TYPE_CHECKING

from fargate_runs.aws import clients
from fargate_runs.aws.clients import later
from fargate_runs.aws.dynamodb import DynamoRunStore
from fargate_runs.aws.ecs import EcsCluster
from fargate_runs.aws.logs import CloudWatchLogReader
from fargate_runs.aws.stepfunctions import StepFunctionsCallbacks, StepFunctionsExecutions
from fargate_runs.aws.task_definitions import EcsTaskDefinitions
from fargate_runs.clock import SystemClock
from fargate_runs.log_place import LogPlace
from fargate_runs.log_reading import TaskLogs
from fargate_runs.ports import Cluster, Executions, RunStore
from fargate_runs.settings import (
    ExecutionStateChangeSettings,
    JudgeTaskSettings,
    PrepareRunSettings,
    SweepSettings,
    TaskStateChangeSettings,
)
from fargate_runs.usecases.record_execution_state import RecordExecutionState
from fargate_runs.usecases.record_task_state import RecordTaskState
from fargate_runs.usecases.remembered_definitions import RememberedTaskDefinitions
from fargate_runs.usecases.stop_abandoned import StopAbandoned

if TYPE_CHECKING:
    from fargate_runs.usecases.prepare_run import PrepareRun
    from fargate_runs.usecases.sweep.sweep import Sweep


def run_store(table: str, retention_days: int) -> RunStore:
    """The runs table."""
    return DynamoRunStore(later(clients.dynamodb), table, clock=SystemClock(), retention=timedelta(days=retention_days))


def record_task_state(ours: TaskStateChangeSettings) -> RecordTaskState:
    """For `task_state_change`."""
    store = run_store(ours.runs_table_name, ours.retention_days)
    cluster = EcsCluster(later(clients.ecs), ours.cluster_arn)
    return _record_task_state(ours, store, _abandoned(store, _executions(), cluster))


def record_execution_state(ours: ExecutionStateChangeSettings) -> RecordExecutionState:
    """For `execution_state_change`."""
    store = run_store(ours.runs_table_name, ours.retention_days)
    cluster = EcsCluster(later(clients.ecs), ours.cluster_arn)
    return RecordExecutionState(store, _abandoned(store, _executions(), cluster), state_machines=ours.state_machines)


def prepare_run(ours: PrepareRunSettings) -> "PrepareRun":
    """For `prepare_run`."""
    from fargate_runs.allowed_definitions import AllowedDefinitions  # noqa: PLC0415
    from fargate_runs.usecases.prepare_run import Defaults, PrepareRun  # noqa: PLC0415

    return PrepareRun(
        run_store(ours.runs_table_name, ours.retention_days),
        definitions=AllowedDefinitions(ours.task_definition_arn, ours.allowed_task_definitions, ours.task_size),
        container=ours.container_name,
        token_variables=ours.token_variables,
        defaults=Defaults(ours.default_timeout_seconds, ours.default_retries, ours.retry_interval_seconds),
    )


def sweep(ours: SweepSettings) -> "Sweep":
    """For `sweep`: the same use cases, at a pace."""
    # No other function needs them, and each would load them at its start.
    from fargate_runs.usecases.pace import PacedCluster, PacedExecutions  # noqa: PLC0415
    from fargate_runs.usecases.sweep.executions import SweepExecutions  # noqa: PLC0415
    from fargate_runs.usecases.sweep.sweep import Sweep  # noqa: PLC0415
    from fargate_runs.usecases.sweep.tasks import SweepTasks  # noqa: PLC0415

    settling, clock = ours.settling, SystemClock()
    store = run_store(settling.runs_table_name, settling.retention_days)
    cluster = PacedCluster(EcsCluster(later(clients.ecs), settling.cluster_arn), clock)
    executions = PacedExecutions(_executions(), clock)
    abandoned = _abandoned(store, executions, cluster)
    settle = _record_task_state(settling, store, abandoned)
    note = RecordExecutionState(store, abandoned, state_machines=settling.state_machines)
    return Sweep(
        store,
        SweepTasks(store, cluster, settle, settling.token_variables),
        SweepExecutions(
            store,
            executions,
            note,
            settle,
            clock,
            state_machines=settling.state_machines,
            followed=ours.followed,
        ),
        clock,
    )


def task_logs(ours: TaskStateChangeSettings | JudgeTaskSettings) -> TaskLogs:
    """For whoever reads the end of a task's log."""
    definitions = EcsTaskDefinitions(later(clients.task_definitions)) if ours.reads_other_logs else None
    return TaskLogs(
        CloudWatchLogReader(later(clients.logs)),
        LogPlace(ours.log_group_name, ours.log_stream_prefix, ours.task_definition_arn, ours.container_name),
        RememberedTaskDefinitions(definitions, SystemClock()) if definitions else None,
    )


def _executions() -> Executions:
    return StepFunctionsExecutions(later(clients.stepfunctions))


def _abandoned(store: RunStore, executions: Executions, cluster: Cluster) -> StopAbandoned:
    return StopAbandoned(
        store, executions, StepFunctionsCallbacks(later(clients.stepfunctions)), cluster, SystemClock()
    )


def _record_task_state(ours: TaskStateChangeSettings, store: RunStore, abandoned: StopAbandoned) -> RecordTaskState:
    return RecordTaskState(
        store,
        StepFunctionsCallbacks(later(clients.stepfunctions)),
        task_logs(ours),
        abandoned,
        state_machines=ours.state_machines,
        prices=ours.prices,
    )
