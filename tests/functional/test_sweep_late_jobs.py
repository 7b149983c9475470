"""The sweep as Lambda calls it, and the jobs that are late."""

from collections.abc import Callable
from typing import Any

from fargate_runs.aws import clients
from tests.fakes.ecs import CANARY
from tests.fakes.stored_jobs import a_job, stored
from tests.fakes.tables import JOBS_TABLE
from tests.functional.conftest import Stack
from tests.functional.printed import metrics_of

LATE = stored(a_job(no_success_for_seconds=60, environment={"SECRET": CANARY}))


def test_people_are_told_of_a_late_job_once_and_the_metric_says_so_each_time(
    stack: Stack, printed: Callable[[], str]
) -> None:
    stack.apply(LATE, stored(a_job("without-an-alarm")))
    first, second = stack.sweep(), stack.sweep()
    assert [(each["lateJobs"], each["lateJobsTold"], each["failures"]) for each in (first, second)] == [
        (1, 1, 0),
        (1, 0, 0),
    ]
    ((subject, message),) = stack.alarms.told
    assert subject == "Job nightly has not succeeded for 1m"
    said = printed()
    assert [each for each in metrics_of(said) if each[0] == "JobsLate"] == [("JobsLate", None)] * 2
    assert CANARY not in said + subject + message


def test_a_job_without_an_alarm_is_late_no_more(stack: Stack) -> None:
    stack.apply(LATE)
    stack.sweep()
    item = stack.dynamodb.get_item(TableName=JOBS_TABLE, Key={"pk": {"S": "JOBS"}, "sk": {"S": "nightly"}})["Item"]
    assert "lateSince" in item
    del item["noSuccessForSeconds"]
    stack.dynamodb.put_item(TableName=JOBS_TABLE, Item=item)
    assert stack.sweep()["lateJobs"] == 0
    item = stack.dynamodb.get_item(TableName=JOBS_TABLE, Key={"pk": {"S": "JOBS"}, "sk": {"S": "nightly"}})["Item"]
    assert "lateSince" not in item


def test_a_stack_without_jobs_pays_for_one_query(stack: Stack) -> None:
    asked: list[Any] = []
    clients.dynamodb().meta.events.register(
        "before-parameter-build.dynamodb.*",
        lambda params, model, **_: asked.append(model.name) if params["TableName"] == JOBS_TABLE else None,
    )
    for count in (1, 2):
        stack.sweep()
        assert asked == ["Query"] * count
