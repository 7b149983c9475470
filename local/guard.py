"""The process above the runtime: whatever kills the runtime, nothing of it is left behind.

It starts `local.server` and waits. When the server ends, by itself or by a kill, every process that it started is
killed: on Linux they become children of this one (PR_SET_CHILD_SUBREAPER), and everywhere they carry a mark in their
environment. When this process is killed, the server's standard input closes and it ends by itself.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
from typing import Final

import psutil

from local.leftovers import remove_containers
from local.state import MARK, forget_state, kill_marked, read_state

PR_SET_CHILD_SUBREAPER: Final = 36
GRACE_SECONDS: Final = 10


def main(arguments: list[str]) -> int:
    """Run the server with `arguments`; gives its exit code."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    server = subprocess.Popen([sys.executable, "-m", "local.server", *arguments], stdin=subprocess.PIPE)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: _end(server))
    code = server.wait()
    _clean_up()
    return code


def _end(server: subprocess.Popen[bytes]) -> None:
    """Ask the server to end; kill it when it does not."""
    server.terminate()
    threading.Timer(GRACE_SECONDS, server.kill).start()


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
        remove_containers(state)
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
