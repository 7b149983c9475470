"""Runs of jobs through the API, from the request to the reply."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from fargate_runs.reading.patterns import Pattern
from tests.fakes.clock import NOON
from tests.fakes.ecs import CANARY, MACHINES
from tests.fakes.stored_jobs import a_job, stored
from tests.functional.conftest import Stack
from tests.functional.printed import metrics_of
from tests.functional.requests import request
from tests.functional.test_api import call
from tests.functional.test_api_list import listed
from tests.functional.test_documents import check

NIGHTLY = stored(a_job(pattern=Pattern.SYNC, environment={"A": CANARY}))
DOORS: list[tuple[str, dict[str, Any]]] = [("/runs", {"job": "nightly"}), ("/jobs/nightly/runs", {})]


@pytest.fixture(autouse=True)
def _applied(stack: Stack) -> None:
    stack.apply(NIGHTLY, stored(a_job("weekly")), stored(a_job("gone"), deleted_at=NOON))


@pytest.mark.parametrize(("path", "body"), DOORS)
def test_a_run_of_a_job(stack: Stack, printed: Callable[[], str], path: str, body: dict[str, Any]) -> None:
    status, answer = call(stack, "POST", path, {**body, "retries": 0, "environment": {"SECRET": CANARY}})
    check("StartedRun", answer)
    assert (status, answer["pattern"]) == (202, "sync")
    started = stack.executions.started[answer["runId"]]
    assert started.machine == MACHINES.sync
    asked = {"environment": {"SECRET": CANARY}, "retries": 0, "job": "nightly"}
    assert json.loads(started.input) == asked
    _, run = call(stack, "GET", f"/runs/{answer['runId']}")
    assert (run["job"], run["input"]["job"], run["input"]["retries"]) == ("nightly", "nightly", 0)
    said = printed()
    assert metrics_of(said) == [("RunsStarted", None)]
    assert CANARY not in said + json.dumps(run)


def test_a_request_without_a_body_is_the_job_as_it_is(stack: Stack) -> None:
    status, answer = call(stack, "POST", "/jobs/nightly/runs")
    assert status == 202
    assert json.loads(stack.executions.started[answer["runId"]].input) == {"job": "nightly"}


@pytest.mark.parametrize(
    ("path", "body", "status", "error"),
    [
        ("/runs", {"job": "nobody-s"}, 404, "Job.NotFound"),
        ("/runs", {"job": "gone"}, 404, "Job.NotFound"),
        ("/jobs/nobody-s/runs", {}, 404, "Job.NotFound"),
        ("/jobs/gone/runs", {}, 404, "Job.NotFound"),
        ("/jobs/No%20name/runs", {}, 404, "Job.NotFound"),
        ("/runs", {"job": "No name"}, 400, "Run.InvalidInput"),
        ("/runs", {"job": None}, 400, "Run.InvalidInput"),
        ("/runs", {"job": "nightly", "taskDefinition": "x"}, 400, "Run.InvalidInput"),
        ("/jobs/nightly/runs", {"x": 1}, 400, "Run.InvalidInput"),
        ("/jobs/nightly/runs", [], 400, "Run.InvalidInput"),
        ("/runs", {"commands": ["x"], "force": True}, 400, "Run.InvalidInput"),
    ],
)
def test_what_is_not_started(stack: Stack, path: str, body: Any, status: int, error: str) -> None:
    found, answer = call(stack, "POST", path, body)
    check("Problem", answer)
    assert (found, answer["error"]) == (status, error)
    assert not stack.executions.started


@pytest.mark.parametrize("name", ["nightly", "weekly"])
def test_the_path_alone_names_the_job(stack: Stack, name: str) -> None:
    status, answer = call(stack, "POST", "/jobs/nightly/runs", {"job": name})
    assert (status, answer["problems"]) == (400, [{"field": "job", "detail": "is named by the path; leave it out"}])


def test_the_key_of_a_run_of_a_job(stack: Stack) -> None:
    def start(path: str, body: dict[str, Any]) -> tuple[int, str]:
        asked = {**request("POST", path, body), "headers": {"Idempotency-Key": "a"}}
        reply = stack.api(asked)
        return reply["statusCode"], json.loads(reply["body"])["runId"]

    (first, run_id), (second, again) = start("/jobs/nightly/runs", {}), start("/runs", {"job": "nightly"})
    assert (first, second, again) == (202, 200, run_id)


def test_runs_of_one_job(stack: Stack) -> None:
    mine = [call(stack, "POST", "/jobs/nightly/runs")[1]["runId"] for _ in range(2)]
    call(stack, "POST", "/jobs/weekly/runs")
    call(stack, "POST", "/runs", {"commands": ["x"]})
    assert set(listed(stack, job="nightly")) == set(mine)
    assert set(listed(stack, job="nightly", status="PENDING")) == set(mine)
    assert listed(stack, job="nightly", status="FAILED") == []
    assert listed(stack, job="gone") == []


def test_a_rerun_is_a_run_of_the_job_again(stack: Stack) -> None:
    first = call(stack, "POST", "/jobs/nightly/runs", {"force": True})[1]["runId"]
    status, answer = call(stack, "POST", f"/runs/{first}/rerun")
    assert (status, answer["rerunOf"]) == (202, first)
    assert json.loads(stack.executions.started[answer["runId"]].input) == {"job": "nightly"}
    stack.dynamodb.delete_item(TableName="jobs", Key={"pk": {"S": "JOBS"}, "sk": {"S": "nightly"}})
    status, answer = call(stack, "POST", f"/runs/{first}/rerun")
    assert (status, answer["error"]) == (409, "Run.NotRepeatable")


def test_a_job_that_cannot_be_read(stack: Stack) -> None:
    stack.dynamodb.put_item(TableName="jobs", Item={"pk": {"S": "JOBS"}, "sk": {"S": "odd"}})
    status, answer = call(stack, "POST", "/jobs/odd/runs")
    assert (status, answer["error"]) == (500, "Job.Unreadable")


def test_a_run_of_a_job_is_prepared_as_one(stack: Stack) -> None:
    event = {
        "pattern": "sync",
        "input": {"job": "nightly"},
        "executionArn": f"arn:aws:states:us-east-1:123456789012:execution:{MACHINES.sync.rpartition(':')[2]}:run-1",
        "startDate": "2025-05-06T12:02:00.412Z",
        "redriveCount": 0,
    }
    answer = stack.prepare_run(event)
    assert answer["run"]["taskDefinition"] == NIGHTLY.task_definition_arn
    assert '{"Name":"RUN_JOB","Value":"nightly"}' in "".join(answer["overrides"])
    assert call(stack, "GET", "/runs/run-1")[1]["job"] == "nightly"
