"""Starting the process of a container: apart from all others, and in a thread that waits for it.

What the kernel restricts is a thread and what it starts (`local.confinement`), and the signal at a parent's death comes
at the death of the thread that started the process. So each process has a thread, which lives as long.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from local.confinement import enter_domain

CONTAINER_UMASK: Final = 0o022


class Child:
    """A started process."""

    def __init__(self, pid: int, ended: asyncio.Future[int]) -> None:
        self.pid = pid
        self._ended = ended

    async def wait(self) -> int:
        """Its return code, negative for a signal, once it has ended."""
        return await asyncio.shield(self._ended)

    def terminate(self) -> None:
        """SIGTERM."""
        if not self._ended.done():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)


async def spawn(arguments: Sequence[str], environment: Mapping[str, str], directory: Path, output: int) -> Child:
    """Start a process as the leader of a session. OSError or ValueError where the system cannot."""
    loop = asyncio.get_running_loop()
    started: asyncio.Future[int] = loop.create_future()
    ended: asyncio.Future[int] = loop.create_future()

    def tell(what: Callable[[], None]) -> None:
        # The loop may have ended before the process.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(what)

    def live() -> None:
        enter_domain()
        try:
            process = subprocess.Popen(
                arguments,
                env=environment,
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                umask=CONTAINER_UMASK,
            )
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            failure = error if isinstance(error, OSError | ValueError) else OSError(str(error))
            tell(lambda: None if started.done() else started.set_exception(failure))
            return
        tell(lambda: _begin(started, process.pid))
        code = process.wait()
        tell(lambda: ended.set_result(code))

    threading.Thread(target=live, daemon=True, name="container").start()
    return Child(await started, ended)


def _begin(started: asyncio.Future[int], pid: int) -> None:
    if not started.done():
        started.set_result(pid)
        return
    # Nobody waits for it any more.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
