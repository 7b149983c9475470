"""Calls that Lambda functions make to the embedded AWS, where a fault is armed for them.

A function is a process of its own, a child of this one. Which process a request comes from is told by the port of its
connection. Calls of the JSON protocols are seen (DynamoDB, Step Functions, ECS, Logs, EventBridge, SQS), because they
name their action in a header.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import psutil

from local.ecs.faults import FaultOrder, Faults
from local.ecs.faults.registry import FunctionCall
from local.ecs.model import Json

logger = logging.getLogger(__name__)

NAME_VARIABLE: Final = "AWS_LAMBDA_FUNCTION_NAME"
DYNAMODB: Final = "DynamoDB_20120810"
THROTTLED: Final = ("ThrottlingException", "Rate exceeded")
THROTTLED_IN_DYNAMODB: Final = (
    "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
    "The level of configured provisioned throughput for the table was exceeded.",
)
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Json]]
Send = Callable[[Json], Awaitable[None]]


@dataclass(frozen=True)
class Caller:
    """The process of a Lambda function that makes a call."""

    pid: int
    function: str

    def kill(self) -> None:
        """SIGKILL. The embedded AWS, whose child it is, finds it dead and says so."""
        with contextlib.suppress(psutil.NoSuchProcess):
            psutil.Process(self.pid).kill()


def caller_at(port: int) -> Caller | None:
    """The function whose process has the client's end of a connection on this machine; None: no function's."""
    for process in psutil.Process().children(recursive=True):
        try:
            name = process.environ().get(NAME_VARIABLE)
            if name and any(each.laddr and each.laddr.port == port for each in process.net_connections("tcp")):
                return Caller(process.pid, name)
        except psutil.Error:
            continue
    return None


class FunctionCalls:
    """An ASGI application that hands everything on, but for the calls that a fault strikes."""

    def __init__(self, app: Any, faults: Faults, caller_of: Callable[[int], Caller | None]) -> None:
        self._app = app
        self._faults = faults
        self._caller_of = caller_of
        self._strikes: dict[str, Callable[[Scope, Receive, Send, Caller, FaultOrder], Awaitable[None]]] = {
            "function-killed": self._kill,
            "call-throttled": self._throttle,
            "call-lost": self._lose,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI entry point."""
        service, action = _target(scope)
        # Who calls is looked up only when it matters: it means reading the connections of every function's process.
        if not action or not scope.get("client") or not self._faults.concerns_calls_of(action):
            await self._app(scope, receive, send)
            return
        caller = await asyncio.to_thread(self._caller_of, scope["client"][1])
        order = self._faults.take_function_call(FunctionCall(action, caller.function)) if caller else None
        if caller is None or order is None:
            await self._app(scope, receive, send)
            return
        logger.info("fault %s strikes %s of %s at %s", order.kind.name, action, service, caller.function)
        await self._strikes[order.kind.name](scope, receive, send, caller, order)

    async def _kill(self, scope: Scope, receive: Receive, send: Send, caller: Caller, order: FaultOrder) -> None:
        if order.when == "after":
            await self._app(scope, receive, _unheard)
        caller.kill()
        await _break_off(send)

    async def _lose(self, scope: Scope, receive: Receive, send: Send, _: Caller, __: FaultOrder) -> None:
        await self._app(scope, receive, _unheard)
        await _break_off(send)

    async def _throttle(self, scope: Scope, receive: Receive, send: Send, _: Caller, __: FaultOrder) -> None:
        while (await receive()).get("more_body"):
            continue
        service, _action = _target(scope)
        code, message = THROTTLED_IN_DYNAMODB if service == DYNAMODB else THROTTLED
        body = json.dumps({"__type": code, "message": message}).encode()
        headers = [(b"content-type", b"application/x-amz-json-1.0"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 400, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _target(scope: Scope) -> tuple[str, str]:
    """Returns service and action of a call; empty texts if the call is not of a JSON protocol."""
    headers = dict(scope["headers"]) if scope["type"] == "http" else {}
    service, _, action = headers.get(b"x-amz-target", b"").decode("latin1").rpartition(".")
    return service, action


async def _unheard(_: Json) -> None:
    """Discards an answer."""


async def _break_off(send: Send) -> None:
    """The server closes the connection of an answer that ends too early."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})
