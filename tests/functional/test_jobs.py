"""The jobs of the REST API, from the request to the reply: the real tables, ECS and Scheduler on moto."""

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from fargate_runs import ports
from fargate_runs.aws import job_store
from fargate_runs.reading.patterns import Pattern, execution_arn
from fargate_runs.runs.run_state import RunRecord
from jobs.handler import use_cases
from tests.fakes.clock import NOON
from tests.fakes.ecs import CANARY, MACHINES
from tests.fakes.jobs import IMAGE
from tests.fakes.moto_table import store_on
from tests.functional.conftest import SCHEDULE_GROUP, Stack
from tests.functional.requests import request
from tests.functional.test_documents import check

BODY: dict[str, Any] = {
    "project": "reports",
    "image": IMAGE,
    "environment": {"SECRET": CANARY},
    "schedules": [
        {"name": "daily", "cron": "0 6 * * ? *", "overrides": {"environment": {"MORE": CANARY}}},
    ],
    "concurrency": {"limit": 1},
}


def call(stack: Stack, method: str, path: str, body: Any = None, **query: str) -> tuple[int, Any]:
    event = request(method, path, body)
    event["queryStringParameters"] = query or None
    event["multiValueQueryStringParameters"] = {name: [value] for name, value in query.items()} or None
    event["requestContext"]["identity"] = {"userArn": "arn:aws:iam::123456789012:user/jane"}
    reply = stack.jobs(event)
    status, answer = reply["statusCode"], json.loads(reply["body"])
    assert CANARY not in reply["body"]
    if status >= 400:
        check("Problem", answer)
        assert answer["type"] == f"urn:fargate-runs:{answer['error']}"
    return status, answer


def names_of_timers() -> list[str]:
    rows = boto3.client("scheduler").list_schedules(GroupName=SCHEDULE_GROUP)["Schedules"]
    return [each["Name"] for each in rows]


def families() -> list[str]:
    arns = boto3.client("ecs").list_task_definitions(status="ACTIVE")["taskDefinitionArns"]
    return [arn.rpartition("/")[2] for arn in arns]


def test_a_job_from_the_first_definition_to_its_end(stack: Stack) -> None:
    status, dry = call(stack, "PUT", "/jobs/nightly", BODY, dryRun="true")
    assert (status, dry["change"], names_of_timers(), families()) == (200, "create", [], [])
    check("AppliedJob", dry)
    assert call(stack, "GET", "/jobs/nightly")[0] == 404

    status, applied = call(stack, "PUT", "/jobs/nightly", BODY)
    assert (status, applied["change"]) == (200, "create")
    check("AppliedJob", applied)
    for each in applied["changes"]:
        check("JobChange", each)
    assert (names_of_timers(), families()) == (["nightly.daily"], ["stack-nightly:1"])
    assert call(stack, "PUT", "/jobs/nightly", BODY)[1]["change"] == "none"

    status, shown = call(stack, "GET", "/jobs/nightly")
    assert (status, shown) == (200, applied["job"])
    check("Job", shown)
    check("JobSchedule", shown["schedules"][0])
    assert shown["definition"]["environmentNames"] == ["SECRET"]
    assert shown["taskDefinitionArn"].endswith(":task-definition/stack-nightly:1")

    status, listed = call(stack, "GET", "/jobs")
    assert (status, [each["name"] for each in listed["jobs"]]) == (200, ["nightly"])
    check("JobList", listed)
    check("JobRow", listed["jobs"][0])
    assert call(stack, "GET", "/jobs", project="billing") == (200, {"jobs": []})
    assert len(call(stack, "GET", "/jobs", project="reports")[1]["jobs"]) == 1

    assert call(stack, "POST", "/jobs/nightly/pause")[1]["pausedAt"]
    status, resumed = call(stack, "POST", "/jobs/nightly/resume", {})
    assert (status, resumed["pausedAt"]) == (200, None)

    status, deleted = call(stack, "DELETE", "/jobs/nightly")
    assert (status, deleted["isComplete"]) == (200, True)
    check("DeletedJob", deleted)
    assert (names_of_timers(), families()) == ([], [])
    assert call(stack, "GET", "/jobs/nightly")[0] == 404
    assert call(stack, "DELETE", "/jobs/nightly")[0] == 404


