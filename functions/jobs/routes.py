"""The routes of jobs, as one table: see api/routes.py."""

from typing import Final

from fargate_runs import errors, ports
from fargate_runs.jobs.job import LiveRuns
from rest.parameters import boolean, choice, text
from rest.routing import Errors, Route

LONGEST_PROJECT: Final = 38

_STORED: Final[Errors] = (ports.StoreUnavailableError, ports.UnreadableJobError)
_OF_A_JOB: Final[Errors] = (errors.InvalidParametersError, errors.JobNotFoundError, *_STORED)
_CHANGING: Final[Errors] = (
    errors.JobChangedError,
    ports.TaskDefinitionUnavailableError,
    ports.TimersUnavailableError,
)

ROUTES: Final = (
    Route(
        "listJobs",
        "GET",
        "/jobs",
        "List jobs, by name.",
        {200: "JobList"},
        (errors.InvalidParametersError, ports.StoreUnavailableError),
        (text("project", "Only jobs of this project.", LONGEST_PROJECT),),
    ),
    Route("getJob", "GET", "/jobs/{name}", "Show a job.", {200: "Job"}, _OF_A_JOB),
    Route(
        "applyJob",
        "PUT",
        "/jobs/{name}",
        "Create a job, or bring it to a definition.",
        {200: "AppliedJob"},
        (
            errors.InvalidParametersError,
            errors.InvalidJobError,
            errors.JobOwnedByAnotherError,
            errors.JobNotAppliedError,
            *_CHANGING,
            *_STORED,
        ),
        (boolean("dryRun", "Whether only to say what would change."),),
        body="JobDefinition",
    ),
    Route(
        "deleteJob",
        "DELETE",
        "/jobs/{name}",
        "Delete a job.",
        {200: "DeletedJob"},
        (
            *_OF_A_JOB,
            errors.JobHasLiveRunsError,
            *_CHANGING,
            ports.UnreadableRecordError,
            ports.ExecutionsUnavailableError,
            ports.ClusterUnavailableError,
        ),
        (
            choice(
                "runs",
                "What becomes of live runs. Without it a job with such runs stays.",
                [*LiveRuns],
            ),
        ),
    ),
    Route("pauseJob", "POST", "/jobs/{name}/pause", "Let a job's schedules start nothing.", {200: "Job"}, _OF_A_JOB),
    Route("resumeJob", "POST", "/jobs/{name}/resume", "Let a job's schedules start runs.", {200: "Job"}, _OF_A_JOB),
    Route(
        "backfillJob",
        "POST",
        "/jobs/{name}/backfill",
        "Start the runs that a job's schedules have missed, or that have failed.",
        {200: "Backfill"},
        (
            *_OF_A_JOB,
            errors.InvalidRunRequestError,
            errors.RunThrottledError,
            errors.RunNotStartedError,
            errors.RunStartUnknownError,
        ),
        body="BackfillRequest",
    ),
)
