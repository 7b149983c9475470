"""Tells a state machine why a state that runs a task failed, and whether to try again.

The state machine ends with the error and the cause of whatever is raised here, unchanged.
"""

from collections.abc import Mapping
from functools import cache

from aws_lambda_powertools.utilities.typing import LambdaContext

from fargate_runs.assembly import runs as assembly
from fargate_runs.first_event import then_collect
from fargate_runs.observability import count, logger
from fargate_runs.reading import lenient
from fargate_runs.runs.attempts import Plan
from fargate_runs.settings import JudgeTaskSettings
from fargate_runs.usecases.judge_task import JudgeTask


@cache
def judge_task() -> JudgeTask:
    """Returns the use case on AWS, made once for each process."""
    return assembly.judge_task(JudgeTaskSettings.from_env())


@logger.inject_lambda_context(log_event=False, clear_state=True)
@then_collect
def handler(event: Mapping[str, object], _context: LambdaContext) -> dict[str, object]:
    """Judges the failed state of `{error, cause, runId, plan}`. Returns the error's name, the cause and the next step.

    An execution that began before there were plans sends none, and decides by itself.
    """
    error, cause = str(event["error"]), str(event["cause"] or "")
    run_id = lenient.text(event.get("runId"), 256)
    plan = Plan.from_json(lenient.mapping(event["plan"])) if "plan" in event else None
    judged = judge_task()(error, cause, run_id, plan)
    logger.info(
        "failure judged",
        run_id=run_id,
        error=judged.error,
        transient=judged.transient,
        throttled=judged.throttled,
        exit_code=judged.exit_code,
        log_problem=judged.log_problem,
        again=judged.next is not None,
    )
    count("FailuresJudged", error=judged.error)
    return judged.as_json()
