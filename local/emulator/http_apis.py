"""HTTP APIs with the events of REST APIs, where an integration asks for them (payload format version 1.0).

MiniStack sends version 2.0 always. The events and answers of version 1.0 are those of its own REST APIs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.services import apigateway, apigateway_v1


def install_http_apis() -> None:
    """Let `PayloadFormatVersion` count."""
    apigateway._invoke_lambda_proxy = _as_asked(apigateway._invoke_lambda_proxy)


def _as_asked(invoke: Callable[..., Any]) -> Callable[..., Any]:
    async def invoke_lambda_proxy(integration: dict[str, Any], *call: Any, **more: Any) -> Any:
        if integration.get("payloadFormatVersion") != "1.0":
            return await invoke(integration, *call, **more)
        api_id, stage, *request, route_key, path_parameters = call
        claims = more["authorizer_claims"]
        # Every claim arrives as a text, in both versions.
        texts = claims and {name: apigateway._jwt_claim_to_string(value) for name, value in claims.items()}
        return await apigateway_v1._invoke_lambda_proxy_v1(
            {"uri": integration["integrationUri"]},
            api_id,
            stage,
            {"variables": apigateway._get_stage_variables(api_id, stage)},
            {"id": route_key, "path": route_key.partition(" ")[2] or route_key},
            *request,
            path_parameters,
            owner_account_id=more["owner_account_id"],
            owner_region=more["owner_region"],
            authorizer_context={"claims": texts, "scopes": more["authorizer_scopes"] or None},
        )

    return invoke_lambda_proxy
