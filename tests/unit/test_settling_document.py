"""docs/settling.md says what the code does."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from fargate_runs.aws.stepfunctions import ANSWER, StepFunctionsCallbacks
from fargate_runs.ports import CallbacksUnavailableError
from fargate_runs.reading.execution import ExecutionStatus
from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs.abandoned import GRACE, VERDICTS
from fargate_runs.runs.run_verdict import SAYS, Ended, Seen
from fargate_runs.runs.settle import STEPS, Arriving, Stored
from tests.fakes.ecs import container, detail
from tests.fakes.settling import World

DOCUMENT = (Path(__file__).parents[2] / "docs" / "settling.md").read_text()
KEYS: Any = {"region_name": "us-east-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}
CALLS = {
    "store": ("find_task", "write_task", "tasks_of", "find_run", "write_run", "mark_delivery"),
    "callbacks": ("send_success", "send_failure"),
}


def table(begins: str) -> list[list[str]]:
    """The cells of the table whose first cell is this, head included."""
    lines = DOCUMENT[DOCUMENT.index(f"| {begins} |") :].split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if "---" not in line]


def rows(
    given: Mapping[tuple[object, object], object], across: Sequence[object], down: Sequence[object]
) -> list[list[object]]:
    return [[row, *(given.get((row, column), "") for column in across)] for row in down]


def test_the_table_of_states() -> None:
    assert table("stored \\ arriving") == [
        ["stored \\ arriving", *Arriving],
        *rows(STEPS, list(Arriving), list(Stored)),  # type: ignore[arg-type]
    ]


@pytest.mark.parametrize("row", table("Step Functions says")[1:], ids=lambda row: row[0])
def test_the_table_of_answers(row: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    says, _, becomes = row
    codes = re.findall(r"`(\w+)`", says)
    for code in codes or ["InternalServerError"] * says.startswith("anything else"):
        world, client = World(), boto3.client("stepfunctions", **KEYS)
        with Stubber(client) as stubber, monkeypatch.context() as patched:
            for _ in range(2):
                stubber.add_client_error("send_task_success", code)
            patched.setattr(world.callbacks, "send_success", StepFunctionsCallbacks(client).send_success)
            with suppress(CallbacksUnavailableError):
                world.settle(detail())
        assert world.stored().delivery == becomes.split(":")[0], code
    if not codes and says.startswith("nothing"):
        world = World()
        world.settle(detail())
        assert world.stored().delivery == becomes


def test_the_table_of_answers_has_every_code() -> None:
    written = {code for says, *_ in table("Step Functions says")[1:] for code in re.findall(r"`(\w+)`", says)}
    assert written == set(ANSWER.known)


def test_the_table_of_what_outlives_its_execution() -> None:
    head, *body = table("pattern \\ execution")
    columns = [[ExecutionStatus(name) for name in cell.split(", ")] for cell in head[1:]]
    assert sorted(status for column in columns for status in column) == sorted(ExecutionStatus)
    patterns = [None if name == "not known" else Pattern(name) for name, *_ in body]
    assert patterns == [*Pattern, None]
    written = {
        (pattern, status): cell
        for pattern, (_, *cells) in zip(patterns, body, strict=True)
        for column, cell in zip(columns, cells, strict=True)
        for status in column
    }
    assert written == VERDICTS
    assert "five minutes" in written[Pattern.SYNC, ExecutionStatus.SUCCEEDED]
    assert GRACE.total_seconds() == 5 * 60


def test_the_table_of_what_a_run_shows() -> None:
    assert table("newest task \\ execution") == [
        ["newest task \\ execution", *Ended],
        *rows(SAYS, list(Ended), list(Seen)),  # type: ignore[arg-type]
    ]


def test_the_steps_are_the_calls_of_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    world, made = World(), list[str]()
    for port, methods in CALLS.items():
        for method in methods:
            _note(monkeypatch, getattr(world, port), method, made)
    world.settle(detail(containers=[container(exit_code=3)]))
    written = [name.strip("`") for _, cell, _ in table("step")[1:] for name in cell.split(", ")]
    assert written == made


def _note(monkeypatch: pytest.MonkeyPatch, port: object, method: str, made: list[str]) -> None:
    real = getattr(port, method)

    def noted(*arguments: object) -> object:
        made.append(method)
        return real(*arguments)

    monkeypatch.setattr(port, method, noted)
