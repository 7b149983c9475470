"""Containers as operating-system processes: no image, the machine's own programs.

Each container leads a session of its own, so that what it started dies with it, as with PID 1 of a container. Where the
machine has `setpriv` the kernel kills it even when the runtime itself is killed; elsewhere `local.guard` does.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from local.ecs.containers import (
    OUT_OF_MEMORY,
    CannotStartContainerError,
    ContainerExit,
    ContainerRuntime,
    ContainerSpec,
    OnOutput,
    RunningContainer,
    cannot_execute,
)
from local.ecs.memory import Limited, MemoryWatch
from local.ecs.spawning import Child, spawn
from local.marks import await_end, carriers
from local.paths import OWNER_DIRECTORY

READ_BYTES: Final = 65_536
CANNOT_EXECUTE: Final = 127
MARK: Final = "FARGATE_RUNS_CONTAINER_ID"
Execute = Callable[[Sequence[str]], Awaitable[Child]]
SYSTEM_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class ProcessRuntime(ContainerRuntime):
    """Runs each container's command as a process in an empty directory of its own under `scratch`.

    `marks` are variables that every container gets, by which its processes can be found (`local.state.kill_marked`).
    """

    def __init__(self, scratch: Path, marks: Mapping[str, str] | None = None) -> None:
        self._scratch = scratch
        self._marks = dict(marks or {})
        self._memory = MemoryWatch()
        self._setpriv = shutil.which("setpriv") if sys.platform == "linux" else None

    async def start(self, spec: ContainerSpec, on_output: OnOutput) -> RunningContainer:
        """See `ContainerRuntime.start`. A command that is not there, or not executable, cannot be started."""
        if not spec.arguments:
            raise cannot_execute("", "a process container has no image, so the task definition must name a command")
        environment = self._environment(spec)
        program = _executable(spec.arguments[0], environment["PATH"])
        # Of ids of ours alone: no text of a caller is part of a path that is made, and removed with what is in it.
        mark = uuid.uuid4().hex
        home = self._scratch / mark
        environment["HOME"] = spec.environment.get("HOME", str(home))
        output = Output(on_output)
        try:
            home.mkdir(parents=True, mode=OWNER_DIRECTORY)
            arguments = [program, *spec.arguments[1:]]
            process = await self._spawn(arguments, {**environment, MARK: mark}, home, output.writer)
        except (OSError, ValueError) as error:
            # ValueError: a null character, or a variable whose name no process can have.
            output.close()
            shutil.rmtree(home, ignore_errors=True)
            why = getattr(error, "strerror", None) or str(error)
            raise cannot_execute(spec.arguments[0], why.lower()) from error
        output.started()
        container = ProcessContainer(process, output, home, mark, self._execution(environment, home))
        limited = Limited(
            process.pid, spec.task_id, spec.memory_mib, spec.task_memory_mib, container.kill_for_lack_of_memory
        )
        self._memory.add(limited)
        container.ended.add_done_callback(lambda _: self._memory.remove(process.pid))
        return container

    async def close(self) -> None:
        """Do nothing: a container's processes end with the life of its task."""

    def _execution(self, environment: Mapping[str, str], home: Path) -> Execute:
        async def execute(arguments: Sequence[str]) -> Child:
            program = _executable(arguments[0], environment["PATH"])
            return await self._spawn([program, *arguments[1:]], environment, home, subprocess.DEVNULL)

        return execute

    async def _spawn(self, arguments: Sequence[str], environment: Mapping[str, str], home: Path, output: int) -> Child:
        return await spawn([*self._leash(), *arguments], environment, home, output)

    def _environment(self, spec: ContainerSpec) -> dict[str, str]:
        """Only what an image would have, then what ECS gives: nothing of this process's environment leaks in."""
        interpreter = str(Path(sys.executable).parent)
        return {
            "PATH": f"{interpreter}:{SYSTEM_PATH}",
            "LANG": "C.UTF-8",
            **spec.environment,
            **self._marks,
        }

    def _leash(self) -> tuple[str, ...]:
        return (self._setpriv, "--pdeathsig", "KILL", "--") if self._setpriv else ()


