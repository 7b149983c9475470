"""Handles one "Step Functions Execution Status Change" event: records it in the run, and stops the tasks that are left.

After any error here Lambda tries the event again, and then sends it to the on-failure destination.
"""

from collections.abc import Mapping
from functools import cache

from aws_lambda_powertools.utilities.typing import LambdaContext

from fargate_runs.assembly import runs as assembly
from fargate_runs.event_problems import report_event_problems
from fargate_runs.first_event import then_collect
from fargate_runs.observability import count, logger
from fargate_runs.reading.events import ExecutionStateChange
from fargate_runs.settings import ExecutionStateChangeSettings
from fargate_runs.time_left import while_time_is_left
from fargate_runs.usecases.record_execution_state import RecordExecutionState


@cache
def settings() -> ExecutionStateChangeSettings:
    """Returns the settings, read once for each process."""
    return ExecutionStateChangeSettings.from_env()


@cache
def record_execution_state() -> RecordExecutionState:
    """Returns the use case on AWS, made once for each process."""
    return assembly.record_execution_state(settings())


@logger.inject_lambda_context(log_event=False, clear_state=True)
@then_collect
def handler(event: Mapping[str, object], context: LambdaContext) -> None:
    """Handles one event. Raises EventError if no try can ever handle it, PortError if a later try can."""
    with report_event_problems():
        change = ExecutionStateChange.from_event(event, state_machines=settings().state_machines)
        noted = record_execution_state()(change.execution, go_on=while_time_is_left(context))
    logger.info(
        "execution state taken in",
        event_id=change.event_id,
        execution_arn=change.execution.arn,
        execution_status=change.execution.status.value,
        run_status=noted.run.status.value if noted.run else None,
        stopped=noted.stopped,
    )
    if noted.unreadable_run:
        logger.warning("the run's own record cannot be read: it does not show this", run_id=change.execution.name)
        count("RecordsUnreadable")
    if noted.stopped:
        count("TasksStopped", noted.stopped)
