"""Which signatures hold: what botocore signs does, and nothing that was changed, added or left out afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from unittest import mock
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.signatures import Request, SignatureError, read_claim, verify

SECRET = "the secret of the runtime"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HOST = "127.0.0.1:4577"
BODY = b'{"cluster": "jobs"}'
TARGET = "AmazonEC2ContainerServiceV20141113.RunTask"
HEX = "0" * 64


def signed(
    *,
    path: str = "/a%20b/..%2Fc//d?z=1&y=a%20b&y=&x",
    body: bytes = BODY,
    service: str = "ecs",
    in_query: bool = False,
    token: str | None = None,
    headers: Mapping[str, str] | None = None,
    expires: int = 60,
) -> Request:
    """A request that botocore signs at NOW."""
    url = f"http://{HOST}{path}"
    request = AWSRequest("POST", url, data=body, headers=headers or {"X-Amz-Target": TARGET, "X-One": " a   b "})
    credentials = Credentials("key", SECRET, token)
    with mock.patch("botocore.auth.get_current_datetime", return_value=NOW):
        if in_query:
            # This signer would take the body for a form.
            request.data = b""
            query = S3SigV4QueryAuth if service == "s3" else SigV4QueryAuth
            query(credentials, service, "us-east-1", expires=expires).add_auth(request)
        else:
            (S3SigV4Auth if service == "s3" else SigV4Auth)(credentials, service, "us-east-1").add_auth(request)
    parts = urlsplit(str(request.url))
    return Request("POST", parts.path, parts.query, [("Host", HOST), *request.headers.items()])


def problem(request: Request, body: bytes = BODY, *, secret: str = SECRET, now: datetime = NOW) -> str | None:
    """The code with which a request is refused; None: it is not."""
    try:
        claim = read_claim(request)
        if claim is None:
            return "unsigned"
        verify(claim, secret, request, body, now)
    except SignatureError as error:
        return error.code
    return None


def with_header(request: Request, name: str, value: str | Callable[[str], str] | None) -> Request:
    """The request with another value of a header, or without it; a header that is not there is added."""
    changed = [
        (each, value(old) if callable(value) else value) if each.lower() == name.lower() else (each, old)
        for each, old in request.headers
    ]
    if name.lower() not in {each.lower() for each, _ in request.headers}:
        changed.append((name, value("") if callable(value) else value))
    return replace(request, headers=[(each, text) for each, text in changed if text is not None])


@pytest.mark.parametrize("service", ["ecs", "s3", "execute-api"])
@pytest.mark.parametrize("token", [None, "a/token+="])
@pytest.mark.parametrize("body", [BODY, b"", b"\x00\xff"])
def test_what_an_sdk_signs_in_a_header_holds(service: str, token: str | None, body: bytes) -> None:
    request = signed(service=service, token=token, body=body)
    claim = read_claim(request)

    assert claim is not None
    assert (claim.access_key_id, claim.region, claim.service) == ("key", "us-east-1", service)
    assert claim.token == token
    assert problem(request, body) is None


@pytest.mark.parametrize("service", ["ecs", "s3", "sts"])
@pytest.mark.parametrize("token", [None, "a/token+="])
def test_what_an_sdk_signs_in_the_query_holds(service: str, token: str | None) -> None:
    request = signed(service=service, token=token, in_query=True, path="/?Action=GetCallerIdentity&a=%C3%BC")
    claim = read_claim(request)

    assert claim is not None
    assert claim.token == token
    assert problem(request, b"") is None
    # A link of S3 says nothing of a body; every other one does.
    assert problem(request, b"more") == (None if service == "s3" else "SignatureDoesNotMatch")


def test_spellings_that_mean_the_same_are_the_same() -> None:
    request = signed(path="/?a=~x&b=%2F")

    assert problem(replace(request, query="b=/&a=~x")) is None
    assert problem(replace(request, query="b=%2F&a=%7ex")) is None


def test_headers_may_be_repeated() -> None:
    request = signed(headers={"X-One": "a,b"})
    parts = [each for each in request.headers if each[0] != "X-One"]

    assert problem(replace(request, headers=[*parts, ("X-One", "a"), ("x-one", " b")])) is None
    assert problem(replace(request, headers=[*parts, ("X-One", "b"), ("x-one", "a")])) == "SignatureDoesNotMatch"


@pytest.mark.parametrize("in_query", [False, True])
@pytest.mark.parametrize(
    "change",
    [
        lambda request: replace(request, method="PUT"),
        lambda request: replace(request, path="/other"),
        lambda request: replace(request, path=f"{request.path}#x"),
        lambda request: replace(request, query=f"{request.query}&more=1"),
        lambda request: replace(request, query=request.query.replace("z=1", "z=2")),
        lambda request: with_header(request, "Host", "localhost:4577"),
        lambda request: with_header(request, "X-Amz-Target", "AmazonEC2ContainerServiceV20141113.StopTask"),
        lambda request: with_header(request, "X-Amz-Target", None),
        lambda request: with_header(request, "X-One", "other"),
        # What is not covered must not be there.
        lambda request: with_header(request, "X-Amz-Other", "1"),
        lambda request: with_header(request, "X-Amz-Content-Sha256", HEX),
        lambda request: with_header(request, "X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"),
    ],
)
def test_nothing_may_be_changed(change: Callable[[Request], Request], in_query: bool) -> None:
    request = signed(in_query=in_query)

    assert problem(change(request), b"" if in_query else BODY) == "SignatureDoesNotMatch"


def test_another_secret_and_another_body_are_refused() -> None:
    assert problem(signed(), secret="test") == "SignatureDoesNotMatch"
    assert problem(signed(), secret="") == "SignatureDoesNotMatch"
    assert problem(signed(), b"{}") == "SignatureDoesNotMatch"
    assert problem(signed(in_query=True), b"", secret="test") == "SignatureDoesNotMatch"


@pytest.mark.parametrize("part", ["us-east-1", "ecs", "20260102"])
def test_the_scope_is_part_of_what_is_signed(part: str) -> None:
    other = {"us-east-1": "eu-west-1", "ecs": "sqs", "20260102": "20260101"}[part]
    changed = with_header(signed(), "Authorization", lambda text: text.replace(part, other))

    assert problem(changed) == "SignatureDoesNotMatch"


def test_a_body_that_is_said_to_be_another_is_refused() -> None:
    """The signature covers a hash; whether that is the body's is for the receiver to see."""
    request = signed(headers={"X-Amz-Content-SHA256": HEX})

    assert problem(request) == "SignatureDoesNotMatch"


