"""Containers in Docker: the image, its command and the limits are real.

A container shares the network of this machine, as containers of a Fargate task share theirs, so that it reaches the
runtime on 127.0.0.1. All calls of the engine block and are made in threads; nothing polls.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

from local.ecs.containers import (
    OUT_OF_MEMORY,
    ContainerExit,
    ContainerRuntime,
    ContainerSpec,
    OnOutput,
    RunningContainer,
)
from local.ecs.docker_engine import ContainerOptions, Engine, EngineError, ImageMissingError
from local.ecs.docker_words import cannot_pull, cannot_start
from local.ecs.runtimes import DOCKER_DESKTOP_HOST

T = TypeVar("T")
# Of calls that end by themselves; every container has a thread of its own beside these.
CALLERS: Final = 8
LOOPBACK: Final = "127.0.0.1"
ENDPOINT: Final = "AWS_ENDPOINT_URL"
NOT_EXECUTABLE_CODE: Final = 126


class DockerRuntime(ContainerRuntime):
    """Runs containers in an engine. `label` marks them, so that a later process finds those that are left."""

    def __init__(self, engine: Engine, label: str) -> None:
        self._engine = engine
        self._label = label
        self._callers = concurrent.futures.ThreadPoolExecutor(CALLERS, thread_name_prefix="docker")

    async def start(self, spec: ContainerSpec, on_output: OnOutput) -> RunningContainer:
        """See `ContainerRuntime.start`. An image that is not on this machine is pulled first."""
        identity, output = await self._call(lambda: self._launch(spec))
        return DockerContainer(self._engine, self._callers, identity, output, on_output)

    async def close(self) -> None:
        """Remove every container of this runtime."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._callers.shutdown(wait=True)
        self._engine.remove_labelled(self._label)

    def _launch(self, spec: ContainerSpec) -> tuple[str, Iterator[bytes]]:
        identity = self._create(options_of(spec, self._label))
        try:
            # Attached before the start, or the first words would be lost.
            output = self._engine.attach(identity)
            self._engine.start(identity)
        except EngineError as error:
            self._engine.remove(identity)
            raise cannot_start(str(error)) from error
        return identity, output

    def _create(self, options: ContainerOptions) -> str:
        try:
            return self._engine.create(options)
        except ImageMissingError:
            self._pull(options.image)
        except EngineError as error:
            raise cannot_start(str(error)) from error
        try:
            return self._engine.create(options)
        except EngineError as error:
            raise cannot_start(str(error)) from error

    def _pull(self, image: str) -> None:
        try:
            self._engine.pull(image)
        except EngineError as error:
            raise cannot_pull(image, str(error)) from error

    async def _call(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._callers, call)


class DockerContainer(RunningContainer):
    """A started container, and the thread that reads its output and waits for its end."""

    def __init__(
        self,
        engine: Engine,
        callers: concurrent.futures.Executor,
        identity: str,
        output: Iterator[bytes],
        on_output: OnOutput,
    ) -> None:
        self._engine = engine
        self._callers = callers
        self._identity = identity
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[ContainerExit] = self._loop.create_future()
        threading.Thread(target=self._follow, args=(output, on_output), daemon=True).start()

    @property
    def runtime_id(self) -> str:
        """The engine's id of the container."""
        return self._identity

    @property
    def ended(self) -> asyncio.Future[ContainerExit]:
        """See `RunningContainer.ended`."""
        return self._ended

    def terminate(self) -> None:
        """SIGTERM to process 1, which ignores it unless it handles it: so it is on Fargate too."""
        self._callers.submit(self._engine.signal, self._identity, "SIGTERM")

    def kill(self) -> None:
        """SIGKILL."""
        self._callers.submit(self._engine.signal, self._identity, "SIGKILL")

    async def execute(self, arguments: Sequence[str], timeout_seconds: float) -> int | None:
        """See `RunningContainer.execute`."""
        call = self._loop.run_in_executor(self._callers, self._execute, arguments)
        try:
            return await asyncio.wait_for(call, timeout_seconds)
        except TimeoutError:
            return None

    def _execute(self, arguments: Sequence[str]) -> int:
        try:
            return self._engine.execute(self._identity, arguments)
        except EngineError:
            return NOT_EXECUTABLE_CODE

    def _follow(self, output: Iterator[bytes], on_output: OnOutput) -> None:
        """Passes each piece of output on before it reads the next one. At the end it passes the exit on."""
        try:
            self._read(output, on_output)
            end = self._exit()
            self._loop.call_soon_threadsafe(self._end, end)
        except (RuntimeError, concurrent.futures.CancelledError):
            return  # the loop is closed: the runtime is being shut down, and removes the container
        self._engine.remove(self._identity)

    def _read(self, output: Iterator[bytes], on_output: OnOutput) -> None:
        # Where the engine goes away, so does the output; what became of the container is asked for after it.
        with contextlib.suppress(OSError):
            for piece in output:
                asyncio.run_coroutine_threadsafe(_handed_on(on_output, piece), self._loop).result()

    def _exit(self) -> ContainerExit | EngineError:
        try:
            code = self._engine.wait(self._identity)
            return ContainerExit(code, OUT_OF_MEMORY if self._engine.out_of_memory(self._identity) else None)
        except EngineError as error:
            return error

    def _end(self, end: ContainerExit | EngineError) -> None:
        if self._ended.done():
            return
        if isinstance(end, EngineError):
            self._ended.set_exception(end)
        else:
            self._ended.set_result(end)


def options_of(spec: ContainerSpec, label: str, platform: str = sys.platform) -> ContainerOptions:
    """What a spec is to the engine: a command replaces the image's CMD, an entry point its ENTRYPOINT, as in ECS."""
    command = spec.arguments[len(spec.entry_point) :]
    limits = [limit for limit in (spec.memory_mib, spec.task_memory_mib) if limit]
    native = platform == "linux"
    return ContainerOptions(
        image=spec.image,
        entry_point=spec.entry_point or None,
        command=command or None,
        environment=dict(spec.environment) if native else _through_the_desktop(spec.environment),
        user=spec.user,
        working_directory=spec.working_directory,
        memory_mib=min(limits, default=None),
        host_network=native,
        label=label,
    )


def _through_the_desktop(environment: Mapping[str, str]) -> dict[str, str]:
    """Docker Desktop's containers run in a virtual machine, whose 127.0.0.1 is not this machine's."""
    address = environment.get(ENDPOINT, "").replace(LOOPBACK, DOCKER_DESKTOP_HOST)
    return {**environment, ENDPOINT: address} if address else dict(environment)


async def _handed_on(on_output: OnOutput, piece: bytes) -> None:
    on_output(piece)
