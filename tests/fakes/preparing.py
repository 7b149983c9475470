"""The prepare use case on a store, with the settings that the tests of machines and inputs know."""

from typing import Final

from fargate_runs.ports import Clock, RunStore
from fargate_runs.ports.jobs import JobStore
from fargate_runs.runs.allowed_definitions import AllowedDefinitions
from fargate_runs.usecases.prepare_run import Defaults, PrepareRun
from fargate_runs.usecases.requests_of_jobs import RequestsOfJobs
from tests.fakes.clock import StoppedClock
from tests.fakes.jobs import InMemoryJobStore

_FAMILIES: Final = "arn:aws:ecs:us-east-1:123456789012:task-definition/"
#: The stack's own; `jobs` is allowed in every revision, `report` in one.
OWN: Final = f"{_FAMILIES}fargate-runs:7"
REPORT: Final = f"{_FAMILIES}report:3"
JOBS: Final = f"{_FAMILIES}jobs:*"
TOKENS: Final = ("TASK_TOKEN", "JOB_TOKEN")


DEFINITIONS: Final = AllowedDefinitions(OWN, (REPORT, JOBS), ("256", "512"))


def prepare_run(store: RunStore, clock: Clock | None = None, jobs: JobStore | None = None) -> PrepareRun:
    """Its stack has tasks of a quarter of a vCPU."""
    return PrepareRun(
        store,
        clock or StoppedClock(),
        definitions=DEFINITIONS,
        of_jobs=RequestsOfJobs(jobs or InMemoryJobStore(), DEFINITIONS),
        container="main",
        token_variables=TOKENS,
        defaults=Defaults(timeout_seconds=3_600, retries=3, retry_interval_seconds=10),
    )
