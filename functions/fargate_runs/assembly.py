"""The use cases on AWS, put together for the handlers. Each handler makes what it needs once for a process.

What only some of them need is imported where it is put together, adapters always: a function loads what its event
needs, and `judge_task` no SDK before it reads a log.
"""

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from fargate_runs.answers.log_reading import TaskLogs
from fargate_runs.clock import SystemClock
from fargate_runs.later import later
from fargate_runs.ports import (
    Cluster,
    ExecutionStarts,
    ExecutionStates,
    LogPages,
    LogReader,
    RunStore,
    StartClaims,
    TaskDefinitions,
    TokenCallbacks,
)
from fargate_runs.reading.patterns import StateMachines
from fargate_runs.runs.log_place import LogPlace
from fargate_runs.settings import (
    ApiSettings,
    ExecutionStateChangeSettings,
    JobsSettings,
    JudgeTaskSettings,
    LogSettings,
    PrepareRunSettings,
    RequestSettings,
    StartScheduledRunSettings,
    SweepSettings,
    TaskStateChangeSettings,
    WaitForSlotSettings,
)

if TYPE_CHECKING:
    from fargate_runs.aws.stepfunctions import StepFunctionsExecutions
    from fargate_runs.ports.jobs import Gates, JobAlarms, JobStore, JobTaskDefinitions
    from fargate_runs.runs.allowed_definitions import AllowedDefinitions
    from fargate_runs.usecases.jobs.apply import ApplyJob
    from fargate_runs.usecases.jobs.backfill import BackfillJob
    from fargate_runs.usecases.jobs.delete import DeleteJob
    from fargate_runs.usecases.jobs.pause import PauseJob
    from fargate_runs.usecases.jobs.schedules import PutTimers
    from fargate_runs.usecases.jobs.show import ListJobs, ShowJob
    from fargate_runs.usecases.jobs.start import StartJobRun
    from fargate_runs.usecases.jobs.start_scheduled import StartScheduledRun
    from fargate_runs.usecases.judge_task import JudgeTask
    from fargate_runs.usecases.list_runs import ListRuns
    from fargate_runs.usecases.prepare_run import PrepareRun
    from fargate_runs.usecases.read_logs import ReadLogs
    from fargate_runs.usecases.record_execution_state import RecordExecutionState
    from fargate_runs.usecases.record_task_state import RecordTaskState
    from fargate_runs.usecases.requests_of_jobs import RequestsOfJobs
    from fargate_runs.usecases.rerun import RerunRun
    from fargate_runs.usecases.show_run import ShowRun
    from fargate_runs.usecases.slots.admission import Admission
    from fargate_runs.usecases.slots.slot_keeper import SlotKeeper
    from fargate_runs.usecases.slots.wait_for_slot import StopReplaced, WaitForSlot
    from fargate_runs.usecases.start_run import StartRun
    from fargate_runs.usecases.stop_abandoned import StopAbandoned
    from fargate_runs.usecases.stop_run import StopRun
    from fargate_runs.usecases.sweep.jobs_read_once import JobsReadOnce
    from fargate_runs.usecases.sweep.late_jobs import SweepLateJobs
    from fargate_runs.usecases.sweep.slots import SweepSlots
    from fargate_runs.usecases.sweep.sweep import Sweep


@dataclass(frozen=True, slots=True)
class ApiUseCases:
    """The use cases of the API. Each is made when it is first called: one request needs one of them."""

    start_run: "StartRun"
    start_job_run: "StartJobRun"
    show_run: "ShowRun"
    list_runs: "ListRuns"
    read_logs: "ReadLogs"
    stop_run: "StopRun"
    rerun_run: "RerunRun"