class ProcessContainer(RunningContainer):
    """A process with its session."""

    def __init__(self, process: Child, output: Output, home: Path, mark: str, execute: Execute) -> None:
        self._process = process
        self._output = output
        self._home = home
        self._mark = mark
        self._execute = execute
        self._out_of_memory = False
        self._ended: asyncio.Future[ContainerExit] = asyncio.ensure_future(self._run())

    @property
    def runtime_id(self) -> str:
        """The process id, padded to the look of a runtime id."""
        return f"process-{self._process.pid}"

    @property
    def ended(self) -> asyncio.Future[ContainerExit]:
        """See `RunningContainer.ended`."""
        return self._ended

    def terminate(self) -> None:
        """SIGTERM to the main process alone: a container runtime signals PID 1."""
        self._process.terminate()

    def kill(self) -> None:
        """SIGKILL to the whole session."""
        _signal_session(self._process.pid, signal.SIGKILL)

    def kill_for_lack_of_memory(self) -> None:
        """SIGKILL, with the reason that ECS gives (fact B18)."""
        self._out_of_memory = True
        self.kill()

    async def execute(self, arguments: Sequence[str], timeout_seconds: float) -> int | None:
        """See `RunningContainer.execute`. Killed when the container ends."""
        try:
            process = await self._execute(arguments)
        except (CannotStartContainerError, OSError, ValueError):
            return CANNOT_EXECUTE
        exited = asyncio.ensure_future(process.wait())
        try:
            waits: list[asyncio.Future[Any]] = [exited, self._ended]
            await asyncio.wait(waits, timeout=timeout_seconds, return_when=asyncio.FIRST_COMPLETED)
            return exited.result() if exited.done() else None
        finally:
            _signal_session(process.pid, signal.SIGKILL)

    async def _run(self) -> ContainerExit:
        return_code = await self._process.wait()
        # The end of process 1 is the end of the container, whatever it has started (and wherever it put it).
        _signal_session(self._process.pid, signal.SIGKILL)
        kill_escaped(self._mark)
        self._output.finish()
        shutil.rmtree(self._home, ignore_errors=True)
        killed = self._out_of_memory and return_code == -signal.SIGKILL
        return ContainerExit(
            exit_code=return_code if return_code >= 0 else 128 - return_code,
            reason=OUT_OF_MEMORY if killed else None,
        )


class Output:
    """The pipe from a container. Its end does not wait for the pipe's: a process that escaped may hold it open."""

    def __init__(self, on_output: OnOutput) -> None:
        self._on_output = on_output
        self._reader, self.writer = os.pipe()
        os.set_blocking(self._reader, False)
        self._loop = asyncio.get_running_loop()

    def started(self) -> None:
        """The container has its end; read the other one as it writes."""
        os.close(self.writer)
        self._loop.add_reader(self._reader, self._read)

    def finish(self) -> None:
        """Take what the container has written, and no more."""
        while self._read():
            pass
        self._loop.remove_reader(self._reader)
        os.close(self._reader)

    def close(self) -> None:
        """The container never started."""
        os.close(self.writer)
        os.close(self._reader)

    def _read(self) -> bool:
        try:
            piece = os.read(self._reader, READ_BYTES)
        except BlockingIOError:
            return False
        if piece:
            self._on_output(piece)
        else:
            self._loop.remove_reader(self._reader)
        return bool(piece)


def kill_escaped(mark: str) -> None:
    """Kill what a container has started and what left its session: orphans, which fall to the guard (Linux)."""
    guard = os.getppid()
    children = Path(f"/proc/{guard}/task/{guard}/children")
    killed: set[int] = set()
    while True:
        try:
            orphans = set(map(int, children.read_text().split())) - killed - {os.getpid()}
        except OSError:
            return
        escaped = carriers(orphans, MARK, mark)
        if not escaped:
            return
        for pid in escaped:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        # What these had started falls to the guard when they are over, and is in its next list.
        await_end(escaped)
        killed |= escaped


def _signal_session(leader: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def _executable(name: str, path: str) -> str:
    found = shutil.which(name, path=path)
    if found is not None:
        return found
    if "/" in name:
        why = "permission denied" if Path(name).exists() else f"stat {name}: no such file or directory"
        raise cannot_execute(name, why)
    raise cannot_execute(name, "executable file not found in $PATH")
