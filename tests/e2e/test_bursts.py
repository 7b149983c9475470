"""Many at once on a small machine: every call is answered, every run ends, nothing is lost or doubled."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from cli.api_client import ApiClient
from cli.target import local_target
from tests.e2e.conftest import Stack

RUNS = 50
PATTERNS = ("callback", "sync", "request-response")


def test_fifty_runs_at_once(stack: Stack) -> None:
    def start(number: int) -> str:
        api = ApiClient(local_target(stack.status), sleep=time.sleep)
        pattern = PATTERNS[number % len(PATTERNS)]
        return str(api.start_run({"pattern": pattern, "commands": ["python", "-S", "-c", "print('{}')"]})["runId"])

    with ThreadPoolExecutor(RUNS) as pool:
        started = list(pool.map(start, range(RUNS)))
    assert len(set(started)) == RUNS
    ends = [stack.ended_run(run_id) for run_id in started]
    assert {run["status"] for run in ends} == {"SUCCEEDED"}
    assert all(len(run["attempts"]) == 1 for run in ends if isinstance(run["attempts"], list))
