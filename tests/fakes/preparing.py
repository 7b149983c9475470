"""The prepare use case on a store, with the settings that the tests of machines and inputs know."""

import json
from collections.abc import Mapping
from typing import Any, Final

from fargate_runs.ports import Clock, RunStore
from fargate_runs.ports.jobs import Gates, JobStore
from fargate_runs.reading.execution import Execution, ExecutionStatus
from fargate_runs.runs.allowed_definitions import AllowedDefinitions
from fargate_runs.usecases.prepare_run import Defaults, ForJobs, Prepared, PrepareRun
from fargate_runs.usecases.requests_of_jobs import RequestsOfJobs
from fargate_runs.usecases.slots.admission import Admission
from tests.fakes.clock import NOON, StoppedClock
from tests.fakes.ecs import EXECUTION_ARN
from tests.fakes.gates import InMemoryGates
from tests.fakes.jobs import InMemoryJobStore

_FAMILIES: Final = "arn:aws:ecs:us-east-1:123456789012:task-definition/"
#: The stack's own; `jobs` is allowed in every revision, `report` in one.
OWN: Final = f"{_FAMILIES}fargate-runs:7"
REPORT: Final = f"{_FAMILIES}report:3"
JOBS: Final = f"{_FAMILIES}jobs:*"
TOKENS: Final = ("TASK_TOKEN", "JOB_TOKEN")
#: The execution that every run here begins with.
BEGINS: Final = Execution(EXECUTION_ARN, ExecutionStatus.RUNNING, started_at=NOON)
DEFINITIONS: Final = AllowedDefinitions(OWN, (REPORT, JOBS), ("256", "512"))


def prepare_run(
    store: RunStore, clock: Clock | None = None, jobs: JobStore | None = None, gates: Gates | None = None
) -> PrepareRun:
    """Its stack has tasks of a quarter of a vCPU."""
    clock = clock or StoppedClock()
    return PrepareRun(
        store,
        clock,
        definitions=DEFINITIONS,
        for_jobs=ForJobs(
            RequestsOfJobs(jobs or InMemoryJobStore(), DEFINITIONS), Admission(gates or InMemoryGates(), store, clock)
        ),
        container="main",
        token_variables=TOKENS,
        defaults=Defaults(timeout_seconds=3_600, retries=3, retry_interval_seconds=10),
    )


def overrides_of(run: Prepared) -> Mapping[str, Any]:
    """Joined as a state machine does, with texts in the holes."""
    return dict(json.loads("hole".join(run.overrides)))
