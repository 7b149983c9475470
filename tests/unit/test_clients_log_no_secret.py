"""With LogLevel DEBUG the libraries under the AWS clients would log what is sent and what comes back, secrets in it."""

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest

from fargate_runs.aws import clients
from tests.fakes import wire
from tests.fakes.ecs import CANARY, CLUSTER_ARN, EXECUTION_ARN, MACHINES, TOKEN

#: Calls with a secret in them or in their answer: the client, the operation, what it is given, what it is answered.
CALLS: Final[Mapping[str, tuple[Any, str, Callable[[Any], object], dict[str, object]]]] = {
    "a token is answered": (
        clients.stepfunctions,
        "sfn.SendTaskSuccess",
        lambda client: client.send_task_success(taskToken=TOKEN, output="{}"),
        {},
    ),
    "an execution is started": (
        clients.starts,
        "sfn.StartExecution",
        lambda client: client.start_execution(stateMachineArn=MACHINES.callback, input=f'{{"environment":"{CANARY}"}}'),
        {"executionArn": EXECUTION_ARN, "startDate": 0},
    ),
    "a task is described": (
        clients.ecs,
        "ecs.DescribeTasks",
        lambda client: client.describe_tasks(cluster=CLUSTER_ARN, tasks=["1"]),
        {"tasks": [{"overrides": {"containerOverrides": [{"environment": [{"name": TOKEN, "value": CANARY}]}]}}]},
    ),
    "a record is read": (
        clients.dynamodb,
        "dynamodb.GetItem",
        lambda client: client.get_item(TableName="runs", Key={"pk": {"S": "a"}}),
        {"Item": {"taskToken": {"S": TOKEN}}},
    ),
    "a log is read": (
        clients.logs,
        "logs.GetLogEvents",
        lambda client: client.get_log_events(logGroupName="a", logStreamName="b"),
        {"events": [{"message": CANARY}]},
    ),
}


@pytest.mark.parametrize("call", CALLS)
def test_no_library_logs_a_secret_at_any_level(
    call: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    wire.give_keys(monkeypatch)
    caplog.set_level(logging.DEBUG)  # of the root logger, as Lambda sets it for ApplicationLogLevel DEBUG
    make, operation, ask, answer = CALLS[call]
    ends = wire.Wire(answer, wire.DONE)
    ask(ends.of(make.__wrapped__(), operation))
    logging.getLogger("tests.a_function").debug("said all the same")
    assert ends.tries == 1
    assert "said all the same" in caplog.text
    assert not [secret for secret in (TOKEN, CANARY) if secret in caplog.text]
