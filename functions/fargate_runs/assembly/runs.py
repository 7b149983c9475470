"""The use cases of the functions that follow a run, from its start to its end, on AWS."""

from typing import TYPE_CHECKING

from fargate_runs.assembly import adapters, parts
from fargate_runs.clock import SystemClock
from fargate_runs.later import later
from fargate_runs.reading.patterns import StateMachines
from fargate_runs.settings import (
    ExecutionStateChangeSettings,
    JudgeTaskSettings,
    PrepareRunSettings,
    RequestSettings,
    TaskStateChangeSettings,
    WaitForSlotSettings,
)

if TYPE_CHECKING:
    from fargate_runs.usecases.judge_task import JudgeTask
    from fargate_runs.usecases.prepare_run import PrepareRun
    from fargate_runs.usecases.record_execution_state import RecordExecutionState
    from fargate_runs.usecases.record_task_state import RecordTaskState
    from fargate_runs.usecases.slots.admission import Admission
    from fargate_runs.usecases.slots.wait_for_slot import WaitForSlot


def prepare_run(ours: PrepareRunSettings) -> "PrepareRun":
    """For `prepare_run`."""
    from fargate_runs.usecases.prepare_run import Defaults, ForJobs, PrepareRun

    return PrepareRun(
        adapters.run_store(ours.request.runs_table_name, ours.request.retention_days),
        SystemClock(),
        definitions=parts.allowed_definitions(ours.request),
        for_jobs=ForJobs(later(lambda: parts.requests_of_jobs(ours.request)), later(lambda: _admission(ours.request))),
        container=ours.container_name,
        token_variables=ours.request.token_variables,
        defaults=Defaults(ours.default_timeout_seconds, ours.default_retries, ours.retry_interval_seconds),
    )


def _admission(ours: RequestSettings) -> "Admission":
    from fargate_runs.usecases.slots.admission import Admission

    store = adapters.run_store(ours.runs_table_name, ours.retention_days)
    return Admission(adapters.gates(ours.jobs_table_name), store, SystemClock())


def wait_for_slot(ours: WaitForSlotSettings) -> "WaitForSlot":
    """For `wait_for_slot`."""
    from fargate_runs.usecases.slots.wait_for_slot import WaitForSlot

    store = adapters.run_store(ours.runs_table_name, ours.retention_days)
    keeper = parts.slot_keeper(ours.jobs_table_name, store)
    # Every run at a gate is on record as an execution of ours, so no machine has to be known to stop it.
    stop = later(lambda: parts.stop_run(store, ours.cluster_arn, StateMachines("", "", "")))
    gates = adapters.gates(ours.jobs_table_name)
    return WaitForSlot(gates, keeper, parts.stop_replaced(stop, keeper), SystemClock())


def judge_task(ours: JudgeTaskSettings) -> "JudgeTask":
    """For `judge_task`."""
    from fargate_runs.usecases.judge_task import JudgeTask

    return JudgeTask(parts.task_logs(ours.logs), SystemClock(), prices=ours.prices)


def record_task_state(ours: TaskStateChangeSettings) -> "RecordTaskState":
    """For `task_state_change`."""
    store = adapters.run_store(ours.runs_table_name, ours.retention_days)
    abandoned = parts.abandoned(store, later(adapters.executions), adapters.cluster(ours.cluster_arn))
    return parts.task_state_recorder(ours, store, abandoned)


def record_execution_state(ours: ExecutionStateChangeSettings) -> "RecordExecutionState":
    """For `execution_state_change`."""
    from fargate_runs.usecases.record_execution_state import RecordExecutionState

    store = adapters.run_store(ours.runs_table_name, ours.retention_days)
    abandoned = parts.abandoned(store, later(adapters.executions), adapters.cluster(ours.cluster_arn))
    keep_slot = later(lambda: parts.slot_keeper(ours.jobs_table_name, store))
    return RecordExecutionState(store, abandoned, state_machines=ours.state_machines, keep_slot=keep_slot)
