"""A page of runs and a write cost the local runtime the same over 100,000 runs as over 1,000; nothing is in seconds."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ministack.services import dynamodb

from local.emulator.table_indexes import install_table_indexes
from tests.fakes.tables import create_runs_table

ROUNDS = 25
MOST_TIMES = 3
SIZES = {"few": 1_000, "many": 100_000}


class _Client:
    """What makes the table of the template."""

    def __init__(self, name: str) -> None:
        self._name = name

    def create_table(self, **properties: Any) -> None:
        status, _, body = dynamodb._create_table({**properties, "TableName": self._name})
        assert status == 200, body


def run(n: int) -> dict[str, Any]:
    texts = {
        "pk": f"RUN#{n:07}",
        "sk": "RUN",
        "list": "RUN",
        "runId": f"{n * 7_919 % 1_000_003:07}",
        "createdAt": f"2026-11-30T{n:07}",
        "listStatus": "FAILED",
        "status": "FAILED",
        "error": "Task.Failed",
        "summary": "The container ended with exit code 1. " * 4,
    }
    return {name: {"S": text} for name, text in texts.items()}


@pytest.fixture(scope="module")
def tables() -> Iterator[None]:
    install_table_indexes()
    dynamodb.reset()
    for name, size in SIZES.items():
        create_runs_table(_Client(name))  # type: ignore[arg-type]
        table = dynamodb._tables.get(name)
        for n in range(size):
            item = run(n)
            dynamodb._set_item(table, item["pk"]["S"], "RUN", item)
    yield
    dynamodb.reset()


def newest(name: str) -> None:
    assert _page(name)["Count"] == 100


def of_the_middle(name: str) -> None:
    start = run(SIZES[name] // 2)
    found = _page(name, ExclusiveStartKey={key: start[key] for key in ("pk", "sk", "list", "createdAt")})
    assert found["Items"][0]["createdAt"] == run(SIZES[name] // 2 - 1)["createdAt"]


def write(name: str) -> None:
    """A run that changes its status: it moves in one index and stays in its place in two."""
    item = {**run(SIZES[name] // 3), "listStatus": {"S": f"{time.perf_counter_ns()}"}}
    _call("_put_item", TableName=name, Item=item)


def _page(name: str, **more: Any) -> dict[str, Any]:
    return _call(
        "_query",
        TableName=name,
        IndexName="runs",
        KeyConditionExpression="#list = :run",
        ExpressionAttributeNames={"#list": "list"},
        ExpressionAttributeValues={":run": {"S": "RUN"}},
        ScanIndexForward=False,
        Limit=100,
        **more,
    )


def _call(operation: str, **data: Any) -> dict[str, Any]:
    status, _, body = getattr(dynamodb, operation)(data)
    assert status == 200, body
    answer: dict[str, Any] = json.loads(body)
    return answer


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize("work", [newest, of_the_middle, write])
def test_it_costs_the_same_over_many_runs(work: Callable[[str], None]) -> None:
    ratios = []
    for _ in range(ROUNDS):
        # In turns: what else the machine does meanwhile weighs on both.
        few, many = (_seconds(work, name) for name in SIZES)
        ratios.append(many / few)
    ratio = statistics.median(ratios)
    print(f"\n{work.__name__}: {ratio:.1f} times, {many * 1_000:.1f} ms in the last round")
    assert ratio < MOST_TIMES


def _seconds(work: Callable[[str], None], name: str) -> float:
    start = time.process_time()
    work(name)
    return time.process_time() - start
