"""The use cases of `api` on AWS."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fargate_runs.assembly import adapters, parts
from fargate_runs.later import later
from fargate_runs.settings import ApiSettings

if TYPE_CHECKING:
    from fargate_runs.usecases.jobs.start import StartJobRun
    from fargate_runs.usecases.list_runs import ListRuns
    from fargate_runs.usecases.read_logs import ReadLogs
    from fargate_runs.usecases.rerun import RerunRun
    from fargate_runs.usecases.show_run import ShowRun
    from fargate_runs.usecases.start_run import StartRun
    from fargate_runs.usecases.stop_run import StopRun


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
    store = adapters.run_store(ours.request.runs_table_name, ours.request.retention_days)

    def start_run() -> "StartRun":
        return parts.start_run(ours.request, ours.state_machines, store)

    def start_job_run() -> "StartJobRun":
        return parts.start_job_run(ours.request, ours.state_machines, store)

    def show_run() -> "ShowRun":
        from fargate_runs.usecases.show_run import ShowRun

        return ShowRun(store, ours.state_machines, ours.prices, adapters.gates(ours.request.jobs_table_name))

    def list_runs() -> "ListRuns":
        from fargate_runs.aws import clients
        from fargate_runs.aws.run_lists import DynamoRunLists
        from fargate_runs.usecases.list_runs import ListRuns

        return ListRuns(DynamoRunLists(clients.dynamodb(), ours.request.runs_table_name), ours.prices)

    def read_logs() -> "ReadLogs":
        from fargate_runs.usecases.read_logs import ReadLogs

        return ReadLogs(store, later(adapters.log_pages), parts.task_logs(ours.logs), ours.state_machines)

    def stop_run() -> "StopRun":
        return parts.stop_run(store, ours.cluster_arn, ours.state_machines)

    def rerun_run() -> "RerunRun":
        from fargate_runs.usecases.rerun import RerunRun

        return RerunRun(
            store,
            adapters.executions(),
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
