"""Container health checks: the task definition's `healthCheck`, really executed (API reference, HealthCheck)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from local.clock import Clock
from local.ecs.containers import RunningContainer
from local.ecs.model import Json

logger = logging.getLogger(__name__)

HEALTHY: Final = "HEALTHY"
UNHEALTHY: Final = "UNHEALTHY"


@dataclass(frozen=True)
class HealthCheck:
    """A health check with ECS's defaults. Interval and start period are virtual seconds.

    The time-out is real seconds: the command is a process of this machine, which does not run faster.
    """

    arguments: tuple[str, ...]
    interval_seconds: float = 30
    timeout_seconds: float = 5
    retries: int = 3
    start_period_seconds: float = 0

    @staticmethod
    def of(definition: Json) -> HealthCheck | None:
        """The check of a container definition; None for none, or one that is switched off (NONE)."""
        given = definition.get("healthCheck")
        command = given.get("command") if isinstance(given, dict) else None
        if not isinstance(given, dict) or not isinstance(command, list) or not command or command[0] == "NONE":
            return None
        words = [str(word) for word in command]
        shell = {"CMD": words[1:], "CMD-SHELL": ["/bin/sh", "-c", *words[1:]]}
        return HealthCheck(
            arguments=tuple(shell.get(words[0], words)),
            interval_seconds=float(given.get("interval") or 30),
            timeout_seconds=float(given.get("timeout") or 5),
            retries=int(given.get("retries") or 3),
            start_period_seconds=float(given.get("startPeriod") or 0),
        )


async def watch_health(
    check: HealthCheck, container: RunningContainer, clock: Clock, tell: Callable[[str], None]
) -> None:
    """Execute the check at its interval until the container has ended, and `tell` the status whenever it is known.

    Failures of the start period do not count, as long as none has succeeded.
    """
    began, failures, known = clock.epoch_seconds(), 0, False
    while not container.ended.done():
        await clock.sleep(check.interval_seconds)
        if await _passes(check, container):
            failures, known = 0, True
            tell(HEALTHY)
        elif known or clock.epoch_seconds() - began >= check.start_period_seconds:
            failures += 1
            if failures >= check.retries:
                tell(UNHEALTHY)


async def _passes(check: HealthCheck, container: RunningContainer) -> bool:
    try:
        return await container.execute(check.arguments, check.timeout_seconds) == 0
    except Exception:
        logger.exception("a health check could not be executed")
        return False
