"""A job as a document, in the words of the file. Pure."""

from collections.abc import Mapping

from fargate_runs.jobs.job import Job, JobSchedule, Policy
from fargate_runs.jobs.values import duration_words
from fargate_runs.reading.patterns import Pattern

EXPRESSION_KINDS = ("cron", "rate", "at")


def job_document(job: Job) -> dict[str, object]:
    """Returns the definition, normalised: read_job reads the same job from it. It has the values of the environment."""
    document: dict[str, object] = {
        "project": job.project,
        "image": job.image,
        "taskDefinition": job.task_definition,
        "entrypoint": _list(job.entrypoint),
        "command": _list(job.command),
        "environment": dict(sorted(job.environment.items())),
        "secrets": dict(sorted(job.secrets.items())),
        "cpu": job.cpu,
        "memory": job.memory,
        "platform": job.platform,
        "taskRole": job.task_role,
        "capacity": job.capacity.value if job.capacity else None,
        "timeout": _duration(job.timeout_seconds),
        "totalTimeout": _duration(job.total_timeout_seconds),
        "retries": job.retries,
        "retryOn": _retry_on(list(job.retry_on_exit_codes), is_any=job.retry_on_any),
        "pattern": job.pattern.value if job.pattern is not Pattern.CALLBACK else None,
        "schedules": [_schedule(each) for each in job.schedules],
        "concurrency": _concurrency(job),
        "alarm": {"noSuccessFor": _duration(job.no_success_for_seconds)} if job.no_success_for_seconds else None,
    }
    return _without_nothing(document)


def shown_document(job: Job) -> dict[str, object]:
    """Returns the definition as others may see it: `environmentNames` instead of `environment`, in overrides too."""
    return _named(
        {
            key: [_shown_schedule(each) for each in value] if key == "schedules" and isinstance(value, list) else value
            for key, value in job_document(job).items()
        }
    )


def _shown_schedule(document: Mapping[str, object]) -> dict[str, object]:
    overrides = document.get("overrides")
    return {**document, **({"overrides": _named(overrides)} if isinstance(overrides, Mapping) else {})}


def _named(document: Mapping[str, object]) -> dict[str, object]:
    """Returns the same with the names of the environment, in its place."""
    found: dict[str, object] = {}
    for key, value in document.items():
        if key == "environment" and isinstance(value, Mapping):
            found["environmentNames"] = sorted(value)
        else:
            found[key] = value
    return found


def _schedule(schedule: JobSchedule) -> dict[str, object]:
    kind, _, inside = schedule.expression.partition("(")
    return _without_nothing(
        {
            "name": schedule.name,
            kind: inside.removesuffix(")"),
            "timeZone": schedule.time_zone,
            "enabled": None if schedule.is_enabled else False,
            "startingDeadline": _duration(schedule.starting_deadline_seconds),
            "overrides": overrides_document(schedule.overrides),
        }
    )


def overrides_document(given: Mapping[str, object]) -> dict[str, object]:
    """Returns the keys of a run's input in the words of a file."""
    codes, environment, commands = given.get("retryOnExitCodes"), given.get("environment"), given.get("commands")
    return _without_nothing(
        {
            "command": commands,
            "environment": dict(sorted(environment.items())) if isinstance(environment, Mapping) else None,
            "cpu": _number(given.get("cpu")),
            "memory": _number(given.get("memory")),
            "capacity": given.get("capacity"),
            "timeout": _duration(given.get("timeoutSeconds")),
            "totalTimeout": _duration(given.get("totalTimeoutSeconds")),
            "retries": given.get("retries"),
            "retryOn": _retry_on(codes if isinstance(codes, list) else [], is_any=codes == "any"),
        }
    )


def _concurrency(job: Job) -> dict[str, object] | None:
    if job.concurrency is None:
        return None
    policy = job.concurrency.policy
    return {"limit": job.concurrency.limit, **({"policy": policy.value} if policy is not Policy.QUEUE else {})}


def _retry_on(codes: list[object] | list[int], *, is_any: bool) -> dict[str, object] | None:
    if is_any:
        return {"any": True}
    return {"exitCodes": list(codes)} if codes else None


def _list(values: tuple[str, ...] | None) -> list[str]:
    return list(values or ())


def _duration(seconds: object) -> str | None:
    return duration_words(seconds) if isinstance(seconds, int) else None


def _number(text: object) -> int | None:
    return int(text) if isinstance(text, str) else None


def _without_nothing(document: Mapping[str, object]) -> dict[str, object]:
    """Returns the same without what says nothing: no value, an empty list, an empty object."""
    return {key: value for key, value in document.items() if value is not None and value not in ([], {})}
