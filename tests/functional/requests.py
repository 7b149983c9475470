"""Requests as API Gateway hands them to a function."""

import json
from typing import Any


def request(method: str, path: str, body: Any = None) -> dict[str, Any]:
    """`body` may be anything JSON, or a text that is sent as it is."""
    text = body if isinstance(body, str | None) else json.dumps(body)
    return {
        "resource": "/runs/{runId}" if path != "/runs" else path,  # Powertools goes by the path
        "path": path,
        "httpMethod": method,
        "headers": {"Content-Type": "application/json"},
        "multiValueHeaders": {},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {"stage": "v1", "path": f"/v1{path}", "httpMethod": method, "requestId": "1", "identity": {}},
        "body": text,
        "isBase64Encoded": False,
    }
