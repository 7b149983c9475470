"""POST /runs with an Idempotency-Key."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from api.handler import use_cases
from fargate_runs.runs.request import RunRequest
from tests.functional.conftest import Stack
from tests.functional.requests import request
from tests.functional.test_documents import check

BODY = {"commands": ["job"]}


def start(stack: Stack, key: str, body: Any = None, header: str = "Idempotency-Key") -> tuple[int, Any]:
    asked = request("POST", "/runs", body or BODY)
    asked["multiValueHeaders"] = {"Content-Type": ["application/json"], header: [key]}
    asked["headers"] = {"Content-Type": "application/json", header: key}
    reply = stack.api(asked)
    return reply["statusCode"], json.loads(reply["body"])


@pytest.mark.parametrize("header", ["Idempotency-Key", "idempotency-key"])
def test_the_same_key_is_the_same_run(stack: Stack, header: str) -> None:
    status, first = start(stack, "a", header=header)
    assert status == 202
    status, again = start(stack, "a", header=header)
    check("StartedRun", again)
    assert (status, again["runId"]) == (200, first["runId"])
    assert len(stack.executions.started) == 1


def test_another_body_is_refused(stack: Stack) -> None:
    _, first = start(stack, "a")
    status, refused = start(stack, "a", {"commands": ["another"]})
    check("Problem", refused)
    assert (status, refused["error"], refused["runId"]) == (409, "Run.IdempotencyKeyReused", first["runId"])


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\t", "é"])
def test_what_is_no_key_is_refused(stack: Stack, key: str) -> None:
    status, refused = start(stack, key)
    assert (status, refused["problems"][0]["field"]) == (400, "Idempotency-Key")
    assert not stack.executions.started


def test_the_longest_key(stack: Stack) -> None:
    assert start(stack, "x" * 255)[0] == 202


def test_many_at_once_are_one_run(stack: Stack) -> None:
    """The use case, and not the handler: a process of the function has one request at a time, and its app too."""
    asked, first = RunRequest.from_mapping(BODY), start(stack, "another key")
    start_run = use_cases().start_run
    with ThreadPoolExecutor(10) as pool:
        runs = list(pool.map(lambda _: start_run(asked, key="a"), range(50)))
    assert first[0] == 202
    assert len({run.run_id for run in runs}) == 1
    assert len(stack.executions.started) == 2
    assert sorted(run.is_new for run in runs) == [*[False] * 49, True]


def test_the_key_is_in_no_record(stack: Stack) -> None:
    start(stack, "my-secret-key")
    assert "my-secret-key" not in str(stack.items())
