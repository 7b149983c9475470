"""EventBridge Scheduler and scheduled rules invoke functions, in the runtime's time.

Sources: AWS::Scheduler::Schedule of the CloudFormation user guide; "Schedule types" of the Scheduler user guide.
"""

from __future__ import annotations

import itertools
import json
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import boto3
import pytest
from mypy_boto3_cloudformation.client import CloudFormationClient

from tests.contract.conftest import ROLE, Aws, Json, make_role, prepared
from tests.contract.functions import LIMIT_SECONDS, create_function
from tests.contract.test_archives import outputs
from tests.contract.test_delivery import queue
from tests.runtimes import bare_runtime, client_settings
from tests.waiting import eventually

TELLING = """
import json, os
import boto3

queue = boto3.client("sqs")

def handler(event, context):
    queue.send_message(QueueUrl=os.environ["QUEUE"], MessageBody=json.dumps(event))
"""


@pytest.fixture(scope="module")
def fast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """A runtime in which a minute takes a second."""
    with bare_runtime(tmp_path_factory.mktemp("fast"), time_scale=60) as endpoint:
        yield prepared(endpoint)


def template(function: str, role: str, **properties: object) -> str:
    """A stack of one schedule."""
    target = {"Arn": function, "RoleArn": role, "RetryPolicy": {"MaximumRetryAttempts": 3}}
    schedule = {
        "ScheduleExpression": "rate(1 minute)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "State": "ENABLED",
        "Target": target,
        **properties,
    }
    resources = {"Sweep": {"Type": "AWS::Scheduler::Schedule", "Properties": schedule}}
    return json.dumps({"Resources": resources, "Outputs": {"Name": {"Value": {"Ref": "Sweep"}}}})


def told(aws: Aws, url: str, number: int) -> list[Json]:
    """The next events that a function was invoked with."""
    found: list[Json] = []

    def probe() -> bool:
        for message in aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            found.append(json.loads(message["Body"]))
            aws.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return len(found) >= number

    eventually(probe, f"{number} invocations", limit_seconds=LIMIT_SECONDS)
    return found


@pytest.fixture
def function(fast: Aws) -> tuple[str, str]:
    """The ARN of a function that tells a queue what it gets, and the queue's URL."""
    url, _ = queue(fast)
    return create_function(fast, TELLING, QUEUE=url)[1], url


def stacks(aws: Aws) -> CloudFormationClient:
    return boto3.client("cloudformation", **client_settings(aws.endpoint))


def test_a_schedule_of_a_stack_invokes_its_function_every_minute(fast: Aws, function: tuple[str, str]) -> None:
    arn, url = function
    stack = f"stack-{uuid.uuid4().hex[:8]}"
    role = make_role(fast.endpoint, f"role-{stack}", "*")
    stacks(fast).create_stack(StackName=stack, TemplateBody=template(arn, role))
    outputs(stacks(fast), stack, "CREATE_COMPLETE")
    events = told(fast, url, 3)
    assert {(event["source"], event["detail-type"]) for event in events} == {("aws.scheduler", "Scheduled Event")}
    times = sorted(datetime.fromisoformat(str(event["time"])) for event in events)
    assert all((later - earlier).total_seconds() >= 59 for earlier, later in itertools.pairwise(times))

    stacks(fast).update_stack(StackName=stack, TemplateBody=template(arn, role, Description="changed"))
    outputs(stacks(fast), stack, "UPDATE_COMPLETE")
    told(fast, url, 2)
    stacks(fast).delete_stack(StackName=stack)
    scheduler = boto3.client("scheduler", **client_settings(fast.endpoint))
    eventually(lambda: not scheduler.list_schedules(NamePrefix=stack)["Schedules"], "the schedule is gone")


def test_a_schedule_gives_its_function_the_input_that_it_names(fast: Aws, function: tuple[str, str]) -> None:
    arn, url = function
    scheduler = boto3.client("scheduler", **client_settings(fast.endpoint))
    name = f"schedule-{uuid.uuid4().hex[:8]}"
    scheduler.create_schedule(
        Name=name,
        ScheduleExpression="rate(1 minute)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": arn, "RoleArn": make_role(fast.endpoint, f"role-{name}", "*"), "Input": '{"some": "input"}'},
    )
    assert told(fast, url, 2)[:2] == [{"some": "input"}] * 2
    scheduler.delete_schedule(Name=name)


