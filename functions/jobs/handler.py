"""The jobs of the REST API: parses a request, calls one use case, shapes the reply. Routes: routes.py."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

from aws_lambda_powertools.utilities.typing import LambdaContext

from fargate_runs.assembly import jobs as assembly
from fargate_runs.errors import InvalidJobError, InvalidParametersError, Problem
from fargate_runs.first_event import then_collect
from fargate_runs.jobs.job import LiveRuns
from fargate_runs.observability import count, logger
from fargate_runs.settings import JobsSettings
from jobs.backfills import BackfillRequest, refused
from jobs.routes import ROUTES
from rest.bodies import caller_of
from rest.routing import Call, Operation, Reply, serving

_DEFINITION: Final = '{"project": "reports", "image": "public.ecr.aws/docker/library/python:3.13-slim"}'
_BACKFILL: Final = '{"from": "2026-11-29T00:00:00Z", "to": "2026-11-30T00:00:00Z"}'


@cache
def use_cases() -> assembly.JobsUseCases:
    """Returns the use cases on AWS, made once for each process."""
    return assembly.jobs(JobsSettings.from_env())


def _name(call: Call) -> str:
    return call.of_path("name")


def _list_jobs(call: Call) -> Reply:
    return use_cases().list_jobs(call.query.get("project")), 200


def _get_job(call: Call) -> Reply:
    return use_cases().show_job(_name(call)), 200


def _apply_job(call: Call) -> Reply:
    is_dry_run = call.query.get("dryRun", False)
    applied = use_cases().apply_job(_name(call), call.body(_DEFINITION, _no_definition), is_dry_run=is_dry_run)
    if not is_dry_run:
        logger.info("job applied", job=_name(call), change=applied["change"], by=caller_of(call.event))
    return applied, 200


def _no_definition(problems: Sequence[str]) -> InvalidJobError:
    return InvalidJobError([Problem((), each) for each in problems])


def _delete_job(call: Call) -> Reply:
    by, runs = caller_of(call.event), call.query.get("runs")
    deleted = use_cases().delete_job(_name(call), runs=LiveRuns(runs) if runs else None, by=by)
    logger.info("job deleted", job=_name(call), by=by)
    return deleted, 200


def _pause_job(call: Call) -> Reply:
    _expect_nothing(call)
    paused = use_cases().pause_job.pause(_name(call))
    logger.info("job paused", job=_name(call), by=caller_of(call.event))
    return paused, 200


def _resume_job(call: Call) -> Reply:
    _expect_nothing(call)
    resumed = use_cases().pause_job.resume(_name(call))
    logger.info("job resumed", job=_name(call), by=caller_of(call.event))
    return resumed, 200


def _expect_nothing(call: Call) -> None:
    """Raise InvalidParametersError for a body that says anything: it would have no effect."""
    body = call.body("{}", refused) if call.event.body else {}
    if body:
        raise InvalidParametersError([f"{key[:40]}: is not known; the body has no keys" for key in body])


def _backfill_job(call: Call) -> Reply:
    asked = BackfillRequest.of_body(call.body(_BACKFILL, refused))
    found = use_cases().backfill_job(_name(call), asked.since, asked.until, is_dry_run=asked.is_dry_run)
    if started := found.started:
        logger.info("runs started for missed slots", job=_name(call), count=len(started), by=caller_of(call.event))
        count("RunsStarted", len(started))
    return found.as_document(), 200


_OPERATIONS: Final[Mapping[str, Operation]] = {
    "listJobs": _list_jobs,
    "getJob": _get_job,
    "applyJob": _apply_job,
    "deleteJob": _delete_job,
    "pauseJob": _pause_job,
    "resumeJob": _resume_job,
    "backfillJob": _backfill_job,
}


app = serving(ROUTES, _OPERATIONS)


@logger.inject_lambda_context(log_event=False, clear_state=True)
@then_collect
def handler(event: dict[str, object], context: LambdaContext) -> Mapping[str, object]:
    """Answers one request of API Gateway."""
    return app.resolve(event, context)