def api(ours: ApiSettings) -> ApiUseCases:
    """For `api`."""
    store = run_store(ours.request.runs_table_name, ours.request.retention_days)

    def start_run() -> "StartRun":
        return _start_run(ours.request, ours.state_machines, store)

    def start_job_run() -> "StartJobRun":
        return _start_job_run(ours.request, ours.state_machines, store)

    def show_run() -> "ShowRun":
        from fargate_runs.usecases.show_run import ShowRun

        return ShowRun(store, ours.state_machines, ours.prices, gates(ours.request.jobs_table_name))

    def list_runs() -> "ListRuns":
        from fargate_runs.aws import clients
        from fargate_runs.aws.run_lists import DynamoRunLists
        from fargate_runs.usecases.list_runs import ListRuns

        return ListRuns(DynamoRunLists(clients.dynamodb(), ours.request.runs_table_name), ours.prices)

    def read_logs() -> "ReadLogs":
        from fargate_runs.usecases.read_logs import ReadLogs

        return ReadLogs(store, later(_log_pages), _task_logs(ours.logs), ours.state_machines)

    def stop_run() -> "StopRun":
        return _stop_run(store, ours.cluster_arn, ours.state_machines)

    def rerun_run() -> "RerunRun":
        from fargate_runs.usecases.rerun import RerunRun

        return RerunRun(
            store,
            _executions(),
            start_run(),
            later(start_job_run),
            token_variables=ours.request.token_variables,
        )

    return ApiUseCases(
        start_run=later(start_run),
        start_job_run=later(start_job_run),
        show_run=later(show_run),
        list_runs=later(list_runs),
        read_logs=later(read_logs),
        stop_run=later(stop_run),
        rerun_run=later(rerun_run),
    )


def start_scheduled_run(ours: StartScheduledRunSettings) -> "StartScheduledRun":
    """For `start_scheduled_run`. The function `jobs` starts the slots of a backfill with it."""
    from fargate_runs.usecases.jobs.start_scheduled import StartScheduledRun

    request = ours.request
    store = run_store(request.runs_table_name, request.retention_days)
    return StartScheduledRun(
        job_store(request.jobs_table_name, request.retention_days),
        store,
        _start_job_run(request, ours.state_machines, store),
        SystemClock(),
    )


def _start_run(request: RequestSettings, machines: "StateMachines", store: RunStore) -> "StartRun":
    from fargate_runs.usecases.start_run import StartRun

    def claims() -> StartClaims:
        from fargate_runs.aws import clients
        from fargate_runs.aws.claims import DynamoStartClaims

        return DynamoStartClaims(clients.dynamodb(), request.runs_table_name, SystemClock())

    return StartRun(
        store,
        later(_starts),
        later(claims),
        SystemClock(),
        state_machines=machines,
        task_definitions=_allowed_definitions(request),
    )


def _start_job_run(request: RequestSettings, machines: "StateMachines", store: RunStore) -> "StartJobRun":
    from fargate_runs.usecases.jobs.start import StartJobRun

    return StartJobRun(
        job_store(request.jobs_table_name, request.retention_days),
        _requests_of_jobs(request),
        _start_run(request, machines, store),
        token_variables=request.token_variables,
    )


@dataclass(frozen=True, slots=True)
class JobsUseCases:
    """What the routes of jobs call. Each is made when it is first called."""

    list_jobs: "ListJobs"
    show_job: "ShowJob"
    apply_job: "ApplyJob"
    delete_job: "DeleteJob"
    pause_job: "PauseJob"
    backfill_job: "BackfillJob"


def jobs(ours: JobsSettings) -> JobsUseCases:
    """For `jobs`."""
    request, clock = ours.request, SystemClock()
    store = run_store(request.runs_table_name, request.retention_days)
    stored = job_store(request.jobs_table_name, request.retention_days)

    def list_jobs() -> "ListJobs":
        from fargate_runs.usecases.jobs.show import ListJobs

        return ListJobs(stored, clock)

    def show_job() -> "ShowJob":
        from fargate_runs.usecases.jobs.show import ShowJob

        return ShowJob(stored, clock)

    def pause_job() -> "PauseJob":
        from fargate_runs.usecases.jobs.pause import PauseJob

        return PauseJob(stored, clock)

    def apply_job() -> "ApplyJob":
        from fargate_runs.aws import clients
        from fargate_runs.aws.gates import DynamoGates
        from fargate_runs.jobs.rules import JobRules
        from fargate_runs.jobs.task_definition import OwnTaskDefinition
        from fargate_runs.usecases.jobs.apply import ApplyJob
        from fargate_runs.usecases.slots.slot_keeper import SlotKeeper

        gates = DynamoGates(clients.dynamodb(), request.jobs_table_name, clock)
        own, (cpu, memory) = ours.own, request.task_size
        return ApplyJob(
            stored,
            later(_job_task_definitions),
            _put_timers(ours, stored),
            SlotKeeper(gates, store, later(_callbacks), clock).limit,
            clock,
            rules=JobRules(
                task_definitions=_allowed_definitions(request),
                roles=(own.task_role_arn, *ours.allowed_task_roles),
                secrets=ours.allowed_secrets,
                own_size=(int(cpu), int(memory)),
                token_variables=request.token_variables,
            ),
            own=OwnTaskDefinition(
                family=own.family,
                container=own.container_name,
                cpu=cpu,
                memory=memory,
                architecture=own.architecture,
                execution_role=own.execution_role_arn,
                task_role=own.task_role_arn,
                log_group=own.log_group_name,
                log_region=own.region,
                stop_timeout_seconds=own.stop_timeout_seconds,
            ),
        )

    def delete_job() -> "DeleteJob":
        from fargate_runs.usecases.jobs.delete import DeleteJob
        from fargate_runs.usecases.stop_run import StopRun

        stop = StopRun(store, later(_executions), _cluster(ours.cluster_arn), clock, state_machines=ours.state_machines)
        definitions, put_timers = later(_job_task_definitions), _put_timers(ours, stored)
        return DeleteJob(stored, definitions, put_timers, store, stop, clock, family=ours.own.family)

    def backfill_job() -> "BackfillJob":
        from fargate_runs.usecases.jobs.backfill import BackfillJob
        from fargate_runs.usecases.jobs.start_scheduled import StartScheduledRun

        start = StartScheduledRun(stored, store, _start_job_run(request, ours.state_machines, store), clock)
        return BackfillJob(stored, store, start.start, clock)

    return JobsUseCases(
        list_jobs=later(list_jobs),
        show_job=later(show_job),
        apply_job=later(apply_job),
        delete_job=later(delete_job),
        pause_job=later(pause_job),
        backfill_job=later(backfill_job),
    )