@pytest.mark.parametrize("said", ["UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"])
def test_only_s3_takes_bodies_that_are_not_signed(said: str) -> None:
    assert problem(signed(headers={"X-Amz-Content-SHA256": said})) == "SignatureDoesNotMatch"
    with mock.patch.object(S3SigV4Auth, "payload", return_value=said):
        assert problem(signed(service="s3"), b"any") is None


def test_chunks_with_signatures_of_their_own_are_not_taken_unread() -> None:
    with mock.patch.object(S3SigV4Auth, "payload", return_value="STREAMING-AWS4-HMAC-SHA256-PAYLOAD"):
        assert problem(signed(service="s3")) == "SignatureDoesNotMatch"


@pytest.mark.parametrize(
    ("service", "minutes", "expected"),
    [
        ("ecs", -5, None),
        ("ecs", -6, "RequestTimeTooSkewed"),
        ("ecs", 5, None),
        ("ecs", 6, "RequestTimeTooSkewed"),
        ("s3", -15, None),
        ("s3", -16, "RequestTimeTooSkewed"),
        ("s3", 16, "RequestTimeTooSkewed"),
    ],
)
def test_a_signature_is_good_for_minutes(service: str, minutes: int, expected: str | None) -> None:
    assert problem(signed(service=service), now=NOW + timedelta(minutes=minutes)) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"), [(600, None), (601, "RequestExpired"), (-300, None), (-301, "RequestTimeTooSkewed")]
)
def test_a_link_is_good_for_as_long_as_it_says(seconds: int, expected: str | None) -> None:
    request = signed(in_query=True, expires=600)

    assert problem(request, b"", now=NOW + timedelta(seconds=seconds)) == expected


