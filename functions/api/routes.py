"""The routes of the REST API, as one table.

The function answers them (`handler.py`), the template lists them (a test compares), and `tools/openapi` makes
`docs/openapi.json` of them. Names of documents are those of `tools/openapi/schemas.py`.
"""

from typing import Final

from fargate_runs import errors, ports
from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.log_request import DEFAULT_LINES, LONGEST_CURSOR, MOST_LINES
from fargate_runs.runs.run_status import RunStatus
from rest.parameters import choice, text, time, whole
from rest.routing import Errors, Route

LARGEST_ATTEMPT: Final = 99_999_999  # what RUN_ATTEMPT is read up to
LONGEST_JOB: Final = 38
LONGEST_CONTAINER: Final = 255  # characters (reference of ContainerDefinition)

_STORED: Final[Errors] = (ports.StoreUnavailableError, ports.UnreadableRecordError)
_OF_A_RUN: Final[Errors] = (errors.InvalidParametersError, errors.RunNotFoundError, *_STORED)
_STARTING: Final[Errors] = (
    errors.InvalidParametersError,
    errors.InvalidRunRequestError,
    errors.RunAlreadyExistsError,
    errors.IdempotencyKeyReusedError,
    errors.RunThrottledError,
    errors.RunNotStartedError,
    errors.RunStartUnknownError,
    ports.UnreadableJobError,
    *_STORED,
)

_LIST: Final = (
    choice("status", "Only runs with this status.", [*RunStatus]),
    choice("pattern", "Only runs of this pattern.", [*Pattern]),
    time("since", "Only runs that were created at this time or later."),
    time("until", "Only runs that were created at this time or earlier."),
    text("job", "Only runs of this job.", LONGEST_JOB),
    text("idPrefix", "Only runs whose id begins so. The list is then by id, descending.", 128),
    whole("limit", "The most runs of a page.", 1, 100, default=ports.DEFAULT_LIMIT),
    text("cursor", "The `cursor` of the page before.", 2_000),
)
_SHOWING_LOGS: Final[Errors] = (
    *_OF_A_RUN,
    errors.AttemptNotFoundError,
    errors.ContainerNotFoundError,
    errors.LogNotYetError,
    errors.LogGoneError,
    errors.LogElsewhereError,
    errors.LogNotAllowedError,
    ports.LogThrottledError,
    ports.LogUnavailableError,
)
_OF_A_LOG: Final = (
    whole("attempt", "Number of the attempt. By default the newest one.", 1, LARGEST_ATTEMPT),
    text("container", "Name of the container. By default the main one.", LONGEST_CONTAINER),
    text("cursor", "Reads on behind the page that gave this cursor. It is valid for 24 hours.", LONGEST_CURSOR),
    whole("limit", "Most lines of the page.", 1, MOST_LINES, DEFAULT_LINES),
)

ROUTES: Final = (
    Route(
        "startRun",
        "POST",
        "/runs",
        "Start a run.",
        {202: "StartedRun", 200: "StartedRun"},
        (*_STARTING, errors.JobNotFoundError),
        body="RunRequest",
        takes_a_key=True,
    ),
    Route(
        "startJobRun",
        "POST",
        "/jobs/{name}/runs",
        "Start a run of a job.",
        {202: "StartedRun", 200: "StartedRun"},
        (*_STARTING, errors.JobNotFoundError),
        body="JobRunRequest",
        is_body_needed=False,
        takes_a_key=True,
    ),
    Route(
        "listRuns",
        "GET",
        "/runs",
        "List runs, newest first.",
        {200: "RunList"},
        (errors.InvalidParametersError, ports.StoreUnavailableError),
        _LIST,
    ),
    Route(
        "stopRun",
        "POST",
        "/runs/{runId}/stop",
        "Stop a run.",
        {202: "StoppingRun"},
        (
            *_OF_A_RUN,
            errors.InvalidRunRequestError,
            errors.RunHasEndedError,
            errors.RunNotRunningError,
            ports.ExecutionsUnavailableError,
            ports.ClusterUnavailableError,
        ),
        body="StopRequestBody",
        is_body_needed=False,
    ),
    Route(
        "rerunRun",
        "POST",
        "/runs/{runId}/rerun",
        "Start a run with the input of another one.",
        {202: "StartedRun", 200: "StartedRun"},
        (
            *_STARTING,
            errors.RunNotFoundError,
            errors.RunNotRepeatableError,
            errors.RunInputForgottenError,
            ports.ExecutionsUnavailableError,
        ),
        takes_a_key=True,
    ),
    Route("getRun", "GET", "/runs/{runId}", "Show a run.", {200: "Run"}, _OF_A_RUN),
    Route(
        "readLogs",
        "GET",
        "/runs/{runId}/logs",
        "Read the log of a run.",
        {200: "LogPage"},
        _SHOWING_LOGS,
        parameters=_OF_A_LOG,
    ),
)
