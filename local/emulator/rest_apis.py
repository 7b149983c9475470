"""REST APIs as API Gateway has them.

A function gets the path as it was sent, percent-encoded, in `path` and in `pathParameters`, and of a query parameter
that is there twice the last value. MiniStack decodes the path before it looks for the resource, so that `%2F` makes two
segments of one, and takes the first value. It also leaves out the gateway responses of an OpenAPI document, which SAM
makes of the template's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ministack import app
from ministack.core.responses import new_uuid, request_scope
from ministack.services import apigateway_v1

RESPONSES: Final = "x-amazon-apigateway-gateway-responses"
#: The types of answers to calls that are not let in; those of every other error are DEFAULT_4XX.
_TYPES: Final = {
    "MissingAuthenticationTokenException": "MISSING_AUTHENTICATION_TOKEN",
    "InvalidSignatureException": "INVALID_SIGNATURE",
    "ExpiredTokenException": "EXPIRED_TOKEN",
}
_WRONG: Final = 400


def install_rest_apis() -> None:
    """Find the resource by the path as it was sent, and give the function what AWS gives."""
    app._handle_execute_api_request = _as_sent(app._handle_execute_api_request)
    apigateway_v1._build_lambda_event_v1 = _with_last_values(apigateway_v1._build_lambda_event_v1)
    apigateway_v1._import_security_schemes = _with_gateway_responses(apigateway_v1._import_security_schemes)


def refusal(api_id: str, stage_name: str, error_type: str, message: str) -> Any:
    """The answer of a REST API's stage to a call that is not let in; None if there is no such stage."""
    scope = apigateway_v1.find_api_scope(api_id)
    stage = apigateway_v1.stages_for_api(api_id).get(stage_name) if scope else None
    if scope is None or stage is None:
        return None
    request = {
        "api_id": api_id,
        "stage_name": stage_name,
        "stage": stage,
        "resource_path": "",
        "request_id": new_uuid(),
    }
    error = apigateway_v1._GatewayError(_TYPES.get(error_type, "DEFAULT_4XX"), message, error_type)
    with request_scope(*scope):
        return apigateway_v1._gateway_error_response(
            error, {**request, "headers": {}, "query_params": {}, "path_params": {}}
        )


def path_of(host: str, path: str, raw_path: str | None) -> str:
    """The path that the API sees: of a REST API as it was sent, else decoded."""
    sent = app._parse_execute_api_url(host, raw_path) if raw_path else None
    return path if raw_path is None or sent is None or apigateway_v1.find_api_scope(sent[0]) is None else raw_path


def _as_sent(handle: Callable[..., Any]) -> Callable[..., Any]:
    async def handle_execute_api_request(host: str, path: str, *rest: Any, **more: Any) -> Any:
        return await handle(host, path_of(host, path, more.get("raw_path")), *rest, **more)

    return handle_execute_api_request


def _with_gateway_responses(import_schemes: Callable[..., Any]) -> Callable[..., Any]:
    def import_schemes_and_responses(api_id: str, document: dict[str, Any]) -> Any:
        for kind, response in document.get(RESPONSES, {}).items():
            status, _, body = apigateway_v1._put_gateway_response(api_id, kind, response)
            if status >= _WRONG:
                raise ValueError(f"gateway response {kind}: {body!r}")
        return import_schemes(api_id, document)

    return import_schemes_and_responses


def _with_last_values(build: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def build_event(*arguments: Any, **keywords: Any) -> dict[str, Any]:
        event = build(*arguments, **keywords)
        values = event["multiValueQueryStringParameters"]
        event["queryStringParameters"] = values and {name: each[-1] for name, each in values.items()}
        return event

    return build_event