@pytest.mark.parametrize("expires", [0, 604_801, -1, 10_000_000])
def test_a_link_is_good_for_a_week_at_most(expires: int) -> None:
    assert problem(signed(in_query=True, expires=expires), b"") == "IncompleteSignature"


@pytest.mark.parametrize(
    "change",
    [
        lambda request: with_header(request, "Authorization", lambda text: text + " "),
        lambda request: with_header(request, "Authorization", lambda text: text.split(", ")[0]),
        lambda request: with_header(request, "Authorization", lambda text: text.replace("aws4_request", "aws3")),
        lambda request: with_header(request, "Authorization", lambda text: text.replace("SHA256", "SHA1")),
        lambda request: with_header(request, "Authorization", lambda text: text.replace("AWS4-HMAC", "aws4-hmac")),
        lambda request: with_header(request, "Authorization", "AWS4-ECDSA-P256-SHA256 Credential=key/20260102/ecs"),
        lambda request: with_header(request, "X-Amz-Date", None),
        lambda request: with_header(request, "X-Amz-Date", "yesterday"),
        # Two readers might each take another one.
        lambda request: replace(request, headers=[*request.headers, ("Authorization", "Bearer x")]),
        lambda request: replace(request, headers=[*request.headers, ("X-Amz-Date", "20260102T030405Z")]),
        lambda request: replace(request, headers=[*request.headers, ("X-Amz-Security-Token", "x")] * 2),
        lambda request: replace(request, query=f"{request.query}&X-Amz-Credential=other/20260102"),
        lambda request: replace(request, query=f"{request.query}&x-amz-signature={HEX}"),
    ],
)
def test_what_is_not_the_form_of_an_sdk_is_refused(change: Callable[[Request], Request]) -> None:
    assert problem(change(signed())) == "IncompleteSignature"


@pytest.mark.parametrize(
    "change",
    [
        lambda query: query.replace("X-Amz-Algorithm=AWS4-HMAC-SHA256&", ""),
        lambda query: query.replace("HMAC-SHA256", "HMAC-SHA1"),
        lambda query: query.replace("X-Amz-Expires=60&", ""),
        lambda query: query.replace("X-Amz-Expires=60&", "X-Amz-Expires=soon&"),
        lambda query: query.replace("X-Amz-Date", "x-amz-date"),
        lambda query: query.replace("aws4_request", "aws3"),
        lambda query: query.replace("X-Amz-Signature=", "X-Amz-Signature=x"),
        lambda query: query + "&X-Amz-Expires=60",
        lambda query: query + "&x-amz-credential=other",
        lambda query: query + "&X-Amz-Security-Token=a&X-Amz-Security-Token=b",
    ],
)
def test_what_is_not_the_form_of_a_link_is_refused(change: Callable[[str], str]) -> None:
    request = signed(in_query=True)

    assert problem(replace(request, query=change(request.query)), b"") == "IncompleteSignature"


@pytest.mark.parametrize(
    "request_",
    [
        Request("GET", "/bucket/key", "AWSAccessKeyId=key&Signature=x&Expires=2000000000", [("Host", HOST)]),
        Request("GET", "/bucket/key", "signature=x", [("Host", HOST)]),
        Request("GET", "/", "", [("Host", HOST), ("Authorization", "AWS key:signature")]),
        Request("GET", "/", "", [("Host", HOST), ("Authorization", "AWS3 AWSAccessKeyId=key")]),
    ],
)
def test_version_2_is_not_taken(request_: Request) -> None:
    assert problem(request_, b"") == "UnsupportedSignature"


@pytest.mark.parametrize("headers", [[], [("Authorization", "Bearer abc")], [("Authorization", "Basic abc")]])
def test_what_no_signer_makes_is_not_signed(headers: list[tuple[str, str]]) -> None:
    assert problem(Request("GET", "/", "a=1", [("Host", HOST), *headers]), b"") == "unsigned"
