"""A run of a job: the job's settings are the defaults, and what the run asks for wins. Pure.

A job with an image has a task definition of its own, which holds its command, environment, secrets and size. What the
run asks for goes on top of it. A job with a task definition of somebody else's brings them as overrides.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from fargate_runs.errors import InvalidRunRequestError
from fargate_runs.jobs.job import Concurrency, Job, StoredJob
from fargate_runs.runs.overrides_length import too_long
from fargate_runs.runs.request import RunRequest, size_for_fargate


@dataclass(frozen=True, slots=True)
class Resolved:
    """A run's request with the settings of its job.

    `task_definition` is the job's own one, and `size` its CPU units and MiB, if they are known. It is None if the
    request names one, which the stack must allow. `concurrency` is the job's.
    """

    request: RunRequest
    task_definition: str | None = None
    size: tuple[str, str] | None = None
    concurrency: Concurrency | None = None


def with_job(request: RunRequest, stored: StoredJob) -> Resolved:
    """Returns the request that a run of the job really makes. Raises InvalidRunRequestError.

    That is: if the job has no task definition yet, or if both together break the rules of a request.
    """
    job = stored.job
    resolved = _with_settings(request, job)
    if job.image is None:
        return Resolved(_checked(_with_overrides(resolved, job)), concurrency=job.concurrency)
    if stored.task_definition_arn is None:
        raise InvalidRunRequestError((f"job: {job.name} has no task definition yet; apply the job again",))
    size = None if job.cpu is None or job.memory is None else (str(job.cpu), str(job.memory))
    return Resolved(resolved, stored.task_definition_arn, size, job.concurrency)


def expect_job(name: str, stored: StoredJob | None, at: datetime | None) -> StoredJob:
    """Returns the job for a run that began at this time. Raises InvalidRunRequestError if there was none then.

    A job that was deleted after the run had begun is still there for it.
    """
    if stored is None:
        raise InvalidRunRequestError((f"job: there is no job {name}; apply it first",))
    if stored.deleted_at is not None and (at is None or stored.deleted_at <= at):
        raise InvalidRunRequestError((f"job: {name} was deleted before the run began; apply it again",))
    return stored


def _with_settings(request: RunRequest, job: Job) -> RunRequest:
    names_codes = request.retry_on_any or request.retry_on_exit_codes is not None
    return replace(
        request,
        capacity=request.capacity or job.capacity,
        timeout_seconds=_or(request.timeout_seconds, job.timeout_seconds),
        total_timeout_seconds=_or(request.total_timeout_seconds, job.total_timeout_seconds),
        retries=_or(request.retries, job.retries),
        retry_on_exit_codes=request.retry_on_exit_codes if names_codes else job.retry_on_exit_codes,
        retry_on_any=request.retry_on_any if names_codes else job.retry_on_any,
    )


def _with_overrides(request: RunRequest, job: Job) -> RunRequest:
    return replace(
        request,
        task_definition=job.task_definition,
        commands=job.command if request.commands is None else request.commands,
        environment={**job.environment, **request.environment},
        cpu=request.cpu or _text(job.cpu),
        memory=request.memory or _text(job.memory),
    )


def _checked(request: RunRequest) -> RunRequest:
    """Returns the request. The job and the run may each be right, and too long or of no size of Fargate's together."""
    body = request.execution_input()
    problems = (*size_for_fargate(body), *too_long(body, request.pattern))
    if problems:
        raise InvalidRunRequestError(problems)
    return request


def _or(asked: int | None, default: int | None) -> int | None:
    return default if asked is None else asked


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
