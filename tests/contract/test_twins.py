"""What the simulation's twins and the local runtime both claim about AWS, by one suite over both.

Facts: tokens B28 and B29, StartExecution B32, versions B9, MISSING B12, aborts B26, events B1 and B7, StopTask, lists,
and conditional writes of DynamoDB.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest
from botocore.exceptions import ClientError

from fargate_runs.aws import ecs, stepfunctions
from tests.contract.conftest import Aws
from tests.contract.sides import AS_THE_ADAPTERS, Json, Local, Side, Simulated
from tests.fakes.tables import TABLE


@pytest.fixture(params=["local", "simulated"])
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    if request.param == "simulated":
        yield Simulated()
        return
    aws: Aws = request.getfixturevalue("aws")
    yield Local(aws)
    aws.at_rest()


def code_of(call: Callable[[], object]) -> str:
    """The code that a call is refused with."""
    with pytest.raises(ClientError) as refused:
        call()
    return str(refused.value.response["Error"]["Code"])


def test_a_token_takes_one_answer(side: Side) -> None:
    execution = side.start("callback")
    token = side.variable(side.task_of(execution), "TASK_TOKEN")
    assert side.stepfunctions.send_task_heartbeat(taskToken=token) is not None
    assert code_of(lambda: side.stepfunctions.send_task_success(taskToken=token, output="no JSON")) == "InvalidOutput"
    side.stepfunctions.send_task_success(taskToken=token, output='{"a":1}')
    assert side.until_closed(execution)["status"] == "SUCCEEDED"
    for again in (
        lambda: side.stepfunctions.send_task_success(taskToken=token, output="{}"),
        lambda: side.stepfunctions.send_task_failure(taskToken=token, error="E", cause="c"),
        lambda: side.stepfunctions.send_task_heartbeat(taskToken=token),
    ):
        assert code_of(again) == "TaskTimedOut"


def test_a_failure_fails_the_execution(side: Side) -> None:
    execution = side.start("callback")
    token = side.variable(side.task_of(execution), "TASK_TOKEN")
    side.stepfunctions.send_task_failure(taskToken=token, error="Container.ExitedNonZero", cause="{}")
    closed = side.until_closed(execution)
    assert (closed["status"], closed["error"]) == ("FAILED", "Container.ExitedNonZero")


def test_a_token_of_nobody(side: Side) -> None:
    assert code_of(lambda: side.stepfunctions.send_task_success(taskToken="nobody", output="{}")) == "InvalidToken"
    assert code_of(lambda: side.stepfunctions.send_task_heartbeat(taskToken="nobody")) == "InvalidToken"


def test_a_retry_has_a_token_of_its_own(side: Side) -> None:
    execution = side.start("callback", timeout=6, retries=1)
    first = side.variable(side.task_of(execution), "TASK_TOKEN")
    second = side.variable(side.task_of(execution, attempt=2), "TASK_TOKEN")
    assert first != second
    assert code_of(lambda: side.stepfunctions.send_task_success(taskToken=first, output="{}")) == "TaskTimedOut"
    side.stepfunctions.send_task_success(taskToken=second, output="{}")
    assert side.until_closed(execution)["status"] == "SUCCEEDED"


def test_an_abort_closes_the_token_and_leaves_the_task(side: Side) -> None:
    execution = side.start("callback")
    task = side.task_of(execution)
    assert "stopDate" not in side.stepfunctions.describe_execution(executionArn=execution)
    side.stepfunctions.stop_execution(executionArn=execution)
    closed = side.until_closed(execution)
    assert closed["status"] == "ABORTED"
    assert closed["stopDate"] >= closed["startDate"]
    token = side.variable(task, "TASK_TOKEN")
    assert code_of(lambda: side.stepfunctions.send_task_success(taskToken=token, output="{}")) == "TaskTimedOut"
    assert side.one(task["taskArn"])["desiredStatus"] == "RUNNING"


def test_an_abort_of_sync_stops_the_task(side: Side) -> None:
    execution = side.start("sync")
    task = side.task_of(execution)["taskArn"]
    side.stepfunctions.stop_execution(executionArn=execution)
    stopped = side.until_status(task, "STOPPED")
    assert stopped["stopCode"] == "UserInitiated"
    assert "AWS Step Functions execution" in stopped["stoppedReason"]
    assert execution in stopped["stoppedReason"]


def test_stop_task_has_one_effect(side: Side) -> None:
    task = side.task_of(side.start("callback"))["taskArn"]
    side.ecs.stop_task(cluster=side.cluster, task=task, reason="enough")
    side.ecs.stop_task(cluster=side.cluster, task=task, reason="more than enough")
    stopped = side.until_status(task, "STOPPED")
    side.ecs.stop_task(cluster=side.cluster, task=task, reason="too late")
    assert side.one(task)["version"] == stopped["version"]
    assert (stopped["stopCode"], stopped["stoppedReason"]) == ("UserInitiated", "enough")
    assert stopped["containers"][0]["exitCode"] in {0, 137, 143}
    unknown = task[:-1] + ("0" if task[-1] != "0" else "1")
    refused = code_of(lambda: side.ecs.stop_task(cluster=side.cluster, task=unknown))
    assert refused == "InvalidParameterException"


def test_a_task_that_is_not_known_is_missing(side: Side) -> None:
    task = side.task_of(side.start("callback"))["taskArn"]
    unknown = task[:-1] + ("0" if task[-1] != "0" else "1")
    answer = side.ecs.describe_tasks(cluster=side.cluster, tasks=[task, unknown])
    assert [each["taskArn"] for each in answer["tasks"]] == [task]
    assert [(each["arn"], each["reason"]) for each in answer["failures"]] == [(unknown, "MISSING")]


def test_events_and_what_is_described(side: Side) -> None:
    execution = side.start("callback")
    task = side.task_of(execution)
    side.ecs.stop_task(cluster=side.cluster, task=task["taskArn"], reason="enough")
    stopped = side.until_status(task["taskArn"], "STOPPED")

    def probe() -> list[Json] | None:
        events = side.events(task["taskArn"])
        return events if any(event["detail"]["lastStatus"] == "STOPPED" for event in events) else None

    events = side.wait(probe, "the event of the end")
    for event in events:
        assert (event["source"], event["detail-type"]) == ("aws.ecs", "ECS Task State Change")
        assert {"version", "id", "account", "time", "region"} <= event.keys()
        assert event["resources"] == [event["detail"]["taskArn"]]
        assert side.variable(event["detail"], "TASK_TOKEN") == side.variable(task, "TASK_TOKEN")
        assert "tags" not in event["detail"]
        assert None not in event["detail"].values()
    versions = [event["detail"]["version"] for event in events]
    assert sorted(versions) == sorted(set(versions))
    assert max(versions) == stopped["version"]
    statuses = [event["detail"]["lastStatus"] for event in events]
    assert statuses.index("RUNNING") < statuses.index("STOPPED")


def test_the_same_name_and_input_is_the_same_execution(side: Side) -> None:
    machine = side.machine("callback")
    start = side.stepfunctions.start_execution
    first = start(stateMachineArn=machine, name="once", input='{"a":1}')
    assert start(stateMachineArn=machine, name="once", input='{"a":1}')["executionArn"] == first["executionArn"]
    exists = "ExecutionAlreadyExists"
    assert code_of(lambda: start(stateMachineArn=machine, name="once", input='{"a":2}')) == exists
    side.stepfunctions.stop_execution(executionArn=first["executionArn"])
    side.until_closed(first["executionArn"])
    assert code_of(lambda: start(stateMachineArn=machine, name="once", input='{"a":1}')) == exists


def test_an_execution_of_nobody(side: Side) -> None:
    arn = side.start("callback") + "-of-nobody"
    assert code_of(lambda: side.stepfunctions.describe_execution(executionArn=arn)) == "ExecutionDoesNotExist"


def test_executions_are_listed_newest_first_in_pages(side: Side) -> None:
    machine = side.machine("callback")
    arns = []
    for name in ("a", "b", "c"):
        answer = side.stepfunctions.start_execution(stateMachineArn=machine, name=name, input="{}")
        arns.append(answer["executionArn"])
        side.task_of(answer["executionArn"])
    pages = list(
        AS_THE_ADAPTERS.pages(
            side.stepfunctions.list_executions, stepfunctions.PAGED, stateMachineArn=machine, maxResults=2
        )
    )
    assert [len(page["executions"]) for page in pages] == [2, 1]
    assert [each["executionArn"] for page in pages for each in page["executions"]] == arns[::-1]
    side.stepfunctions.stop_execution(executionArn=arns[1])
    side.until_closed(arns[1])
    running = side.stepfunctions.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]
    assert [each["executionArn"] for each in running] == [arns[2], arns[0]]
    assert {each["status"] for each in running} == {"RUNNING"}


def test_tasks_are_listed_by_what_is_desired_in_pages(side: Side) -> None:
    tasks = [side.task_of(side.start("callback"))["taskArn"] for _ in range(3)]
    side.ecs.stop_task(cluster=side.cluster, task=tasks[0])
    listed = {
        status: [
            arn
            for page in AS_THE_ADAPTERS.pages(
                side.ecs.list_tasks, ecs.PAGED, cluster=side.cluster, desiredStatus=status, maxResults=1
            )
            for arn in page["taskArns"]
        ]
        for status in ("RUNNING", "STOPPED")
    }
    assert {*tasks} & {*listed["RUNNING"]} == {*tasks[1:]}
    assert {*tasks} & {*listed["STOPPED"]} == {tasks[0]}
    assert len(listed["RUNNING"]) == len(set(listed["RUNNING"]))


def test_a_conditional_write_that_is_refused_shows_what_stands(side: Side) -> None:
    item = {"pk": {"S": f"RUN#{uuid.uuid4()}"}, "sk": {"S": "RUN"}, "version": {"N": "3"}}
    side.dynamodb.put_item(TableName=TABLE, Item=item, ConditionExpression="attribute_not_exists(pk)")
    with pytest.raises(ClientError) as refused:
        side.dynamodb.put_item(
            TableName=TABLE,
            Item={**item, "version": {"N": "2"}},
            ConditionExpression="attribute_not_exists(pk) OR #version < :version",
            ExpressionAttributeNames={"#version": "version"},
            ExpressionAttributeValues={":version": {"N": "2"}},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    assert refused.value.response["Error"]["Code"] == "ConditionalCheckFailedException"
    assert refused.value.response.get("Item") == item
