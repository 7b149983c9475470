"""The prepare use case on a store, with the settings that the tests of machines and inputs know."""

from typing import Final

from fargate_runs.ports import RunStore
from fargate_runs.runs.allowed_definitions import AllowedDefinitions
from fargate_runs.usecases.prepare_run import Defaults, PrepareRun

_FAMILIES: Final = "arn:aws:ecs:us-east-1:123456789012:task-definition/"
#: The stack's own; `jobs` is allowed in every revision, `report` in one.
OWN: Final = f"{_FAMILIES}fargate-runs:7"
REPORT: Final = f"{_FAMILIES}report:3"
JOBS: Final = f"{_FAMILIES}jobs:*"
TOKENS: Final = ("TASK_TOKEN", "JOB_TOKEN")


def prepare_run(store: RunStore) -> PrepareRun:
    """Its stack has tasks of a quarter of a vCPU."""
    return PrepareRun(
        store,
        definitions=AllowedDefinitions(OWN, (REPORT, JOBS), ("256", "512")),
        container="main",
        token_variables=TOKENS,
        defaults=Defaults(timeout_seconds=3_600, retries=3, retry_interval_seconds=10),
    )
