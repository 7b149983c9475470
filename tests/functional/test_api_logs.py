"""GET /runs/{runId}/logs, from the request to the reply."""

import json
from typing import Any

import pytest

from fargate_runs.ports import LogRefusedError, LogThrottledError, LogUnavailableError
from tests.fakes.ecs import CANARY, RUN_ID, TASK_ID, TOKEN, event, life
from tests.functional.conftest import Stack
from tests.functional.requests import request
from tests.functional.test_documents import check

STREAM = f"runs/main/{TASK_ID}"


@pytest.fixture
def running(stack: Stack) -> Stack:
    """A stack with a task that runs and has a log of three lines."""
    stack.task_state_change(event(life()[2]))
    stack.log_pages.add("/jobs/tasks", STREAM, "a", f"b {TOKEN}", "c")
    return stack


def logs(stack: Stack, run_id: str = RUN_ID, **query: str) -> tuple[int, Any]:
    """Status and body."""
    given = {name: [value] for name, value in query.items()}
    path = f"/runs/{run_id}/logs"
    reply = stack.api({**request("GET", path), "multiValueQueryStringParameters": given})
    return reply["statusCode"], json.loads(reply["body"])


def test_page_by_page(running: Stack) -> None:
    status, first = logs(running, limit="2")
    assert status == 200
    check("LogPage", first)
    check("LogLine", first["lines"][0])
    assert [line["text"] for line in first["lines"]] == ["a", "b [task token]"]
    assert (first["log"]["group"], first["log"]["stream"]) == ("/jobs/tasks", STREAM)
    _, second = logs(running, cursor=first["cursor"])
    assert ([line["text"] for line in second["lines"]], second["isComplete"]) == (["c"], False)
    running.task_state_change(event(life()[-1]))
    _, last = logs(running, cursor=second["cursor"])
    assert (last["lines"], last["isComplete"]) == ([], True)


@pytest.mark.parametrize(
    ("query", "field", "said"),
    [
        ({"attempt": "0"}, "attempt", "whole number"),
        ({"limit": "10001"}, "limit", "from 1 to 10000"),
        ({"container": "x" * 256}, "container", "1 to 255"),
        ({"cursor": "x"}, "cursor", "none that this API has given"),
        ({"since": "1h"}, "since", "the parameters are attempt, container, cursor, limit"),
    ],
)
def test_bad_parameters(running: Stack, query: dict[str, str], field: str, said: str) -> None:
    status, body = logs(running, **query)
    assert (status, body["error"]) == (400, "Request.Invalid")
    (problem,) = body["problems"]
    assert problem["field"] == field
    assert said in problem["detail"]


@pytest.mark.parametrize(
    ("error", "status", "name"),
    [
        (LogRefusedError("x"), 502, "Log.NotAllowed"),
        (LogThrottledError("x"), 429, "Log.Throttled"),
        (LogUnavailableError("x"), 503, "Log.Unavailable"),
    ],
)
def test_a_log_that_cannot_be_read(running: Stack, error: LogUnavailableError, status: int, name: str) -> None:
    running.log_pages.fails_with = error
    found, body = logs(running)
    assert (found, body["error"]) == (status, name)
    check("Problem", body)


def test_what_is_not_there(running: Stack) -> None:
    assert logs(running, "nobody")[1]["error"] == "Run.NotFound"
    assert logs(running, attempt="7")[1]["error"] == "Attempt.NotFound"
    running.log_pages.streams["/jobs/tasks"].clear()
    assert logs(running)[1]["error"] == "Log.NotYet"
    running.task_state_change(event(life()[-1]))
    status, body = logs(running)
    assert (status, body["error"]) == (404, "Log.Gone")
    assert logs(running, container="side")[1]["error"] == "Container.NotFound"
    foreign = {**life()[2], "taskDefinitionArn": "arn:aws:ecs:us-east-1:123456789012:task-definition/other:1"}
    other = {"containerOverrides": [{"name": "main", "environment": [{"name": "RUN_ID", "value": "elsewhere"}]}]}
    running.task_state_change(event({**foreign, "overrides": other}))
    status, body = logs(running, "elsewhere")
    assert (status, body["error"]) == (404, "Log.Elsewhere")
    assert CANARY not in str(body)
