"""Errors as problem details (RFC 9457), in one place. No answer repeats more of a request than a name."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError

from fargate_runs import errors, ports
from fargate_runs.observability import count, logger

CONTENT_TYPE: Final = "application/problem+json"
_MOST_PROBLEMS: Final = 200  # of one answer


@dataclass(frozen=True, slots=True)
class Problem:
    """How an error is answered: its status, its name, and a title that is the same for all of its name."""

    status: int
    name: str
    title: str
    retry_after_seconds: int | None = None

    @property
    def type(self) -> str:
        """The URI that identifies the kind of problem."""
        return f"urn:fargate-runs:{self.name}"


PROBLEMS: Final[Mapping[type[Exception], Problem]] = {
    errors.InvalidParametersError: Problem(400, "Request.Invalid", "The request's parameters are wrong"),
    errors.InvalidRunRequestError: Problem(400, "Run.InvalidInput", "The request for a run is wrong"),
    errors.InvalidJobError: Problem(400, "Job.Invalid", "The definition of the job is wrong"),
    errors.RunNotFoundError: Problem(404, "Run.NotFound", "There is no such run"),
    errors.JobNotFoundError: Problem(404, "Job.NotFound", "There is no such job"),
    errors.AttemptNotFoundError: Problem(404, "Attempt.NotFound", "The run has no such attempt"),
    errors.ContainerNotFoundError: Problem(404, "Container.NotFound", "The task has no such container"),
    errors.LogNotYetError: Problem(404, "Log.NotYet", "There is no log yet", 2),
    errors.LogGoneError: Problem(404, "Log.Gone", "There is no log, and there will be none"),
    errors.LogElsewhereError: Problem(404, "Log.Elsewhere", "The log is where this stack does not read"),
    errors.RunAlreadyExistsError: Problem(409, "Run.AlreadyExists", "Another run has this id"),
    errors.RunHasEndedError: Problem(409, "Run.Ended", "The run has ended"),
    errors.RunNotRunningError: Problem(409, "Run.NotRunning", "Nothing of the run is running"),
    errors.RunNotRepeatableError: Problem(409, "Run.NotRepeatable", "The run cannot be run again"),
    errors.RunInputForgottenError: Problem(409, "Run.InputForgotten", "Step Functions has forgotten the run's input"),
    errors.IdempotencyKeyReusedError: Problem(
        409, "Run.IdempotencyKeyReused", "The Idempotency-Key was used for another request"
    ),
    errors.JobOwnedByAnotherError: Problem(409, "Job.OwnedByAnother", "The job belongs to another project"),
    errors.JobHasLiveRunsError: Problem(409, "Job.HasLiveRuns", "Runs of the job have not ended"),
    errors.JobChangedError: Problem(409, "Job.Changed", "Somebody else changed the job at the same time"),
    errors.JobNotAppliedError: Problem(502, "Job.NotApplied", "AWS refused a part of the job"),
    errors.RunThrottledError: Problem(429, "Run.Throttled", "Step Functions throttled the start", 5),
    errors.RunNotStartedError: Problem(502, "Run.NotStarted", "Step Functions refused the start"),
    errors.RunStartUnknownError: Problem(503, "Run.StartUnknown", "It is not known whether the run was started", 5),
    errors.LogNotAllowedError: Problem(502, "Log.NotAllowed", "The API may not read the log"),
    ports.LogThrottledError: Problem(429, "Log.Throttled", "CloudWatch Logs has too many reads at once", 2),
    ports.LogUnavailableError: Problem(503, "Log.Unavailable", "The log could not be read", 5),
    ports.UnreadableRecordError: Problem(500, "Run.Unreadable", "A record cannot be read"),
    ports.UnreadableJobError: Problem(500, "Job.Unreadable", "The record of the job cannot be read"),
    ports.StoreUnavailableError: Problem(503, "Service.Unavailable", "A table did not answer", 5),
    ports.TaskDefinitionUnavailableError: Problem(
        503, "TaskDefinition.Unavailable", "ECS did not change the task definition", 5
    ),
    ports.TimersUnavailableError: Problem(503, "Scheduler.Unavailable", "EventBridge Scheduler did not answer", 5),
    ports.ExecutionsUnavailableError: Problem(503, "StepFunctions.Unavailable", "Step Functions did not answer", 5),
    ports.ClusterUnavailableError: Problem(503, "Ecs.Unavailable", "ECS did not answer", 5),
}
UNEXPECTED: Final = Problem(500, "Service.Failed", "The request failed")
NO_ROUTE: Final = Problem(404, "Route.NotFound", "There is nothing here")


def answer_problems(app: APIGatewayRestResolver) -> None:
    """Answer every error that the routes raise."""
    app.exception_handler([*PROBLEMS])(_known)
    app.exception_handler(Exception)(_unexpected)
    app.not_found(_no_route)


def problem_of(kind: type[Exception]) -> Problem:
    """How an error of this type is answered. Raises StopIteration for a type that is not in the table."""
    return next(PROBLEMS[each] for each in kind.__mro__ if each in PROBLEMS)


def _known(error: Exception) -> Response[str]:
    problem = problem_of(type(error))
    logger.warning("request not fulfilled", problem=problem.name, status=problem.status)
    count("RequestsNotFulfilled", error=problem.name)
    return _response(problem, str(error), error)


def _unexpected(error: Exception) -> Response[str]:
    # Only the type: the message of an error that nobody foresaw may hold anything.
    logger.error("request failed", error_type=type(error).__name__)
    count("RequestsNotFulfilled", error=UNEXPECTED.name)
    return _response(UNEXPECTED, "the request failed; the function's log says more", error)


def _no_route(error: NotFoundError) -> Response[str]:
    return _response(NO_ROUTE, "there is no such path or method; docs/api.md and docs/openapi.json list all", error)


def _response(problem: Problem, detail: str, error: Exception) -> Response[str]:
    body: dict[str, object] = {
        "type": problem.type,
        "title": problem.title,
        "status": problem.status,
        "detail": detail,
        "error": problem.name,
    }
    if isinstance(error, errors.InvalidRunRequestError | errors.InvalidParametersError):
        body["problems"] = details_of(error.problems)
    if isinstance(error, errors.InvalidJobError):
        body["problems"] = _details_of_job(error)
    if isinstance(error, errors.RunStartUnknownError | errors.IdempotencyKeyReusedError):
        body["runId"] = error.run_id
    headers = {"Retry-After": str(problem.retry_after_seconds)} if problem.retry_after_seconds else {}
    return Response(problem.status, content_type=CONTENT_TYPE, body=json.dumps(body), headers=headers)


def _details_of_job(error: errors.InvalidJobError) -> list[dict[str, str]]:
    problems = error.problems[:_MOST_PROBLEMS]
    return [{"field": each.place, "detail": each.detail} if each.path else {"detail": each.detail} for each in problems]


def details_of(problems: Sequence[str]) -> list[dict[str, str]]:
    """Each of `field: sentence`, in two; a problem of the request as a whole has no field."""
    found = []
    for each in problems:
        name, colon, detail = each.partition(": ")
        has_field = colon and " " not in name.replace(", ", "")
        found.append({"field": name, "detail": detail} if has_field else {"detail": each})
    return found
