"""The process above the runtime: whatever kills the runtime, nothing of it is left behind.

It starts `local.server` and waits. When the server ends, by itself or by a kill, every process that it started is
killed: on Linux they become children of this one (PR_SET_CHILD_SUBREAPER), and everywhere they carry a mark in their
environment. When this process is killed, the server's standard input closes and it ends by itself. The first line of
this process's own standard input is the runtime's secret access key, which it hands on.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
from typing import Final

import psutil

from local.access import drop_key
from local.confinement import hide
from local.ecs.runtimes import remove_left
from local.leftovers import remove_files
from local.paths import PRIVATE_UMASK
from local.state import MARK, forget_state, kill_marked, read_state

PR_SET_CHILD_SUBREAPER: Final = 36
GRACE_SECONDS: Final = 10


def main(arguments: list[str]) -> int:
    """Runs the server with `arguments` and returns its exit code."""
    hide()
    os.umask(PRIVATE_UMASK)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    secret = sys.stdin.buffer.readline()
    server = subprocess.Popen([sys.executable, "-m", "local.server", *arguments], stdin=subprocess.PIPE)
    if server.stdin is not None:
        with contextlib.suppress(BrokenPipeError):
            server.stdin.write(secret)
            server.stdin.flush()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: _end(server.pid))
    server.returncode = _reap_until_end_of(server.pid)
    _clean_up()
    return server.returncode


def _reap_until_end_of(pid: int) -> int:
    """Waits for a child, and reaps every orphan that ends before it. Returns the child's exit code."""
    while True:
        ended, status = os.waitpid(-1, 0)
        if ended == pid:
            return os.waitstatus_to_exitcode(status)


def _end(server: int) -> None:
    """Ask the server to end; kill it when it does not. Not by its `Popen`, which would take its end from the waiter."""
    _signal(server, signal.SIGTERM)
    threading.Timer(GRACE_SECONDS, _signal, (server, signal.SIGKILL)).start()


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _clean_up() -> None:
    runtime_id = os.environ.get(MARK, "")
    while children := psutil.Process().children(recursive=True):
        for child in children:
            _kill(child)
        psutil.wait_procs(children, timeout=1)
    if runtime_id:
        kill_marked(runtime_id)
    state = read_state()
    if state is not None and state.runtime_id == runtime_id:
        remove_left(state.containers, state.runtime_id)
        remove_files()
        drop_key(state.endpoint)
        forget_state()
    # The timer of `_end` must not keep this process alive.
    os._exit(0)


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.Error:
        return


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
