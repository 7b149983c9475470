"""The documents of the routes of jobs. What a definition may say comes from the tables that read it."""

from collections.abc import Mapping
from typing import Any, Final

from fargate_runs.jobs.job import Policy
from fargate_runs.jobs.keys import BODY, JOB, LARGEST_LIMIT, OVERRIDES, SCHEDULE
from fargate_runs.jobs.values import Keys, of_keys
from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.run_status import RunStatus
from fargate_runs.usecases.jobs.apply import Change
from tools.openapi.describing import LINES, TEXT, TIME, YES_OR_NO, Schema, document, maybe, of, one_of, whole

_ENVIRONMENT: Final = "environment"
_NAMES: Final[Schema] = {
    **LINES,
    "description": "The names of the environment variables. Their values are never shown.",
}


def _shown(keys: Keys, **instead: Schema) -> dict[str, object]:
    """The schema of an object as it is shown: with names of variables instead of their values."""
    properties: dict[str, Any] = dict(_of(keys)["properties"])
    properties.pop(_ENVIRONMENT, None)
    return {
        "type": "object",
        "properties": {**properties, **instead},
    }


def _of(keys: Keys) -> Mapping[str, Any]:
    return of_keys(keys).schema


def _list_of(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


_DEFINITION: Final[Schema] = {
    **_shown(
        JOB,
        environmentNames=_NAMES,
        schedules=_list_of(_shown(SCHEDULE, overrides=_shown(OVERRIDES, environmentNames=_NAMES))),
    ),
    "description": "The definition, in the words of the file.",
}
_SCHEDULE: Final = {
    "name": TEXT,
    "expression": TEXT,
    "timeZone": TEXT,
    "enabled": YES_OR_NO,
    "nextFires": _list_of(TIME),
}
_STATE: Final = {
    "createdAt": TIME,
    "updatedAt": TIME,
    "pausedAt": maybe(TIME),
    "lateSince": maybe(TIME),
    "schedulesPending": YES_OR_NO,
}

JOB_SCHEMAS: Final[Mapping[str, Schema]] = {
    "JobDefinition": {
        **_of(BODY),
        "description": "A job as it shall be, as in the file (docs/jobs.md), and its project.",
    },
    "Job": document(
        {
            "name": TEXT,
            "project": TEXT,
            "definition": _DEFINITION,
            **_STATE,
            "taskDefinitionArn": maybe(TEXT),
            "schedules": _list_of(of("JobSchedule")),
        },
        description="A job.",
    ),
    "JobSchedule": document(_SCHEDULE, description="A schedule of a job, and when it fires next."),
    "JobRow": document(
        {
            "name": TEXT,
            "project": TEXT,
            "image": maybe(TEXT),
            "taskDefinition": maybe(TEXT),
            "pattern": one_of(Pattern),
            "limit": maybe(whole(1, LARGEST_LIMIT)),
            "policy": maybe(one_of(Policy)),
            **_STATE,
            "schedules": _list_of(of("JobSchedule")),
        },
        description="A job in a list.",
    ),
    "JobList": document({"jobs": _list_of(of("JobRow"))}, description="The jobs, by name."),
    "AppliedJob": document(
        {
            "job": of("Job"),
            "change": one_of(each for each in Change if each is not Change.REMOVE),
            "changes": _list_of(of("JobChange")),
            "schedules": _list_of(
                document(
                    {"name": TEXT, "change": one_of(Change), "nextFires": _list_of(TIME)},
                    description="What becomes of a schedule.",
                )
            ),
        },
        description="What has changed, or would change with `dryRun`.",
    ),
    "JobChange": document(
        {"field": TEXT, "from": {}, "to": {}},
        description="A field of the definition, before and after. Variables are `(set)` or `(changed)`.",
    ),
    "DeletedJob": document(
        {
            "name": TEXT,
            "deletedAt": TIME,
            "stoppedRuns": LINES,
            "liveRuns": LINES,
            "isComplete": YES_OR_NO,
        },
        description="The job is deleted. If more runs have to be stopped than one call can stop, send it again.",
    ),
    "BackfillRequest": {
        "type": "object",
        "description": "The time whose slots are to be started.",
        "properties": {
            "from": {**TIME, "description": "The first slot is at this time or later."},
            "to": {**TIME, "description": "The last slot is before this time."},
            "dryRun": {**YES_OR_NO, "default": False, "description": "Whether only to list them."},
        },
        "required": ["from", "to"],
        "additionalProperties": False,
    },
    "Backfill": document(
        {
            "job": TEXT,
            "slots": _list_of(
                document(
                    {"schedule": TEXT, "scheduledTime": TIME, "runId": TEXT, "after": maybe(one_of(RunStatus))},
                    description="A slot whose run was absent, missed or failed, and the run that is started for it.",
                )
            ),
            "started": LINES,
            "unknown": {**LINES, "description": "Schedules at a rate: nobody knows their slots."},
        },
        description="The slots that were to start, and the runs that this call has started.",
    ),
}
