"""What API Gateway answers by itself: problem details of the template, by names of the table, without credentials."""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from jsonschema import Draft202012Validator

from local.access import ACCESS_KEY_ID
from local.paths import REGION
from tests.e2e.conftest import Stack
from tools.openapi.gateway import GATEWAY
from tools.openapi.schemas import SCHEMAS


def answer_of(stack: Stack, path: str, headers: dict[str, str]) -> tuple[int, str, Any]:
    request = Request(stack.status.outputs["ApiUrl"] + path, headers=headers)
    with pytest.raises(HTTPError) as caught, urlopen(request, timeout=60):
        pass
    return caught.value.code, caught.value.headers["Content-Type"], json.loads(caught.value.read())


def signed(stack: Stack, path: str, credentials: Credentials) -> dict[str, str]:
    request = AWSRequest("GET", stack.status.outputs["ApiUrl"] + path)
    SigV4Auth(credentials, "execute-api", REGION).add_auth(request)
    return dict(request.headers.items())


def owner(stack: Stack) -> Credentials:
    return Credentials(ACCESS_KEY_ID, stack.status.secret_access_key)


def headers_of(stack: Stack, path: str, how: str | Callable[[Stack], Credentials]) -> dict[str, str]:
    """Those of a call that somebody has signed; a text is what its header Authorization is instead."""
    if isinstance(how, str):
        return {"Authorization": how} if how else {}
    return signed(stack, path, how(stack))


@pytest.mark.parametrize(
    ("path", "how", "kind"),
    [
        pytest.param("/runs", "", "MISSING_AUTHENTICATION_TOKEN", id="not-signed"),
        pytest.param("/nothing", owner, "MISSING_AUTHENTICATION_TOKEN", id="no-route"),
        pytest.param("/runs", lambda _: Credentials(ACCESS_KEY_ID, "x"), "INVALID_SIGNATURE", id="wrong-secret"),
        pytest.param("/runs", lambda _: Credentials("AKIDEXAMPLE", "x"), "DEFAULT_4XX", id="unknown-key"),
        pytest.param("/runs", "AWS4-HMAC-SHA256 Credential=secret", "DEFAULT_4XX", id="half-a-header"),
    ],
)
def test_a_refusal_is_a_problem(stack: Stack, path: str, how: str | Callable[[Stack], Credentials], kind: str) -> None:
    status, content, body = answer_of(stack, path, headers_of(stack, path, how))
    assert (status, content) == (HTTPStatus.FORBIDDEN, "application/problem+json")
    expected = GATEWAY[kind]
    Draft202012Validator(SCHEMAS["Problem"]).validate(body)
    assert (body["error"], body["title"], body.get("status")) == (expected.name, expected.title, expected.status)
    assert body["detail"] == expected.detail
