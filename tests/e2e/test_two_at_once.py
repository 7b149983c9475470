"""Two `up` at the same moment, of one state directory and of two, and one while the runtime has no time to answer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from local.paths import PROJECT
from tests.processes import server_of
from tests.runtimes import free_port, take_build

UP = "import sys; from local import control; print(control.up(port=int(sys.argv[1]) or None).pid)"
#: For `up` without a port: each checkout has one of its own.
NO_PORT = 0
DOWN = "from local import control; control.down()"
BUILT = PROJECT / ".aws-sam" / "deps"
#: Longer than `up` waits for one answer.
BUSY_SECONDS = 7


def up(directory: Path, port: int) -> subprocess.Popen[str]:
    """Start `up` for a state directory; it prints the guard's process id."""
    command = [sys.executable, "-c", UP, str(port)]
    return subprocess.Popen(command, cwd=PROJECT, env=environment(directory), stdout=subprocess.PIPE, text=True)


def down(directory: Path) -> None:
    subprocess.run([sys.executable, "-c", DOWN], cwd=PROJECT, env=environment(directory), check=True)


def environment(directory: Path) -> dict[str, str]:
    return {**os.environ, "FARGATE_RUNS_LOCAL_DIR": str(directory), "FARGATE_RUNS_PORT": ""}


@pytest.mark.timeout(900)  # a build and a deployment, which have no limit of their own
def test_both_get_the_same_runtime(tmp_path: Path, builds: Path) -> None:
    port = free_port()
    take_build(tmp_path, builds)
    try:
        both = [up(tmp_path, port) for _ in range(2)]
        answers = [process.communicate()[0].strip() for process in both]
        assert [process.returncode for process in both] == [0, 0]
        assert answers[0] == answers[1]
        assert up_while_busy(tmp_path, port, guard=int(answers[0])) == answers[0]
    finally:
        down(tmp_path)


def up_while_busy(directory: Path, port: int, guard: int) -> str:
    """What `up` answers when the runtime gives no answer at first."""
    server = server_of(guard)
    server.send_signal(signal.SIGSTOP)
    try:
        process = up(directory, port)
        with pytest.raises(subprocess.TimeoutExpired):
            process.communicate(timeout=BUSY_SECONDS)
    finally:
        server.send_signal(signal.SIGCONT)
    return process.communicate()[0].strip()


@pytest.mark.timeout(900)
def test_two_that_name_no_port_leave_each_other_alone(tmp_path: Path) -> None:
    before = sorted(BUILT.iterdir()) if BUILT.exists() else []
    directories = [tmp_path / "one", tmp_path / "two"]
    try:
        both = [up(directory, NO_PORT) for directory in directories]
        guards = {process.communicate()[0].strip() for process in both}
        assert [process.returncode for process in both] == [0, 0]
        assert len({(directory / "port").read_text() for directory in directories}) == 2
    finally:
        for directory in directories:
            down(directory)
    assert len(guards) == 2
    # Nothing is shared that the one could take from the other.
    assert (sorted(BUILT.iterdir()) if BUILT.exists() else []) == before
