"""A queue that gets "Step Functions Execution Status Change" events: shared by the tests of executions."""

from __future__ import annotations

import json
import uuid
from typing import Any

from tests.contract.conftest import Aws
from tests.waiting import eventually


def queue_of_statuses(aws: Aws) -> tuple[str, str]:
    """The name of a rule, and the URL of the queue that it fills."""
    name = f"statuses-{uuid.uuid4().hex[:8]}"
    url = aws.sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"source": ["aws.states"], "detail-type": ["Step Functions Execution Status Change"]}
    aws.events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    aws.events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    return name, url


def deleted(aws: Aws, rule: str) -> None:
    """Take the rule away."""
    aws.events.remove_targets(Rule=rule, Ids=["queue"])
    aws.events.delete_rule(Name=rule)


def everything(aws: Aws, url: str) -> list[Any]:
    """Up to ten events of the queue, which are taken from it."""
    found = []
    for message in aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        aws.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        found.append(json.loads(message["Body"]))
    return found


def by_execution(aws: Aws, url: str, execution: str, last: str) -> list[Any]:
    """The events of an execution up to a status, in order."""
    seen: list[Any] = []

    def probe() -> bool:
        seen.extend(event for event in everything(aws, url) if event["resources"] == [execution])
        return bool(seen) and seen[-1]["detail"]["status"] == last

    eventually(probe, f"{last} of {execution}")
    return seen
