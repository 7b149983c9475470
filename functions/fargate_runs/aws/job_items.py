"""Jobs as items of the jobs table and back.

    job   pk=JOBS  sk=<name>   the definition, what stands of it in ECS and EventBridge Scheduler, revision
                               deletedAt, expiresAt (only of a deleted job)

Numbers come back as Decimal. A stored definition is not checked again: what was right when it was written stays.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from fargate_runs.aws.rows import Item, Row, found, lines, needed, present, text, whole, written
from fargate_runs.jobs.job import Concurrency, Job, JobSchedule, Policy, StoredJob
from fargate_runs.ports import UnreadableJobError
from fargate_runs.reading import lenient
from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.request import Capacity

JOBS_KEY: Final = "JOBS"
_LONGEST_PROBLEM: Final = 200


def _texts(value: object) -> dict[str, str]:
    return {name: str(each) for name, each in lenient.mapping(value).items()}


def _listed(values: tuple[object, ...]) -> list[object] | None:
    return list(values) or None


def _plain(value: object) -> object:
    """Returns a value as JSON has it: whole numbers as int, at any depth."""
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return int(value) if isinstance(value, Decimal) else value


SCHEDULE: Final = (
    needed("name", "name"),
    needed("expression", "expression"),
    Row("timeZone", "time_zone"),
    Row("enabled", "is_enabled", bool),
    Row("startingDeadlineSeconds", "starting_deadline_seconds", whole),
    Row("overrides", "overrides", lambda value: lenient.mapping(_plain(value)), lambda given: dict(given) or None),
)
CONCURRENCY: Final = (needed("limit", "limit", whole), Row("policy", "policy", Policy))
JOB: Final = (
    needed("project", "project"),
    Row("image", "image"),
    Row("taskDefinition", "task_definition"),
    Row("entrypoint", "entrypoint", lines, _listed),
    Row("command", "command", lines, _listed),
    Row("environment", "environment", _texts, lambda given: dict(given) or None),
    Row("secrets", "secrets", _texts, lambda given: dict(given) or None),
    Row("cpu", "cpu", whole),
    Row("memory", "memory", whole),
    Row("platform", "platform"),
    Row("taskRole", "task_role"),
    Row("capacity", "capacity", Capacity),
    Row("timeoutSeconds", "timeout_seconds", whole),
    Row("totalTimeoutSeconds", "total_timeout_seconds", whole),
    Row("retries", "retries", whole),
    Row("retryOnExitCodes", "retry_on_exit_codes", lambda codes: tuple(map(whole, codes)), _listed),
    Row("retryOnAny", "retry_on_any", bool, lambda is_any: is_any or None),
    Row("pattern", "pattern", Pattern),
    Row(
        "schedules",
        "schedules",
        lambda items: tuple(JobSchedule(**found(SCHEDULE, lenient.mapping(each))) for each in items),
        lambda schedules: [written(SCHEDULE, each) for each in schedules] or None,
    ),
    Row(
        "concurrency",
        "concurrency",
        lambda item: Concurrency(**found(CONCURRENCY, lenient.mapping(item))),
        lambda concurrency: written(CONCURRENCY, concurrency),
    ),
    Row("noSuccessForSeconds", "no_success_for_seconds", whole),
)
STORED: Final = (
    Row("createdAt", "created_at", lenient.time, lenient.iso, is_needed=True),
    Row("updatedAt", "updated_at", lenient.time, lenient.iso, is_needed=True),
    Row("taskDefinitionArn", "task_definition_arn"),
    Row("definitionDigest", "definition_digest"),
    Row("pausedAt", "paused_at", lenient.time, lenient.iso),
    Row("resumedAt", "resumed_at", lenient.time, lenient.iso),
    Row("deletedAt", "deleted_at", lenient.time, lenient.iso),
    Row("schedulesPending", "are_schedules_pending", bool, lambda pending: pending or None),
    Row("timers", "timers", lines, _listed),
    Row("lateSince", "late_since", lenient.time, lenient.iso),
    Row("revision", "revision", whole, lambda revision: revision + 1, is_needed=True),
)


def job_key(name: str) -> dict[str, str]:
    """Returns the key of a job."""
    return {"pk": JOBS_KEY, "sk": name}


def job_item(stored: StoredJob, *, expires_at: int) -> Item:
    """Returns the item of a job, to replace `stored.revision`."""
    return present(
        {
            **job_key(stored.job.name),
            **written(JOB, stored.job),
            **written(STORED, stored),
            "expiresAt": expires_at if stored.is_deleted else None,
        }
    )


def job_of(item: Mapping[str, object]) -> StoredJob:
    """Returns a stored job. Raises UnreadableJobError."""
    name = text(item.get("sk")) or ""
    try:
        return StoredJob(Job(name=name, **found(JOB, item)), **found(STORED, item))
    except (LookupError, ValueError, TypeError, ArithmeticError) as error:
        problem = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise UnreadableJobError(name, problem[:_LONGEST_PROBLEM]) from None
