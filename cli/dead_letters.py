"""Dead letters: what a message in the stack's queues is, who was to get it, and why that failed.

Three senders write there, each in a shape of its own:
- an EventBridge rule that could not reach its function (fact B11): the body is the event, the attributes say why
  (docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html);
- Lambda, when a function failed on an event to the end of its tries: the body is a record around the event
  (docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html);
- EventBridge Scheduler that could not reach its target: the body is the target's input, the attributes say why
  (docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

#: What stands in a schedule's input for the time at which it was due.
_DUE: Final = "<aws.scheduler.scheduled-time>"
_JOB: Final = re.compile(r"[a-z0-9-]{1,38}")
_LAMBDA_ARN_PARTS: Final = 7  # arn:aws:lambda:<region>:<account>:function:<name>[:<qualifier>]


class Kind(StrEnum):
    """Whose dead letter it is."""

    EVENT = "event"
    SCHEDULE = "schedule"
    UNREADABLE = "unreadable"


class UnreadableLetterError(Exception):
    """The message is no dead letter of this stack; the text says why and echoes nothing of it but names."""


@dataclass(frozen=True, slots=True)
class Stack:
    """The targets of messages. Writers of the queue must not choose what is called with an operator's rights."""

    functions: frozenset[str]
    """Names of the stack's functions."""
    machines: frozenset[str]
    """ARNs of its state machines."""

    @classmethod
    def from_outputs(cls, outputs: Mapping[str, str]) -> Stack:
        """The functions and machines that the template gives out."""
        functions = frozenset(value for name, value in outputs.items() if name.endswith("FunctionName"))
        return cls(functions, frozenset(value for name, value in outputs.items() if name.endswith("StateMachineArn")))


@dataclass(frozen=True, slots=True)
class Invocation:
    """An event for one of the stack's functions, as JSON."""

    function: str
    event: str = field(repr=False)
    job: str | None = None
    """The job whose run it would have started."""

    @property
    def target(self) -> str:
        """The name of its target."""
        return f"{self.function} for job {self.job}" if self.job else self.function


@dataclass(frozen=True, slots=True)
class Start:
    """A start of one of the stack's state machines; `input` is JSON. The same letter has the same `name` each time."""

    machine_arn: str
    name: str
    input: str = field(repr=False)

    @property
    def target(self) -> str:
        """The name of its target."""
        return self.machine_arn.rpartition(":")[2]


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter: what to do with it, and why it was not done in the first place."""

    kind: Kind
    way: Invocation | Start
    reason: str
    """A name to count by: an error code or the type of an exception."""
    details: str


def read(message: MessageTypeDef, stack: Stack) -> Letter:
    """What a message is. Raises UnreadableLetterError."""
    attributes = {name: value.get("StringValue", "") for name, value in message.get("MessageAttributes", {}).items()}
    body = _json(message.get("Body", ""))
    if "SCHEDULE_ARN" in attributes:
        return _of_scheduler(message["MessageId"], body, attributes, stack)
    if "RULE_ARN" in attributes:
        return _of_rule(body, attributes, stack)
    if isinstance(body, Mapping) and "requestPayload" in body:
        return _of_lambda(body, stack)
    raise UnreadableLetterError("neither an event, nor a failed invocation, nor a schedule's input")


def sent_at(message: MessageTypeDef) -> datetime | None:
    """When it came into the queue; None when SQS did not say."""
    milliseconds = message.get("Attributes", {}).get("SentTimestamp", "")
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC) if milliseconds.isdigit() else None


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableLetterError("the body is not JSON") from error


def _of_rule(event: object, attributes: Mapping[str, str], stack: Stack) -> Letter:
    way = Invocation(_function(attributes.get("TARGET_ARN", ""), stack), json.dumps(event))
    return Letter(Kind.EVENT, way, *_why(attributes))


def _of_lambda(record: Mapping[str, object], stack: Stack) -> Letter:
    context, response = _object(record.get("requestContext")), _object(record.get("responsePayload"))
    given = record["requestPayload"]
    way = Invocation(_function(str(context.get("functionArn", "")), stack), json.dumps(given), _job(given))
    reason = response.get("errorType") or context.get("condition") or "Unhandled"
    return Letter(Kind.EVENT, way, str(reason), str(response.get("errorMessage") or ""))


def _of_scheduler(message_id: str, body: object, attributes: Mapping[str, str], stack: Stack) -> Letter:
    if attributes.get("IS_PAYLOAD_TRUNCATED") == "true":
        raise UnreadableLetterError("EventBridge Scheduler cut its input")
    target, given = _request(attributes.get("TARGET_ARN", ""), body)
    way: Invocation | Start
    if ":lambda:" in target:
        given = given.replace(_DUE, attributes.get("SCHEDULED_TIME", _DUE))
        way = Invocation(_function(target, stack), given, _job(body))
    elif target in stack.machines:
        way = Start(target, f"redrive-{message_id}", given)
    else:
        raise UnreadableLetterError(f"its target is not of this stack: {target or 'none named'}")
    return Letter(Kind.SCHEDULE, way, *_why(attributes))


def _request(target: str, body: object) -> tuple[str, str]:
    """Target and input: a schedule may also name the call (aws-sdk:sfn:startExecution), then its body is a request."""
    if isinstance(body, Mapping):
        fields = {str(name).lower(): value for name, value in body.items()}
        if isinstance(machine := fields.get("statemachinearn"), str):
            given = fields.get("input")
            return machine, given if isinstance(given, str) else "{}"
    return target, json.dumps(body)


def _function(arn: str, stack: Stack) -> str:
    parts = arn.split(":")
    name = parts[_LAMBDA_ARN_PARTS - 1] if len(parts) >= _LAMBDA_ARN_PARTS else ""
    if name not in stack.functions:
        raise UnreadableLetterError(f"its function is not of this stack: {arn or 'none named'}")
    return name


def _why(attributes: Mapping[str, str]) -> tuple[str, str]:
    return attributes.get("ERROR_CODE") or "no error code", attributes.get("ERROR_MESSAGE", "")


def _job(given: object) -> str | None:
    """Returns the job that an event names, if it looks like a name: writers of the queue choose the text."""
    name = given.get("job") if isinstance(given, Mapping) else None
    return name if isinstance(name, str) and _JOB.fullmatch(name) else None


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
