"""Keeps a run waiting for a slot of its job: the state machine calls it with a task token, and waits for the answer.

The answer comes when it is the run's turn, from the function that gives the slot away. What this function returns means
nothing to the state machine; an error fails the state, which tries it again.
"""

from collections.abc import Mapping
from functools import cache

from aws_lambda_powertools.utilities.typing import LambdaContext

from fargate_runs.assembly import runs as assembly
from fargate_runs.first_event import then_collect
from fargate_runs.observability import count, logger
from fargate_runs.settings import WaitForSlotSettings
from fargate_runs.usecases.slots.wait_for_slot import WaitForSlot


@cache
def wait_for_slot() -> WaitForSlot:
    """Returns the use case on AWS, made once for each process."""
    return assembly.wait_for_slot(WaitForSlotSettings.from_env())


@logger.inject_lambda_context(log_event=False, clear_state=True)
@then_collect
def handler(event: Mapping[str, object], _context: LambdaContext) -> None:
    """Keeps the token of a run, `{job, runId, token}`. Raises PortError if a later try may succeed."""
    job, run_id = str(event["job"]), str(event["runId"])
    waits = wait_for_slot()(job, run_id, str(event["token"]))
    logger.info(
        "run waits", run_id=run_id, job=job, standing=waits.standing.value, place=waits.place, stopped=waits.stopped
    )
    if waits.stopped:
        count("RunsReplaced", waits.stopped)
