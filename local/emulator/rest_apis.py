"""REST APIs as API Gateway has them.

A function gets the path as it was sent, percent-encoded, in `path` and in `pathParameters`, and of a query parameter
that is there twice the last value. MiniStack decodes the path before it looks for the resource, so that `%2F` makes two
segments of one, and takes the first value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack import app
from ministack.services import apigateway_v1


def install_rest_apis() -> None:
    """Find the resource by the path as it was sent, and give the function what AWS gives."""
    app._handle_execute_api_request = _as_sent(app._handle_execute_api_request)
    apigateway_v1._build_lambda_event_v1 = _with_last_values(apigateway_v1._build_lambda_event_v1)


def path_of(host: str, path: str, raw_path: str | None) -> str:
    """The path that the API sees: of a REST API as it was sent, else decoded."""
    sent = app._parse_execute_api_url(host, raw_path) if raw_path else None
    return path if raw_path is None or sent is None or apigateway_v1.find_api_scope(sent[0]) is None else raw_path


def _as_sent(handle: Callable[..., Any]) -> Callable[..., Any]:
    async def handle_execute_api_request(host: str, path: str, *rest: Any, **more: Any) -> Any:
        return await handle(host, path_of(host, path, more.get("raw_path")), *rest, **more)

    return handle_execute_api_request


def _with_last_values(build: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def build_event(*arguments: Any, **keywords: Any) -> dict[str, Any]:
        event = build(*arguments, **keywords)
        values = event["multiValueQueryStringParameters"]
        event["queryStringParameters"] = values and {name: each[-1] for name, each in values.items()}
        return event

    return build_event
