"""API Gateway before the API's handler, for clients that send requests: no network, no signature."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPResponse

from tests.functional.conftest import Stack
from tests.functional.requests import request
from tools.openapi.document import ROUTES

BASE_URL = "https://api.test/v1"
_STAGE = "/v1"
_NAMED = re.compile(r"{(\w+)}")


class Gateway(BaseAdapter):
    """Gives each request of a session to the handler, as an event with what API Gateway makes of it."""

    def __init__(self, stack: Stack) -> None:
        super().__init__()
        self._stack = stack

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> requests.Response:
        """The handler's reply; 403 for a path or method that the stage does not have."""
        event = _event(request)
        reply = self._stack.rest(event) if event else _NO_ROUTE
        headers = {**reply.get("headers", {}), **{name: ", ".join(each) for name, each in _many(reply).items()}}
        raw = HTTPResponse(BytesIO(reply["body"].encode()), headers, reply["statusCode"], preload_content=False)
        return HTTPAdapter().build_response(request, raw)

    def close(self) -> None:
        """Nothing is open."""


_NO_ROUTE: Mapping[str, Any] = {
    "statusCode": 403,
    "headers": {"Content-Type": "application/json"},
    "body": '{"message": "Missing Authentication Token"}',
}


def _many(reply: Mapping[str, Any]) -> Mapping[str, list[str]]:
    return reply.get("multiValueHeaders") or {}


def _event(sent: requests.PreparedRequest) -> dict[str, Any] | None:
    url = urlsplit(str(sent.url))
    path = url.path.removeprefix(_STAGE)
    found = ((route, re.fullmatch(_NAMED.sub(r"(?P<\1>[^/]+)", route.path), path)) for route in ROUTES)
    route, match = next(((each, match) for each, match in found if match and each.method == sent.method), (None, None))
    if route is None or match is None:
        return None
    query = parse_qs(url.query, keep_blank_values=True)
    body = sent.body.encode() if isinstance(sent.body, str) else sent.body
    return {
        **request(route.method, path),
        "resource": route.path,
        "pathParameters": match.groupdict() or None,
        "headers": {**sent.headers},
        "multiValueHeaders": {name: [value] for name, value in sent.headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "body": base64.b64encode(body).decode() if body else None,
        "isBase64Encoded": bool(body),
    }
