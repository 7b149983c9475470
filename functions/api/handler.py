"""The REST API: parses a request, calls one use case, shapes the reply. Routes: routes.py; errors: problems.py."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final
from urllib.parse import unquote

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent
from aws_lambda_powertools.utilities.typing import LambdaContext

from api.bodies import caller_of, each_key_once, expect_nothing, reason_of
from api.parameters import key_of, values_of
from api.problems import answer_problems
from api.routes import ROUTES, Route
from fargate_runs import assembly
from fargate_runs.errors import InvalidRunRequestError
from fargate_runs.first_event import then_collect
from fargate_runs.observability import count, logger
from fargate_runs.runs.log_request import LogRequest
from fargate_runs.runs.request import RunRequest
from fargate_runs.settings import ApiSettings

Reply = tuple[dict[str, object], int]

app = APIGatewayRestResolver()
answer_problems(app)


@cache
def settings() -> ApiSettings:
    """Returns the settings, read once for each process."""
    return ApiSettings.from_env()


@cache
def use_cases() -> assembly.ApiUseCases:
    """Returns the use cases on AWS, made once for each process."""
    return assembly.api(settings())


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a route: the values of its path and of its query, and its body if the route has one."""

    event: APIGatewayProxyEvent = field(repr=False)
    path: Mapping[str, str]
    query: Mapping[str, Any]  # as the readers of its parameters make it

    @property
    def run_id(self) -> str:
        """Returns the `{runId}` of the path, decoded: API Gateway and Powertools leave it percent-encoded."""
        return unquote(self.path["runId"])

    def body(self, example: str) -> Mapping[str, object]:
        """Returns the body, a JSON object. Raises InvalidRunRequestError for any other body, with what would be one."""
        try:
            body = json.loads(self.event.decoded_body or "", object_pairs_hook=each_key_once)
        except (ValueError, RecursionError):
            raise InvalidRunRequestError(("body: is no JSON; send a JSON object",)) from None
        if not isinstance(body, dict):
            raise InvalidRunRequestError((f"body: is no JSON object; send one, such as {example}",))
        return body


def _start_run(call: Call) -> Reply:
    request = RunRequest.from_mapping(
        call.body('{"commands": ["true"]}'), token_variables=settings().request.token_variables
    )
    run = use_cases().start_run(request, key=key_of(call.event.headers))
    logger.info("run started", run_id=run.run_id, pattern=run.pattern.value)
    count("RunsStarted")
    return run.as_document(), 202 if run.is_new else 200


def _get_run(call: Call) -> Reply:
    return use_cases().show_run(call.run_id), 200


def _list_runs(call: Call) -> Reply:
    return use_cases().list_runs(call.query), 200


def _read_logs(call: Call) -> Reply:
    return use_cases().read_logs(LogRequest(call.run_id, **call.query)), 200


def _stop_run(call: Call) -> Reply:
    reason = reason_of(call.body('{"reason": "wrong input"}') if call.event.body else {})
    stopping = use_cases().stop_run(call.run_id, reason=reason, by=caller_of(call.event))
    logger.info("run to be stopped", run_id=call.run_id)
    count("RunsStopped")
    return stopping.as_document(), 202


def _rerun_run(call: Call) -> Reply:
    expect_nothing(call.body("{}") if call.event.body else {})
    run = use_cases().rerun_run(call.run_id, key=key_of(call.event.headers))
    logger.info("run started again", run_id=run.run_id, rerun_of=call.run_id)
    count("RunsStarted")
    return run.as_document(), 202 if run.is_new else 200


_OPERATIONS: Final[Mapping[str, Callable[[Call], Reply]]] = {
    "startRun": _start_run,
    "listRuns": _list_runs,
    "getRun": _get_run,
    "readLogs": _read_logs,
    "stopRun": _stop_run,
    "rerunRun": _rerun_run,
}


def _answering(route: Route) -> Callable[..., Reply]:
    operation = _OPERATIONS[route.operation]

    def answer(**path: str) -> Reply:
        event = app.current_event
        query = values_of(route.parameters, event.resolved_query_string_parameters)
        return operation(Call(event, path, query))

    return answer


for each in ROUTES:
    app.route(each.rule, method=each.method)(_answering(each))


@logger.inject_lambda_context(log_event=False, clear_state=True)
@then_collect
def handler(event: dict[str, object], context: LambdaContext) -> Mapping[str, object]:
    """Answers one request of API Gateway."""
    return app.resolve(event, context)
