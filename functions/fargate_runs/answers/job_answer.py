"""Jobs as the API shows them. No answer has the value of a variable. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from fargate_runs.jobs.document import shown_document
from fargate_runs.jobs.expressions import next_fires
from fargate_runs.jobs.job import Job, JobSchedule, StoredJob
from fargate_runs.reading import lenient

FIRES_SHOWN: Final = 5


def job_answer(stored: StoredJob, now: datetime) -> dict[str, object]:
    """Returns the document of a job."""
    definition = shown_document(stored.job)
    return {
        "name": stored.job.name,
        "project": definition.pop("project"),
        "definition": definition,
        **_state(stored),
        "taskDefinitionArn": stored.task_definition_arn,
        "schedules": [schedule_answer(each, now) for each in stored.job.schedules],
    }


def job_row(stored: StoredJob, now: datetime) -> dict[str, object]:
    """Returns the row of a job in a list."""
    job = stored.job
    return {
        "name": job.name,
        "project": job.project,
        "image": job.image,
        "taskDefinition": job.task_definition,
        "pattern": job.pattern.value,
        "limit": job.concurrency.limit if job.concurrency else None,
        "policy": job.concurrency.policy.value if job.concurrency else None,
        **_state(stored),
        "schedules": [schedule_answer(each, now, count=1) for each in job.schedules],
    }


def _state(stored: StoredJob) -> dict[str, object]:
    return {
        "createdAt": lenient.iso(stored.created_at),
        "updatedAt": lenient.iso(stored.updated_at),
        "pausedAt": lenient.iso(stored.paused_at),
        "lateSince": lenient.iso(stored.late_since),
        "schedulesPending": stored.are_schedules_pending,
    }


def schedule_answer(schedule: JobSchedule, now: datetime, count: int = FIRES_SHOWN) -> dict[str, object]:
    """Returns a schedule with its next fires. One that is not enabled has none."""
    return {
        "name": schedule.name,
        "expression": schedule.expression,
        "timeZone": schedule.time_zone,
        "enabled": schedule.is_enabled,
        "nextFires": fires_of(schedule, now, count),
    }


def fires_of(schedule: JobSchedule, now: datetime, count: int = FIRES_SHOWN) -> list[str | None]:
    """Returns the next fires as texts."""
    if not schedule.is_enabled:
        return []
    return [lenient.iso(each) for each in next_fires(schedule.expression, schedule.time_zone, now, count)]


SET: Final = "(set)"
CHANGED: Final = "(changed)"


def changes_of(old: Job | None, new: Job) -> list[dict[str, object]]:
    """Returns what is different between two definitions: the field, and its value in each. Values of variables are
    shown as `(set)` and `(changed)`."""
    before, after = _fields(old) if old else {}, _fields(new)
    hidden = _variables(old) if old else {}, _variables(new)
    changes = [
        {"field": field, "from": before.get(field), "to": after.get(field)}
        for field in dict.fromkeys((*after, *before))
        if before.get(field) != after.get(field)
    ]
    for field in dict.fromkeys((*hidden[1], *hidden[0])):
        was, now = hidden[0].get(field), hidden[1].get(field)
        if was != now:
            shown = CHANGED if was is not None else SET
            changes.append(
                {
                    "field": field,
                    "from": None if was is None else SET,
                    "to": None if now is None else shown,
                }
            )
    return changes


def _fields(job: Job) -> dict[str, object]:
    """Returns the fields of a definition as one flat map, such as `schedules.daily.cron`; no variable is among them."""
    document = shown_document(job)
    schedules = document.pop("schedules", [])
    flat = dict(_flat("", document))
    for each in schedules if isinstance(schedules, list) else []:
        name = each["name"]
        flat.update(_flat(f"schedules.{name}.", {key: value for key, value in each.items() if key != "name"}))
    return flat


def _flat(before: str, document: Mapping[str, object]) -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for key, value in document.items():
        if isinstance(value, Mapping):
            found.extend(_flat(f"{before}{key}.", value))
        elif key != "environmentNames":
            found.append((f"{before}{key}", value))
    return found


def _variables(job: Job) -> dict[str, str]:
    """Returns the values of all variables by field. They are compared, and never shown."""
    found = {f"environment.{name}": value for name, value in job.environment.items()}
    for schedule in job.schedules:
        environment = lenient.mapping(schedule.overrides.get("environment"))
        found.update(
            {f"schedules.{schedule.name}.overrides.environment.{name}": str(each) for name, each in environment.items()}
        )
    return found
