"""Starts of runs of jobs, on the twins."""

from typing import Final

from fargate_runs.runs.allowed_definitions import AllowedDefinitions
from fargate_runs.usecases.jobs.start import StartJobRun
from fargate_runs.usecases.requests_of_jobs import RequestsOfJobs
from fargate_runs.usecases.start_run import StartRun
from tests.fakes.jobs import InMemoryJobStore

DEFINITIONS: Final = AllowedDefinitions(
    "arn:aws:ecs:us-east-1:123456789012:task-definition/fargate-runs:7", own_size=("256", "512")
)


def start_of_jobs(start: StartRun, jobs: InMemoryJobStore) -> StartJobRun:
    """Starts runs of these jobs."""
    return StartJobRun(jobs, RequestsOfJobs(jobs, DEFINITIONS), start, token_variables=("JOB_TOKEN",))
