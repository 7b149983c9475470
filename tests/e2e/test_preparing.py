"""The first state of the machines, through the real local runtime: who, what and when of a run by whatever door."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from fargate_runs.reading import lenient
from local import faults_client
from tests.e2e.conftest import Stack
from tests.waiting import eventually

HELLO = ["python", "-c", "print('hello')"]
PATTERNS = ["callback", "sync", "request-response"]
FUNCTION = "PrepareRunFunction"


def run_of(stack: Stack, execution: dict[str, Any]) -> dict[str, Any]:
    """GET /runs/{id} of an execution, once the run has ended."""
    return dict(stack.ended_run(str(execution["name"])))


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_run_that_no_api_has_started_has_who_what_and_when(stack: Stack, pattern: str) -> None:
    given = {"commands": HELLO, "environment": {"STAGE": "test"}, "retries": 0, "timeoutSeconds": 60.0}
    execution = stack.execute(pattern, given)
    run = run_of(stack, execution)
    assert (run["status"], run["pattern"], run["executionArn"]) == ("SUCCEEDED", pattern, execution["executionArn"])
    asked = run["input"]
    assert (asked["commands"], asked["environmentNames"]) == (HELLO, ["STAGE"])
    assert (asked["retries"], asked["timeoutSeconds"]) == (0, 60)
    began, recorded = lenient.time(execution["startDate"]), lenient.time(run["createdAt"])
    assert began
    assert recorded
    assert abs(recorded - began) < timedelta(seconds=1)


@pytest.mark.parametrize("given", [None, "echo", [{"commands": HELLO}], {"commands": HELLO, "pattern": "sync"}])
def test_a_refused_run_is_recorded_with_why(stack: Stack, given: object) -> None:
    execution = stack.execute("sync", given)
    assert (execution["status"], execution["error"]) == ("FAILED", "Run.InvalidInput")
    run = run_of(stack, execution)
    assert (run["status"], run["error"], run["attempts"]) == ("FAILED", "Run.InvalidInput", [])
    assert execution["cause"]
    assert run["summary"] == lenient.text(str(execution["cause"]).partition("{")[0] + "…", 1_000) or (
        run["summary"] == execution["cause"]
    )


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_function_that_dies_is_called_again(stack: Stack, when: str) -> None:
    """Before its record is written, and after that: the second call does the same."""
    faults_client.arm(stack.status.endpoint, "function-killed", call="PutItem", when=when, function=FUNCTION)
    execution = stack.execute("callback", {"commands": HELLO})
    eventually(lambda: faults_client.armed(stack.status.endpoint) == [], "the death of the function")
    assert execution["status"] == "SUCCEEDED"
    run = run_of(stack, execution)
    assert (run["status"], len(run["attempts"]), run["input"]["commands"]) == ("SUCCEEDED", 1, HELLO)


def test_a_table_that_is_throttled_holds_a_run_up_and_loses_nothing(stack: Stack) -> None:
    """The client tries four times by itself; then the state does."""
    faults_client.arm(stack.status.endpoint, "call-throttled", call="PutItem", count=6, function=FUNCTION)
    execution = stack.execute("sync", {"commands": HELLO})
    assert faults_client.armed(stack.status.endpoint) == []
    assert execution["status"] == "SUCCEEDED"
    assert run_of(stack, execution)["input"]["commands"] == HELLO
