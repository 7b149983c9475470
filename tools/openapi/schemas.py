"""The documents that the API takes and returns, as JSON Schemas. Limits and words come from the code that checks them.

`tests/functional/test_documents.py` holds what the API really answers to these schemas.
"""

from collections.abc import Mapping
from typing import Final

from api.bodies import LONGEST_REASON
from fargate_runs.answers.durations import durations_of
from fargate_runs.outcomes.kinds import ErrorName, OutcomeStatus
from fargate_runs.reading.patterns import Pattern
from fargate_runs.reading.task import NOTHING_YET, TIMELINE_NAMES
from fargate_runs.runs import request
from fargate_runs.runs.fargate_sizes import MEMORY_FOR
from fargate_runs.runs.record import Delivery
from fargate_runs.runs.run_status import RunStatus
from tools.openapi.describing import (
    ANY_OBJECT,
    LINES,
    NUMBER,
    TEXT,
    TIME,
    WHOLE,
    YES_OR_NO,
    Schema,
    document,
    maybe,
    of,
    one_of,
    whole,
)
from tools.openapi.job_schemas import JOB_SCHEMAS

_ASKED: Final[Mapping[str, Schema]] = {
    "commands": {"type": "array", "items": TEXT, "minItems": 1, "maxItems": request.MOST_COMMANDS},
    "taskDefinition": {"type": "string", "description": "ARN, family or family:revision of one that the stack allows."},
    "cpu": {**one_of(MEMORY_FOR), "description": "CPU units; 1024 is one vCPU."},
    "memory": {"type": "string", "pattern": "^[1-9][0-9]{2,5}$", "description": "MiB."},
    "capacity": one_of(request.Capacity),
    "timeoutSeconds": {**whole(1, request.LONGEST_TIMEOUT), "description": "Of each attempt."},
    "retries": {**whole(0, request.MOST_RETRIES), "description": "After transient failures."},
    "retryOnExitCodes": {
        "anyOf": [
            {
                "type": "array",
                "items": whole(1, request.LARGEST_EXIT_CODE),
                "maxItems": request.LARGEST_EXIT_CODE,
            },
            {"const": request.ANY},
        ],
        "description": "`any`: after every failure of the container itself.",
    },
    "totalTimeoutSeconds": {**whole(1, request.LONGEST_TIMEOUT), "description": "Of all attempts, with the waits."},
    "job": {"type": "string", "maxLength": 38, "description": "Name of the job. Its settings are the defaults."},
    "schedule": {"type": "string", "maxLength": 24, "description": "The schedule of the job; with `scheduledTime`."},
    "scheduledTime": {**TIME, "description": "The container has it as RUN_SCHEDULED_TIME."},
    "force": {**YES_OR_NO, "description": "Start above the limit of the job."},
}

_USAGE: Final = document(
    {
        "billedSeconds": NUMBER,
        "vcpuSeconds": NUMBER,
        "gbSeconds": NUMBER,
        "estimatedCostUsd": NUMBER,
        "spot": YES_OR_NO,
    },
    description="What is billed, and about what it costs, by the stack's prices.",
)

_LOG: Final = document({"group": TEXT, "stream": TEXT, "url": TEXT}, description="A log stream in CloudWatch Logs.")

_LOG_PAGE: Final = document(
    {
        "runId": TEXT,
        "attempt": maybe(WHOLE),
        "taskId": TEXT,
        "container": TEXT,
        "log": document(
            {"group": TEXT, "stream": TEXT, "url": TEXT, "region": TEXT}, description="Where the lines are from."
        ),
        "lines": {"type": "array", "items": of("LogLine")},
        "cursor": TEXT,
        "isComplete": YES_OR_NO,
    },
    description="Lines of a log, oldest first, and the cursor of the page behind them.",
)

_EXECUTION: Final = document(
    {
        "status": TEXT,
        "error": maybe(TEXT),
        "cause": maybe(TEXT),
        "stoppedAt": maybe(TIME),
        "redriveCount": WHOLE,
    },
    description="The state of the execution itself.",
)

