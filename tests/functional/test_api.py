"""The REST API, from the request to the reply."""

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fargate_runs import ports
from fargate_runs.reading.execution import Execution, ExecutionStatus
from tests.fakes.ecs import CANARY, MACHINES, RUN_ID, TOKEN, container, detail, event, execution_event, life
from tests.fakes.tables import TABLE
from tests.functional.conftest import Stack
from tests.functional.requests import request

ROOT = Path(__file__).parents[2]
BODY = {"commands": ["job"], "environment": {"SECRET": CANARY}, "timeoutSeconds": 60}


def call(stack: Stack, *of: Any) -> tuple[int, Any]:
    reply = stack.api(request(*of))
    status, body = reply["statusCode"], json.loads(reply["body"])
    is_problem = status >= 400
    kind = "application/problem+json" if is_problem else "application/json"
    assert reply["multiValueHeaders"]["Content-Type"] == [kind]
    if is_problem:
        assert (body["status"], body["type"]) == (status, f"urn:fargate-runs:{body['error']}")
        assert body["title"]
        assert body["detail"]
    return status, body


@pytest.mark.parametrize(
    ("pattern", "machine"),
    [
        (None, MACHINES.callback),
        ("callback", MACHINES.callback),
        ("sync", MACHINES.sync),
        ("request-response", MACHINES.request_response),
    ],
)
def test_start_and_show(stack: Stack, pattern: str | None, machine: str) -> None:
    status, started = call(stack, "POST", "/runs", {**BODY, **({"pattern": pattern} if pattern else {})})
    assert status == 202
    assert list(started) == ["runId", "pattern", "status", "executionArn", "startedAt", "rerunOf"]
    assert (started["pattern"], started["status"]) == (pattern or "callback", "PENDING")
    execution = stack.executions.started[started["runId"]]
    assert (execution.machine, json.loads(execution.input)) == (machine, BODY)
    assert started["executionArn"].endswith(started["runId"])
    status, shown = call(stack, "GET", f"/runs/{started['runId']}")
    assert status == 200
    assert (shown["runId"], shown["status"], shown["attempts"]) == (started["runId"], "PENDING", [])
    assert shown["input"]["environmentNames"] == ["SECRET"]
    assert CANARY not in str(shown)


def test_what_an_event_recorded_is_shown(stack: Stack) -> None:
    for each in life(containers=[container(exit_code=3)]):
        stack.task_state_change(event(each))
    ended = execution_event(ExecutionStatus.FAILED, error="Container.ExitedNonZero", cause="why")
    stack.executions.show(Execution.from_detail(ended["detail"]))
    stack.execution_state_change(ended)
    status, shown = call(stack, "GET", f"/runs/{RUN_ID}")
    assert status == 200
    assert (shown["status"], shown["error"], shown["exitCode"]) == ("FAILED", "Container.ExitedNonZero", 3)
    assert shown["execution"] == {
        "status": "FAILED",
        "error": "Container.ExitedNonZero",
        "cause": "why",
        "stoppedAt": "2025-05-06T11:03:33.000Z",
        "redriveCount": 0,
    }
    assert shown["attempts"][0]["delivery"] == "DELIVERED"
    assert TOKEN not in str(shown)
    assert CANARY not in str(shown)


def test_a_token_that_is_still_needed_is_not_shown(stack: Stack) -> None:
    stack.task_state_change(event(life()[2]))
    _, shown = call(stack, "GET", f"/runs/{RUN_ID}")
    assert shown["status"] == "RUNNING"
    assert TOKEN not in str(shown)


@pytest.mark.parametrize("in_path", ["fan-out:3", "fan-out%3A3"])
def test_an_id_of_a_fan_out_item(stack: Stack, in_path: str) -> None:
    environment = [{"name": "RUN_ID", "value": "fan-out:3"}]
    overrides = {"containerOverrides": [{"name": "main", "environment": environment}]}
    stack.task_state_change(event(detail(overrides=overrides)))
    status, shown = call(stack, "GET", f"/runs/{in_path}")
    assert (status, shown["runId"]) == (200, "fan-out:3")


def test_no_run(stack: Stack) -> None:
    status, reply = call(stack, "GET", "/runs/nobody")
    assert (status, reply["error"]) == (404, "Run.NotFound")
    assert "nobody" in reply["detail"]


@pytest.mark.parametrize(
    ("body", "field", "said"),
    [
        (None, "body", "no JSON"),
        ("", "body", "no JSON"),
        ("{", "body", "no JSON"),
        ("[" * 100_000, "body", "no JSON"),
        ("null", "body", "no JSON object"),
        ("[]", "body", "no JSON object"),
        ('"text"', "body", "no JSON object"),
        ('{"commands": ["a"], "commands": ["b"]}', "commands", "is given more than once"),
        ('{"commands": ["a"], "environment": {"A": "1", "A": "2"}}', "A", "is given more than once"),
        ({}, "commands", "is missing"),
        ({"commands": []}, "commands", "must be a list"),
        ({**BODY, "taskDefinition": "other"}, "taskDefinition", "other is not allowed"),
        ({**BODY, "environment": {"A": "x" * 9_000}}, "commands, environment", "together they make"),
        (dict.fromkeys(map(str, range(51))), None, "the request has 51 keys"),
    ],
    ids=range(14),
)
def test_bad_requests(stack: Stack, body: Any, field: str | None, said: str) -> None:
    status, reply = call(stack, "POST", "/runs", body)
    assert (status, reply["error"]) == (400, "Run.InvalidInput")
    (problem,) = reply["problems"]
    assert problem.get("field") == field
    assert said in problem["detail"]
    assert not stack.executions.started
    assert stack.items() == []


