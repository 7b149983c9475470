"""Which processes carry a mark, also those that show no environment for the moment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping

import psutil
import pytest

from local import marks
from local.marks import await_end, carriers
from tests.waiting import eventually

WAITING = "import sys; print(flush=True); sys.stdin.read()"


@pytest.fixture
def marked() -> Iterator[subprocess.Popen[bytes]]:
    """A process that carries MARK=mine and runs until its input ends."""
    environment = {**os.environ, "MARK": "mine"}
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", WAITING], env=environment, stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_who_carries_the_mark_is_found_among_all(marked: subprocess.Popen[bytes]) -> None:
    assert carriers(psutil.pids(), "MARK", "mine") == {marked.pid}
    assert carriers(psutil.pids(), "MARK", "another") == set()


def test_who_is_over_carries_nothing_and_is_not_waited_for(marked: subprocess.Popen[bytes]) -> None:
    marked.kill()
    eventually(lambda: psutil.Process(marked.pid).status() == psutil.STATUS_ZOMBIE, "the end of the process")
    await_end([marked.pid])
    assert carriers([marked.pid], "MARK", "mine") == set()
    marked.wait()
    await_end([marked.pid])
    assert carriers([marked.pid], "MARK", "mine") == set()


def test_an_exec_hides_an_environment_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel shows none until the new program has its own: met once in some hundred starts."""
    looks: dict[int, list[Mapping[str, str] | None]] = {
        1: [{}, {}, {"MARK": "mine"}],
        2: [None],
        3: [{"OTHER": "mine"}],
        4: [{}, None],
        5: [{}, {"MARK": "another"}],
    }
    monkeypatch.setattr(marks, "_environment_of", lambda pid: looks[pid].pop(0))
    assert carriers([*looks], "MARK", "mine") == {1}


def test_who_never_shows_an_environment_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks, "_environment_of", lambda _pid: {})
    assert carriers([1, 2], "MARK", "mine") == set()
