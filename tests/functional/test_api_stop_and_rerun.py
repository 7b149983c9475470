"""POST /runs/{id}/stop and /rerun, from the request to the reply."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.fakes.ecs import CANARY
from tests.functional.conftest import Stack
from tests.functional.requests import request
from tests.functional.test_documents import check

BODY = {"commands": ["job"], "environment": {"SECRET": CANARY}}
JANE = "arn:aws:sts::123456789012:assumed-role/ops/jane"


def call(stack: Stack, path: str, body: Any = None, **context: Any) -> tuple[int, Any]:
    asked = request("POST", path, body)
    asked["requestContext"].update({"identity": {"userArn": JANE}, **context})
    reply = stack.api(asked)
    return reply["statusCode"], json.loads(reply["body"])


def started(stack: Stack) -> str:
    return str(call(stack, "/runs", BODY)[1]["runId"])


def shown(stack: Stack, run_id: str) -> Any:
    return json.loads(stack.api(request("GET", f"/runs/{run_id}"))["body"])


def test_stop(stack: Stack) -> None:
    run_id = started(stack)
    status, answer = call(stack, f"/runs/{run_id}/stop", {"reason": " wrong input "})
    assert status == 202
    check("StoppingRun", answer)
    check("StopRequest", answer["stopRequest"])
    assert (answer["stopRequest"]["by"], answer["stopRequest"]["reason"]) == (JANE, "wrong input")
    run = shown(stack, run_id)
    check("Run", run)
    assert run["stopRequest"] == answer["stopRequest"]
    ((_, error, cause),) = stack.executions.stops
    assert (error, cause) == ("Run.Stopped", f"wrong input (stopped by {JANE})")


def test_without_a_body_or_a_reason(stack: Stack) -> None:
    for body in (None, "", {}, {"reason": None}):
        status, answer = call(stack, f"/runs/{started(stack)}/stop", body)
        assert (status, answer["stopRequest"]["reason"]) == (202, "no reason was given")


@pytest.mark.parametrize(
    ("context", "by"),
    [
        ({"identity": {}}, "an unknown caller"),
        ({"identity": {}, "authorizer": {"claims": {"sub": "1", "email": "jane@example.org"}}}, "1"),
        ({"identity": {}, "authorizer": {"claims": {"sub": "1", "client_id": "nightly"}}}, "1"),
        ({"identity": {}, "authorizer": {"claims": {"client_id": "nightly"}, "scopes": ["runs/write"]}}, "nightly"),
        ({"identity": {"userArn": JANE}, "authorizer": {"claims": {"sub": "1"}}}, JANE),
    ],
)
def test_who_has_asked(stack: Stack, context: Any, by: str) -> None:
    assert call(stack, f"/runs/{started(stack)}/stop", None, **context)[1]["stopRequest"]["by"] == by


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("{", "body"),
        ("[]", "body"),
        ({"reason": ""}, "reason"),
        ({"reason": "  "}, "reason"),
        ({"reason": 7}, "reason"),
        ({"reason": "x" * 1_001}, "reason"),
        ({"why": "x"}, "why"),
    ],
)
def test_a_bad_reason_stops_nothing(stack: Stack, body: Any, field: str) -> None:
    run_id = started(stack)
    status, answer = call(stack, f"/runs/{run_id}/stop", body)
    assert (status, [each["field"] for each in answer["problems"]]) == (400, [field])
    assert stack.executions.stops == []


def test_a_body_that_is_none_is_answered_with_one_that_is(stack: Stack) -> None:
    for path, example in (("/runs", '{"commands": ["true"]}'), ("/runs/x/stop", '{"reason": "wrong input"}')):
        (said,) = call(stack, path, "[]")[1]["problems"]
        assert said["detail"] == f"is no JSON object; send one, such as {example}"


def test_no_run(stack: Stack) -> None:
    for action in ("stop", "rerun"):
        status, answer = call(stack, f"/runs/nobody/{action}")
        assert (status, answer["error"]) == (404, "Run.NotFound")


def test_stop_of_what_is_stopped(stack: Stack) -> None:
    run_id = started(stack)
    assert call(stack, f"/runs/{run_id}/stop")[0] == 202
    stack.sweep()
    status, answer = call(stack, f"/runs/{run_id}/stop")
    check("Problem", answer)
    assert (status, answer["error"]) == (409, "Run.Ended")


def test_step_functions_is_down(stack: Stack) -> None:
    run_id = started(stack)
    stack.executions.is_down = True
    for action in ("stop", "rerun"):
        status, answer = call(stack, f"/runs/{run_id}/{action}")
        assert (status, answer["error"]) == (503, "StepFunctions.Unavailable")


def test_rerun(stack: Stack, printed: Callable[[], str]) -> None:
    run_id = started(stack)
    status, answer = call(stack, f"/runs/{run_id}/rerun")
    assert status == 202
    check("StartedRun", answer)
    assert answer["rerunOf"] == run_id
    assert json.loads(stack.executions.started[answer["runId"]].input) == BODY
    assert shown(stack, answer["runId"])["rerunOf"] == run_id
    assert CANARY not in printed() + str(answer) + str(stack.items())


@pytest.mark.parametrize("body", ["", {}])
def test_a_rerun_needs_no_body(stack: Stack, body: Any) -> None:
    assert call(stack, f"/runs/{started(stack)}/rerun", body)[0] == 202


@pytest.mark.parametrize(
    ("body", "fields"),
    [("{", ["body"]), ("[]", ["body"]), ({"commands": ["other"], "x" * 50: 1}, ["commands", "x" * 40])],
)
def test_a_rerun_with_another_input_is_refused(stack: Stack, body: Any, fields: list[str]) -> None:
    run_id = started(stack)
    status, answer = call(stack, f"/runs/{run_id}/rerun", body)
    check("Problem", answer)
    assert (status, [each["field"] for each in answer["problems"]]) == (400, fields)
    assert list(stack.executions.started) == [run_id]


def test_what_cannot_be_run_again(stack: Stack) -> None:
    run_id = started(stack)
    stack.executions.started.clear()
    status, answer = call(stack, f"/runs/{run_id}/rerun")
    assert (status, answer["error"]) == (409, "Run.InputForgotten")
