"""AWS behind a real client: what each try of a call is answered, so that the client's own tries are seen."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import boto3
import pytest
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

#: Answers beside the codes of errors: none at all, one of a server that is broken, and the one that was asked for.
LOST: Final = ""
BROKEN: Final = "InternalServerError"
DONE: Final = "done"


class Wire:
    """What each try is answered, the last one again and again. A handler of botocore's event `before-send`."""

    def __init__(self, done: Mapping[str, object], *answers: str) -> None:
        self.done = done
        self.answers = list(answers)
        self.tries = 0

    def __call__(self, request: AWSRequest, **_more: object) -> AWSResponse:
        answer = self.answers[min(self.tries, len(self.answers) - 1)]
        self.tries += 1
        if answer == LOST:
            raise ReadTimeoutError(endpoint_url=str(request.url))
        body = self.done if answer == DONE else {"__type": answer, "message": "no"}
        status = {DONE: 200, BROKEN: 500}.get(answer, 400)
        return AWSResponse(str(request.url), status, HTTPHeaders(), _Raw(json.dumps(body).encode()))

    def of(self, client: Any, operation: str) -> Any:
        """The client, with this wire under one operation such as `sfn.StartExecution`."""
        client.meta.events.register(f"before-send.{operation}", self)
        return client


def unreachable(service: str) -> Any:
    """A client of a service that cannot be reached. It makes one try with each call."""
    client: Any = boto3.client(
        service,  # type: ignore[call-overload]
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )
    client.meta.events.register("before-send", _cut_off)
    return client


def _cut_off(request: AWSRequest, **_more: object) -> None:
    raise ConnectTimeoutError(endpoint_url=str(request.url))


class _Raw:
    def __init__(self, body: bytes) -> None:
        self.body = body

    def stream(self, **_more: object) -> Iterator[bytes]:
        yield self.body


def give_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a client needs to sign, and no pause between its tries."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
