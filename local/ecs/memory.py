"""Memory limits of process containers. A container over its limit is killed, as the kernel does in AWS (B18).

There is no polling at rest: the watch runs only while containers with a limit live.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import psutil

logger = logging.getLogger(__name__)

TICK_SECONDS: Final = 0.2
SECOND_LOOK_SECONDS: Final = 0.02
MEBIBYTE: Final = 1024 * 1024
Processes = Mapping[int, list[psutil.Process]]


@dataclass(frozen=True)
class Limited:
    """A container with a limit: its own, or one that it shares with the others of its task. `session` is a process id.

    `kill` is called once its memory is more than that.
    """

    session: int
    task_id: str
    own_mib: int | None
    task_mib: int | None
    kill: Callable[[], None]


class MemoryWatch:
    """Watches all limited containers with one pass over the machine's processes every tick."""

    def __init__(self, tick_seconds: float = TICK_SECONDS) -> None:
        self._tick_seconds = tick_seconds
        self._limited: dict[int, Limited] = {}
        self._suspects: set[int] = set()
        self._known: dict[int, psutil.Process] = {}
        self._running: asyncio.Task[None] | None = None

    def add(self, limited: Limited) -> None:
        """Watch a container from here on; one without any limit is left alone."""
        if limited.own_mib is None and limited.task_mib is None:
            return
        self._limited[limited.session] = limited
        if self._running is None:
            self._running = asyncio.ensure_future(self._run())

    def remove(self, session: int) -> None:
        """Forget a container that has ended."""
        self._limited.pop(session, None)
        self._suspects.discard(session)

    @property
    def idle(self) -> bool:
        """Whether nothing is being watched."""
        return self._running is None

    async def finished(self) -> None:
        """Wait until nothing is being watched."""
        if self._running is not None:
            await self._running

    async def _run(self) -> None:
        while self._limited:
            await asyncio.sleep(SECOND_LOOK_SECONDS if self._suspects else self._tick_seconds)
            try:
                self._tick()
            except Exception:
                logger.exception("a look at the containers' memory failed")
        self._running = None

    def _tick(self) -> None:
        """Kills the containers that are over their limit for the second time.

        Once is not enough: for an instant, a process and the one that it is starting share all their memory and seem to
        use it twice.
        """
        processes = _processes_of(self._limited, self._known)
        self._known = {process.pid: process for found in processes.values() for process in found}
        over = set(self._over_the_limit(processes))
        for session in over & self._suspects:
            self._limited[session].kill()
        self._suspects = over - self._suspects

    def _over_the_limit(self, processes: Processes) -> Iterable[int]:
        tasks: dict[str, list[Limited]] = defaultdict(list)
        resident = {session: _resident_bytes(found) for session, found in processes.items()}
        for limited in self._limited.values():
            tasks[limited.task_id].append(limited)
            if _is_more([limited], limited.own_mib, resident, processes):
                yield limited.session
        for together in tasks.values():
            if _is_more(together, together[0].task_mib, resident, processes):
                yield max((each.session for each in together), key=lambda session: resident.get(session, 0))


def _is_more(
    containers: Iterable[Limited], limit_mib: int | None, resident: Mapping[int, int], processes: Processes
) -> bool:
    """Whether containers use more than a limit. Resident memory is cheap to ask for, but counts shared pages often."""
    if limit_mib is None:
        return False
    sessions = [each.session for each in containers]
    if sum(resident.get(session, 0) for session in sessions) <= limit_mib * MEBIBYTE:
        return False
    return sum(_own_bytes(processes.get(session, ())) for session in sessions) > limit_mib * MEBIBYTE


def _processes_of(sessions: Iterable[int], known: Mapping[int, psutil.Process]) -> Processes:
    """The processes of each session. To make a psutil.Process costs more than to ask it, so known ones are kept."""
    wanted, found = set(sessions), defaultdict(list)
    for process_id in psutil.pids():
        with contextlib.suppress(OSError, psutil.Error):
            session = os.getsid(process_id)
            if session in wanted:
                found[session].append(known.get(process_id) or psutil.Process(process_id))
    return found


def _resident_bytes(processes: Iterable[psutil.Process]) -> int:
    total = 0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            total += process.memory_info().rss
    return total


def _own_bytes(processes: Iterable[psutil.Process]) -> int:
    """As a container's control group counts: what processes share counts once (Linux), or not at all (elsewhere)."""
    total = 0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            memory = process.memory_full_info()
            total += getattr(memory, "pss", memory.uss)
    return total