def test_the_limit_is_at_the_gate(stack: Stack) -> None:
    call(stack, "PUT", "/jobs/nightly", BODY)
    key = {"pk": {"S": "GATE#nightly"}, "sk": {"S": "GATE"}}
    item = stack.dynamodb.get_item(TableName="jobs", Key=key)["Item"]
    assert item["limit"] == {"N": "1"}


def test_every_problem_of_a_definition_has_its_field(stack: Stack) -> None:
    wrong = {**BODY, "cpu": 3, "schedules": [{"name": "daily", "cron": "x"}], "more": 1}
    status, answer = call(stack, "PUT", "/jobs/Nightly", wrong)
    assert (status, answer["error"]) == (400, "Job.Invalid")
    assert [each.get("field") for each in answer["problems"]] == [None, "more", "cpu", "schedules[0].cron"]
    assert answer["problems"][0]["detail"].startswith("the name of the job must have")


def test_more_problems_than_anybody_reads_are_cut(stack: Stack) -> None:
    schedules = [{"name": "a", "rate": "x", "timeZone": "x", "enabled": 1, "overrides": {"x": 1}}] * 20
    environment = {f"A{number}": 1 for number in range(300)}
    status, answer = call(stack, "PUT", "/jobs/nightly", {**BODY, "schedules": schedules, "environment": environment})
    assert (status, len(answer["problems"])) == (400, 200)
    assert answer["detail"].endswith("and 380 more")


@pytest.mark.parametrize("body", ["", "[]", "x", "{", '{"project": "a", "project": "b"}'])
def test_a_body_that_is_no_definition(stack: Stack, body: str) -> None:
    status, answer = call(stack, "PUT", "/jobs/nightly", body)
    assert (status, answer["error"]) == (400, "Job.Invalid")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"taskRole": "arn:aws:iam::123456789012:role/other"}, "taskRole"),
        ({"secrets": {"A": "arn:aws:ssm:us-east-1:123456789012:parameter/other"}}, "secrets.A"),
        ({"memory": 8192}, "memory"),
        ({"environment": {"TASK_TOKEN": "x"}}, "environment.TASK_TOKEN"),
        ({"image": None, "taskDefinition": "other:1"}, "taskDefinition"),
    ],
)
def test_what_the_stack_does_not_allow(stack: Stack, change: dict[str, Any], field: str) -> None:
    body = {key: value for key, value in {**BODY, **change}.items() if value is not None}
    status, answer = call(stack, "PUT", "/jobs/nightly", body)
    assert (status, [each["field"] for each in answer["problems"]]) == (400, [field])


def test_what_it_allows(stack: Stack) -> None:
    secrets = {"A": "arn:aws:ssm:us-east-1:123456789012:parameter/report/a"}
    for role in ("task", "report"):
        more = {"taskRole": f"arn:aws:iam::123456789012:role/{role}", "secrets": secrets}
        assert call(stack, "PUT", "/jobs/nightly", {**BODY, **more})[0] == 200


def live(stack: Stack, run_id: str = "r1") -> None:
    arn = execution_arn(MACHINES.callback, run_id)
    store_on(stack.dynamodb).write_run(
        RunRecord(run_id, created_at=NOON, pattern=Pattern.CALLBACK, execution_arn=arn, follows=True, job="nightly")
    )
    stack.executions.start(MACHINES.callback, run_id, "{}")


def test_a_job_with_live_runs(stack: Stack) -> None:
    call(stack, "PUT", "/jobs/nightly", BODY)
    live(stack)
    status, answer = call(stack, "DELETE", "/jobs/nightly")
    assert (status, answer["error"]) == (409, "Job.HasLiveRuns")
    assert call(stack, "DELETE", "/jobs/nightly", runs="all")[1]["error"] == "Request.Invalid"
    status, answer = call(stack, "DELETE", "/jobs/nightly", runs="stop")
    assert (status, answer["stoppedRuns"]) == (200, ["r1"])
    assert stack.executions.stops[0][2] == "its job was deleted (stopped by arn:aws:iam::123456789012:user/jane)"


def test_a_job_of_another_project(stack: Stack) -> None:
    call(stack, "PUT", "/jobs/nightly", BODY)
    status, answer = call(stack, "PUT", "/jobs/nightly", {**BODY, "project": "billing"})
    assert (status, answer["error"]) == (409, "Job.OwnedByAnother")


PAST = {"from": "2026-11-01T00:00:00Z", "to": "2026-11-03T00:00:00Z"}


