"""The use case of `sweep` on AWS."""

from functools import cache
from typing import TYPE_CHECKING

from fargate_runs.assembly import adapters, parts
from fargate_runs.clock import SystemClock
from fargate_runs.later import later
from fargate_runs.settings import SweepSettings

if TYPE_CHECKING:
    from fargate_runs.usecases.sweep.jobs_read_once import JobsReadOnce
    from fargate_runs.usecases.sweep.late_jobs import SweepLateJobs
    from fargate_runs.usecases.sweep.slots import SweepSlots
    from fargate_runs.usecases.sweep.sweep import Sweep


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
    store = adapters.made_run_store(settling.runs_table_name, settling.retention_days)
    cluster = PacedCluster(adapters.made_cluster(settling.cluster_arn), clock)
    executions = adapters.executions()
    states = PacedExecutionStates(executions, clock)
    abandoned = parts.abandoned(store, states, cluster)
    settle = parts.task_state_recorder(settling, store, abandoned)
    keeper = later(lambda: parts.slot_keeper(settling.jobs_table_name, store))
    note = RecordExecutionState(store, abandoned, state_machines=settling.state_machines, keep_slot=keeper)

    @cache
    def jobs() -> "JobsReadOnce":
        from fargate_runs.usecases.sweep.jobs_read_once import JobsReadOnce

        return JobsReadOnce(adapters.job_store(settling.jobs_table_name, settling.retention_days))

    def slots() -> "SweepSlots":
        from fargate_runs.usecases.sweep.slots import SweepSlots

        stop = later(lambda: parts.stop_run(store, settling.cluster_arn, settling.state_machines))
        replaces = parts.stop_replaced(stop, keeper)
        return SweepSlots(store, jobs(), adapters.gates(settling.jobs_table_name), keeper, replaces, states, clock)

    def late_jobs() -> "SweepLateJobs":
        from fargate_runs.aws import clients
        from fargate_runs.aws.run_lists import DynamoRunLists
        from fargate_runs.usecases.sweep.late_jobs import SweepLateJobs

        lists = DynamoRunLists(clients.dynamodb(), settling.runs_table_name)
        return SweepLateJobs(jobs(), lists, later(lambda: adapters.job_alarms(ours.alarm_topic_arn)), clock)

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
