"""What becomes of an event that a function cannot handle, or whose function is not there (fact B11)."""

from __future__ import annotations

import json
import uuid
from typing import Any, cast

import boto3

from tests.contract.conftest import Aws, Json
from tests.contract.functions import LIMIT_SECONDS, create_function
from tests.runtimes import client_settings
from tests.waiting import eventually

FAILING = "def handler(event, context):\n    raise ValueError('not today')\n"


def queue(aws: Aws) -> tuple[str, str]:
    """A queue of its own: URL and ARN."""
    url = aws.sqs.create_queue(QueueName=f"letters-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    answer = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, answer["Attributes"]["QueueArn"]


def failing_function(aws: Aws, destination: str) -> tuple[str, str]:
    """A function that always fails, with an on-failure destination: name and ARN."""
    name, arn = create_function(aws, FAILING)
    functions = boto3.client("lambda", **client_settings(aws.endpoint))
    functions.put_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnFailure": {"Destination": destination}}
    )
    return name, arn


def rule(aws: Aws, target: Json) -> str:
    """A rule on a source of its own; gives the source."""
    source = f"test.{uuid.uuid4().hex[:8]}"
    aws.events.put_rule(Name=source, EventPattern=json.dumps({"source": [source]}))
    aws.events.put_targets(Rule=source, Targets=[cast(Any, {"Id": "one", **target})])
    return source


def send(aws: Aws, source: str) -> None:
    """One event."""
    aws.events.put_events(Entries=[{"Source": source, "DetailType": "Test", "Detail": '{"n": 1}'}])


def message(aws: Aws, url: str) -> Any:
    """The next message of a queue, which may be the doing of a function's third attempt."""

    def probe() -> Any:
        answer = aws.sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])
        return answer.get("Messages", [None])[0]

    return eventually(probe, "a message", limit_seconds=LIMIT_SECONDS)


def test_b11_a_function_that_fails_is_tried_three_times_and_then_the_event_goes_to_the_destination(aws: Aws) -> None:
    url, arn = queue(aws)
    name, function = failing_function(aws, arn)
    send(aws, rule(aws, {"Arn": function}))
    letter = json.loads(message(aws, url)["Body"])
    assert letter["requestContext"]["condition"] == "RetriesExhausted"
    assert letter["requestPayload"]["detail"] == {"n": 1}
    lines = aws.logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    assert sum(line["message"].startswith("START ") for line in lines) == 3


def test_b11_an_event_for_a_function_that_is_not_there_goes_to_the_targets_dead_letter_queue(aws: Aws) -> None:
    url, arn = queue(aws)
    function = "arn:aws:lambda:us-east-1:000000000000:function:gone"
    send(aws, rule(aws, {"Arn": function, "DeadLetterConfig": {"Arn": arn}}))
    letter = message(aws, url)
    assert json.loads(letter["Body"])["detail"] == {"n": 1}
    attributes = {key: value["StringValue"] for key, value in letter["MessageAttributes"].items()}
    assert (attributes["TARGET_ARN"], attributes["ERROR_CODE"]) == (function, "NO_RESOURCE")


def test_nobody_else_may_put_events_of_aws(aws: Aws) -> None:
    answer = aws.events.put_events(Entries=[{"Source": "aws.ecs", "DetailType": "Test", "Detail": "{}"}])
    assert answer["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"
