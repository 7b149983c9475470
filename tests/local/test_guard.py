"""However the local runtime is killed, nothing of it is left behind, and the next one starts."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from local import control
from local.errors import PortInUseError
from local.state import MARK, read_state
from tests.contract.conftest import Aws, prepared
from tests.processes import server_of
from tests.runtimes import bare_runtime
from tests.waiting import eventually

# A container that starts a process of its own in a session of its own, and ignores SIGTERM.
ESCAPING = (
    "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], start_new_session=True); time.sleep(600)"
)


def marked(runtime_id: str) -> list[psutil.Process]:
    """The living processes of a runtime. Guard and server show their environment to root alone, and their arguments."""
    return [process for process in psutil.process_iter() if is_of(process, runtime_id)]


def is_of(process: psutil.Process, runtime_id: str) -> bool:
    with contextlib.suppress(psutil.Error):
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return runtime_id in process.cmdline() or process.environ().get(MARK) == runtime_id
    return False


def with_a_container(endpoint: str) -> Aws:
    """A runtime in which a container runs."""
    aws = prepared(endpoint)
    answer = aws.ecs.run_task(
        cluster=aws.cluster,
        taskDefinition=aws.task_definition({"command": ["python", "-c", ESCAPING]}),
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
    )
    aws.until_status(answer["tasks"][0]["taskArn"], "RUNNING")
    return aws


def kill_server(guard_pid: int) -> None:
    server_of(guard_pid).kill()


def kill_guard(guard_pid: int) -> None:
    psutil.Process(guard_pid).kill()


def kill_both(guard_pid: int) -> None:
    server = server_of(guard_pid)
    psutil.Process(guard_pid).kill()
    server.kill()


def end_guard(guard_pid: int) -> None:
    os.kill(guard_pid, signal.SIGTERM)


@pytest.mark.parametrize("kill", [kill_server, kill_guard, kill_both, end_guard])
def test_nothing_is_left_behind(tmp_path: Path, kill: Callable[[int], None]) -> None:
    with bare_runtime(tmp_path) as endpoint:
        with_a_container(endpoint)
        state = read_state()
        assert state is not None
        # The guard, the server, the container and what it started.
        eventually(lambda: len(marked(state.runtime_id)) == 4, "the container's own process")
        kill(state.guard_pid)
        if kill is kill_both:
            # The machine's kernel kills the container; what escaped from it waits for the next start.
            control.down()
        eventually(lambda: not marked(state.runtime_id), "the end of all its processes")
        assert control.status() is None
        control.down()
        control.start(state.port)
        assert control.status() is not None


def test_a_port_that_is_in_use_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARGATE_RUNS_LOCAL_DIR", str(tmp_path))
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(PortInUseError, match="is in use by another program: choose another with"):
            control.start(other.getsockname()[1])
