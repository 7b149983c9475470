"""A function's concurrent calls share a few processes; a call whose process cannot be started gives its place back."""

from __future__ import annotations

import os
import threading

import pytest
from ministack.services import lambda_svc

from local.emulator import install

PLACES = max(2, os.cpu_count() or 2)


@pytest.fixture(autouse=True)
def gate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lambda_svc, "acquire_worker", lambda _name: (object(), "spawn"))
    monkeypatch.setattr(lambda_svc, "release_worker", lambda _worker: None)
    monkeypatch.setattr(install, "LONGEST_WAIT_SECONDS", 600)
    install._install_worker_gate()


def gets_a_place(name: str, *, within_seconds: float = 30.0) -> bool:
    thread = threading.Thread(target=lambda_svc.acquire_worker, args=(name,), daemon=True)
    thread.start()
    thread.join(within_seconds)
    return not thread.is_alive()


@pytest.mark.parametrize("could_start", [True, False])
def test_a_call_gives_its_place_back(could_start: bool) -> None:
    """Two that could not start held a function's places for ever: each later call waited 20 seconds."""
    for _ in range(PLACES):
        worker, _reason = lambda_svc.acquire_worker("judge")
        lambda_svc.release_worker(worker if could_start else None)
    assert gets_a_place("judge")


def test_no_more_have_one_at_once() -> None:
    for _ in range(PLACES):
        assert gets_a_place("api")
    assert not gets_a_place("api", within_seconds=0.2)
    assert gets_a_place("another function")
