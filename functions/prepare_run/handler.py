"""Prepares a run: the first state of each state machine calls it with the execution's input.

The state machine matches the class names of the errors raised here. InvalidRunRequestError ends the run as
Run.InvalidInput, with the message as its cause. SlotTakenError makes it wait for one of its job's slots, and then call
again. RunSkippedError ends it without a task, and QueueFullError as Run.QueueFull. StoreUnavailableError is tried
again. If that does not help, and after any other error, the run ends as Run.NotPrepared.
"""

from collections.abc import Mapping
from functools import cache

from aws_lambda_powertools.utilities.typing import LambdaContext

from fargate_runs.assembly import runs as assembly
from fargate_runs.errors import FargateRunsError, InvalidRunRequestError, RunSkippedError, SlotTakenError
from fargate_runs.first_event import then_collect
from fargate_runs.observability import count, logger
from fargate_runs.reading.execution import Execution, ExecutionStatus
from fargate_runs.reading.patterns import Pattern
from fargate_runs.settings import PrepareRunSettings
from fargate_runs.usecases.prepare_run import PrepareRun


@cache
def prepare_run() -> PrepareRun:
    """Returns the use case on AWS, made once for each process."""
    return assembly.prepare_run(PrepareRunSettings.from_env())


@logger.inject_lambda_context(log_event=False, clear_state=True)
@then_collect
def handler(event: Mapping[str, object], _context: LambdaContext) -> dict[str, object]:
    """Prepares the run of an execution, `{pattern, input, executionArn, startDate, redriveCount}`.

    Returns `{run, overrides, plan}`.
    """
    execution = Execution.from_detail({**event, "status": ExecutionStatus.RUNNING})
    pattern = Pattern(str(event["pattern"]))
    try:
        prepared = prepare_run()(event["input"], execution, pattern)
    except InvalidRunRequestError as error:
        logger.warning("input refused", run_id=execution.name, problems=len(error.problems))
        count("RunsRefused")
        raise error.cut() from None
    except SlotTakenError as error:
        logger.info("the run waits for a slot", run_id=execution.name, job=error.job, place=error.place)
        count("RunsQueued")
        raise
    except RunSkippedError as error:
        logger.info("run skipped", run_id=execution.name, blocked_by=error.blocked_by)
        count("RunsSkipped")
        raise
    except FargateRunsError as error:
        logger.error("run not prepared, to be tried again", run_id=execution.name, reason=str(error))
        count("PreparationsFailed", error=type(error).__name__)
        raise
    logger.info("run prepared", run_id=prepared.run_id, pattern=pattern.value)
    if prepared.unreadable_record:
        logger.warning("the run's own record cannot be read: it does not show this", run_id=prepared.run_id)
        count("RecordsUnreadable")
    return prepared.as_json()
