"""The log of a run by the API: followed by its cursor while it is written, of another container, and not there yet."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import boto3
import pytest
import requests

from cli.signing import SignedCall
from cli.target import local_target
from local import faults_client
from tests.e2e.conftest import Json, Stack
from tests.runtimes import client_settings
from tests.waiting import eventually

FAMILY = "logs-of-several"
GROUPS = {"main": "/of-users/several", "side": "/of-users/several", "hidden": "/of-users/hidden"}
LINES = [f"line {number}" for number in range(500)]
PRINTS = "import time\nfor n in range(500): print('line', n, flush=True); time.sleep(0.01)"


@pytest.fixture(scope="module", autouse=True)
def _task_definition(stack: Stack) -> None:
    """One with two containers whose logs may be read, and one whose log may not."""
    logs = boto3.client("logs", **client_settings(stack.status.endpoint))
    for group in set(GROUPS.values()):
        logs.create_log_group(logGroupName=group)
    stack.ecs.register_task_definition(
        family=FAMILY,
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        containerDefinitions=[
            {
                "name": name,
                "image": "python:3.13-slim",
                "essential": name == "main",
                "command": ["python", "-c", f"print('of {name}')"],
                # The end of the main one is the end of all: so it begins when the other two have said their line.
                "dependsOn": [
                    {"containerName": other, "condition": "SUCCESS"} for other in GROUPS if name == "main" != other
                ],
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {
                        "awslogs-group": group,
                        "awslogs-region": "us-east-1",
                        "awslogs-stream-prefix": "theirs",
                    },
                },
            }
            for name, group in GROUPS.items()
        ],
    )


class Logs:
    """GET /runs/{runId}/logs."""

    def __init__(self, stack: Stack) -> None:
        target = local_target(stack.status)
        self._address = target.api_url
        self._session = requests.Session()
        self._session.auth = SignedCall(target.credentials(), target.region)
        self._session.trust_env = False

    def get(self, run_id: str, **query: Any) -> tuple[int, Any]:
        """Status and body."""
        answer = self._session.get(f"{self._address}/runs/{run_id}/logs", params=query, timeout=30)
        return answer.status_code, answer.json()

    def pages(self, run_id: str, **query: Any) -> Iterator[Json]:
        """Each page as it comes, to the last one; what is asked too early is asked again."""
        while True:
            page = eventually(partial(self._page, run_id, query), "a page of the log")
            yield page
            if page["isComplete"]:
                return
            query = {**query, "cursor": page["cursor"]}

    def _page(self, run_id: str, query: dict[str, Any]) -> Json | None:
        status, body = self.get(run_id, **query)
        if status == 200:
            return dict(body)
        assert (status, body["error"]) == (404, "Log.NotYet")
        return None


@pytest.fixture
def logs(stack: Stack) -> Logs:
    return Logs(stack)


@pytest.mark.parametrize("limit", [37, 1_000])
def test_a_log_is_followed_while_it_is_written(stack: Stack, logs: Logs, limit: int) -> None:
    """From the moment of the start to the end of the task: no line is lost, and none comes twice."""
    run_id = stack.start("callback", "python", "-c", PRINTS)
    pages = list(logs.pages(run_id, limit=limit))
    lines: Any = [line for page in pages for line in page["lines"]]  # type: ignore[attr-defined]
    assert [line["text"] for line in lines] == LINES
    times = [line["time"] for line in lines]
    assert times == sorted(times)
    assert len(set(times)) > 1
    assert all(len(page["lines"]) <= limit for page in pages)  # type: ignore[arg-type]
    assert pages[-1]["attempt"] == 1
    assert stack.ended_run(run_id)["status"] == "SUCCEEDED"


def test_every_container_has_its_own(stack: Stack, logs: Logs) -> None:
    run_id = stack.start("callback", "python", "-c", "print('of main, too')", taskDefinition=FAMILY)
    stack.ended_run(run_id)
    for asked, text in (({}, "of main, too"), ({"container": "side"}, "of side")):
        _, page = logs.get(run_id, **asked)
        assert ([line["text"] for line in page["lines"]], page["isComplete"]) == ([text], True)
        assert page["log"]["stream"] == f"theirs/{page['container']}/{page['taskId']}"
    refused = {name: logs.get(run_id, container=name)[1]["error"] for name in ("hidden", "nobody")}
    assert refused == {"hidden": "Log.NotAllowed", "nobody": "Container.NotFound"}


def test_a_log_that_is_not_there_yet(stack: Stack, logs: Logs) -> None:
    """The task runs, and nobody has told of it."""
    faults_client.arm(stack.status.endpoint, "event-dropped", count=10, last_status=["RUNNING"])
    run_id = stack.start("callback", "sleep", "300")
    task = stack.task_of(run_id)
    status, body = logs.get(run_id)
    assert (status, body["error"]) == (404, "Log.NotYet")
    stack.ecs.stop_task(cluster=stack.status.outputs["ClusterArn"], task=task, reason="enough")
    stack.ended_run(run_id)
    assert logs.get(run_id, attempt=2)[1]["error"] == "Attempt.NotFound"


def test_a_log_that_never_was(stack: Stack, logs: Logs) -> None:
    assert logs.get("nobody")[1]["error"] == "Run.NotFound"
    faults_client.arm(stack.status.endpoint, "secrets-error")
    run = stack.ended_run(stack.start("callback", "true", retries=0))
    status, body = logs.get(str(run["runId"]))
    assert (status, body["error"]) == (404, "Log.Gone")
    assert "never started" in body["detail"]
