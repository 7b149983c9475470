"""`GET /runs` of the deployed stack, signed and over HTTP: a page over 100,000 runs beside one over 1,000."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import requests

from cli.signing import SignedCall
from cli.target import local_target
from fargate_runs.aws.attributes import serialized
from fargate_runs.aws.items import run_item
from local.control import RuntimeStatus
from tests.fakes.clock import NOON
from tests.fakes.records import execution, pending_run
from tests.runtimes import client_settings, deployed_runtime

FEW, MANY = 1_000, 100_000
BATCH = 25  # items of a BatchWriteItem
ROUNDS = 15
MOST_TIMES = 2
MOST_SECONDS = 1.0
QUERIES: tuple[dict[str, Any], ...] = (
    {},
    {"status": "FAILED"},
    {"pattern": "sync"},
    {"idPrefix": f"{NOON:%Y%m%dT%H}"},
    {"until": (NOON + timedelta(seconds=500)).isoformat()},
)


def put(status: RuntimeStatus, numbers: Iterable[int]) -> None:
    """Write ended runs, one a second, into the table itself."""
    client = boto3.client("dynamodb", **client_settings(status.endpoint))
    table, wanted = status.outputs["RunsTableName"], list(numbers)

    def write(batch: list[int]) -> None:
        items: Any = [{"PutRequest": {"Item": item_of(number)}} for number in batch]
        assert not client.batch_write_item(RequestItems={table: items})["UnprocessedItems"]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, [wanted[at : at + BATCH] for at in range(0, len(wanted), BATCH)]))


def item_of(number: int) -> dict[str, Any]:
    """A stored run."""
    created = NOON + timedelta(seconds=number)
    ended = execution("FAILED", error="Run.Failed", cause="The container ended with exit code 1. " * 4)
    run = pending_run(run_id=f"{created:%Y%m%dT%H%M%S}-{number:08x}", created_at=created, execution=ended)
    return serialized(run_item(run, now=created, expires_at=4_000_000_000))


def test_a_page_costs_the_same_over_many_runs(tmp_path: Path) -> None:
    with deployed_runtime(tmp_path) as status:
        target = local_target(status)
        session = requests.Session()
        session.auth, session.trust_env = SignedCall(target.credentials(), target.region), False

        def seconds(query: dict[str, Any]) -> float:
            start = time.perf_counter()
            answer = session.get(f"{target.api_url}/runs", params={"limit": 100, **query}, timeout=30)
            took = time.perf_counter() - start
            assert answer.status_code == 200, answer.text
            assert len(answer.json()["runs"]) == (0 if "pattern" in query else 100)
            return took

        def measured() -> list[float]:
            return [statistics.median(seconds(query) for _ in range(ROUNDS)) for query in QUERIES]

        put(status, range(FEW))
        few = measured()
        put(status, range(FEW, MANY))
        many = measured()
    for query, before, after in zip(QUERIES, few, many, strict=True):
        print(f"\n{query or 'all'}: {after * 1_000:.0f} ms over {MANY}, {after / before:.1f} times that over {FEW}")
    assert max(many) < MOST_SECONDS
    # With a filter a request reads up to 2,000 entries of the index, and there are fewer of them before.
    ratios = [after / before for query, before, after in zip(QUERIES, few, many, strict=True) if "pattern" not in query]
    assert max(ratios) < MOST_TIMES
