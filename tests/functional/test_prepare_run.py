"""The function that every execution begins with, as Lambda calls it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import Stubber

from fargate_runs.aws import clients
from fargate_runs.errors import FargateRunsError, InvalidRunRequestError
from fargate_runs.ports import StoreUnavailableError
from fargate_runs.reading.execution import Execution
from tests.fakes.ecs import CANARY, EXECUTION_ARN, RUN_ID
from tests.fakes.tables import TABLE
from tests.functional.conftest import ENVIRONMENT, Stack
from tests.functional.printed import lines_of, metrics_of
from tests.functional.requests import request

SAMPLES = Path(__file__).parents[2] / "events/prepare-run"
BEGINS: dict[str, Any] = {
    "pattern": "callback",
    "input": {"commands": ["job"], "environment": {"SECRET": CANARY}},
    "executionArn": EXECUTION_ARN,
    "startDate": "2025-05-06T11:02:00.412Z",
    "redriveCount": 0,
}


def messages(said: str) -> list[Any]:
    return [each["message"] for each in lines_of(said) if "message" in each]


def test_a_run_is_recorded_and_said_how_to_run(stack: Stack, printed: Callable[[], str]) -> None:
    answer = stack.prepare_run(BEGINS)
    assert answer.keys() == {"run", "overrides", "plan"}
    assert len(json.loads(json.dumps(answer))["overrides"]) == 3
    shown = json.loads(stack.api({**request("GET", f"/runs/{RUN_ID}"), "pathParameters": {"runId": RUN_ID}})["body"])
    assert (shown["status"], shown["pattern"], shown["executionArn"]) == ("PENDING", "callback", EXECUTION_ARN)
    assert shown["createdAt"] == "2025-05-06T11:02:00.412Z"
    assert (shown["input"]["commands"], shown["input"]["environmentNames"]) == (["job"], ["SECRET"])
    said = printed()
    assert messages(said) == ["run prepared"]
    assert CANARY not in said + str(stack.items())


def test_a_run_without_a_job_loads_nothing_of_jobs() -> None:
    """A function's start must stay fast."""
    rooms = ("jobs", "ports.jobs", "usecases.jobs", "usecases.slots", "usecases.requests_of_jobs", "aws.job_store")
    code = (
        "import sys, prepare_run.handler as function\n"
        f"event = {{**{BEGINS!r}, 'input': {{'command': []}}}}\n"
        "class Context: function_name = invoked_function_arn = aws_request_id = 'x'; memory_limit_in_mb = 512\n"
        "try: function.handler(event, Context())\n"
        "except Exception as error: print(type(error).__name__, file=sys.stderr)\n"
        f"print([name for name in sys.modules if name.startswith({tuple(f'fargate_runs.{each}' for each in rooms)!r})],"
        " file=sys.stderr)"
    )
    environment = {**ENVIRONMENT, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stderr.splitlines() == ["InvalidRunRequestError", "[]"]


def test_a_second_call_is_the_same(stack: Stack) -> None:
    first = stack.prepare_run(BEGINS)
    items = stack.items()
    assert stack.prepare_run(BEGINS) == first
    assert stack.items() == items


def test_the_samples(stack: Stack) -> None:
    prepared, refused = (json.loads((SAMPLES / f"{name}.json").read_text()) for name in ("callback", "refused"))
    assert stack.prepare_run(prepared)["plan"]["retries"] == 1
    with pytest.raises(InvalidRunRequestError, match=r"command: is not known.*RUN_ID is set by the application"):
        stack.prepare_run(refused)
    assert Execution.from_detail({**prepared, "status": "RUNNING"}).name == "20250506T110200-0a1b2c3d"


def test_a_refused_input_is_a_warning_and_counted_as_such(stack: Stack, printed: Callable[[], str]) -> None:
    """It is the user's, and no fault of the application's."""
    with pytest.raises(InvalidRunRequestError):
        stack.prepare_run({**BEGINS, "input": {"environment": {"A-B": CANARY}}})
    said = printed()
    assert metrics_of(said) == [("RunsRefused", None)]
    (line,) = (each for each in lines_of(said) if each.get("message") == "input refused")
    assert (line["level"], line["run_id"], line["problems"]) == ("WARNING", RUN_ID, 1)
    assert CANARY not in said
    assert not stack.items()


def test_a_record_that_cannot_be_read_is_counted(stack: Stack, printed: Callable[[], str]) -> None:
    stack.prepare_run(BEGINS)
    (item,) = stack.items()
    stack.dynamodb.put_item(TableName=TABLE, Item={**item, "executionStatus": {"S": "DREAMING"}})
    assert stack.prepare_run(BEGINS)["plan"]["attempt"] == 1
    assert ("RecordsUnreadable", None) in metrics_of(printed())


def test_a_table_that_is_throttled_is_said_and_raised(stack: Stack, printed: Callable[[], str]) -> None:
    stub = Stubber(clients.dynamodb())
    stub.add_client_error("get_item", "ProvisionedThroughputExceededException")
    with stub, pytest.raises(StoreUnavailableError):
        stack.prepare_run(BEGINS)
    said = printed()
    assert "run not prepared, to be tried again" in messages(said)
    assert metrics_of(said) == [("PreparationsFailed", "StoreUnavailableError")]


@pytest.mark.parametrize(
    ("event", "raised"),
    [
        ({}, FargateRunsError),
        ({**BEGINS, "executionArn": "x"}, FargateRunsError),
        ({**BEGINS, "pattern": "express"}, ValueError),
        ({name: value for name, value in BEGINS.items() if name != "input"}, KeyError),
    ],
)
def test_a_call_that_is_none_fails(event: dict[str, Any], raised: type[Exception], stack: Stack) -> None:
    with pytest.raises(raised):
        stack.prepare_run(event)
    assert not stack.items()
