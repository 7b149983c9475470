"""Takes in one "ECS Task State Change" event: parse, call the use case, say in the log and the metrics what was done.

Whatever is raised here makes Lambda try the event again, and then send it to the on-failure destination.
"""

from collections.abc import Mapping
from datetime import timedelta
from functools import cache

from aws_lambda_powertools.utilities.typing import LambdaContext

from fargate_runs.aws import clients
from fargate_runs.aws.dynamodb import DynamoRunStore
from fargate_runs.aws.logs import CloudWatchLogReader
from fargate_runs.aws.stepfunctions import StepFunctionsCallbacks
from fargate_runs.clock import SystemClock
from fargate_runs.errors import EventError, FargateRunsError
from fargate_runs.events import TaskStateChange
from fargate_runs.log_place import LogPlace
from fargate_runs.observability import count, logger
from fargate_runs.settings import TaskStateChangeSettings
from fargate_runs.usecases.record_task_state import RecordTaskState
from task_state_change.report import report


@cache
def settings() -> TaskStateChangeSettings:
    """Read once for each process."""
    return TaskStateChangeSettings.from_env()


@cache
def record_task_state() -> RecordTaskState:
    """The use case on AWS."""
    ours = settings()
    retention = timedelta(days=ours.retention_days)
    return RecordTaskState(
        DynamoRunStore(clients.dynamodb(), ours.runs_table_name, clock=SystemClock(), retention=retention),
        StepFunctionsCallbacks(clients.stepfunctions()),
        CloudWatchLogReader(clients.logs()),
        log_place=LogPlace(ours.log_group_name, ours.log_stream_prefix, ours.task_definition_arn, ours.container_name),
        state_machines=ours.state_machines,
        prices=ours.prices,
    )


@logger.inject_lambda_context(log_event=False, clear_state=True)
def handler(event: Mapping[str, object], _context: LambdaContext) -> None:
    """One event. Raises EventError for one that can never be handled, and PortError for one that can be later."""
    ours = settings()
    try:
        change = TaskStateChange.from_event(event, cluster_arn=ours.cluster_arn, token_variables=ours.token_variables)
        report(change, record_task_state()(change.task))
    except EventError as error:
        logger.error("event cannot be handled", reason=str(error))
        count("EventsRefused")
        raise
    except FargateRunsError as error:
        logger.error("event was not settled, to be tried again", reason=str(error))
        raise