def _job_task_definitions() -> "JobTaskDefinitions":
    from fargate_runs.aws import clients
    from fargate_runs.aws.job_task_definitions import EcsJobTaskDefinitions

    return EcsJobTaskDefinitions(clients.ecs())


def _put_timers(ours: JobsSettings, stored: "JobStore") -> "PutTimers":
    from fargate_runs.aws import clients
    from fargate_runs.aws.timers import SchedulerTimers, TimerTarget
    from fargate_runs.usecases.jobs.schedules import PutTimers

    timers = ours.timers
    target = TimerTarget(timers.group_name, timers.function_arn, timers.role_arn, timers.dead_letter_arn)
    return PutTimers(stored, later(lambda: SchedulerTimers(clients.scheduler(), target)))


def prepare_run(ours: PrepareRunSettings) -> "PrepareRun":
    """For `prepare_run`."""
    from fargate_runs.usecases.prepare_run import Defaults, ForJobs, PrepareRun

    return PrepareRun(
        run_store(ours.request.runs_table_name, ours.request.retention_days),
        SystemClock(),
        definitions=_allowed_definitions(ours.request),
        for_jobs=ForJobs(later(lambda: _requests_of_jobs(ours.request)), later(lambda: _admission(ours.request))),
        container=ours.container_name,
        token_variables=ours.request.token_variables,
        defaults=Defaults(ours.default_timeout_seconds, ours.default_retries, ours.retry_interval_seconds),
    )


def _allowed_definitions(ours: RequestSettings) -> "AllowedDefinitions":
    from fargate_runs.runs.allowed_definitions import AllowedDefinitions

    return AllowedDefinitions(ours.task_definition_arn, ours.allowed_task_definitions, ours.task_size)


def _requests_of_jobs(ours: RequestSettings) -> "RequestsOfJobs":
    from fargate_runs.usecases.requests_of_jobs import RequestsOfJobs

    return RequestsOfJobs(job_store(ours.jobs_table_name, ours.retention_days), _allowed_definitions(ours))


def _admission(ours: RequestSettings) -> "Admission":
    from fargate_runs.usecases.slots.admission import Admission

    store = run_store(ours.runs_table_name, ours.retention_days)
    return Admission(gates(ours.jobs_table_name), store, SystemClock())


def wait_for_slot(ours: WaitForSlotSettings) -> "WaitForSlot":
    """For `wait_for_slot`."""
    from fargate_runs.usecases.slots.wait_for_slot import WaitForSlot

    store, gates_of_jobs = run_store(ours.runs_table_name, ours.retention_days), gates(ours.jobs_table_name)
    keeper = _slot_keeper(ours.jobs_table_name, store)
    # Every run at a gate is on record as an execution of ours, so no machine has to be known to stop it.
    stop = later(lambda: _stop_run(store, ours.cluster_arn, StateMachines("", "", "")))
    return WaitForSlot(gates_of_jobs, keeper, _stop_replaced(stop, keeper), SystemClock())


