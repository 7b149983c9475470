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
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

from local.access import OPENER, drop_key, keep_key, new_secret, signed
from local.confinement import kept_environment
from local.deploy import deploy, deployed, running_tasks
from local.ecs.runtimes import DEFAULT, kind_of, remove_left, variables
from local.errors import (
    NoPortError,
    NoStateDirectoryError,
    OtherVersionError,
    PortInUseError,
    StartFailedError,
    WouldReplaceError,
)
from local.fingerprint import of_runtime
from local.leftovers import (
    make_directories,
    remove_files,
    scratch_directory,
    temporary_directory,
)
from local.parameters import check_parameters
from local.paths import PROJECT, REGION, STACK_NAME, make_state_directory, private_stream, state_directory
from local.port_choice import LARGEST_PORT, choose, remember, remembered
from local.state import MARK, RuntimeState, forget_state, kill_marked, read_state, write_state

START_SECONDS: Final = 60
STOP_SECONDS: Final = 20
ANSWER_SECONDS: Final = 30
PORT_SECONDS: Final = 2
# The name of an API in AWS; the embedded AWS serves it under a path of its own.
API_URL: Final = re.compile(r"^https://([a-z0-9]+)\.execute-api\.[^/]+")
Progress = Callable[[str], None]

# Guards that this process started: they outlive it, and are its children to reap when it stops them itself.
_children: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True)
class RuntimeStatus:
    """A local runtime that is up, with the outputs of the stack that is deployed in it.

    `ApiUrl` and `JwtApiUrl` are addresses that this machine can reach, not the names that the APIs would have in AWS.
    """

    endpoint: str
    region: str
    stack: str
    outputs: Mapping[str, str]
    pid: int
    secret_access_key: str = field(repr=False)
    """What a client of the runtime signs with; the access key id is `local.access.ACCESS_KEY_ID`."""


def up(
    *,
    port: int | None = None,
    parameters: Mapping[str, str] | None = None,
    containers: str | None = None,
    replace: bool = False,
    progress: Progress = lambda _: None,
) -> RuntimeStatus:
    """Start the runtime unless it is up, and deploy the stack unless it is up to date.

    `parameters` are those of the template; `containers` is a name of `local.ecs.runtimes` (FARGATE_RUNS_CONTAINERS
    unless told).
    Without `port` it is FARGATE_RUNS_PORT, that of last time, or one of this checkout's own. A runtime of other code is
    replaced, and so is any with `replace`; one on another port, with other containers or without a key is not without
    it.
    Errors: `local.errors.LocalRuntimeError`.
    """
    check_parameters(parameters or {})
    with _alone():
        wanted = _containers(containers)
        state = None if replace else _usable(progress)
        if state is not None:
            _refuse_another(state, port, wanted)
            progress(f"the local runtime is up at {state.endpoint}")
        else:
            kind_of(wanted or DEFAULT).require()
            _down()
            state = start(_port(port, progress), progress, containers)
        remember(state_directory(), state.port)
        return _status(state, deploy(state.endpoint, progress, parameters))


def _port_of_the_environment() -> int | None:
    text = os.environ.get("FARGATE_RUNS_PORT")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= LARGEST_PORT:
        raise NoPortError(text)
    return int(text)


def _port(asked: int | None, progress: Progress) -> int:
    if asked := asked or _port_of_the_environment():
        return asked
    directory = state_directory()
    last = remembered(directory)
    found = choose(directory, lambda port: _is_free(port, wait_seconds=PORT_SECONDS if port == last else 0))
    if last not in {None, found}:
        progress(f"port {last} is in use by another program: this time it is {found}")
    return found


def down() -> bool:
    """Stops the runtime and everything that it started. Returns whether there was one."""
    with _alone():
        return _down()


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """One `up` or `down` at a time for a state directory; another waits its turn."""
    directory = state_directory()
    try:
        file = private_stream(make_state_directory() / "lock")
    except OSError as error:
        raise NoStateDirectoryError(directory, error.strerror or str(error)) from error
    with file:
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
    remove_left(state.containers, state.runtime_id)
    remove_files()
    if (child := _children.pop(state.guard_pid, None)) is not None:
        child.wait()
    drop_key(state.endpoint)
    forget_state()
    return alive


