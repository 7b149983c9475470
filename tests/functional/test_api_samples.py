"""The samples of the API's requests: one for each route, each answered, each named where people look for them."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from tests.fakes.ecs import CLUSTER_ARN
from tests.fakes.stored_jobs import stored
from tests.functional.conftest import Stack
from tests.template.loading import EVENTS, event_sample
from tools.openapi.document import ROUTES

#: The sample, the operation that it asks for, and how it is answered after the events of the run that it names.
SAMPLES: Final = {
    "api/start-run": ("startRun", 202, None),
    "api/start-run-refused": ("startRun", 400, "Run.InvalidInput"),
    "api/start-job-run": ("startJobRun", 202, None),
    "api/list-runs": ("listRuns", 200, None),
    "api/get-run": ("getRun", 200, None),
    "api/get-logs": ("readLogs", 200, None),
    "api/stop-run": ("stopRun", 202, None),
    "api/rerun-run": ("rerunRun", 202, None),
    "jobs/apply-job": ("applyJob", 200, None),
    "jobs/apply-job-dry": ("applyJob", 200, None),
    "jobs/apply-job-refused": ("applyJob", 400, "Job.Invalid"),
    "jobs/list-jobs": ("listJobs", 200, None),
    "jobs/get-job": ("getJob", 200, None),
    "jobs/delete-job": ("deleteJob", 200, None),
    "jobs/pause-job": ("pauseJob", 200, None),
    "jobs/resume-job": ("resumeJob", 200, None),
    "jobs/backfill-job": ("backfillJob", 200, None),
}


def _take_in_a_run(stack: Stack) -> None:
    """The job and the run that the samples name: it runs, has logged a line, and Step Functions knows its input."""
    stack.apply(stored())
    execution = event_sample(EVENTS / "execution-state-change/running.json")
    detail = execution["detail"]
    stack.executions.start(detail["stateMachineArn"], detail["name"], detail["input"])
    stack.execution_state_change(execution)
    running = event_sample(EVENTS / "task-state-change/running.json")
    running["detail"]["clusterArn"] = CLUSTER_ARN
    stack.task_state_change(running)
    task_id = running["detail"]["taskArn"].rpartition("/")[2]
    stack.log_pages.add("/jobs/tasks", f"runs/main/{task_id}", "at work")


def test_every_route_has_a_sample() -> None:
    assert {f"{folder}/{path.stem}" for folder in ("api", "jobs") for path in (EVENTS / folder).glob("*.json")} == set(
        SAMPLES
    )
    assert {operation for operation, _, _ in SAMPLES.values()} == {route.operation for route in ROUTES}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_answered(stack: Stack, name: str) -> None:
    operation, status, error = SAMPLES[name]
    _take_in_a_run(stack)
    stack.jobs(event_sample(EVENTS / "jobs/apply-job.json"))
    event = event_sample(EVENTS / f"{name}.json")
    (route,) = [route for route in ROUTES if (route.method, route.path) == (event["httpMethod"], event["resource"])]
    assert route.operation == operation
    assert event["path"] == route.path.format(**event["pathParameters"] or {})
    reply = stack.rest(event)
    body: Any = json.loads(reply["body"])
    assert (reply["statusCode"], body.get("error")) == (status, error)


@pytest.mark.parametrize("page", ["docs/development.md", "events/README.md"])
def test_every_sample_is_named(page: str) -> None:
    text = (EVENTS.parent / page).read_text(encoding="utf-8")
    names = [path.relative_to(EVENTS) for path in sorted(EVENTS.glob("*/*.json"))]
    assert [str(name) for name in names if str(name if page.startswith("docs") else Path(name).name) not in text] == []