_INPUT: Final = document(
    {**{key: maybe(_ASKED[key]) for key in request.RECORDED_KEYS}, "environmentNames": maybe(LINES)},
    description="What was asked for: of the environment the names alone.",
)

_OUTCOME: Final[Mapping[str, Schema]] = {
    "error": maybe({"type": "string", "examples": [str(ErrorName.LOST)]}),
    "transient": maybe(YES_OR_NO),
    "summary": maybe(TEXT),
    "advice": maybe(TEXT),
}

_ATTEMPT: Final = document(
    {
        "taskArn": TEXT,
        "taskId": TEXT,
        "taskUrl": maybe(TEXT),
        "attempt": maybe(WHOLE),
        "status": maybe(one_of(OutcomeStatus)),
        "lastStatus": TEXT,
        "version": WHOLE,
        **_OUTCOME,
        "container": maybe(TEXT),
        "culprit": maybe(TEXT),
        "exitCode": maybe(WHOLE),
        "stopCode": maybe(TEXT),
        "stoppedReason": maybe(TEXT),
        "delivery": one_of(Delivery),
        "capacityProviderName": maybe(TEXT),
        "cpu": maybe(TEXT),
        "memory": maybe(TEXT),
        "timeline": document(
            dict.fromkeys(TIMELINE_NAMES.values(), maybe(TIME)), description="When the task went from step to step."
        ),
        "durations": document(
            dict.fromkeys(durations_of(NOTHING_YET), maybe(NUMBER)), description="How long each step took, in seconds."
        ),
        "usage": maybe(of("Usage")),
        "log": maybe(of("Log")),
        "culpritLog": maybe(of("Log")),
        "result": maybe(ANY_OBJECT),
        "resultNote": maybe(TEXT),
        "lastLogLines": LINES,
        "logNote": maybe(TEXT),
    },
    description="One task of a run.",
)

_RUN: Final = document(
    {
        "runId": TEXT,
        "pattern": maybe(one_of(Pattern)),
        "status": one_of(RunStatus),
        **_OUTCOME,
        "exitCode": maybe(WHOLE),
        "culprit": maybe(TEXT),
        "result": maybe(ANY_OBJECT),
        "lastLogLines": LINES,
        "logNote": maybe(TEXT),
        "executionArn": maybe(TEXT),
        "execution": maybe(of("Execution")),
        "stateMachineArn": maybe(TEXT),
        "createdAt": maybe(TIME),
        "startedAt": maybe(TIME),
        "stoppedAt": maybe(TIME),
        "durationSeconds": maybe(NUMBER),
        "usage": maybe(of("Usage")),
        "input": maybe(of("Input")),
        "stopRequest": maybe(of("StopRequest")),
        "rerunOf": maybe(TEXT),
        "job": maybe(TEXT),
        "schedule": maybe(TEXT),
        "scheduledTime": maybe(TIME),
        "queuedAt": maybe(TIME),
        "admittedAt": maybe(TIME),
        "forced": YES_OR_NO,
        "reason": maybe(TEXT),
        "blockedBy": maybe(TEXT),
        "queue": maybe(of("Queue")),
        "deadline": maybe(TIME),
        "unreadableAttempts": WHOLE,
        "attemptsLeftOut": WHOLE,
        "attempts": {"type": "array", "items": of("Attempt")},
    },
    description="A run with its attempts, oldest first.",
)

_ROW: Final = document(
    {
        "runId": TEXT,
        "status": {"type": "string", "examples": [str(each) for each in RunStatus]},
        "pattern": maybe(TEXT),
        "createdAt": maybe(TIME),
        "startedAt": maybe(TIME),
        "stoppedAt": maybe(TIME),
        "durationSeconds": maybe(NUMBER),
        "error": maybe(TEXT),
        "summary": maybe(TEXT),
        "exitCode": maybe(WHOLE),
        "executionArn": maybe(TEXT),
        "attempts": WHOLE,
        "estimatedCostUsd": maybe(NUMBER),
        "rerunOf": maybe(TEXT),
        "job": maybe(TEXT),
    },
    description="A run in a list.",
)

