"""The containers of one task. They start when their dependencies hold, and stop in the opposite order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Final

from local.ecs.containers import ContainerExit
from local.ecs.dependencies import read_dependencies, stopping_order
from local.ecs.health import HealthCheck, watch_health
from local.ecs.member import Member, NeverError, holds
from local.ecs.model import LocalTask
from local.ecs.requests import RunTaskRequest
from local.ecs.starting import FailedStartError, start_container
from local.ecs.surroundings import Surroundings

DEFAULT_STOP_TIMEOUT_SECONDS: Final = 30  # Fargate's own default; at most 120 (fact B15)
# Fargate says no more of a dependency; the container's reason does (fact B16, the older form).
FAILED_DEPENDENCY: Final = "Task failed to start"


class TaskContainers:
    """Starts, watches and stops the containers of a task, and keeps what `task` shows of them up to date."""

    def __init__(self, task: LocalTask, request: RunTaskRequest, around: Surroundings) -> None:
        self._task = task
        self._request = request
        self._around = around
        shown = {container.name: container for container in task.containers}
        self._members = {
            str(definition["name"]): Member(shown[str(definition["name"])], definition)
            for definition in request.container_definitions
        }
        self._dependencies = read_dependencies(request.container_definitions)
        self._checks: list[asyncio.Task[None]] = []
        self._changed = asyncio.Event()

    @property
    def any_started(self) -> bool:
        """Whether any of the containers was started."""
        return any(member.running for member in self._members.values())

    @property
    def all_started(self) -> bool:
        """Whether each was started, or given up where the task can do without it."""
        return not self._waiting()

    @property
    def essential_ended(self) -> bool:
        """Whether an essential container has ended, or none is left."""
        ended = [member for member in self._members.values() if member.end]
        none_left = self.all_started and not any(member.lives for member in self._members.values())
        return none_left or any(member.shown.essential for member in ended)

    async def start(self, stop_asked: asyncio.Future[Any]) -> None:
        """Start each container once its dependencies hold; returns early when the task is asked to stop, or an
        essential container has ended. FailedStartError where a container that the task needs can never start.
        """
        while not self.all_started and not stop_asked.done():
            self._changed.clear()
            self.note_exits()
            if self.essential_ended:
                return
            ready = [name for name in self._waiting() if self._is_ready(name)]
            for name in ready:
                await self._start(name)
            if not ready and not self._changed.is_set():
                await self._wait_for_change(stop_asked)

    def ends_to_come(self) -> list[asyncio.Future[ContainerExit]]:
        """The ends of the containers whose end is not shown yet."""
        return [each.running.ended for each in self._members.values() if each.running and not each.noted]

    def note_exits(self) -> bool:
        """Shows the containers that have ended since the last call. Returns whether any has."""
        ended = [member for member in self._members.values() if member.end and not member.noted]
        for member in ended:
            member.note_exit()
        return bool(ended)

    def starve(self) -> None:
        """Kill the first essential container that lives, as if it had used more memory than it was given (B18)."""
        for member in self._members.values():
            if member.running and member.lives and member.shown.essential:
                member.starved = True
                member.running.kill()
                return

    async def stop(self, longest_seconds: float | None = None) -> None:
        """SIGTERM, then SIGKILL after each container's stopTimeout, or `longest_seconds` if that is less (fact B15)."""
        self._end_checks()
        for group in stopping_order(self._dependencies):
            await asyncio.gather(*(self._stop(self._members[name], longest_seconds) for name in group))

    def kill_all(self) -> None:
        """SIGKILL to every container, without waiting."""
        self._end_checks()
        for member in self._members.values():
            if member.running:
                member.running.kill()

    def _waiting(self) -> list[str]:
        return [name for name, each in self._members.items() if each.running is None and not each.given_up]

    def _is_ready(self, name: str) -> bool:
        member = self._members[name]
        try:
            return all(holds(each, member, self._members, self._around.clock) for each in self._dependencies[name])
        except NeverError as error:
            self._give_up(member, f"CannotStartContainerError: dependency graph: {error}")
            return False

    def _give_up(self, member: Member, reason: str) -> None:
        """A container that the task needs fails its start; the task goes on without any other."""
        member.given_up = True
        member.shown.reason, member.shown.last_status = reason, "STOPPED"
        self._changed.set()
        if member.shown.essential:
            raise FailedStartError(FAILED_DEPENDENCY)

    async def _start(self, name: str) -> None:
        member = self._members[name]
        try:
            running = await start_container(self._task, member.definition, self._request, self._around)
        except FailedStartError as error:
            member.shown.reason = error.container_reason
            raise
        running.ended.add_done_callback(lambda _: self._changed.set())
        member.running, member.started_at = running, self._around.clock.epoch_seconds()
        member.shown.runtime_id, member.shown.last_status = running.runtime_id, "RUNNING"
        check = HealthCheck.of(member.definition)
        if check is not None:
            watch = watch_health(check, running, self._around.clock, self._teller(member))
            self._checks.append(asyncio.get_running_loop().create_task(watch))

    def _teller(self, member: Member) -> Callable[[str], None]:
        def tell(status: str) -> None:
            member.shown.health = status
            self._changed.set()

        return tell

    async def _wait_for_change(self, stop_asked: asyncio.Future[Any]) -> None:
        """Until a container has ended or told its health, a startTimeout is over, or the task is to stop."""
        changed = asyncio.ensure_future(self._changed.wait())
        waits: list[asyncio.Future[Any]] = [changed, stop_asked]
        await asyncio.wait(waits, timeout=self._next_time_out(), return_when=asyncio.FIRST_COMPLETED)
        changed.cancel()

    def _next_time_out(self) -> float | None:
        clock = self._around.clock
        ends: Iterable[float | None] = [each.patience_left(clock) for each in self._members.values() if each.lives]
        # Those that are over have been looked at, and nobody waits for them.
        left = [seconds for seconds in ends if seconds is not None and seconds > 0]
        return clock.real_seconds(min(left)) if left else None

    async def _stop(self, member: Member, longest_seconds: float | None) -> None:
        running = member.running
        if running is None:
            return
        if member.lives:
            running.terminate()
            seconds = member.seconds("stopTimeout")
            seconds = DEFAULT_STOP_TIMEOUT_SECONDS if seconds is None else seconds
            seconds = seconds if longest_seconds is None else min(seconds, longest_seconds)
            await asyncio.wait({running.ended}, timeout=self._around.clock.real_seconds(seconds))
        if member.lives:
            running.kill()
            await asyncio.wait({running.ended})
        member.note_exit()

    def _end_checks(self) -> None:
        for check in self._checks:
            check.cancel()
