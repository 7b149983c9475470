"""Starts the run of a job's schedule. EventBridge Scheduler calls it for each time of each schedule.

After any error here Lambda tries the event again, and then sends it to the on-failure destination.
"""

from collections.abc import Mapping
from functools import cache

from aws_lambda_powertools.utilities.typing import LambdaContext

from fargate_runs.assembly import jobs as assembly
from fargate_runs.event_problems import report_event_problems
from fargate_runs.first_event import then_collect
from fargate_runs.observability import count, logger
from fargate_runs.reading.due import Due
from fargate_runs.settings import StartScheduledRunSettings
from fargate_runs.usecases.jobs.start_scheduled import Became, StartScheduledRun


@cache
def start_scheduled_run() -> StartScheduledRun:
    """Returns the use case on AWS, made once for each process."""
    return assembly.start_scheduled_run(StartScheduledRunSettings.from_env())


@logger.inject_lambda_context(log_event=False, clear_state=True)
@then_collect
def handler(event: Mapping[str, object], _context: LambdaContext) -> dict[str, object]:
    """Handles `{job, schedule, scheduledTime}`. Returns what became of it, and the id of the run.

    Raises EventError, InvalidRunRequestError or RunNotStartedError if no try can ever start the run, and another error
    of FargateRunsError if a later try can.
    """
    with report_event_problems():
        due = Due.from_event(event)
        fired = start_scheduled_run()(due)
    logger.info(
        "schedule fired",
        job=due.job,
        schedule=due.schedule,
        scheduled_time=due.at.isoformat(),
        became=fired.became.value,
        run_id=fired.run_id,
        is_new=fired.is_new,
    )
    if fired.is_new and fired.became is Became.STARTED:
        count("RunsStarted")
    if fired.is_new and fired.became is Became.MISSED:
        logger.warning("run missed", run_id=fired.run_id)
        count("RunsMissed")
    return {"became": fired.became.value, "runId": fired.run_id}
