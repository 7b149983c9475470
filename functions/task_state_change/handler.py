"""Handles one "ECS Task State Change" event: parses it, calls the use case, writes to the log and the metrics.

After any error here Lambda tries the event again, and then sends it to the on-failure destination.
"""

from collections.abc import Mapping
from functools import cache

from aws_lambda_powertools.utilities.typing import LambdaContext

from fargate_runs.assembly import runs as assembly
from fargate_runs.event_problems import report_event_problems
from fargate_runs.first_event import then_collect
from fargate_runs.observability import logger
from fargate_runs.reading.events import TaskStateChange
from fargate_runs.settings import TaskStateChangeSettings
from fargate_runs.time_left import while_time_is_left
from fargate_runs.usecases.record_task_state import RecordTaskState
from task_state_change.report import report


@cache
def settings() -> TaskStateChangeSettings:
    """Returns the settings, read once for each process."""
    return TaskStateChangeSettings.from_env()


@cache
def record_task_state() -> RecordTaskState:
    """Returns the use case on AWS, made once for each process."""
    return assembly.record_task_state(settings())


@logger.inject_lambda_context(log_event=False, clear_state=True)
@then_collect
def handler(event: Mapping[str, object], context: LambdaContext) -> None:
    """Handles one event. Raises EventError if no try can ever handle it, PortError if a later try can."""
    ours = settings()
    with report_event_problems():
        change = TaskStateChange.from_event(event, cluster_arn=ours.cluster_arn, token_variables=ours.token_variables)
        report(change, record_task_state()(change.task, while_time_is_left(context)))
