"""The OpenAPI document of the API: its routes, their parameters and answers, and every problem that each may answer."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, cast

from api.routes import ROUTES as RUN_ROUTES
from jobs.routes import ROUTES as JOB_ROUTES
from rest.parameters import KEY_HEADER, LONGEST_KEY
from rest.problems import CONTENT_TYPE, NO_ROUTE, UNEXPECTED, problem_of
from rest.routing import Route
from tools.openapi.describing import of
from tools.openapi.gateway import BY_TOKEN, GATEWAY
from tools.openapi.schemas import SCHEMAS

PATH: Final = Path(__file__).parents[2] / "docs" / "openapi.json"
_JSON: Final = "application/json"
_IN_A_PATH: Final = re.compile(r"{(\w+)}")
ROUTES: Final = (*RUN_ROUTES, *JOB_ROUTES)
_READING: Final = "GET"
_IAM: Final = "iam"
_JWT: Final = "jwt"


def text() -> str:
    """Return the document as it is committed."""
    return json.dumps(openapi(), indent=2) + "\n"


def openapi() -> dict[str, object]:
    """Return the document."""
    paths: dict[str, dict[str, object]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Fargate Runs",
            "version": "1",
            "description": "Start containers as runs on AWS Fargate, and learn how they ended. See docs/api.md.",
        },
        "servers": [
            {
                "url": "https://{apiId}.execute-api.{region}.amazonaws.com/{stage}",
                "description": "The stack's output ApiUrl.",
                "variables": {
                    "apiId": {"default": "id"},
                    "region": {"default": "eu-west-1"},
                    "stage": {"default": "v1"},
                },
            },
            {
                "url": "https://{apiId}.execute-api.{region}.amazonaws.com",
                "description": "The stack's output JwtApiUrl, for calls with a token.",
                "variables": {"apiId": {"default": "id"}, "region": {"default": "eu-west-1"}},
            },
        ],
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {
                _IAM: {
                    "type": "apiKey",
                    "name": "Authorization",
                    "in": "header",
                    "description": "AWS Signature Version 4 for the service execute-api.",
                    "x-amazon-apigateway-authtype": "awsSigv4",
                },
                _JWT: {
                    "type": "openIdConnect",
                    "openIdConnectUrl": "https://issuer.example/.well-known/openid-configuration",
                    "description": "A token of JwtIssuer. The scopes are those of JwtReadScope and JwtWriteScope.",
                },
            },
        },
    }


def _operation(route: Route) -> dict[str, object]:
    operation: dict[str, object] = {"operationId": route.operation, "summary": route.summary}
    parameters = [*_path_parameters(route), *_query_parameters(route), *_headers(route)]
    if parameters:
        operation["parameters"] = parameters
    if route.body:
        operation["requestBody"] = {"required": route.is_body_needed, "content": {_JSON: {"schema": of(route.body)}}}
    answers = {
        str(status): {"description": SCHEMAS[name]["description"], "content": {_JSON: {"schema": of(name)}}}
        for status, name in route.answers.items()
    }
    return {**operation, "security": _security(route), "responses": {**answers, **_problems(route)}}


def _security(route: Route) -> list[dict[str, list[str]]]:
    """Any one of these: a signature, or a token with one of the scopes."""
    scopes = ["runs/read", "runs/write"] if route.method == _READING else ["runs/write"]
    return [{_IAM: []}, *({_JWT: [scope]} for scope in scopes)]


def _path_parameters(route: Route) -> Iterator[dict[str, object]]:
    for name in _IN_A_PATH.findall(route.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _query_parameters(route: Route) -> Iterator[dict[str, object]]:
    for each in route.parameters:
        yield {"name": each.name, "in": "query", "description": each.description, "schema": each.schema}


def _headers(route: Route) -> Iterator[dict[str, object]]:
    if route.takes_a_key:
        yield {
            "name": KEY_HEADER,
            "in": "header",
            "description": "The same key and body are the same run, for 24 hours. With another body it is refused.",
            "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[ -~]+$"},
        }


def _problems(route: Route) -> Mapping[str, object]:
    """By status: its problems' names, and what API Gateway itself answers."""
    by_status: dict[int, list[tuple[str, str]]] = {}
    for ours in (*map(problem_of, route.errors), NO_ROUTE, UNEXPECTED):
        by_status.setdefault(ours.status, []).append((ours.name, ours.title))
    for its in GATEWAY.values():
        if its.status is not None:
            by_status.setdefault(its.status, []).append((its.name, its.title))
    answers: dict[int, dict[str, object]] = {
        status: {"description": _described(found), "content": {CONTENT_TYPE: {"schema": of("Problem")}}}
        for status, found in by_status.items()
    }
    for status, says in BY_TOKEN.items():
        known = answers.get(status, {"description": "", "content": {}})
        content = {**cast("dict[str, object]", known["content"]), _JSON: {"schema": of("GatewayMessage")}}
        answers[status] = {"description": f"{known['description']} With a token: {says}".strip(), "content": content}
    return {str(status): answers[status] for status in sorted(answers)}


def _described(problems: Iterable[tuple[str, str]]) -> str:
    return "; ".join(f"`{name}`: {title}" for name, title in dict.fromkeys(problems)) + "."
