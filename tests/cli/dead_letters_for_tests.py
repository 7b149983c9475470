"""Dead letters as AWS writes them, and a stand-in for the services that `runs dead-letters` calls."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from urllib.parse import urlsplit

from cli.surroundings import Surroundings
from local.control import RuntimeStatus
from tests.cli.standin import Control, Reply, Request, StandIn, Time

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
FUNCTION = "jobs-TaskStateChangeFunction-1"
SWEEP = "jobs-SweepFunction-1"
MACHINE = "arn:aws:states:eu-west-1:123456789012:stateMachine:jobs-callback"
STARTS = "jobs-StartScheduledRunFunction-1"
EVENTS, SCHEDULES, TIMERS = "dead-letters", "schedule-dead-letters", "timer-dead-letters"
CANARY = "token-that-nobody-may-see"
EVENT: Mapping[str, object] = {
    "detail-type": "ECS Task State Change",
    "detail": {"overrides": {"containerOverrides": [{"environment": [{"name": "TASK_TOKEN", "value": CANARY}]}]}},
}
INPUT: Mapping[str, object] = {"commands": ["python", "-c", "print('hello')"]}


def function_arn(name: str = FUNCTION) -> str:
    """The ARN of a function."""
    return f"arn:aws:lambda:eu-west-1:123456789012:function:{name}"


@dataclass
class Message:
    """One message of a queue; `hidden` until somebody releases it."""

    body: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    sent: datetime = NOW
    id: str = ""
    receipt: str = ""
    hidden: bool = False

    def document(self) -> dict[str, object]:
        """As ReceiveMessage gives it."""
        attributes = {name: {"DataType": "String", "StringValue": value} for name, value in self.attributes.items()}
        found: dict[str, object] = {"MessageId": self.id, "ReceiptHandle": self.receipt, "Body": self.body}
        found["Attributes"] = {"SentTimestamp": str(int(self.sent.timestamp() * 1000))}
        return {**found, "MessageAttributes": attributes} if attributes else found


def missed(event: object = EVENT, function: str = FUNCTION, **attributes: str) -> Message:
    """An event that a rule could not send to its function."""
    why = {"ERROR_CODE": "NO_PERMISSIONS", "ERROR_MESSAGE": "not authorized to invoke"}
    whose = {"RULE_ARN": "arn:aws:events:eu-west-1:123456789012:rule/jobs-1", "TARGET_ARN": function_arn(function)}
    return Message(json.dumps(event), {**whose, **why, **attributes})


def failed(event: object = EVENT, error: str = "PortError", function: str = f"{FUNCTION}:$LATEST") -> Message:
    """An event on which a function failed to the end of its tries."""
    context = {"requestId": "7", "condition": "RetriesExhausted", "approximateInvokeCount": 3}
    response = {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}
    body = {
        "version": "1.0",
        "timestamp": "2026-11-25T10:00:00.000Z",
        "requestContext": {**context, "functionArn": function_arn(function)},
        "requestPayload": event,
        "responseContext": response,
        "responsePayload": {"errorType": error, "errorMessage": "it is throttled", "stackTrace": [CANARY]},
    }
    return Message(json.dumps(body))


def not_started(given: object = INPUT, target: str = MACHINE, **attributes: str) -> Message:
    """A start that EventBridge Scheduler could not make."""
    what = {
        "ERROR_CODE": "AWS.StepFunctions.AccessDeniedException",
        "ERROR_MESSAGE": "not authorized",
        "EXECUTION_ID": "f00d",
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
        "IS_PAYLOAD_TRUNCATED": "false",
        "RETRY_ATTEMPTS": "20",
        "SCHEDULED_TIME": "2026-11-25T10:00:00Z",
        "SCHEDULE_ARN": "arn:aws:scheduler:eu-west-1:123456789012:schedule/default/nightly",
        "TARGET_ARN": target,
    }
    return Message(json.dumps(given), {**what, **attributes})


def function_error(kind: str = "PortError", message: str = "it is throttled", status: int = 200) -> Reply:
    """What a synchronous invocation answers when the function raised."""
    body = {"errorType": kind, "errorMessage": message, "stackTrace": [CANARY]}
    return Reply(status, body, {"X-Amz-Function-Error": "Unhandled"})


class Cloud:
    """SQS, Lambda and Step Functions in memory, as far as the command line calls them."""

    def __init__(self, *events: Message, schedules: tuple[Message, ...] = ()) -> None:
        self._numbers = count(1)
        self.queues: dict[str, list[Message]] = {EVENTS: [], SCHEDULES: [], TIMERS: []}
        self.put(EVENTS, *events)
        self.put(SCHEDULES, *schedules)
        self.invoked: list[tuple[str, object]] = []
        self.started: list[dict[str, object]] = []
        self.answers: dict[str, Callable[[], Reply]] = {}
        """Instead of doing it: what an action answers, by its name."""
        self.calls: list[str] = []

    def put(self, queue: str, *messages: Message) -> None:
        """Messages into a queue."""
        for message in messages:
            message.id = message.id or f"{next(self._numbers):08d}-0000-4000-8000-000000000000"
            self.queues[queue].append(message)

    def left(self, queue: str = EVENTS) -> list[str]:
        """The bodies of the messages that are there and that everybody can take."""
        return [message.body for message in self.queues[queue] if not message.hidden]

    def answer(self, request: Request) -> Reply:
        """Do what a client asks for."""
        action = request.headers.get("X-Amz-Target", "").rpartition(".")[2] or "Invoke"
        self.calls.append(action)
        if action in self.answers:
            return self.answers[action]()
        reply = getattr(self, f"_{action}")(request)
        assert isinstance(reply, Reply)
        return reply

    def _Invoke(self, request: Request) -> Reply:  # noqa: N802 - the action's name
        self.invoked.append((urlsplit(request.path).path.split("/")[3], json.loads(request.body)))
        return Reply(200, {})

    def _StartExecution(self, request: Request) -> Reply:  # noqa: N802
        self.started.append(request.document())
        return Reply(200, {"executionArn": "arn:execution", "startDate": 0})

    def _GetQueueAttributes(self, request: Request) -> Reply:  # noqa: N802
        hidden = sum(message.hidden for message in self._queue(request))
        waiting = len(self._queue(request)) - hidden
        names = {"ApproximateNumberOfMessages": waiting, "ApproximateNumberOfMessagesNotVisible": hidden}
        return Reply(200, {"Attributes": {name: str(number) for name, number in names.items()}})

    def _ReceiveMessage(self, request: Request) -> Reply:  # noqa: N802
        asked = request.document()
        most = asked["MaxNumberOfMessages"]
        assert isinstance(most, int)
        found = [message for message in self._queue(request) if not message.hidden][:most]
        for message in found:
            message.receipt = base64.b64encode(f"{message.id} {next(self._numbers)}".encode()).decode()
            message.hidden = asked["VisibilityTimeout"] != 0
        return Reply(200, {"Messages": [message.document() for message in found]} if found else {})

    def _DeleteMessage(self, request: Request) -> Reply:  # noqa: N802
        queue, receipt = self._queue(request), request.document()["ReceiptHandle"]
        queue[:] = [message for message in queue if message.receipt != receipt]
        return Reply(200, {})

    def _ChangeMessageVisibilityBatch(self, request: Request) -> Reply:  # noqa: N802
        entries = request.document()["Entries"]
        assert isinstance(entries, list)
        receipts = {entry["ReceiptHandle"]: entry["VisibilityTimeout"] for entry in entries}
        for message in self._queue(request):
            if receipts.get(message.receipt) == 0:
                message.hidden = False
        return Reply(200, {"Successful": [], "Failed": []})

    def _queue(self, request: Request) -> list[Message]:
        return self.queues[str(request.document()["QueueUrl"]).rpartition("/")[2]]


def outputs(url: str) -> dict[str, str]:
    """The outputs of a stack whose queues are at `url`."""
    return {
        "ApiUrl": f"{url}/Prod/",
        "DeadLetterQueueUrl": f"{url}/123456789012/{EVENTS}",
        "ScheduleDeadLetterQueueUrl": f"{url}/123456789012/{SCHEDULES}",
        "TimerDeadLetterQueueUrl": f"{url}/123456789012/{TIMERS}",
        "TaskStateChangeFunctionName": FUNCTION,
        "StartScheduledRunFunctionName": STARTS,
        "SweepFunctionName": SWEEP,
        "RunTaskCallbackStateMachineArn": MACHINE,
        "EventArchiveArn": "arn:aws:events:eu-west-1:123456789012:archive/jobs-archive",
        "TaskStateChangeRuleArn": "arn:aws:events:eu-west-1:123456789012:rule/jobs-tasks",
        "ExecutionStateChangeRuleArn": "arn:aws:events:eu-west-1:123456789012:rule/jobs-executions",
    }


def around(server: StandIn, time: Time | None = None, without: tuple[str, ...] = ()) -> Surroundings:
    """The surroundings of a command whose local runtime is `server`, at NOW."""
    found = {name: value for name, value in outputs(server.url).items() if name not in without}
    status = RuntimeStatus(server.url, "eu-west-1", "jobs", found, 1, "the runtime's secret")
    passing = time or Time()
    control = Control(status)
    return Surroundings(control=lambda: control, sleep=passing.sleep, clock=passing.clock, now=lambda: NOW)


def described(url: str) -> Reply:
    """What CloudFormation says about that stack."""
    members = "".join(
        f"<member><OutputKey>{name}</OutputKey><OutputValue>{value}</OutputValue></member>"
        for name, value in outputs(url).items()
    )
    return Reply(
        200,
        '<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult>'
        "<Stacks><member><StackName>jobs</StackName><StackStatus>CREATE_COMPLETE</StackStatus>"
        f"<CreationTime>2025-01-31T09:30:00Z</CreationTime><Outputs>{members}</Outputs></member></Stacks>"
        "</DescribeStacksResult></DescribeStacksResponse>",
    )
