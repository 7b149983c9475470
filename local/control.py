"""Start, stop and ask the local runtime: what `runs local` and the tests use."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from local.deploy import deploy, deployed
from local.errors import PortInUseError, StartFailedError, UnknownContainersError
from local.fingerprint import of_runtime
from local.leftovers import remove_containers
from local.parameters import check_parameters
from local.paths import DEFAULT_PORT, PROJECT, REGION, STACK_NAME, state_directory
from local.state import MARK, Containers, RuntimeState, forget_state, kill_marked, read_state, write_state

START_SECONDS: Final = 60
STOP_SECONDS: Final = 20
ANSWER_SECONDS: Final = 30
PORT_SECONDS: Final = 2
# The name of an API in AWS; the embedded AWS serves it under a path of its own.
API_URL: Final = re.compile(r"^https://([a-z0-9]+)\.execute-api\.[^/]+/")
Progress = Callable[[str], None]

# Guards that this process started: they outlive it, and are its children to reap when it stops them itself.
_children: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True)
class RuntimeStatus:
    """A local runtime that is up, with the outputs of the stack that is deployed in it.

    `ApiUrl` is one that this machine can reach, not the name that the API would have in AWS.
    """

    endpoint: str
    region: str
    stack: str
    outputs: Mapping[str, str]
    pid: int


def up(
    *,
    port: int | None = None,
    parameters: Mapping[str, str] | None = None,
    containers: str | None = None,
    progress: Progress = lambda _: None,
) -> RuntimeStatus:
    """Start the runtime unless it is up, and deploy the stack unless it is up to date.

    `parameters` are those of the template; `containers` is "process" or "docker" (FARGATE_RUNS_CONTAINERS unless told).
    A runtime on another port, with other containers, or of older code, is replaced.
    Errors: `local.errors.LocalRuntimeError`.
    """
    check_parameters(parameters or {})
    with _alone():
        wanted = _containers(containers)
        state = _usable(port, wanted)
        if state is None:
            if wanted is Containers.DOCKER:
                _require_engine()
            _down()
            state = start(port or int(os.environ.get("FARGATE_RUNS_PORT") or DEFAULT_PORT), progress, containers)
        else:
            progress(f"the local runtime is up at {state.endpoint}")
        return _status(state, deploy(state.endpoint, progress, parameters))


def down() -> bool:
    """Stop the runtime and everything that it started; gives whether there was one."""
    with _alone():
        return _down()


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """One `up` or `down` at a time for a state directory; another waits its turn."""
    directory = state_directory()
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _down() -> bool:
    _reap()
    state = read_state()
    if state is None:
        return False
    alive = state.alive()
    if alive:
        _terminate(state)
    kill_marked(state.runtime_id)
    remove_containers(state)
    if (child := _children.pop(state.guard_pid, None)) is not None:
        child.wait()
    forget_state()
    return alive


def status() -> RuntimeStatus | None:
    """The runtime that is up; None where there is none, or it does not answer."""
    state = read_state()
    if state is None or not state.alive() or not _answers(state):
        return None
    return _status(state, deployed(state.endpoint) or {})


def _status(state: RuntimeState, outputs: Mapping[str, str]) -> RuntimeStatus:
    reachable = {name: API_URL.sub(rf"{state.endpoint}/_aws/execute-api/\1/", value) for name, value in outputs.items()}
    return RuntimeStatus(state.endpoint, REGION, STACK_NAME, reachable, state.guard_pid)


def _usable(port: int | None, containers: Containers | None) -> RuntimeState | None:
    state = read_state()
    if state is None or state.code != of_runtime() or not _answers_in_time(state):
        return None
    return state if port in {None, state.port} and containers in {None, state.containers} else None


def _containers(given: str | None) -> Containers | None:
    """What was asked for; None: nothing was, so that any runtime will do."""
    text = given or os.environ.get("FARGATE_RUNS_CONTAINERS")
    if not text:
        return None
    try:
        return Containers(text)
    except ValueError:
        raise UnknownContainersError(text, ", ".join(Containers)) from None


def _require_engine() -> None:
    # Docker's SDK is slow to import, and only those who use Docker need it.
    from local.ecs.docker_engine import Engine  # noqa: PLC0415

    Engine.connect().close()


def start(port: int, progress: Progress = lambda _: None, containers: str | None = None) -> RuntimeState:
    """Start a runtime with nothing deployed in it and wait until it answers."""
    chosen = _containers(containers) or Containers.PROCESS
    _await_free(port)
    progress(f"starting the local runtime on port {port}")
    directory = state_directory()
    directory.mkdir(parents=True, exist_ok=True)
    runtime_id = uuid.uuid4().hex
    log = directory / "runtime.log"
    guard = _spawn(port, runtime_id, log, chosen)
    _children[guard.pid] = guard
    state = RuntimeState(runtime_id, guard.pid, psutil.Process(guard.pid).create_time(), port, of_runtime(), chosen)
    write_state(state)
    _await_ready(guard, state, log)
    return state


def _spawn(port: int, runtime_id: str, log: Path, containers: Containers) -> subprocess.Popen[bytes]:
    scale = os.environ.get("FARGATE_RUNS_TIME_SCALE") or "1"
    arguments = ["--port", str(port), "--scratch", str(state_directory() / "containers"), "--time-scale", scale]
    arguments += ["--containers", containers]
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "local.guard", *arguments],
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, MARK: runtime_id},
        )


def _await_ready(guard: subprocess.Popen[bytes], state: RuntimeState, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _answers(state):
        if guard.poll() is not None:
            forget_state()
            raise StartFailedError(f"it ended with exit code {guard.returncode}", str(log))
        if time.monotonic() > deadline:
            _down()
            raise StartFailedError(f"no answer within {START_SECONDS} s", str(log))
        time.sleep(0.05)


def _answers_in_time(state: RuntimeState) -> bool:
    """A runtime that is busy is asked again: who replaces it ends all that runs in it."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while state.alive():
        if _answers(state):
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return False


def _answers(state: RuntimeState) -> bool:
    try:
        with urllib.request.urlopen(f"{state.endpoint}/_local/status", timeout=5) as answer:  # noqa: S310
            return bool(answer.status == 200)  # noqa: PLR2004
    except (OSError, urllib.error.URLError):
        return False


def _reap() -> None:
    """Let go of guards that have ended by themselves."""
    for pid, child in list(_children.items()):
        if child.poll() is not None:
            del _children[pid]


def _terminate(state: RuntimeState) -> None:
    process = psutil.Process(state.guard_pid)
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except psutil.TimeoutExpired:
        process.kill()


def _await_free(port: int) -> None:
    """A runtime that was killed a moment ago may still be letting go of its port."""
    deadline = time.monotonic() + PORT_SECONDS
    while _listens(port):
        if time.monotonic() > deadline:
            raise PortInUseError(port)
        time.sleep(0.05)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
