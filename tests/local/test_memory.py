"""The watch over the memory of process containers."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from local.ecs.memory import Limited, MemoryWatch

PROGRAM = "taken = b'x' * (40 * 1024 * 1024); print('taken', flush=True); input()"


def test_the_watch_ends_with_the_last_container_that_it_watches() -> None:
    async def scenario() -> tuple[bool, ...]:
        watch = MemoryWatch(tick_seconds=0.01)
        before = watch.idle
        watch.add(Limited(1, "task", None, None, lambda: None))
        without_limit = watch.idle
        watch.add(Limited(2, "task", 10, None, lambda: None))
        with_limit = watch.idle
        watch.remove(2)
        await asyncio.wait_for(watch.finished(), timeout=60)
        return before, without_limit, with_limit, watch.idle

    assert asyncio.run(scenario()) == (True, True, False, True)


@contextmanager
def taken() -> Iterator[int]:
    """A process in a session of its own that uses 40 MiB and more; gives its id."""
    arguments = [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(arguments, start_new_session=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"taken\n"
        yield process.pid
        process.communicate(b"\n")


def test_who_is_over_the_limit_is_killed_and_who_is_below_is_not() -> None:
    async def scenario(big: int, small: int) -> list[str]:
        killed: list[str] = []
        watch = MemoryWatch(tick_seconds=0.01)

        def kill(name: str) -> None:
            killed.append(name)
            watch.remove(big)
            watch.remove(small)

        watch.add(Limited(small, "a", 100_000, None, lambda: kill("small")))
        watch.add(Limited(big, "b", 20, None, lambda: kill("big")))
        await asyncio.wait_for(watch.finished(), timeout=60)
        return killed

    with taken() as big, taken() as small:
        assert asyncio.run(scenario(big, small)) == ["big"]
