"""Errors of the domain as HTTP, in one place, and the reading of a body. No answer repeats what was sent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from fargate_runs import errors, ports
from fargate_runs.observability import count, logger


@dataclass(frozen=True, slots=True)
class Problem:
    """How an error is answered."""

    status: int
    name: str
    retry_after_seconds: int | None = None


PROBLEMS: Final[Mapping[type[Exception], Problem]] = {
    errors.InvalidRunRequestError: Problem(400, "Run.InvalidInput"),
    errors.RunNotFoundError: Problem(404, "Run.NotFound"),
    errors.RunAlreadyExistsError: Problem(409, "Run.AlreadyExists"),
    errors.RunThrottledError: Problem(429, "Run.Throttled", retry_after_seconds=5),
    errors.RunNotStartedError: Problem(502, "Run.NotStarted"),
    errors.RunStartUnknownError: Problem(503, "Run.StartUnknown", retry_after_seconds=5),
    ports.UnreadableRecordError: Problem(500, "Run.Unreadable"),
    ports.StoreUnavailableError: Problem(503, "Service.Unavailable", retry_after_seconds=5),
}
_UNEXPECTED: Final = Problem(500, "Service.Failed")
_NO_ROUTE: Final = Problem(404, "Route.NotFound")


def answer_problems(app: APIGatewayRestResolver) -> None:
    """Answer every error that the routes raise."""
    app.exception_handler([*PROBLEMS])(_known)
    app.exception_handler(Exception)(_unexpected)
    app.not_found(_no_route)


def body_of(event: APIGatewayProxyEvent) -> Mapping[str, object]:
    """The body as a JSON object. Raises InvalidRunRequestError."""
    try:
        body = json.loads(event.decoded_body or "")
    except (ValueError, RecursionError):
        raise errors.InvalidRunRequestError(("body: is no JSON; send a JSON object",)) from None
    if not isinstance(body, dict):
        raise errors.InvalidRunRequestError(('body: is no JSON object; send one, such as {"commands": ["true"]}',))
    return body


def _known(error: Exception) -> Response[str]:
    problem = next(PROBLEMS[kind] for kind in type(error).__mro__ if kind in PROBLEMS)
    logger.warning("request not fulfilled", problem=problem.name, status=problem.status)
    count("RequestsNotFulfilled", error=problem.name)
    return _response(problem, str(error), error)


def _unexpected(error: Exception) -> Response[str]:
    # Only the type: the message of an error that nobody foresaw may hold anything.
    logger.error("request failed", error_type=type(error).__name__)
    count("RequestsNotFulfilled", error=_UNEXPECTED.name)
    return _response(_UNEXPECTED, "the request failed; the function's log says more", error)


def _no_route(error: NotFoundError) -> Response[str]:
    return _response(_NO_ROUTE, "there is nothing here; there are POST /runs and GET /runs/{id}", error)


def _response(problem: Problem, message: str, error: Exception) -> Response[str]:
    body: dict[str, object] = {"error": problem.name, "message": message}
    if isinstance(error, errors.InvalidRunRequestError):
        body["problems"] = list(error.problems)
    if isinstance(error, errors.RunStartUnknownError):
        body["runId"] = error.run_id
    headers = {"Retry-After": str(problem.retry_after_seconds)} if problem.retry_after_seconds else {}
    return Response(problem.status, content_type="application/json", body=json.dumps(body), headers=headers)