def test_a_schedule_of_a_group_fires_in_its_time_zone_and_says_for_when(fast: Aws, function: tuple[str, str]) -> None:
    """The group and its schedules as a stack and an application make them; a minute takes a second here."""
    arn, url = function
    scheduler = boto3.client("scheduler", **client_settings(fast.endpoint))
    name = f"group-{uuid.uuid4().hex[:8]}"
    scheduler.create_schedule_group(Name=name)
    role = make_role(fast.endpoint, f"role-{name}", "*")
    given: Json = {
        "GroupName": name,
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ScheduleExpressionTimezone": "Asia/Kolkata",
        "Target": {"Arn": arn, "RoleArn": role, "Input": '{"for":"<aws.scheduler.scheduled-time>"}'},
    }
    scheduler.create_schedule(Name="nightly.off", ScheduleExpression="rate(1 minute)", State="DISABLED", **given)
    scheduler.create_schedule(Name="nightly.minutes", ScheduleExpression="cron(* * * * ? *)", **given)
    found = [datetime.fromisoformat(str(each["for"])) for each in told(fast, url, 3)]
    assert all(each.second == 0 for each in found)
    assert sorted(set(found)) == sorted(found)
    listed = scheduler.list_schedules(GroupName=name, NamePrefix="nightly.")["Schedules"]
    assert sorted(each["Name"] for each in listed) == ["nightly.minutes", "nightly.off"]
    scheduler.update_schedule(Name="nightly.minutes", ScheduleExpression="cron(* * * * ? *)", State="DISABLED", **given)
    assert scheduler.get_schedule(Name="nightly.minutes", GroupName=name)["State"] == "DISABLED"
    scheduler.delete_schedule(Name="nightly.minutes", GroupName=name)
    scheduler.delete_schedule_group(Name=name)


REFUSED: dict[str, tuple[dict[str, object], dict[str, object], str]] = {
    "a time zone that there is not": ({"ScheduleExpressionTimezone": "Asia/Seol"}, {}, "Timezone"),
    "an input that is no JSON": ({}, {"Input": "{commands: [a]}"}, "JSON"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_schedule_is_refused(what: str, fast: Aws) -> None:
    more, of_target, said = REFUSED[what]
    target = {"Arn": "arn:aws:states:us-east-1:000000000000:stateMachine:any", "RoleArn": ROLE, **of_target}
    scheduler = boto3.client("scheduler", **client_settings(fast.endpoint))
    given = {"Name": "refused", "ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": {"Mode": "OFF"}, **more}
    with pytest.raises(scheduler.exceptions.ValidationException, match=said):
        scheduler.create_schedule(Target=target, **given)
    assert not scheduler.list_schedules(NamePrefix="refused")["Schedules"]


@pytest.mark.parametrize("what", REFUSED)
def test_a_stack_with_such_a_schedule_fails_and_says_why(what: str, fast: Aws) -> None:
    more, of_target, said = REFUSED[what]
    stack = f"stack-{uuid.uuid4().hex[:8]}"
    body = json.loads(template("arn:aws:states:us-east-1:000000000000:stateMachine:any", ROLE, **more))
    body["Resources"]["Sweep"]["Properties"]["Target"].update(of_target)
    stacks(fast).create_stack(StackName=stack, TemplateBody=json.dumps(body))

    def rolled_back() -> bool:
        return stacks(fast).describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"] == "ROLLBACK_COMPLETE"

    eventually(rolled_back, f"the end of {stack}")
    reasons = [
        each.get("ResourceStatusReason", "")
        for each in stacks(fast).describe_stack_events(StackName=stack)["StackEvents"]
    ]
    assert any(said in reason for reason in reasons)


def test_a_rule_with_a_rate_invokes_its_function_too(fast: Aws, function: tuple[str, str]) -> None:
    arn, url = function
    name = f"rule-{uuid.uuid4().hex[:8]}"
    fast.events.put_rule(Name=name, ScheduleExpression="rate(1 minute)")
    fast.events.put_targets(Rule=name, Targets=[{"Id": "function", "Arn": arn}])
    assert {event["source"] for event in told(fast, url, 2)} == {"aws.events"}
    fast.events.remove_targets(Rule=name, Ids=["function"])
    fast.events.delete_rule(Name=name)


def test_times_of_events_executions_and_tasks_are_of_one_clock(tmp_path: Path) -> None:
    with bare_runtime(tmp_path, time_scale=100_000) as endpoint:
        aws = prepared(endpoint)
        end = aws.run({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 86_400, "End": True}}})
        assert (end["stopDate"] - end["startDate"]).total_seconds() >= 86_400  # type: ignore[operator]
        task = aws.ecs.run_task(
            cluster=aws.cluster,
            taskDefinition=aws.task_definition({}),
            overrides={"containerOverrides": [{"name": "main", "command": ["python", "-c", "pass"]}]},
        )["tasks"][0]
        assert task["createdAt"] >= end["stopDate"]  # type: ignore[operator]
        first = aws.task_events(task["taskArn"])[0]
        assert datetime.fromisoformat(str(first["time"])) >= end["stopDate"].replace(microsecond=0)  # type: ignore[attr-defined]
