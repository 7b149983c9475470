"""Many at once on a small machine: every call is answered, every run ends, nothing is lost or doubled."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from cli import api_client
from cli.api_client import ApiClient
from cli.target import local_target
from tests.e2e.conftest import Stack

RUNS = 50
PATTERNS = ("callback", "sync", "request-response")
#: A call waits up to 20 s for one of the few processes of its function, which then has 29 s.
TIMEOUTS_SECONDS = (5, 60)
#: Alone a run has a minute. Here some 250 events wait in one line for a few processes, and so does every run's end.
LIMIT_SECONDS = 300


@pytest.mark.timeout(900)  # of two such limits, and of the stack's deployment, which is counted to the first test
def test_fifty_runs_at_once(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_client, "TIMEOUTS_SECONDS", TIMEOUTS_SECONDS)

    def start(number: int) -> str:
        api = ApiClient(local_target(stack.status), sleep=time.sleep)
        pattern = PATTERNS[number % len(PATTERNS)]
        return str(api.start_run({"pattern": pattern, "commands": ["python", "-S", "-c", "print('{}')"]})["runId"])

    with ThreadPoolExecutor(RUNS) as pool:
        started = list(pool.map(start, range(RUNS)))
    assert len(set(started)) == RUNS
    ends = [stack.ended_run(run_id, limit_seconds=LIMIT_SECONDS) for run_id in started]
    assert {run["status"] for run in ends} == {"SUCCEEDED"}
    assert all(len(run["attempts"]) == 1 for run in ends if isinstance(run["attempts"], list))
