"""The life of one task, from PROVISIONING to STOPPED, and the event of each change (facts B6, B9, B13)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from local.ecs.faults.plan import Strike, TaskPlan
from local.ecs.model import LocalTask
from local.ecs.requests import RunTaskRequest
from local.ecs.starting import FailedStartError
from local.ecs.surroundings import Pace, Surroundings
from local.ecs.task_containers import TaskContainers

__all__ = ["Pace", "StopRequest", "Surroundings", "TaskLife"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class StopRequest:
    """Why a task is to stop. `longest_seconds`: SIGKILL comes no later than that, whatever stopTimeout says."""

    code: str
    reason: str
    longest_seconds: float | None = None


class ForgottenError(Exception):
    """ECS knows the task no more."""


ESSENTIAL_EXITED: Final = StopRequest("EssentialContainerExited", "Essential container in task exited")


class TaskLife:
    """Runs one task. All of it happens on one event loop, so no state is shared between threads."""

    def __init__(
        self, task: LocalTask, request: RunTaskRequest, around: Surroundings, plan: TaskPlan | None = None
    ) -> None:
        self.task = task
        self.over = asyncio.Event()
        self.is_forgotten = False
        self._around = around
        self._plan = plan or TaskPlan()
        self._stop: asyncio.Future[StopRequest] = asyncio.get_running_loop().create_future()
        self._containers = TaskContainers(task, request, around)
        self._strike: asyncio.TimerHandle | None = None

    def stop(self, request: StopRequest) -> None:
        """Ask the task to stop; the first reason stands."""
        if self._stop.done() or self.task.desired_status == "STOPPED":
            return
        self._stop.set_result(request)
        if self.task.last_status == "RUNNING":
            self._change(lambda: self._mark_stopping(request))

    async def live(self) -> None:
        """Runs the whole life. Never raises: an error here ends the task.

        `over` is set at that end. It is never set for a forgotten task, so that its waiters are not told.
        """
        self._publish()
        try:
            end = await self._until_end()
        except FailedStartError as error:
            end = await self._stop_containers(StopRequest("TaskFailedToStart", str(error)))
        except ForgottenError:
            self._containers.kill_all()
            self.is_forgotten = True
            return
        except asyncio.CancelledError:
            self._containers.kill_all()
            raise
        except Exception as error:
            logger.exception("the life of a task ended in an error")
            self._containers.kill_all()
            end = StopRequest("TaskFailedToStart", f"InternalError: {error}")
        if self._strike is not None:
            self._strike.cancel()
        await self._end(end)

    def release(self) -> None:
        """Keep the task, which is described for an hour, and nothing of how it ran."""
        if self._strike is not None:
            self._strike.cancel()
        del self._containers, self._plan

    async def _until_end(self) -> StopRequest:
        pace = self._around.pace
        if stopped := await self._stopped_within(pace.provisioning_seconds):
            return stopped
        self._fail_if_planned("PROVISIONING")
        self._change(lambda: self._move("PENDING", "connectivityAt", "pullStartedAt"))
        if stopped := await self._stopped_within(pace.pull_seconds + self._plan.slow_seconds):
            return stopped
        self._fail_if_planned("PENDING")
        self._stamp("pullStoppedAt")
        await self._containers.start(self._stop)
        if self._stop.done():
            return await self._stop_containers(self._stop.result())
        if not self._containers.all_started:
            return await self._stop_containers(ESSENTIAL_EXITED)
        self._change(lambda: self._move("RUNNING", "startedAt"))
        self._plan_strike()
        return await self._until_containers_end()

    async def _until_containers_end(self) -> StopRequest:
        while not (self._stop.done() or self._containers.essential_ended):
            waits: list[asyncio.Future[Any]] = [*self._containers.ends_to_come(), self._stop]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            if self._stop.done():
                break
            if not self._containers.essential_ended and self._containers.note_exits():
                self._change(lambda: None)  # the task goes on with a container less, and an event says so (fact B6)
        return await self._stop_containers(self._stop.result() if self._stop.done() else ESSENTIAL_EXITED)

    def _fail_if_planned(self, status: str) -> None:
        failure = self._plan.failure
        if failure is None or failure.status != status:
            return
        # Without a network interface there are no containers (fact B3).
        self.task.containers_made = status != "PROVISIONING"
        raise FailedStartError(failure.reason)

    def _plan_strike(self) -> None:
        strike = self._plan.strike
        if strike is None:
            return
        if strike.after <= 0:
            self._do_strike(strike)
            return
        seconds = self._around.clock.real_seconds(strike.after)
        self._strike = asyncio.get_running_loop().call_later(seconds, self._do_strike, strike)

    def _do_strike(self, strike: Strike) -> None:
        if strike.forgets:
            self._forget()
        elif strike.stop_code is None:
            self._containers.starve()
        else:
            self.stop(StopRequest(strike.stop_code, strike.reason, strike.warning_seconds))

    def _forget(self) -> None:
        if not self._stop.done():
            self._stop.set_exception(ForgottenError())

    async def _stop_containers(self, end: StopRequest) -> StopRequest:
        await self._containers.stop(end.longest_seconds)
        return end

    async def _end(self, end: StopRequest) -> None:
        if self._containers.any_started:
            self._stamp("executionStoppedAt")
        self._mark_stopping(end)
        if self.task.containers_made:
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