_PROPERTIES: Final[Mapping[str, Schema]] = {
    **_ASKED,
    "environment": {
        "type": "object",
        "maxProperties": request.MOST_VARIABLES,
        "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"},
        "additionalProperties": TEXT,
    },
    "pattern": {**one_of(Pattern), "description": "By default the job's, else `callback`."},
}

_RUN_REQUEST: Final[Schema] = {
    "type": "object",
    "description": "What to run. A key that is left out is as the job says, else as the stack says.",
    "properties": dict(_PROPERTIES),
    "anyOf": [{"required": ["commands"]}, {"required": ["job"]}],
    "additionalProperties": False,
}

_JOB_RUN_REQUEST: Final[Schema] = {
    "type": "object",
    "description": "What differs from the job in this run.",
    "properties": {key: value for key, value in _PROPERTIES.items() if key not in {"job", "taskDefinition"}},
    "additionalProperties": False,
}

_PROBLEM: Final[Schema] = {
    "type": "object",
    "description": "Problem details (RFC 9457).",
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": TEXT,
        "status": {
            **WHOLE,
            "description": "Missing in `Call.Refused` and in what API Gateway could not have answered.",
        },
        "detail": TEXT,
        "error": {"type": "string", "description": "The name of the kind of problem."},
        "problems": {
            "type": "array",
            "description": "Everything that is wrong with the request.",
            "items": {
                "type": "object",
                "properties": {"field": TEXT, "detail": TEXT},
                "required": ["detail"],
            },
        },
        "runId": TEXT,
    },
    "required": ["type", "title", "detail", "error"],
}

SCHEMAS: Final[Mapping[str, Schema]] = {
    "RunRequest": _RUN_REQUEST,
    "JobRunRequest": _JOB_RUN_REQUEST,
    "StartedRun": document(
        {
            "runId": TEXT,
            "pattern": one_of(Pattern),
            "status": one_of(RunStatus),
            "executionArn": TEXT,
            "startedAt": TIME,
            "rerunOf": maybe(TEXT),
        },
        description="A run that Step Functions has accepted.",
    ),
    "StoppingRun": document(
        {"runId": TEXT, "status": one_of(RunStatus), "stopRequest": of("StopRequest")},
        description="The run is about to stop. Ask for it to see its end.",
    ),
    "StopRequestBody": {
        "type": "object",
        "description": "Why the run is to be stopped.",
        "properties": {"reason": maybe({"type": "string", "minLength": 1, "maxLength": LONGEST_REASON})},
        "additionalProperties": False,
    },
    "Run": _RUN,
    "RunList": document(
        {"runs": {"type": "array", "items": of("RunRow")}, "cursor": maybe(TEXT)},
        description="A page of runs; with `cursor` there may be another page.",
    ),
    "RunRow": _ROW,
    "Attempt": _ATTEMPT,
    "Execution": _EXECUTION,
    "Input": _INPUT,
    "Usage": _USAGE,
    "Queue": document(
        {"since": TIME, "place": maybe(WHOLE)}, description="The run waits for a slot of its job: 1 is the next one."
    ),
    "StopRequest": document(
        {"at": TIME, "by": TEXT, "reason": TEXT}, description="Who has asked to stop the run, when and why."
    ),
    "Log": _LOG,
    "LogPage": _LOG_PAGE,
    "LogLine": document({"time": TIME, "text": TEXT}, description="A line, and when the log driver took it."),
    "Problem": _PROBLEM,
    **JOB_SCHEMAS,
    "GatewayMessage": document(
        {"message": TEXT}, description="What API Gateway answers by itself to a call with a token."
    ),
}
