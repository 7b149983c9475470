"""The use cases that several functions need, put together on AWS."""

from typing import TYPE_CHECKING

from fargate_runs.assembly import adapters
from fargate_runs.clock import SystemClock
from fargate_runs.later import later
from fargate_runs.ports import Cluster, ExecutionStates, RunStore, StartClaims
from fargate_runs.reading.patterns import StateMachines
from fargate_runs.settings import LogSettings, RequestSettings, TaskStateChangeSettings

if TYPE_CHECKING:
    from fargate_runs.answers.log_reading import TaskLogs
    from fargate_runs.runs.allowed_definitions import AllowedDefinitions
    from fargate_runs.usecases.jobs.start import StartJobRun
    from fargate_runs.usecases.record_task_state import RecordTaskState
    from fargate_runs.usecases.requests_of_jobs import RequestsOfJobs
    from fargate_runs.usecases.slots.slot_keeper import SlotKeeper
    from fargate_runs.usecases.slots.wait_for_slot import StopReplaced
    from fargate_runs.usecases.start_run import StartRun
    from fargate_runs.usecases.stop_abandoned import StopAbandoned
    from fargate_runs.usecases.stop_run import StopRun


def start_run(request: RequestSettings, machines: StateMachines, store: RunStore) -> "StartRun":
    """Starts a run by its request."""
    from fargate_runs.usecases.start_run import StartRun

    def claims() -> StartClaims:
        from fargate_runs.aws import clients
        from fargate_runs.aws.claims import DynamoStartClaims

        return DynamoStartClaims(clients.dynamodb(), request.runs_table_name, SystemClock())

    return StartRun(
        store,
        later(adapters.starts),
        later(claims),
        SystemClock(),
        state_machines=machines,
        task_definitions=allowed_definitions(request),
    )


def start_job_run(request: RequestSettings, machines: StateMachines, store: RunStore) -> "StartJobRun":
    """Starts a run of a job."""
    from fargate_runs.usecases.jobs.start import StartJobRun

    return StartJobRun(
        adapters.job_store(request.jobs_table_name, request.retention_days),
        requests_of_jobs(request),
        start_run(request, machines, store),
        token_variables=request.token_variables,
    )


def stop_run(store: RunStore, cluster_arn: str, state_machines: StateMachines) -> "StopRun":
    """Stops a run."""
    from fargate_runs.usecases.stop_run import StopRun

    executions, cluster = adapters.executions(), adapters.cluster(cluster_arn)
    return StopRun(store, executions, cluster, SystemClock(), state_machines=state_machines)


def stop_replaced(stop: "StopRun", keeper: "SlotKeeper") -> "StopReplaced":
    """Stops the runs of a job that a newer one replaces."""
    from fargate_runs.usecases.slots.wait_for_slot import StopReplaced

    return StopReplaced(stop, keeper)


def slot_keeper(table: str, store: RunStore) -> "SlotKeeper":
    """Takes and gives the slots of jobs."""
    from fargate_runs.usecases.slots.slot_keeper import SlotKeeper

    return SlotKeeper(adapters.gates(table), store, later(adapters.callbacks), SystemClock())


def abandoned(store: RunStore, executions: ExecutionStates, cluster: Cluster) -> "StopAbandoned":
    """Stops the tasks whose execution has ended."""
    from fargate_runs.usecases.stop_abandoned import StopAbandoned

    return StopAbandoned(store, executions, later(adapters.callbacks), cluster, SystemClock())


def task_state_recorder(
    ours: TaskStateChangeSettings, store: RunStore, abandoned: "StopAbandoned"
) -> "RecordTaskState":
    """The use case of `task_state_change`; the sweep settles with it."""
    from fargate_runs.usecases.record_task_state import RecordTaskState

    return RecordTaskState(
        store,
        later(adapters.callbacks),
        task_logs(ours.logs),
        abandoned,
        state_machines=ours.state_machines,
        prices=ours.prices,
        keep_slot=later(lambda: slot_keeper(ours.jobs_table_name, store)),
    )


def task_logs(ours: LogSettings) -> "TaskLogs":
    """The logs of tasks, also of those with a task definition of their own."""
    from fargate_runs.answers.log_reading import TaskLogs
    from fargate_runs.runs.log_place import LogPlace
    from fargate_runs.usecases.remembered_definitions import RememberedTaskDefinitions

    return TaskLogs(
        later(adapters.log_reader),
        LogPlace(ours.log_group_name, ours.log_stream_prefix, ours.task_definition_arn, ours.container_name),
        RememberedTaskDefinitions(later(adapters.task_definitions), SystemClock()) if ours.reads_other_logs else None,
    )


def allowed_definitions(ours: RequestSettings) -> "AllowedDefinitions":
    """The task definitions that a run may name."""
    from fargate_runs.runs.allowed_definitions import AllowedDefinitions

    return AllowedDefinitions(ours.task_definition_arn, ours.allowed_task_definitions, ours.task_size)


def requests_of_jobs(ours: RequestSettings) -> "RequestsOfJobs":
    """What a run of a job asks for."""
    from fargate_runs.usecases.requests_of_jobs import RequestsOfJobs

    return RequestsOfJobs(adapters.job_store(ours.jobs_table_name, ours.retention_days), allowed_definitions(ours))
