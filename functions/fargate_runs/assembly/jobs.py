"""The use cases of `jobs` and `start_scheduled_run` on AWS."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fargate_runs.assembly import adapters, parts
from fargate_runs.clock import SystemClock
from fargate_runs.later import later
from fargate_runs.settings import JobsSettings, StartScheduledRunSettings

if TYPE_CHECKING:
    from fargate_runs.ports.jobs import JobStore
    from fargate_runs.usecases.jobs.apply import ApplyJob
    from fargate_runs.usecases.jobs.backfill import BackfillJob
    from fargate_runs.usecases.jobs.delete import DeleteJob
    from fargate_runs.usecases.jobs.pause import PauseJob
    from fargate_runs.usecases.jobs.schedules import PutTimers
    from fargate_runs.usecases.jobs.show import ListJobs, ShowJob
    from fargate_runs.usecases.jobs.start_scheduled import StartScheduledRun


def start_scheduled_run(ours: StartScheduledRunSettings) -> "StartScheduledRun":
    """For `start_scheduled_run`. The function `jobs` starts the slots of a backfill with it."""
    from fargate_runs.usecases.jobs.start_scheduled import StartScheduledRun

    request = ours.request
    store = adapters.run_store(request.runs_table_name, request.retention_days)
    return StartScheduledRun(
        adapters.job_store(request.jobs_table_name, request.retention_days),
        store,
        parts.start_job_run(request, ours.state_machines, store),
        SystemClock(),
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
    store = adapters.run_store(request.runs_table_name, request.retention_days)
    stored = adapters.job_store(request.jobs_table_name, request.retention_days)

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
            later(adapters.job_task_definitions),
            _put_timers(ours, stored),
            SlotKeeper(gates, store, later(adapters.callbacks), clock).limit,
            clock,
            rules=JobRules(
                task_definitions=parts.allowed_definitions(request),
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

        executions, cluster = later(adapters.executions), adapters.cluster(ours.cluster_arn)
        stop = StopRun(store, executions, cluster, clock, state_machines=ours.state_machines)
        definitions, put_timers = later(adapters.job_task_definitions), _put_timers(ours, stored)
        return DeleteJob(stored, definitions, put_timers, store, stop, clock, family=ours.own.family)

    def backfill_job() -> "BackfillJob":
        from fargate_runs.usecases.jobs.backfill import BackfillJob
        from fargate_runs.usecases.jobs.start_scheduled import StartScheduledRun

        start = StartScheduledRun(stored, store, parts.start_job_run(request, ours.state_machines, store), clock)
        return BackfillJob(stored, store, start.start, clock)

    return JobsUseCases(
        list_jobs=later(list_jobs),
        show_job=later(show_job),
        apply_job=later(apply_job),
        delete_job=later(delete_job),
        pause_job=later(pause_job),
        backfill_job=later(backfill_job),
    )


def _put_timers(ours: JobsSettings, stored: "JobStore") -> "PutTimers":
    from fargate_runs.aws import clients
    from fargate_runs.aws.timers import SchedulerTimers, TimerTarget
    from fargate_runs.usecases.jobs.schedules import PutTimers

    timers = ours.timers
    target = TimerTarget(timers.group_name, timers.function_arn, timers.role_arn, timers.dead_letter_arn)
    return PutTimers(stored, later(lambda: SchedulerTimers(clients.scheduler(), target)))
