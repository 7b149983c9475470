"""The REST API: start a run, show a run. Parse, call one use case, shape the reply; errors are in problems.py."""

from collections.abc import Mapping
from functools import cache

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.utilities.typing import LambdaContext

from api.problems import answer_problems, body_of
from fargate_runs import assembly
from fargate_runs.first_event import then_collect
from fargate_runs.observability import count, logger
from fargate_runs.runs.request import RunRequest
from fargate_runs.settings import ApiSettings
from fargate_runs.usecases.show_run import ShowRun
from fargate_runs.usecases.start_run import StartRun

app = APIGatewayRestResolver()
answer_problems(app)


@cache
def settings() -> ApiSettings:
    """Read once for each process."""
    return ApiSettings.from_env()


@cache
def use_cases() -> tuple[StartRun, ShowRun]:
    """The use cases on AWS, made once for each process."""
    return assembly.api(settings())


@app.post("/runs")
def start_run() -> tuple[dict[str, object], int]:
    """202 with the new run's id."""
    start, _ = use_cases()
    body = body_of(app.current_event)
    run = start(RunRequest.from_mapping(body, token_variables=settings().token_variables))
    logger.info("run started", run_id=run.run_id, pattern=run.pattern.value)
    count("RunsStarted")
    return run.as_document(), 202


@app.get("/runs/<run_id>")
def show_run(run_id: str) -> dict[str, object]:
    """200 with the run's document."""
    _, show = use_cases()
    return show(run_id)


@logger.inject_lambda_context(log_event=False, clear_state=True)
@then_collect
def handler(event: dict[str, object], context: LambdaContext) -> Mapping[str, object]:
    """One request of API Gateway."""
    return app.resolve(event, context)
