"""A run is stopped by its caller, wherever it stands: what is on record, and that its task is really gone."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local import faults_client
from tests.e2e.calling import Api
from tests.e2e.conftest import Stack
from tests.waiting import eventually

PATTERNS = ("callback", "sync", "request-response")
STAY = ("python", "-c", "import time; time.sleep(600)")


@pytest.fixture
def api(stack: Stack) -> Api:
    return Api(stack)


def stop(api: Api, run_id: str, reason: str) -> Any:
    """POST /runs/{id}/stop, which is taken; gives the stop request."""
    status, answer = api.post("runs", run_id, "stop", body={"reason": reason})
    assert status == 202, answer
    assert answer["stopRequest"]["by"].startswith("arn:aws:iam::000000000000:")
    return answer["stopRequest"]


def stopped(stack: Stack, run_id: str, request: Any) -> Any:
    """The run, which ended as this request asked."""
    run = stack.ended_run(run_id)
    assert run["stopRequest"] == request
    assert (run["status"], run["error"]) == ("STOPPED", "Run.Stopped")
    assert request["reason"] in str(run["summary"])
    for task in stack.find_tasks(run_id):
        assert stack.ended_task(task)["lastStatus"] == "STOPPED"
    return run


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_run_that_runs(stack: Stack, api: Api, pattern: str) -> None:
    run_id = stack.start(pattern, *STAY)
    eventually(lambda: api.get("runs", run_id)[1].get("startedAt"), "the start of the container")
    run = stopped(stack, run_id, stop(api, run_id, f"wrong input {uuid.uuid4().hex}"))
    assert len(run["attempts"]) == 1
    status, refused = api.post("runs", run_id, "stop")
    assert (status, refused["error"]) == (409, "Run.Ended")
    assert stack.ended_run(run_id)["stopRequest"] == run["stopRequest"]


@pytest.mark.parametrize("pattern", ["callback", "sync"])
def test_a_run_that_is_about_to_start(stack: Stack, api: Api, pattern: str) -> None:
    run_id = stack.start(pattern, *STAY)
    stopped(stack, run_id, stop(api, run_id, "too early"))


@pytest.mark.parametrize("pattern", ["callback", "sync"])
def test_a_run_between_two_attempts(stack: Stack, api: Api, pattern: str) -> None:
    """Its first attempt has failed, and the next one waits or has just begun: the failure is not why it ended."""
    faults_client.arm(stack.status.endpoint, "image-pull-timeout", count=1)
    run_id = stack.start(pattern, *STAY)

    def has_failed_once() -> bool:
        run = api.get("runs", run_id)[1]
        return any(each["status"] == "FAILED" for each in run.get("attempts", ()))

    eventually(has_failed_once, "the end of the first attempt")
    run = stopped(stack, run_id, stop(api, run_id, "no second attempt"))
    assert run["attempts"][0]["error"] == "Task.ImagePullFailed"


def test_many_stop_it_at_once(stack: Stack, api: Api) -> None:
    """The first request stays, and each is told of it."""
    run_id = stack.start("callback", *STAY)
    eventually(lambda: api.get("runs", run_id)[1].get("startedAt"), "the start of the container")
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda n: Api(stack).post("runs", run_id, "stop", body={"reason": f"r{n}"}), range(5)))
    requests = [answer["stopRequest"] for status, answer in answers if status == 202]
    assert requests
    assert all(each == requests[0] for each in requests)
    assert all(status == 202 or answer["error"] == "Run.Ended" for status, answer in answers)
    stopped(stack, run_id, requests[0])


def test_a_run_that_is_not_there(api: Api) -> None:
    status, refused = api.post("runs", "nobody", "stop", body={"reason": "x"})
    assert (status, refused["error"]) == (404, "Run.NotFound")
