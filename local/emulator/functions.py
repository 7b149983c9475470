"""Asynchronous invocations of functions: retries, the on-failure destination, and a few at a time."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import tempfile
from collections import defaultdict
from typing import Any, Final

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from local.clock import Clock
from local.emulator.adapters import in_thread

logger = logging.getLogger(__name__)

DEFAULT_RETRIES: Final = 2  # fact B11
# AWS waits one minute, then two; nobody waits that long at a desk.
FIRST_RETRY_SECONDS: Final = 0.2
THROTTLED_SECONDS: Final = 0.2


class Folders:
    """Stands where MiniStack's runtime of functions has `tempfile`: no name of a function becomes part of a path."""

    @staticmethod
    def mkdtemp(prefix: str = "") -> str:  # noqa: ARG004 - it has the function's name in it
        """An empty directory in TMPDIR."""
        return tempfile.mkdtemp(prefix="function-")


def install_folders() -> None:
    """Unpack functions into directories with random names. Called once."""
    lambda_runtime.tempfile = Folders


class AsyncInvocations:
    """What EventBridge hands to a function (fact B11).

    A function that is invoked twice at once runs in two processes, and each takes a second of a core to start. A burst
    of events therefore waits for a few processes instead of starting one for each event.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Clock, at_once: int | None = None) -> None:
        self._loop = loop
        self._clock = clock
        self._at_once = at_once or max(2, os.cpu_count() or 2)
        self._gates: dict[str, asyncio.Semaphore] = defaultdict(self._gate)

    def dispatch(self, arn: str, payload: str) -> None:
        """Take one event for the function of an ARN; from any thread, and without waiting."""
        function, config, _ = lambda_svc._get_func_record_for_ref(arn)
        if not function or not config:
            logger.warning("an event's target function does not exist")
            return
        asyncio.run_coroutine_threadsafe(self._invoke(function, config, json.loads(payload)), self._loop)

    async def _invoke(self, function: Any, config: Any, event: object) -> None:
        settings = (
            function.get("event_invoke_config") or (function.get("event_invoke_configs") or {}).get("$LATEST") or {}
        )
        retries = settings.get("MaximumRetryAttempts")
        left = DEFAULT_RETRIES if retries is None else int(retries)
        pause = FIRST_RETRY_SECONDS
        while True:
            result = await self._run(function, config, event)
            if result.get("throttle"):
                await self._clock.sleep(THROTTLED_SECONDS)
                continue
            if not result.get("error"):
                return
            if left == 0:
                break
            left -= 1
            await self._clock.sleep(pause)
            pause *= 2
        self._give_up(config, settings, event, result)

    async def _run(self, function: Any, config: Any, event: object) -> dict[str, Any]:
        record = lambda_svc._execution_record_for_config(function, config)
        async with self._gates[config["FunctionArn"]]:
            result: dict[str, Any] = await in_thread(lambda_svc._execute_function_with_config_scope, record, event)
        if result.get("log"):
            logger.info("%s", str(result["log"]).strip())
        return result

    @staticmethod
    def _give_up(config: Any, settings: Any, event: object, result: dict[str, Any]) -> None:
        destination = ((settings.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
        destination = destination or (config.get("DeadLetterConfig") or {}).get("TargetArn")
        if destination:
            lambda_svc._route_async_failure(destination, config["FunctionName"], event, result)
        else:
            logger.warning("an event was given up, and its function has no on-failure destination")

    def _gate(self) -> asyncio.Semaphore:
        return asyncio.Semaphore(self._at_once)