def test_what_the_stack_names_for_task_tokens_is_reserved(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASK_TOKEN_VARIABLE_NAMES", "JOB_TOKEN")
    status, reply = call(stack, "POST", "/runs", {"commands": ["job"], "environment": {"JOB_TOKEN": "mine"}})
    assert (status, len(reply["problems"])) == (400, 1)
    assert reply["problems"][0]["field"] == "environment"
    assert reply["problems"][0]["detail"].startswith("JOB_TOKEN is set by the application itself")


def test_every_problem_is_told_at_once(stack: Stack) -> None:
    _, reply = call(stack, "POST", "/runs", {"cpu": 1, "environment": {"RUN_ID": CANARY}})
    assert [problem["field"] for problem in reply["problems"]] == ["commands", "environment", "cpu"]
    assert CANARY not in str(reply)


def test_a_body_in_base64(stack: Stack) -> None:
    encoded = request("POST", "/runs", base64.b64encode(json.dumps(BODY).encode()).decode())
    assert stack.api({**encoded, "isBase64Encoded": True})["statusCode"] == 202
    assert stack.api({**encoded, "body": "!", "isBase64Encoded": True})["statusCode"] == 400


@pytest.mark.parametrize(
    ("error", "status", "name", "is_recorded"),
    [
        (ports.ExecutionExistsError("x"), 409, "Run.AlreadyExists", True),
        (ports.ExecutionThrottledError("x"), 429, "Run.Throttled", False),
        (ports.ExecutionRefusedError("x"), 502, "Run.NotStarted", False),
        (ports.ExecutionUnknownError("x"), 503, "Run.StartUnknown", True),
    ],
)
def test_starts_that_fail(stack: Stack, error: ports.ExecutionError, status: int, name: str, is_recorded: bool) -> None:
    stack.executions.fails_with = error
    reply = stack.api(request("POST", "/runs", BODY))
    body = json.loads(reply["body"])
    assert (reply["statusCode"], body["error"]) == (status, name)
    assert bool(stack.items()) is is_recorded
    assert ("Retry-After" in reply["multiValueHeaders"]) is (status in {429, 503})
    assert ("runId" in body) is (name == "Run.StartUnknown")


def test_the_table_is_down(stack: Stack) -> None:
    stack.dynamodb.delete_table(TableName=TABLE)
    for of in (("POST", "/runs", BODY), ("GET", "/runs/x")):
        status, reply = call(stack, *of)
        assert (status, reply["error"]) == (503, "Service.Unavailable")
    assert not stack.executions.started


def test_nothing_is_there(stack: Stack) -> None:
    status, reply = call(stack, "GET", "/nothing")
    assert (status, reply["error"]) == (404, "Route.NotFound")
    pages = re.findall(r"docs/\S+(?:md|json)", reply["detail"])
    assert sorted(pages) == ["docs/api.md", "docs/openapi.json"]
    assert all((ROOT / page).is_file() for page in pages)


@pytest.mark.parametrize(
    ("query", "field", "said"),
    [
        ({"limit": ["1"]}, "limit", "is not known; this route has no parameters"),
        ({"x" * 100: ["1"]}, "x" * 40, "is not known"),
    ],
)
def test_parameters_that_a_route_does_not_have(stack: Stack, query: Any, field: str, said: str) -> None:
    reply = stack.api({**request("GET", "/runs/x"), "multiValueQueryStringParameters": query})
    body = json.loads(reply["body"])
    assert (body["status"], body["error"]) == (400, "Request.Invalid")
    (problem,) = body["problems"]
    assert problem["field"] == field
    assert said in problem["detail"]


def test_an_error_that_nobody_foresaw_tells_nothing(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, printed: Callable[[], str]
) -> None:
    def explode(*_call: object) -> None:
        raise RuntimeError(CANARY)

    monkeypatch.setattr(stack.executions, "start", explode)
    status, reply = call(stack, "POST", "/runs", BODY)
    assert (status, reply["error"]) == (500, "Service.Failed")
    said = printed()
    assert "RuntimeError" in said
    assert CANARY not in str(reply) + said


def test_no_environment_value_in_the_log(stack: Stack, printed: Callable[[], str]) -> None:
    call(stack, "POST", "/runs", BODY)
    call(stack, "POST", "/runs", {**BODY, "cpu": 1})
    said = printed()
    assert "run started" in said
    assert CANARY not in said
    assert CANARY not in str(stack.items())
