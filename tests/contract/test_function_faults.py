"""Faults of functions and of their calls, on a real function (fact B11; the quotas B34 to B36)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any, cast

import boto3
import pytest

from local import faults_client
from local.faults_client import arm
from tests.contract.conftest import Aws, Json
from tests.contract.functions import LIMIT_SECONDS, create_function
from tests.contract.test_delivery import message, queue, rule, send
from tests.runtimes import client_settings
from tests.waiting import eventually

# Puts an item that no other invocation has put, and says in a queue how it went.
PUTTING = """
import json, os
import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

once = Config(retries={"total_max_attempts": 1})
table, queue = boto3.client("dynamodb", config=once), boto3.client("sqs")

def handler(event, context):
    item = {"pk": {"S": event["detail"]["key"] if "detail" in event else event["key"]}}
    try:
        table.put_item(TableName=os.environ["TABLE"], Item=item, ConditionExpression="attribute_not_exists(pk)")
        said = "put"
    except ClientError as error:
        said = error.response["Error"]["Code"]
    except Exception as error:
        said = type(error).__name__
    queue.send_message(QueueUrl=os.environ["QUEUE"], MessageBody=json.dumps({"said": said}))
    return {"said": said}
"""


class Function:
    """A function that puts an item, its table, and the queue in which it says how that went."""

    def __init__(self, aws: Aws) -> None:
        self.aws = aws
        self.queue_url, _ = queue(aws)
        table = f"table-{uuid.uuid4().hex[:8]}"
        self.name, self.arn = create_function(aws, PUTTING, TABLE=table, QUEUE=self.queue_url)
        self.lambda_client = boto3.client("lambda", **client_settings(aws.endpoint))
        self.table_name = table
        self.table = boto3.client("dynamodb", **client_settings(aws.endpoint))
        self.table.create_table(
            TableName=table,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.source = rule(aws, {"Arn": self.arn})

    def call(self, key: str = "1") -> Json:
        """Invoke it and wait for its answer."""
        answer = self.lambda_client.invoke(FunctionName=self.name, Payload=json.dumps({"key": key}))
        return {"error": answer.get("FunctionError"), **json.load(answer["Payload"])}

    def send(self, key: str = "1") -> None:
        """Send it an event."""
        entry = {"Source": self.source, "DetailType": "Test", "Detail": json.dumps({"key": key})}
        self.aws.events.put_events(Entries=[cast(Any, entry)])

    def said(self) -> object:
        """What the next invocation that came to its end says."""
        found = message(self.aws, self.queue_url)
        self.aws.sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=found["ReceiptHandle"])
        return json.loads(found["Body"])["said"]

    def has(self, key: str = "1") -> bool:
        """Whether the item is in the table."""
        return "Item" in self.table.get_item(TableName=self.table_name, Key={"pk": {"S": key}})

    def started(self, times: int) -> None:
        """Wait until its log says that it was invoked so often; it says so when an invocation is over."""

        def starts() -> int:
            lines = self.aws.logs.filter_log_events(logGroupName=f"/aws/lambda/{self.name}")["events"]
            return sum(line["message"].startswith("START ") for line in lines)

        eventually(lambda: starts() >= times, f"{times} starts of {self.name}", limit_seconds=LIMIT_SECONDS)
        assert starts() == times


@pytest.fixture
def function(aws: Aws) -> Function:
    """A function of its own."""
    return Function(aws)


@pytest.fixture(autouse=True)
def _no_fault_is_left(aws: Aws) -> Iterator[None]:
    faults_client.clear(aws.endpoint)
    yield
    assert faults_client.armed(aws.endpoint) == []
    faults_client.clear(aws.endpoint)


def test_b11_a_function_killed_before_its_call_has_done_nothing_and_is_tried_again(function: Function) -> None:
    arm(function.aws.endpoint, "function-killed", call="PutItem", function=function.name)
    function.send()
    assert function.said() == "put", "of the second attempt: the first had put nothing"
    function.started(2)


def test_b11_a_function_killed_after_its_call_meets_its_own_doing(function: Function) -> None:
    arm(function.aws.endpoint, "function-killed", call="PutItem", when="after", function=function.name)
    function.send()
    assert function.said() == "ConditionalCheckFailedException"
    assert function.has()
    function.started(2)


def test_b11_a_function_that_is_killed_every_time_goes_to_the_destination(function: Function) -> None:
    url, arn = queue(function.aws)
    function.lambda_client.put_function_event_invoke_config(
        FunctionName=function.name, DestinationConfig={"OnFailure": {"Destination": arn}}
    )
    arm(function.aws.endpoint, "function-killed", call="PutItem", function=function.name, count=3)
    function.send()
    letter = json.loads(message(function.aws, url)["Body"])
    assert letter["requestPayload"]["detail"] == {"key": "1"}
    assert letter["responsePayload"]["errorType"] == "Runtime.ExitError"
    function.started(3)
    assert not function.has()


def test_who_waits_for_a_killed_function_is_told_so(function: Function) -> None:
    arm(function.aws.endpoint, "function-killed", call="PutItem", function=function.name)
    answer = function.call()
    assert (answer["error"], answer["errorType"]) == ("Unhandled", "Runtime.ExitError")
    assert str(answer["errorMessage"]).endswith(" Error: Runtime exited with error: signal: killed")
    assert function.call() == {"error": None, "said": "put"}


def test_b34_a_throttled_call_is_not_carried_out(function: Function) -> None:
    arm(function.aws.endpoint, "call-throttled", call="PutItem")
    assert function.call()["said"] == "ProvisionedThroughputExceededException"
    assert not function.has()
    assert function.call()["said"] == "put"


def test_b11_a_lost_call_is_carried_out_and_its_answer_never_comes(function: Function) -> None:
    arm(function.aws.endpoint, "call-lost", call="PutItem")
    assert function.call()["said"] == "ConnectionClosedError"
    assert function.has()
    assert function.call()["said"] == "ConditionalCheckFailedException"


def test_faults_of_functions_leave_everybody_else_alone(function: Function) -> None:
    arm(function.aws.endpoint, "function-killed", call="PutItem")
    function.table.put_item(TableName=function.table_name, Item={"pk": {"S": "by somebody else"}})
    assert [fault["left"] for fault in faults_client.armed(function.aws.endpoint)] == [1]
    assert function.call()["errorType"] == "Runtime.ExitError"


def test_a_function_is_chosen_by_a_part_of_its_name(function: Function) -> None:
    arm(function.aws.endpoint, "function-killed", call="PutItem", function=f"x{function.name}")
    assert function.call()["said"] == "put"
    faults_client.clear(function.aws.endpoint)
    send(function.aws, "nobody")
    arm(function.aws.endpoint, "call-throttled", call="PutItem", function=function.name[2:])
    assert function.call("2")["said"] == "ProvisionedThroughputExceededException"


def test_two_functions_at_once_and_only_one_is_killed(aws: Aws) -> None:
    functions = [Function(aws) for _ in range(2)]
    for each in functions:
        assert each.call("warm")["said"] == "put"
        each.said()
    arm(aws.endpoint, "function-killed", call="PutItem", function=functions[0].name)
    for each in functions:
        each.send()
    assert [each.said() for each in functions] == ["put", "put"]
    functions[0].started(3)
    functions[1].started(2)
