"""The life of one task, from PROVISIONING to STOPPED, and the event of each change (facts B6, B9, B13)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from local.clock import Clock
from local.ecs.awslogs import LineWriter, LogTarget
from local.ecs.containers import CannotStartContainerError, ContainerExit, ContainerRuntime, RunningContainer
from local.ecs.model import Json, LocalContainer, LocalTask
from local.ecs.ports import Catalog, Events, Identity, LogGroupMissingError, Logs, SecretError
from local.ecs.requests import RunTaskRequest
from local.ecs.specs import container_spec

logger = logging.getLogger(__name__)

DEFAULT_STOP_TIMEOUT_SECONDS: Final = 30  # Fargate's own default; at most 120 (fact B15)


@dataclass(frozen=True)
class Pace:
    """How long the parts of a life take, in virtual seconds. AWS takes 20 to 57 s to start, 22 to 38 s to stop
    (fact B13).
    """

    provisioning_seconds: float = 0.1
    pull_seconds: float = 0.1
    deprovisioning_seconds: float = 0.1


@dataclass(frozen=True)
class StopRequest:
    """Why a task is to stop."""

    code: str
    reason: str


@dataclass(frozen=True)
class Surroundings:
    """What every life needs."""

    catalog: Catalog
    runtime: ContainerRuntime
    events: Events
    logs: Logs
    identity: Identity
    clock: Clock
    pace: Pace


class FailedStartError(Exception):
    """The task cannot start; the message is its stoppedReason."""


class TaskLife:
    """Runs one task. All of it happens on one event loop, so no state is shared between threads."""

    def __init__(self, task: LocalTask, request: RunTaskRequest, around: Surroundings) -> None:
        self.task = task
        self.over = asyncio.Event()
        self._request = request
        self._around = around
        self._stop: asyncio.Future[StopRequest] = asyncio.get_running_loop().create_future()
        self._running: dict[str, RunningContainer] = {}

    def stop(self, request: StopRequest) -> None:
        """Ask the task to stop; the first reason stands."""
        if self._stop.done() or self.task.desired_status == "STOPPED":
            return
        self._stop.set_result(request)
        if self.task.last_status == "RUNNING":
            self._change(lambda: self._mark_stopping(request))

    async def live(self) -> None:
        """The whole life. Never raises: whatever goes wrong here is the task's end."""
        self._publish()
        try:
            end = await self._until_end()
        except FailedStartError as error:
            end = await self._stop_containers(StopRequest("TaskFailedToStart", str(error)))
        except asyncio.CancelledError:
            self._kill_all()
            raise
        except Exception as error:
            logger.exception("the life of a task ended in an error")
            end = StopRequest("TaskFailedToStart", f"InternalError: {error}")
        await self._end(end)

    async def _until_end(self) -> StopRequest:
        pace = self._around.pace
        if stopped := await self._stopped_within(pace.provisioning_seconds):
            return stopped
        self._change(lambda: self._move("PENDING", "connectivityAt", "pullStartedAt"))
        if stopped := await self._stopped_within(pace.pull_seconds):
            return stopped
        self._stamp("pullStoppedAt")
        await self._start_containers()
        if self._stop.done():
            return await self._stop_containers(self._stop.result())
        self._change(lambda: self._move("RUNNING", "startedAt"))
        return await self._until_containers_end()

    async def _until_containers_end(self) -> StopRequest:
        essential = {c.name for c in self.task.containers if c.essential}
        waiting = {container.ended: name for name, container in self._running.items()}
        while waiting:
            await self._next_of(waiting)
            if self._stop.done():
                return await self._stop_containers(self._stop.result())
            ended = {waiting.pop(future) for future in list(waiting) if future.done()}
            for name in ended:
                self._note_exit(name)
            if ended & essential or not waiting:
                break
            self._change(lambda: None)  # the task goes on with a container less, and an event says so (fact B6)
        end = StopRequest("EssentialContainerExited", "Essential container in task exited")
        return await self._stop_containers(end)

    async def _next_of(self, waiting: Iterable[asyncio.Future[ContainerExit]]) -> None:
        futures: list[asyncio.Future[Any]] = [*waiting, self._stop]
        await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)

    async def _start_containers(self) -> None:
        for definition in self._request.container_definitions:
            container = self._container(str(definition["name"]))
            try:
                await self._start_container(container, definition)
            except CannotStartContainerError as error:
                container.reason = str(error)
                raise FailedStartError(str(error)) from error

    async def _start_container(self, container: LocalContainer, definition: Json) -> None:
        around = self._around
        try:
            spec = container_spec(self.task, definition, self._request, around.catalog, around.identity)
        except SecretError as error:
            raise FailedStartError(
                f"ResourceInitializationError: unable to pull secrets or registry auth: {error}"
            ) from error
        writer = LineWriter(around.logs, self._log_target(definition), around.clock)
        running = await around.runtime.start(spec, writer.write)
        running.ended.add_done_callback(lambda _: writer.close())
        container.runtime_id = running.runtime_id
        container.last_status = "RUNNING"
        self._running[container.name] = running

    def _log_target(self, definition: Json) -> LogTarget | None:
        target = LogTarget.of(definition, self.task.task_id)
        if target is None:
            return None
        try:
            self._around.logs.create_stream(target.group, target.stream)
        except LogGroupMissingError as error:
            raise FailedStartError(
                "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: "
                "failed to create Cloudwatch log stream: ResourceNotFoundException: "
                "The specified log group does not exist.: exit status 1"
            ) from error
        return target

    async def _stop_containers(self, end: StopRequest) -> StopRequest:
        """SIGTERM, then SIGKILL after each container's stopTimeout (fact B15)."""
        await asyncio.gather(*(self._stop_container(name) for name in self._running))
        return end

    async def _stop_container(self, name: str) -> None:
        running = self._running[name]
        if not running.ended.done():
            running.terminate()
            timeout = self._around.clock.real_seconds(self._stop_timeout_seconds(name))
            await asyncio.wait({running.ended}, timeout=timeout)
        if not running.ended.done():
            running.kill()
            await asyncio.wait({running.ended})
        self._note_exit(name)

    def _stop_timeout_seconds(self, name: str) -> float:
        for definition in self._request.container_definitions:
            if definition["name"] == name and isinstance(definition.get("stopTimeout"), int | float):
                return float(str(definition["stopTimeout"]))
        return DEFAULT_STOP_TIMEOUT_SECONDS

    def _note_exit(self, name: str) -> None:
        container, end = self._container(name), self._exit_of(name)
        container.last_status = "STOPPED"
        container.exit_code = end.exit_code
        container.reason = end.reason

    def _exit_of(self, name: str) -> ContainerExit:
        future = self._running[name].ended
        error = future.exception()
        return ContainerExit(255, str(error)) if error else future.result()

    async def _end(self, end: StopRequest) -> None:
        if self.task.times.get("startedAt") or self._running:
            self._stamp("executionStoppedAt")
        self._mark_stopping(end)
        self._change(lambda: self._move("DEPROVISIONING"))
        await self._around.clock.sleep(self._around.pace.deprovisioning_seconds)
        for container in self.task.containers:
            container.last_status = "STOPPED"
        self._change(lambda: self._move("STOPPED", "stoppedAt"))
        self.over.set()

    def _mark_stopping(self, request: StopRequest) -> None:
        if self.task.stop_code is None:
            self.task.desired_status = "STOPPED"
            self.task.stop_code = request.code
            self.task.stopped_reason = request.reason
            self._stamp("stoppingAt")

    def _move(self, status: str, *stamps: str) -> None:
        self.task.last_status = status
        for name in stamps:
            self._stamp(name)

    def _stamp(self, name: str) -> None:
        self.task.times[name] = self._around.clock.now()

    def _change(self, change: Callable[[], None]) -> None:
        """One observable change: the version counts it and an event tells it (fact B9)."""
        change()
        self.task.version += 1
        self._publish()

    def _publish(self) -> None:
        self._around.events.publish(
            source="aws.ecs",
            detail_type="ECS Task State Change",
            resources=[self.task.arn],
            detail=self.task.detail(),
        )

    async def _stopped_within(self, seconds: float) -> StopRequest | None:
        with contextlib.suppress(TimeoutError):
            return await asyncio.wait_for(asyncio.shield(self._stop), self._around.clock.real_seconds(seconds))
        return None

    def _container(self, name: str) -> LocalContainer:
        return next(container for container in self.task.containers if container.name == name)

    def _kill_all(self) -> None:
        for running in self._running.values():
            running.kill()
