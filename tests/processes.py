"""Looking at the processes of this machine, which come and go meanwhile."""

from __future__ import annotations

import contextlib

import psutil


def command_of(process: psutil.Process) -> list[str]:
    """Returns the arguments of a process; none if it has ended, is a zombie, or belongs to somebody else."""
    with contextlib.suppress(psutil.Error):
        return process.cmdline()
    return []


def environment_of(process: psutil.Process) -> dict[str, str]:
    """Returns the environment of a process; nothing if it has ended or is not ours.

    It is empty for a moment after a start too: `Popen` returns before the kernel has set it.
    """
    with contextlib.suppress(psutil.Error):
        return process.environ()
    return {}


def server_of(guard_pid: int) -> psutil.Process:
    """Returns the server that a local runtime's guard started."""
    return next(child for child in psutil.Process(guard_pid).children() if "local.server" in command_of(child))
