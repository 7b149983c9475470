"""A start is called certainly not done only where no try of it went without an answer (fault F08)."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ReadTimeoutError

from fargate_runs.aws import clients
from fargate_runs.aws.stepfunctions import StepFunctionsExecutions
from fargate_runs.ports import (
    ExecutionError,
    ExecutionExistsError,
    ExecutionRefusedError,
    ExecutionThrottledError,
    ExecutionUnknownError,
)
from tests.fakes.ecs import EXECUTION_ARN, MACHINES, RUN_ID

LOST, THROTTLED, EXISTS, DENIED = "", "ThrottlingException", "ExecutionAlreadyExists", "AccessDeniedException"
BROKEN, STARTED = "InternalServerError", "started"


class Raw:
    def __init__(self, body: bytes) -> None:
        self.body = body

    def stream(self, **_more: object) -> Iterator[bytes]:
        yield self.body


class Wire:
    """Step Functions behind the client: what each try is answered, the last one again and again."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.tries = 0

    def __call__(self, request: AWSRequest, **_more: object) -> AWSResponse:
        answer = self.answers[min(self.tries, len(self.answers) - 1)]
        self.tries += 1
        if answer == LOST:
            raise ReadTimeoutError(endpoint_url=str(request.url))
        body: dict[str, object] = {"executionArn": EXECUTION_ARN, "startDate": 1_746_529_330}
        if answer != STARTED:
            body = {"__type": answer, "message": "no"}
        status = {STARTED: 200, BROKEN: 500}.get(answer, 400)
        return AWSResponse(str(request.url), status, HTTPHeaders(), Raw(json.dumps(body).encode()))


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)


def start(wire: Wire) -> str:
    client: Any = clients.starts.__wrapped__()
    client.meta.events.register("before-send.sfn.StartExecution", wire)
    return StepFunctionsExecutions(client).start(MACHINES.callback, RUN_ID, "{}").arn


@pytest.mark.parametrize(
    ("answers", "raised"),
    [
        ((LOST, THROTTLED), ExecutionUnknownError),
        ((BROKEN, THROTTLED), ExecutionUnknownError),
        ((LOST, EXISTS), ExecutionUnknownError),  # it has started, and ended already
        ((LOST, DENIED), ExecutionUnknownError),
        ((LOST,), ExecutionUnknownError),
        ((THROTTLED,), ExecutionThrottledError),
        ((EXISTS,), ExecutionExistsError),
        ((DENIED,), ExecutionRefusedError),
    ],
)
def test_a_start_that_fails(answers: tuple[str, ...], raised: type[ExecutionError]) -> None:
    """Else the API says that nothing was started, takes the record away, and the caller starts the work twice."""
    with pytest.raises(ExecutionError) as refused:
        start(Wire(*answers))
    assert type(refused.value) is raised


@pytest.mark.parametrize("answers", [(STARTED,), (LOST, STARTED), (LOST, BROKEN, STARTED)])
def test_a_start_whose_answer_was_lost_is_asked_for_again(answers: tuple[str, ...]) -> None:
    """The same name and input is the same execution (fact B32)."""
    wire = Wire(*answers)
    assert start(wire) == EXECUTION_ARN
    assert wire.tries == len(answers)


def test_tries_are_counted() -> None:
    wire = Wire(LOST)
    with pytest.raises(ExecutionUnknownError, match="ReadTimeoutError"):
        start(wire)
    assert wire.tries == 3
