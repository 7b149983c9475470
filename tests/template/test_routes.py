"""One table of routes: the template, the OpenAPI document and the function agree with it."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from api.routes import ROUTES as RUN_ROUTES
from jobs.routes import ROUTES as JOB_ROUTES
from rest.problems import NO_ROUTE, PROBLEMS, UNEXPECTED, problem_of
from rest.routing import Route
from tests.template.loading import Object
from tools.openapi.document import PATH, ROUTES, openapi, text
from tools.openapi.gateway import BY_TOKEN, GATEWAY
from tools.openapi.schemas import SCHEMAS


@pytest.mark.parametrize(("function", "routes"), [("ApiFunction", RUN_ROUTES), ("JobsFunction", JOB_ROUTES)])
def test_the_template_has_the_routes_of_the_function(
    template: Object, function: str, routes: tuple[Route, ...]
) -> None:
    events = template["Resources"][function]["Properties"]["Events"].values()
    of_template = {(each["Properties"]["Method"], each["Properties"]["Path"]) for each in events}
    assert of_template == {(route.method, route.path) for route in routes}


def test_the_document_is_the_one_of_this_code() -> None:
    assert PATH.read_text(encoding="utf-8") == text(), "run make openapi"


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])


def test_every_reference_leads_somewhere() -> None:
    def references(value: Any) -> list[str]:
        if isinstance(value, Mapping):
            own = [str(value["$ref"])] if "$ref" in value else []
            return own + [found for each in value.values() for found in references(each)]
        return [found for each in value for found in references(each)] if isinstance(value, list | tuple) else []

    found = references(openapi())
    assert found
    assert {each.removeprefix("#/components/schemas/") for each in found} <= set(SCHEMAS)


def test_every_operation_has_one_name_and_documents_its_own_problems() -> None:
    operations = [route.operation for route in ROUTES]
    assert len(operations) == len(set(operations))
    paths = json.loads(text())["paths"]
    for route in ROUTES:
        answers = paths[route.path][route.method.lower()]["responses"]
        assert {str(problem_of(each).status) for each in route.errors} <= set(answers)


def test_every_operation_documents_what_api_gateway_answers_by_itself() -> None:
    paths = json.loads(text())["paths"]
    for route in ROUTES:
        answers = paths[route.path][route.method.lower()]["responses"]
        for each in GATEWAY.values():
            assert each.status is None or f"`{each.name}`: {each.title}" in answers[str(each.status)]["description"]
        for status, says in BY_TOKEN.items():
            assert says in answers[str(status)]["description"]
            assert "application/json" in answers[str(status)]["content"]


def test_an_operation_is_called_with_a_signature_or_with_a_token_of_one_scope() -> None:
    paths = json.loads(text())["paths"]
    for route in ROUTES:
        iam, *tokens = paths[route.path][route.method.lower()]["security"]
        assert iam == {"iam": []}
        scopes = ["runs/read", "runs/write"] if route.method == "GET" else ["runs/write"]
        assert tokens == [{"jwt": [scope]} for scope in scopes]


def test_the_table_of_problems_is_all_that_is_answered() -> None:
    raised = {problem_of(each) for route in ROUTES for each in route.errors}
    assert raised == set(PROBLEMS.values())
    assert len({each.name for each in PROBLEMS.values()}) == len(PROBLEMS)


def test_the_page_for_people_names_every_route_and_every_problem() -> None:
    page = (PATH.parent / "api.md").read_text(encoding="utf-8")
    routes = set(re.findall(r"^\| `([A-Z]+ \S+)` \|", page, re.MULTILINE))
    assert routes == {f"{route.method} {route.path}" for route in ROUTES}
    rows = re.findall(r"^\| (\d{3}) \| (.+?) \|", page, re.MULTILINE)
    told = {(int(status), name) for status, names in rows for name in re.findall(r"`(\S+?)`", names)}
    of_function = {(each.status, each.name) for each in (*PROBLEMS.values(), NO_ROUTE, UNEXPECTED)}
    assert told == of_function | {(each.status, each.name) for each in GATEWAY.values() if each.status}
