"""The OpenAPI document of the API: its routes, their parameters and answers, and every problem that each may answer."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from api.parameters import KEY_HEADER, LONGEST_KEY
from api.problems import CONTENT_TYPE, NO_ROUTE, UNEXPECTED, Problem, problem_of
from api.routes import ROUTES, Route
from tools.openapi.schemas import SCHEMAS, of

PATH: Final = Path(__file__).parents[2] / "docs" / "openapi.json"
_JSON: Final = "application/json"
_IN_A_PATH: Final = re.compile(r"{(\w+)}")
_NOT_SIGNED: Final = "API Gateway did not let the call in: it is not signed, or its caller lacks execute-api:Invoke."
_TOO_MANY: Final = "API Gateway: more calls than the stage takes."
_TOO_LATE: Final = "API Gateway got no answer in time."
_BY_GATEWAY: Final = {403: _NOT_SIGNED, 429: _TOO_MANY, 504: _TOO_LATE}


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
            }
        ],
        "security": [{"iam": []}],
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {
                "iam": {
                    "type": "apiKey",
                    "name": "Authorization",
                    "in": "header",
                    "description": "AWS Signature Version 4 for the service execute-api.",
                    "x-amazon-apigateway-authtype": "awsSigv4",
                }
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
    return {**operation, "responses": {**answers, **_problems(route)}}


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
    by_status: dict[int, list[Problem]] = {}
    for problem in (*map(problem_of, route.errors), NO_ROUTE, UNEXPECTED):
        by_status.setdefault(problem.status, []).append(problem)
    described = {
        status: "; ".join(f"`{each.name}`: {each.title}" for each in dict.fromkeys(found)) + "."
        for status, found in by_status.items()
    }
    answers: dict[int, dict[str, object]] = {
        status: {"description": says, "content": {CONTENT_TYPE: {"schema": of("Problem")}}}
        for status, says in described.items()
    }
    for status, says in _BY_GATEWAY.items():
        ours = answers.get(status, {"description": ""})
        answers[status] = {**ours, "description": f"{ours['description']} {says}".strip()}
    return {str(status): answers[status] for status in sorted(answers)}
