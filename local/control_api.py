"""This runtime's own HTTP paths, under `/_local/`: for actions that AWS has no API for."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, Final

from local.ecs.fargate import LocalFargate
from local.ecs.faults import BadFaultError, read_fault
from local.ecs.model import Json

PREFIX: Final = "/_local/"
Answer = tuple[int, Json]


class ControlApi:
    """An ASGI application that answers `/_local/…` itself and hands everything else on."""

    def __init__(self, app: Any, fargate: LocalFargate) -> None:
        self._app = app
        self._fargate = fargate
        self._routes: dict[tuple[str, str], Callable[[Json], Answer]] = {
            ("GET", "status"): self._status,
            ("GET", "faults"): self._list_faults,
            ("POST", "faults"): self._add_fault,
            ("DELETE", "faults"): self._clear_faults,
        }

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Callable[[Json], Awaitable[None]]) -> None:
        """The ASGI entry point."""
        path = scope.get("path", "")
        if scope["type"] != "http" or not path.startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        status, body = self._answer(scope["method"], path.removeprefix(PREFIX), await _body(receive))
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(body).encode()})

    def _answer(self, method: str, name: str, body: bytes) -> Answer:
        route = self._routes.get((method, name))
        if route is None:
            return 404, {"message": f"no such path: {method} {PREFIX}{name}"}
        try:
            parameters = json.loads(body or b"{}")
        except ValueError:
            return 400, {"message": "the body must be a JSON object"}
        if not isinstance(parameters, dict):
            return 400, {"message": "the body must be a JSON object"}
        return route(parameters)

    def _status(self, _: Json) -> Answer:
        return 200, {"ready": True}

    def _list_faults(self, _: Json) -> Answer:
        return 200, {"faults": [armed.as_json() for armed in self._fargate.faults.armed()]}

    def _add_fault(self, parameters: Json) -> Answer:
        try:
            order = read_fault(parameters)
        except BadFaultError as error:
            return 400, {"message": str(error)}
        return 200, self._fargate.faults.arm(order).as_json()

    def _clear_faults(self, _: Json) -> Answer:
        self._fargate.faults.clear()
        return 200, {}


async def _body(receive: Any) -> bytes:
    pieces = []
    while True:
        message = await receive()
        pieces.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(pieces)
