"""Runs of task definitions with log groups of their own: one that the functions may read, and one that they may not."""

from __future__ import annotations

import json

import boto3
import pytest

from tests.e2e.conftest import Json, Stack
from tests.runtimes import client_settings

GROUPS = {"logs-elsewhere": "/of-users/jobs", "logs-unseen": "/of-users/secret"}
WORKS = ("python", "-c", "print('at work'); print('{\"rows\": 3}')")
FAILS = ("python", "-c", "print('at work', flush=True); raise SystemExit('no such table')")


@pytest.fixture(scope="module", autouse=True)
def _task_definitions(stack: Stack) -> None:
    logs = boto3.client("logs", **client_settings(stack.status.endpoint))
    for family, group in GROUPS.items():
        logs.create_log_group(logGroupName=group)
        stack.ecs.register_task_definition(
            family=family,
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu="256",
            memory="512",
            containerDefinitions=[
                {
                    "name": "main",
                    "image": "python:3.13-slim",
                    "logConfiguration": {
                        "logDriver": "awslogs",
                        "options": {
                            "awslogs-group": group,
                            "awslogs-region": "us-east-1",
                            "awslogs-stream-prefix": "theirs",
                        },
                    },
                }
            ],
        )


def attempt_of(run: Json) -> Json:
    (attempt,) = list(run["attempts"])  # type: ignore[call-overload]
    return dict(attempt)


@pytest.mark.parametrize("pattern", ["callback", "sync", "request-response"])
def test_the_last_lines_are_in_the_record_and_in_the_cause(stack: Stack, pattern: str) -> None:
    run, execution = stack.run(pattern, *FAILS, taskDefinition="logs-elsewhere")
    attempt = attempt_of(run)
    assert run["lastLogLines"] == attempt["lastLogLines"] == ["at work", "no such table"]
    stream = f"theirs/main/{attempt['taskId']}"
    assert (attempt["log"]["group"], attempt["log"]["stream"]) == ("/of-users/jobs", stream)  # type: ignore[index]
    if pattern != "request-response":
        cause = json.loads(str(execution["cause"]))
        assert (cause["lastLogLines"], cause["log"]) == (run["lastLogLines"], attempt["log"])


def test_the_result(stack: Stack) -> None:
    run, execution = stack.run("callback", *WORKS, taskDefinition="logs-elsewhere")
    assert run["result"] == json.loads(str(execution["output"]))["result"] == {"rows": 3}


@pytest.mark.parametrize("command", [WORKS, FAILS])
def test_a_group_that_the_functions_may_not_read_changes_no_outcome(stack: Stack, command: tuple[str, ...]) -> None:
    run, _ = stack.run("callback", *command, taskDefinition="logs-unseen")
    attempt = attempt_of(run)
    assert run["status"] == ("SUCCEEDED" if command is WORKS else "FAILED")
    assert (attempt["lastLogLines"], run["result"]) == ([], None)
    note = attempt["resultNote"] if command is WORKS else attempt["logNote"]
    assert "the log could not be read: AccessDenied" in str(note)
