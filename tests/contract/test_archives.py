"""Archives of the default bus and their replays, by the API and by CloudFormation.

The sources are "Archiving and replaying events" of the EventBridge user guide, StartReplay of its API reference, and
AWS::Events::Archive of the CloudFormation user guide (fact B38: the embedded AWS refuses that type).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError
from mypy_boto3_cloudformation.client import CloudFormationClient

from tests.contract.conftest import Aws, Json
from tests.contract.running import EXIT_0, run
from tests.contract.test_delivery import queue
from tests.runtimes import client_settings
from tests.waiting import eventually

BUS = "arn:aws:events:us-east-1:000000000000:event-bus/default"


def archive(aws: Aws, pattern: Json) -> str:
    """An archive of the default bus; gives its ARN."""
    name = f"archive-{uuid.uuid4().hex[:8]}"
    return aws.events.create_archive(
        ArchiveName=name, EventSourceArn=BUS, EventPattern=json.dumps(pattern), RetentionDays=7
    )["ArchiveArn"]


def count(aws: Aws, archive_arn: str) -> int:
    """How many events an archive has."""
    return aws.events.describe_archive(ArchiveName=archive_arn.rsplit("/", 1)[-1])["EventCount"]


def rule_to_queue(aws: Aws, pattern: Json) -> tuple[str, str]:
    """A rule whose matches go to a queue of its own: the rule's ARN and the queue's URL."""
    url, queue_arn = queue(aws)
    name = f"rule-{uuid.uuid4().hex[:8]}"
    rule_arn = aws.events.put_rule(Name=name, EventPattern=json.dumps(pattern))["RuleArn"]
    aws.events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": queue_arn}])
    return rule_arn, url


def messages(aws: Aws, url: str, number: int) -> list[Json]:
    """The first messages of a queue, which are taken from it."""
    found: list[Json] = []

    def probe() -> bool:
        for message in aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            found.append(json.loads(message["Body"]))
            aws.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return len(found) >= number

    eventually(probe, f"{number} messages")
    return found


def replay(aws: Aws, archive_arn: str, rules: Sequence[str] = (), *, before: timedelta = timedelta()) -> str:
    """Replay an hour of an archive, to all rules or to some, and wait for the end of the replay; gives its name."""
    # The runtime's clock goes on where the machine's is set: the hour does not end with the last second.
    name, now = f"replay-{uuid.uuid4().hex[:8]}", datetime.now(UTC) + timedelta(minutes=5) - before
    aws.events.start_replay(
        ReplayName=name,
        EventSourceArn=archive_arn,
        EventStartTime=now - timedelta(hours=1),
        EventEndTime=now,
        Destination=cast(Any, {"Arn": BUS, **({"FilterArns": list(rules)} if rules else {})}),
    )
    eventually(lambda: aws.events.describe_replay(ReplayName=name)["State"] == "COMPLETED", f"the end of {name}")
    return name


def send(aws: Aws, source: str, *numbers: int) -> None:
    """Events that differ in a number."""
    for number in numbers:
        aws.events.put_events(Entries=[{"Source": source, "DetailType": "Test", "Detail": json.dumps({"n": number})}])


def source_of_its_own() -> str:
    return f"test.{uuid.uuid4().hex[:8]}"


def test_events_of_ecs_are_archived_where_they_match(aws: Aws) -> None:
    definition = aws.task_definition({})
    task = run(aws, definition, EXIT_0)
    aws.task_events(task)
    # Of this definition only: tasks that other tests have left may end now.
    ours: Json = {"taskDefinitionArn": [definition]}
    pattern: Json = {
        "source": ["aws.ecs"],
        "detail": {**ours, "lastStatus": ["STOPPED"], "taskArn": [{"wildcard": "*"}]},
    }
    all_of_one, stops = archive(aws, {"source": ["aws.ecs"], "detail": ours}), archive(aws, pattern)
    second = run(aws, definition, EXIT_0)
    seen = aws.task_events(second)
    assert count(aws, stops) == 1
    assert count(aws, all_of_one) == len(seen)


def test_a_replay_gives_the_events_again_with_the_name_of_the_replay(aws: Aws) -> None:
    source = source_of_its_own()
    _, url = rule_to_queue(aws, {"source": [source]})
    archived = archive(aws, {"source": [source], "detail": {"n": [1, 2]}})
    send(aws, source, 1, 2, 3)
    first = messages(aws, url, 3)
    assert not [event for event in first if "replay-name" in event]
    name = replay(aws, archived)
    again = messages(aws, url, 2)
    assert {event["replay-name"] for event in again} == {name}
    without_name = [{key: value for key, value in event.items() if key != "replay-name"} for event in again]
    assert sorted(without_name, key=json.dumps) == sorted(
        [event for event in first if event["detail"] != {"n": 3}], key=json.dumps
    )
    assert count(aws, archived) == 2, "what is replayed is not archived again"


def test_a_replay_can_be_for_some_rules_only(aws: Aws) -> None:
    source = source_of_its_own()
    (wanted, url), (_, other) = (rule_to_queue(aws, {"source": [source]}) for _ in range(2))
    archived = archive(aws, {"source": [source]})
    send(aws, source, 1)
    messages(aws, url, 1)
    messages(aws, other, 1)
    name = replay(aws, archived, [wanted])
    assert messages(aws, url, 1)[0]["replay-name"] == name
    send(aws, source, 2)
    # The queue of the other rule: had the replay come there too, it would have come before this.
    assert [event["detail"] for event in messages(aws, other, 1)] == [{"n": 2}]


def test_a_rule_may_leave_out_replays(aws: Aws) -> None:
    source = source_of_its_own()
    _, live = rule_to_queue(aws, {"source": [source], "replay-name": [{"exists": False}]})
    _, all_of_them = rule_to_queue(aws, {"source": [source]})
    archived = archive(aws, {"source": [source]})
    send(aws, source, 1)
    replay(aws, archived)
    assert len(messages(aws, all_of_them, 2)) == 2
    send(aws, source, 2)
    assert [event["detail"] for event in messages(aws, live, 2)] == [{"n": 1}, {"n": 2}]


def test_a_replay_of_another_time_gives_nothing(aws: Aws) -> None:
    source = source_of_its_own()
    _, url = rule_to_queue(aws, {"source": [source]})
    archived = archive(aws, {"source": [source]})
    send(aws, source, 1)
    replay(aws, archived, before=timedelta(hours=2))
    send(aws, source, 2)
    assert [event["detail"] for event in messages(aws, url, 2)] == [{"n": 1}, {"n": 2}]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"EventSourceArn": "arn:aws:events:us-east-1:000000000000:archive/gone"}, "ResourceNotFoundException"),
        ({"EventEndTime": datetime(2020, 1, 1, tzinfo=UTC)}, "ValidationException"),
        ({"Destination": {"Arn": BUS, "FilterArns": ["arn:aws:events:us-east-1:0:rule/gone"]}}, "ValidationException"),
        ({"Destination": {"Arn": BUS.replace("default", "other")}}, "ValidationException"),
    ],
)
def test_a_replay_that_cannot_be_is_refused(aws: Aws, changed: Json, code: str) -> None:
    now = datetime.now(UTC)
    wanted: Json = {
        "ReplayName": f"replay-{uuid.uuid4().hex[:8]}",
        "EventSourceArn": archive(aws, {"source": ["nobody"]}),
        "EventStartTime": now - timedelta(hours=1),
        "EventEndTime": now,
        "Destination": {"Arn": BUS},
        **changed,
    }
    with pytest.raises(ClientError) as refused:
        aws.events.start_replay(**cast(Any, wanted))
    assert refused.value.response["Error"]["Code"] == code


def stack_template(pattern: Json, **more: object) -> str:
    properties = {"SourceArn": BUS, "EventPattern": pattern, "RetentionDays": 7, "Description": "what is kept", **more}
    return json.dumps(
        {
            "Resources": {"Kept": {"Type": "AWS::Events::Archive", "Properties": properties}},
            "Outputs": {
                "Name": {"Value": {"Ref": "Kept"}},
                "Arn": {"Value": {"Fn::GetAtt": ["Kept", "Arn"]}},
            },
        }
    )


def outputs(stacks: CloudFormationClient, name: str, status: str) -> dict[str, str]:
    """The outputs of a stack once it has come to a status."""

    def probe() -> Any:
        stack = stacks.describe_stacks(StackName=name)["Stacks"][0]
        assert "ROLLBACK" not in stack["StackStatus"], stack.get("StackStatusReason")
        return stack if stack["StackStatus"] == status else None

    return {each["OutputKey"]: each["OutputValue"] for each in eventually(probe, status)["Outputs"]}


def test_cloudformation_makes_changes_replaces_and_deletes_an_archive(aws: Aws) -> None:
    stacks = boto3.client("cloudformation", **client_settings(aws.endpoint))
    source, stack = source_of_its_own(), f"stack-{uuid.uuid4().hex[:8]}"
    stacks.create_stack(StackName=stack, TemplateBody=stack_template({"source": [source]}))
    made = outputs(stacks, stack, "CREATE_COMPLETE")
    assert made["Name"].startswith(f"{stack}-Kept-")
    assert made["Arn"] == f"arn:aws:events:us-east-1:000000000000:archive/{made['Name']}"
    send(aws, source, 1)
    shown = aws.events.describe_archive(ArchiveName=made["Name"])
    assert (shown["EventCount"], shown["RetentionDays"], shown["Description"]) == (1, 7, "what is kept")
    assert json.loads(shown["EventPattern"]) == {"source": [source]}

    stacks.update_stack(StackName=stack, TemplateBody=stack_template({"source": [source]}, RetentionDays=9))
    assert outputs(stacks, stack, "UPDATE_COMPLETE") == made
    shown = aws.events.describe_archive(ArchiveName=made["Name"])
    assert (shown["RetentionDays"], shown["EventCount"]) == (9, 1)

    renamed = stack_template({"source": [source]}, ArchiveName=f"{stack}-other")
    stacks.update_stack(StackName=stack, TemplateBody=renamed)
    eventually(lambda: outputs(stacks, stack, "UPDATE_COMPLETE")["Name"] == f"{stack}-other", "the new archive")
    stacks.delete_stack(StackName=stack)
    eventually(lambda: not aws.events.list_archives(NamePrefix=stack)["Archives"], "the archives are gone")


def test_cloudformation_refuses_an_archive_that_cannot_be(aws: Aws) -> None:
    stacks = boto3.client("cloudformation", **client_settings(aws.endpoint))
    stack = f"stack-{uuid.uuid4().hex[:8]}"
    stacks.create_stack(StackName=stack, TemplateBody=stack_template({"source": "not a list"}), OnFailure="DO_NOTHING")
    failed = eventually(
        lambda: (
            [
                event.get("ResourceStatusReason", "")
                for event in stacks.describe_stack_events(StackName=stack)["StackEvents"]
                if event.get("ResourceStatus") == "CREATE_FAILED" and event.get("LogicalResourceId") == "Kept"
            ]
            or None
        ),
        "the failure",
    )
    assert "Event pattern is not valid" in failed[0]
