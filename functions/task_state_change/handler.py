"""Takes in one "ECS Task State Change" event: parse, call the use case, say in the log and the metrics what was done.

Whatever is raised here makes Lambda try the event again, and then send it to the on-failure destination.
"""

from collections.abc import Mapping
from functools import cache

from aws_lambda_powertools.utilities.typing import LambdaContext

from fargate_runs import assembly
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
    """Read once for each process."""
    return TaskStateChangeSettings.from_env()


@cache
def record_task_state() -> RecordTaskState:
    """The use case on AWS."""
    return assembly.record_task_state(settings())


@logger.inject_lambda_context(log_event=False, clear_state=True)
@then_collect
def handler(event: Mapping[str, object], context: LambdaContext) -> None:
    """One event. Raises EventError for one that can never be handled, and PortError for one that can be later."""
    ours = settings()
    with report_event_problems():
        change = TaskStateChange.from_event(event, cluster_arn=ours.cluster_arn, token_variables=ours.token_variables)
        report(change, record_task_state()(change.task, while_time_is_left(context)))