def gates(table: str) -> "Gates":
    """The gates of jobs. Only what has a run at hand that takes a slot makes it."""
    return later(lambda: _gates(table))


def _gates(table: str) -> "Gates":
    from fargate_runs.aws import clients
    from fargate_runs.aws.gates import DynamoGates

    return DynamoGates(clients.dynamodb(), table, SystemClock())


def _slot_keeper(table: str, store: RunStore) -> "SlotKeeper":
    from fargate_runs.usecases.slots.slot_keeper import SlotKeeper

    return SlotKeeper(gates(table), store, later(_callbacks), SystemClock())


def _stop_replaced(stop: "StopRun", keeper: "SlotKeeper") -> "StopReplaced":
    from fargate_runs.usecases.slots.wait_for_slot import StopReplaced

    return StopReplaced(stop, keeper)


def _stop_run(store: RunStore, cluster_arn: str, state_machines: StateMachines) -> "StopRun":
    from fargate_runs.usecases.stop_run import StopRun

    return StopRun(store, _executions(), _cluster(cluster_arn), SystemClock(), state_machines=state_machines)


def job_store(table: str, retention_days: int) -> "JobStore":
    """The jobs table. Only what has a job at hand makes it."""
    from fargate_runs.aws import clients
    from fargate_runs.aws.job_store import DynamoJobStore

    return DynamoJobStore(clients.dynamodb(), table, clock=SystemClock(), retention=timedelta(days=retention_days))


def judge_task(ours: JudgeTaskSettings) -> "JudgeTask":
    """For `judge_task`."""
    from fargate_runs.usecases.judge_task import JudgeTask

    return JudgeTask(_task_logs(ours.logs), SystemClock(), prices=ours.prices)


def record_task_state(ours: TaskStateChangeSettings) -> "RecordTaskState":
    """For `task_state_change`."""
    store = run_store(ours.runs_table_name, ours.retention_days)
    return _record_task_state(ours, store, _abandoned(store, later(_executions), _cluster(ours.cluster_arn)))


def record_execution_state(ours: ExecutionStateChangeSettings) -> "RecordExecutionState":
    """For `execution_state_change`."""
    from fargate_runs.usecases.record_execution_state import RecordExecutionState

    store = run_store(ours.runs_table_name, ours.retention_days)
    abandoned = _abandoned(store, later(_executions), _cluster(ours.cluster_arn))
    keep_slot = later(lambda: _slot_keeper(ours.jobs_table_name, store))
    return RecordExecutionState(store, abandoned, state_machines=ours.state_machines, keep_slot=keep_slot)


def sweep(ours: SweepSettings) -> "Sweep":
    """For `sweep`: the same use cases, at a pace."""
    from fargate_runs.reading.patterns import SweptMachines
    from fargate_runs.usecases.pace import PacedCluster, PacedExecutionLists, PacedExecutionStates
    from fargate_runs.usecases.record_execution_state import RecordExecutionState
    from fargate_runs.usecases.sweep.executions import SweepExecutions
    from fargate_runs.usecases.sweep.sweep import Sweep
    from fargate_runs.usecases.sweep.tasks import SweepTasks

    settling, clock = ours.settling, SystemClock()
    # Every sweep needs these three, so they are made here, before the handler lets garbage be looked for.
    store = _run_store(settling.runs_table_name, settling.retention_days)
    cluster = PacedCluster(_ecs_cluster(settling.cluster_arn), clock)
    executions = _executions()
    states = PacedExecutionStates(executions, clock)
    abandoned = _abandoned(store, states, cluster)
    settle = _record_task_state(settling, store, abandoned)
    keeper = later(lambda: _slot_keeper(settling.jobs_table_name, store))
    note = RecordExecutionState(store, abandoned, state_machines=settling.state_machines, keep_slot=keeper)

    @cache
    def jobs() -> "JobsReadOnce":
        from fargate_runs.usecases.sweep.jobs_read_once import JobsReadOnce

        return JobsReadOnce(job_store(settling.jobs_table_name, settling.retention_days))

    def slots() -> "SweepSlots":
        from fargate_runs.usecases.sweep.slots import SweepSlots

        stop = later(lambda: _stop_run(store, settling.cluster_arn, settling.state_machines))
        replaces = _stop_replaced(stop, keeper)
        return SweepSlots(store, jobs(), gates(settling.jobs_table_name), keeper, replaces, states, clock)

    def late_jobs() -> "SweepLateJobs":
        from fargate_runs.aws import clients
        from fargate_runs.aws.run_lists import DynamoRunLists
        from fargate_runs.usecases.sweep.late_jobs import SweepLateJobs

        lists = DynamoRunLists(clients.dynamodb(), settling.runs_table_name)
        return SweepLateJobs(jobs(), lists, later(lambda: _job_alarms(ours.alarm_topic_arn)), clock)

    return Sweep(
        store,
        SweepTasks(store, cluster, settle, settling.token_variables),
        SweepExecutions(
            store,
            states,
            PacedExecutionLists(executions, clock),
            note,
            settle,
            clock,
            SweptMachines(settling.state_machines, ours.followed),
        ),
        clock,
        later(slots),
        later(late_jobs),
    )


