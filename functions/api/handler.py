"""The REST API: parses a request, calls one use case, shapes the reply. Routes: routes.py; errors: rest/problems.py."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Final

from aws_lambda_powertools.utilities.typing import LambdaContext

from api.bodies import expect_no_job, expect_nothing, is_of_a_job, reason_of, refused
from api.routes import ROUTES
from fargate_runs.assembly import api as assembly
from fargate_runs.first_event import then_collect
from fargate_runs.observability import count, logger
from fargate_runs.runs.log_request import LogRequest
from fargate_runs.runs.request import RunRequest
from fargate_runs.settings import ApiSettings
from rest.bodies import caller_of
from rest.parameters import key_of
from rest.routing import Call, Operation, Reply, serving

if TYPE_CHECKING:
    from fargate_runs.usecases.start_run import StartedRun


@cache
def settings() -> ApiSettings:
    """Returns the settings, read once for each process."""
    return ApiSettings.from_env()


@cache
def use_cases() -> assembly.ApiUseCases:
    """Returns the use cases on AWS, made once for each process."""
    return assembly.api(settings())


def _run_id(call: Call) -> str:
    return call.of_path("runId")


def _body(call: Call, example: str) -> Mapping[str, object]:
    return call.body(example, refused)


def _start_run(call: Call) -> Reply:
    body, key = _body(call, '{"commands": ["true"]}'), key_of(call.event.headers)
    if is_of_a_job(body):
        return _started(use_cases().start_job_run(str(body["job"]), body, key=key))
    request = RunRequest.from_mapping(body, token_variables=settings().request.token_variables)
    return _started(use_cases().start_run(request, key=key))


def _start_job_run(call: Call) -> Reply:
    body = expect_no_job(_body(call, '{"retries": 0}') if call.event.body else {})
    return _started(use_cases().start_job_run(call.of_path("name"), body, key=key_of(call.event.headers)))


def _started(run: "StartedRun") -> Reply:
    logger.info("run started", run_id=run.run_id, pattern=run.pattern.value)
    count("RunsStarted")
    return run.as_document(), 202 if run.is_new else 200


def _get_run(call: Call) -> Reply:
    return use_cases().show_run(_run_id(call)), 200


def _list_runs(call: Call) -> Reply:
    return use_cases().list_runs(call.query), 200


def _read_logs(call: Call) -> Reply:
    return use_cases().read_logs(LogRequest(_run_id(call), **call.query)), 200


def _stop_run(call: Call) -> Reply:
    reason = reason_of(_body(call, '{"reason": "wrong input"}') if call.event.body else {})
    stopping = use_cases().stop_run(_run_id(call), reason=reason, by=caller_of(call.event))
    logger.info("run to be stopped", run_id=_run_id(call))
    count("RunsStopped")
    return stopping.as_document(), 202


def _rerun_run(call: Call) -> Reply:
    expect_nothing(_body(call, "{}") if call.event.body else {})
    run = use_cases().rerun_run(_run_id(call), key=key_of(call.event.headers))
    logger.info("run started again", run_id=run.run_id, rerun_of=_run_id(call))
    count("RunsStarted")
    return run.as_document(), 202 if run.is_new else 200


_OPERATIONS: Final[Mapping[str, Operation]] = {
    "startRun": _start_run,
    "startJobRun": _start_job_run,
    "listRuns": _list_runs,
    "getRun": _get_run,
    "readLogs": _read_logs,
    "stopRun": _stop_run,
    "rerunRun": _rerun_run,
}


app = serving(ROUTES, _OPERATIONS)


@logger.inject_lambda_context(log_event=False, clear_state=True)
@then_collect
def handler(event: dict[str, object], context: LambdaContext) -> Mapping[str, object]:
    """Answers one request of API Gateway."""
    return app.resolve(event, context)
