"""Which processes carry a mark, a variable of their environment: what a runtime started, wherever it went."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Final

import psutil

MOST_LOOKS: Final = 50
PAUSE_SECONDS: Final = 0.001


def carriers(pids: Iterable[int], name: str, value: str) -> set[int]:
    """Returns the processes whose variable `name` has this value.

    A process in the middle of an exec shows an empty environment, so an empty one is read again, for some 50 ms.
    Unreadable or exited processes count as unmarked.
    """
    found: set[int] = set()
    blank = set(pids)
    for _ in range(MOST_LOOKS):
        shown = {pid: _environment_of(pid) for pid in blank}
        found.update(pid for pid, environment in shown.items() if environment and environment.get(name) == value)
        blank = {pid for pid, environment in shown.items() if environment is not None and not environment}
        if not blank:
            break
        time.sleep(PAUSE_SECONDS)
    return found


def await_end(pids: Iterable[int]) -> None:
    """Waits up to some 50 ms for killed processes to end. Their children then have their new parent."""
    alive = set(pids)
    for _ in range(MOST_LOOKS):
        alive = {pid for pid in alive if _lives(pid)}
        if not alive:
            break
        time.sleep(PAUSE_SECONDS)


def _environment_of(pid: int) -> Mapping[str, str] | None:
    """Returns None if it never has one: it has ended, it is not ours, or it is a kernel thread."""
    try:
        process = psutil.Process(pid)
        return process.environ() or (None if process.status() == psutil.STATUS_ZOMBIE or not process.exe() else {})
    except (psutil.Error, OSError):
        return None


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