def status() -> RuntimeStatus | None:
    """Returns the runtime that is up; None if there is none, or it does not answer.

    Raises OtherVersionError if it is of a version whose key is not known.
    """
    state = read_state()
    if state is None or not _lives(state) or not _answers(state):
        return None
    return _status(state, deployed(state.endpoint) or {})


def _status(state: RuntimeState, outputs: Mapping[str, str]) -> RuntimeStatus:
    reachable = {name: API_URL.sub(rf"{state.endpoint}/_aws/execute-api/\1", value) for name, value in outputs.items()}
    return RuntimeStatus(state.endpoint, REGION, STACK_NAME, reachable, state.guard_pid, state.secret_access_key)


def _usable(progress: Progress) -> RuntimeState | None:
    """The runtime that is up, if it is of this code."""
    state = read_state()
    if state is None or not _lives(state) or not _answers_in_time(state):
        return None
    if state.code != of_runtime():
        progress(
            "the local runtime that is up is of other code: a new one takes its place, without its runs and records"
        )
        return None
    return state


def _lives(state: RuntimeState) -> bool:
    """Returns whether its guard lives. Raises OtherVersionError if it does and the file has no key: an old version."""
    alive = state.alive()
    if alive and not state.secret_access_key:
        raise OtherVersionError
    return alive


def _refuse_another(state: RuntimeState, port: int | None, containers: str | None) -> None:
    """Raises WouldReplaceError if another runtime was asked for than the one that is up."""
    asked = [f"on port {port}"] if port not in {None, state.port} else []
    asked += [f"with containers as {containers}"] if containers not in {None, state.containers} else []
    if asked:
        stands = f"on port {state.port} with containers as {state.containers}"
        raise WouldReplaceError(stands, " ".join(asked), running_tasks(state.endpoint))


def _containers(given: str | None) -> str | None:
    """Returns the name of the container runtime that was asked for; None if any will do."""
    name = given or os.environ.get("FARGATE_RUNS_CONTAINERS")
    if not name:
        return None
    kind_of(name)
    return name


def start(port: int, progress: Progress = lambda _: None, containers: str | None = None) -> RuntimeState:
    """Start a runtime with nothing deployed in it and wait until it answers."""
    chosen = _containers(containers) or DEFAULT
    _await_free(port)
    progress(f"starting the local runtime on port {port}")
    runtime_id, secret = uuid.uuid4().hex, new_secret()
    make_directories()
    log = make_state_directory() / "runtime.log"
    guard = _spawn(port, runtime_id, log, chosen, secret)
    try:
        started_at = psutil.Process(guard.pid).create_time()
        state = RuntimeState(runtime_id, guard.pid, started_at, port, of_runtime(), chosen, secret)
        write_state(state)
        keep_key(state.endpoint, secret)
    except BaseException:
        # Nobody would find it again: no directory to write into, or no space there.
        kill_marked(runtime_id)
        guard.wait()
        raise
    _children[guard.pid] = guard
    _await_ready(guard, state, log)
    return state


def _spawn(port: int, runtime_id: str, log: Path, containers: str, secret: str) -> subprocess.Popen[bytes]:
    scale = os.environ.get("FARGATE_RUNS_TIME_SCALE") or "1"
    arguments = ["--port", str(port), "--scratch", str(scratch_directory()), "--time-scale", scale]
    arguments += ["--containers", containers, "--runtime-id", runtime_id]
    environment = {**kept_environment(os.environ, variables()), MARK: runtime_id, "TMPDIR": str(temporary_directory())}
    with private_stream(log) as output:
        guard = subprocess.Popen(
            [sys.executable, "-m", "local.guard", *arguments],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=environment,
        )
    # Neither its arguments nor its environment: other processes may look at those.
    if guard.stdin is not None:
        with contextlib.suppress(BrokenPipeError), guard.stdin as pipe:
            pipe.write(f"{secret}\n".encode())
    return guard


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
    """Asks a busy runtime again and again: to replace it would end everything that runs in it."""
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
        with OPENER.open(
            signed("GET", f"{state.endpoint}/_local/status", state.secret_access_key), timeout=5
        ) as answer:
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
    if not _is_free(port, wait_seconds=PORT_SECONDS):
        raise PortInUseError(port)


def _is_free(port: int, *, wait_seconds: float) -> bool:
    """A runtime that was killed a moment ago may still be letting go of its port."""
    deadline = time.monotonic() + wait_seconds
    while _listens(port):
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.05)
    return True


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
