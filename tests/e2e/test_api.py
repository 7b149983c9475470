"""The API every day, signed and over HTTP: list, start once, run again, and who may do what."""

from __future__ import annotations

import hashlib
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest

from tests.e2e.calling import Api, reader
from tests.e2e.conftest import MACHINES, Json, Stack
from tests.runtimes import client_settings
from tests.waiting import eventually


@pytest.fixture
def api(stack: Stack) -> Api:
    return Api(stack)


def listed(api: Api, **query: Any) -> list[str]:
    """The ids of a whole list, page by page."""
    found: list[str] = []
    while True:
        status, page = api.get("runs", **query)
        assert status == 200, page
        found += [row["runId"] for row in page["runs"]]
        if page["cursor"] is None:
            return found
        query["cursor"] = page["cursor"]


def test_lists(stack: Stack, api: Api) -> None:
    """Three runs, of two patterns, one failed: by every filter, in pages of two, newest first."""
    first = stack.start("callback", "true")
    since = stack.ended_run(first)["createdAt"]
    failed = stack.start("callback", "false", retries=0)
    stack.ended_run(failed)
    last = stack.start("request-response", "true")
    stack.ended_run(last)
    ours = [last, failed, first]
    eventually(lambda: set(listed(api, since=since)) >= set(ours), "all three in the list")
    assert [each for each in listed(api, since=since, limit=2) if each in ours] == ours
    wanted: dict[str, tuple[Json, list[str]]] = {
        "status": ({"status": "FAILED"}, [failed]),
        "pattern": ({"pattern": "callback"}, [failed, first]),
        "both": ({"pattern": "request-response", "status": "SUCCEEDED"}, [last]),
        "prefix": ({"idPrefix": failed[:-1]}, [failed]),
        "until": ({"until": since}, [first]),
    }
    for what, (query, runs) in wanted.items():
        found = listed(api, **{"since": since, **query})
        assert [each for each in found if each in ours] == runs, what
    (row,) = [each for each in api.get("runs", status="FAILED", since=since)[1]["runs"] if each["runId"] == failed]
    assert (row["error"], row["exitCode"], row["attempts"]) == ("Container.ExitedNonZero", 1, 1)
    assert row["estimatedCostUsd"] > 0


def test_an_id_with_a_colon(stack: Stack, api: Api) -> None:
    """A task that somebody starts may name its run as he likes."""
    run_id = f"team:job {uuid.uuid4().hex[:8]}/é"
    outputs = stack.status.outputs
    override: Any = {
        "name": outputs["ContainerName"],
        "command": ["python", "-c", "print('hello')"],
        "environment": [{"name": "RUN_ID", "value": run_id}],
    }
    network: Any = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
    stack.ecs.run_task(
        cluster=outputs["ClusterArn"],
        taskDefinition=outputs["TaskDefinitionArn"],
        launchType="FARGATE",
        networkConfiguration=network,
        overrides={"containerOverrides": [override]},
    )
    eventually(lambda: api.get("runs", run_id)[1].get("status") == "SUCCEEDED", "the end of the run")
    eventually(lambda: listed(api, idPrefix=run_id[:12]) == [run_id], "the run in a list")
    status, log = api.get("runs", run_id, "logs")
    assert (status, [line["text"] for line in log["lines"]]) == (200, ["hello"])
    assert api.post("runs", run_id, "stop")[1]["error"] == "Run.Ended"
    assert api.post("runs", run_id, "rerun")[1]["error"] == "Run.NotRepeatable"


def test_a_run_is_run_again_with_its_environment(stack: Stack, api: Api) -> None:
    """A secret reaches the new container, and nothing else: no answer, no log of ours."""
    secret = f"hush-{uuid.uuid4().hex}"
    program = (
        "import hashlib, json, os; print(json.dumps({'sha': hashlib.sha256(os.environ['S'].encode()).hexdigest()}))"
    )
    body = {"pattern": "callback", "commands": ["python", "-c", program], "environment": {"S": secret}}
    first = str(api.post("runs", body=body)[1]["runId"])
    told = {"sha": hashlib.sha256(secret.encode()).hexdigest()}
    assert stack.ended_run(first)["result"] == told
    status, again = api.post("runs", first, "rerun", key=uuid.uuid4().hex)
    assert (status, again["rerunOf"]) == (202, first)
    assert again["runId"] != first
    run = stack.ended_run(str(again["runId"]))
    assert (run["status"], run["result"], run["rerunOf"]) == ("SUCCEEDED", told, first)
    for each in (first, str(again["runId"])):
        api.get("runs", each)
        api.get("runs", each, "logs")
    eventually(lambda: str(again["runId"]) in str(api.get("runs", idPrefix=again["runId"])[1]), "it in a list")
    assert secret not in " ".join(api.seen)
    logs = boto3.client("logs", **client_settings(stack.status.endpoint))
    groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    lines = [
        event["message"]
        for group in groups
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        for event in page["events"]
    ]
    assert any(str(again["runId"]) in line for line in lines)
    assert not any(secret in line for line in lines)


def test_a_key_starts_one_run_however_many_ask_at_once(stack: Stack, api: Api) -> None:
    key, marker = uuid.uuid4().hex, f"once-{uuid.uuid4().hex}"
    body = {"pattern": "request-response", "commands": ["true"], "environment": {"MARKER": marker}}
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: Api(stack).post("runs", body=body, key=key), range(50)))
    (run_id,) = {answer["runId"] for _, answer in answers}
    assert sorted(status for status, _ in answers) == [*[200] * 49, 202]
    machine = stack.status.outputs[MACHINES["request-response"]]
    pages = stack.sfn.get_paginator("list_executions").paginate(stateMachineArn=machine)
    inputs = [
        stack.sfn.describe_execution(executionArn=each["executionArn"])["input"]
        for page in pages
        for each in page["executions"]
    ]
    assert sum(marker in each for each in inputs) == 1
    status, refused = api.post("runs", body={**body, "commands": ["false"]}, key=key)
    assert (status, refused["error"], refused["runId"]) == (409, "Run.IdempotencyKeyReused", run_id)


def test_who_may_read_may_do_nothing_else(stack: Stack, api: Api) -> None:
    run_id = str(api.post("runs", body={"pattern": "request-response", "commands": ["true"]})[1]["runId"])
    stack.ended_run(run_id)
    reading = Api(stack, reader(stack))
    assert [reading.get(*path)[0] for path in (("runs",), ("runs", run_id), ("runs", run_id, "logs"))] == [200] * 3
    for path in (("runs",), ("runs", run_id, "stop"), ("runs", run_id, "rerun")):
        status, refused = reading.post(*path, body={})
        assert status == 403, path
        assert "is not authorized to perform: execute-api:Invoke" in str(refused)
