"""What the API answers is what its OpenAPI document says, and a document has every key that it may have."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from fargate_runs.reading.execution import Execution, ExecutionStatus
from tests.fakes.ecs import RUN_ID, container, event, execution_event, life
from tests.functional.conftest import Stack
from tests.functional.requests import request
from tools.openapi.document import openapi
from tools.openapi.schemas import SCHEMAS

DOCUMENT = openapi()


def check(name: str, document: Any) -> None:
    """Raise if the document breaks its schema; all keys that it has must be in it."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    Draft202012Validator(schema).validate(document)
    properties: Any = SCHEMAS[name]["properties"]
    assert set(document) <= set(properties)


def answer(stack: Stack, *of: Any) -> Any:
    return json.loads(stack.api(request(*of))["body"])


def ended(stack: Stack, exit_code: int) -> Any:
    for each in life(containers=[container(exit_code=exit_code)]):
        stack.task_state_change(event(each))
    status = ExecutionStatus.FAILED if exit_code else ExecutionStatus.SUCCEEDED
    told = execution_event(status, error="Container.ExitedNonZero" if exit_code else None)
    stack.executions.show(Execution.from_detail(told["detail"]))
    stack.execution_state_change(told)
    return answer(stack, "GET", f"/runs/{RUN_ID}")


@pytest.mark.parametrize("exit_code", [0, 3])
def test_a_run_that_has_ended(stack: Stack, exit_code: int) -> None:
    shown = ended(stack, exit_code)
    check("Run", shown)
    check("Attempt", shown["attempts"][0])
    check("Usage", shown["usage"])
    check("Execution", shown["execution"])


def test_a_run_that_has_just_started(stack: Stack) -> None:
    started = answer(stack, "POST", "/runs", {"commands": ["job"], "environment": {"A": "b"}})
    check("StartedRun", started)
    shown = answer(stack, "GET", f"/runs/{started['runId']}")
    check("Run", shown)
    check("Input", shown["input"])


@pytest.mark.parametrize(
    "of", [("GET", "/runs/nobody"), ("GET", "/nothing"), ("POST", "/runs", {}), ("POST", "/runs", "{")]
)
def test_a_problem(stack: Stack, of: Any) -> None:
    check("Problem", answer(stack, *of))