def _job_alarms(topic_arn: str) -> "JobAlarms":
    from fargate_runs.aws import clients
    from fargate_runs.aws.job_alarms import SnsJobAlarms

    return SnsJobAlarms(clients.sns(), topic_arn)


def run_store(table: str, retention_days: int) -> RunStore:
    """The runs table."""
    return later(lambda: _run_store(table, retention_days))


def _run_store(table: str, retention_days: int) -> RunStore:
    from fargate_runs.aws import clients
    from fargate_runs.aws.dynamodb import DynamoRunStore

    return DynamoRunStore(clients.dynamodb(), table, clock=SystemClock(), retention=timedelta(days=retention_days))


def _abandoned(store: RunStore, executions: ExecutionStates, cluster: Cluster) -> "StopAbandoned":
    from fargate_runs.usecases.stop_abandoned import StopAbandoned

    return StopAbandoned(store, executions, later(_callbacks), cluster, SystemClock())


def _record_task_state(ours: TaskStateChangeSettings, store: RunStore, abandoned: "StopAbandoned") -> "RecordTaskState":
    from fargate_runs.usecases.record_task_state import RecordTaskState

    return RecordTaskState(
        store,
        later(_callbacks),
        _task_logs(ours.logs),
        abandoned,
        state_machines=ours.state_machines,
        prices=ours.prices,
        keep_slot=later(lambda: _slot_keeper(ours.jobs_table_name, store)),
    )


def _task_logs(ours: LogSettings) -> TaskLogs:
    """For whoever reads a task's log."""
    from fargate_runs.usecases.remembered_definitions import RememberedTaskDefinitions

    return TaskLogs(
        later(_log_reader),
        LogPlace(ours.log_group_name, ours.log_stream_prefix, ours.task_definition_arn, ours.container_name),
        RememberedTaskDefinitions(later(_task_definitions), SystemClock()) if ours.reads_other_logs else None,
    )


def _cluster(arn: str) -> Cluster:
    return later(lambda: _ecs_cluster(arn))


def _ecs_cluster(arn: str) -> Cluster:
    from fargate_runs.aws import clients
    from fargate_runs.aws.ecs import EcsCluster

    return EcsCluster(clients.ecs(), arn)


def _executions() -> "StepFunctionsExecutions":
    from fargate_runs.aws import clients
    from fargate_runs.aws.stepfunctions import StepFunctionsExecutions

    return StepFunctionsExecutions(clients.stepfunctions())


def _starts() -> ExecutionStarts:
    from fargate_runs.aws import clients
    from fargate_runs.aws.stepfunctions import StepFunctionsStarts

    return StepFunctionsStarts(clients.starts())


def _callbacks() -> TokenCallbacks:
    from fargate_runs.aws import clients
    from fargate_runs.aws.stepfunctions import StepFunctionsCallbacks

    return StepFunctionsCallbacks(clients.stepfunctions())


def _log_reader() -> LogReader:
    from fargate_runs.aws import clients
    from fargate_runs.aws.logs import CloudWatchLogReader

    return CloudWatchLogReader(clients.logs())


def _log_pages() -> LogPages:
    from fargate_runs.aws import clients
    from fargate_runs.aws.logs import CloudWatchLogPages

    return CloudWatchLogPages(clients.logs())


def _task_definitions() -> TaskDefinitions:
    from fargate_runs.aws import clients
    from fargate_runs.aws.task_definitions import EcsTaskDefinitions

    return EcsTaskDefinitions(clients.task_definitions())