@pytest.mark.parametrize(
    ("method", "path", "body", "query"),
    [
        ("POST", "/jobs/nightly/pause", {"for": "ever"}, {}),
        ("POST", "/jobs/nightly/resume", "[]", {}),
        ("PUT", "/jobs/nightly", BODY, {"dryRun": "yes"}),
        ("PUT", "/jobs/nightly", BODY, {"force": "true"}),
        ("GET", "/jobs", None, {"project": ""}),
        ("GET", "/jobs/nightly", None, {"x": "1"}),
        ("POST", "/jobs/nightly/backfill", {}, {}),
        ("POST", "/jobs/nightly/backfill", "x", {}),
        ("POST", "/jobs/nightly/backfill", {**PAST, "from": "2026-11-01T00:00:00"}, {}),
        ("POST", "/jobs/nightly/backfill", {**PAST, "from": "yesterday"}, {}),
        ("POST", "/jobs/nightly/backfill", {**PAST, "from": 1}, {}),
        ("POST", "/jobs/nightly/backfill", {**PAST, "to": PAST["from"]}, {}),
        ("POST", "/jobs/nightly/backfill", {**PAST, "dryRun": "yes"}, {}),
        ("POST", "/jobs/nightly/backfill", {**PAST, "more": 1}, {}),
    ],
)
def test_wrong_parameters(stack: Stack, method: str, path: str, body: Any, query: dict[str, str]) -> None:
    call(stack, "PUT", "/jobs/nightly", BODY)
    status, answer = call(stack, method, path, body, **query)
    assert (status, answer["error"]) == (400, "Request.Invalid")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/jobs/nobody", None),
        ("DELETE", "/jobs/nobody", None),
        ("POST", "/jobs/nobody/pause", None),
        ("POST", "/jobs/nobody/resume", None),
        ("POST", "/jobs/nobody/backfill", PAST),
    ],
)
def test_no_job(stack: Stack, method: str, path: str, body: Any) -> None:
    status, answer = call(stack, method, path, body)
    assert (status, answer["error"]) == (404, "Job.NotFound")


def test_missed_slots_are_listed_and_started(stack: Stack) -> None:
    call(stack, "PUT", "/jobs/nightly", BODY)
    status, dry = call(stack, "POST", "/jobs/nightly/backfill", {**PAST, "dryRun": True})
    ids = ["nightly_daily_20261101T060000Z", "nightly_daily_20261102T060000Z"]
    assert (status, [each["runId"] for each in dry["slots"]], dry["started"]) == (200, ids, [])
    check("Backfill", dry)
    assert stack.executions.started == {}
    status, done = call(stack, "POST", "/jobs/nightly/backfill", PAST)
    assert (status, done["started"]) == (200, ids)
    started = stack.executions.started[ids[0]]
    assert started.machine == MACHINES.callback
    assert json.loads(started.input) == {
        "job": "nightly",
        "schedule": "daily",
        "scheduledTime": "2026-11-01T06:00:00Z",
        "environment": {"MORE": CANARY},
    }
    assert call(stack, "POST", "/jobs/nightly/backfill", PAST)[1]["slots"] == []


def test_nothing_secret_is_logged(stack: Stack, printed: Callable[[], str]) -> None:
    call(stack, "PUT", "/jobs/nightly", BODY)
    call(stack, "PUT", "/jobs/nightly", {**BODY, "cpu": 3})
    call(stack, "POST", "/jobs/nightly/pause")
    call(stack, "POST", "/jobs/nightly/backfill", PAST)
    call(stack, "DELETE", "/jobs/nightly", runs="keep")
    said = printed()
    assert CANARY not in said
    lines = [json.loads(line) for line in said.splitlines() if line.startswith('{"level"')]
    told = {line["message"]: line for line in lines}
    assert {"job applied", "job paused", "job deleted", "runs started for missed slots"} <= told.keys()
    assert told["job applied"]["by"] == "arn:aws:iam::123456789012:user/jane"


def test_a_table_that_is_down(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_: object) -> None:
        raise ports.StoreUnavailableError("the jobs table did not answer: ThrottlingException")

    monkeypatch.setattr(job_store.DynamoJobStore, "find_job", down)
    use_cases.cache_clear()
    status, answer = call(stack, "GET", "/jobs/nightly")
    assert (status, answer["error"]) == (503, "Service.Unavailable")
