"""What the runtime refuses before it looks at anything else: whatever a web page may have sent.

A browser lets any page send requests to this machine, and tells whose they are by `Origin`, `Sec-Fetch-Site` and
`Referer`. A name that an attacker's DNS server lets point to 127.0.0.1 makes his page the runtime's own; that shows in
`Host`. So only loopback names with the runtime's port are served, and, of what a browser sends, only what a page of the
runtime itself asks for. No answer allows another origin to read it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import Any, Final

Json = dict[str, Any]
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Json]]
Send = Callable[[Json], Awaitable[None]]

HTTP_PORT: Final = 80
OWN_PATHS: Final = "/_local/"
READING: Final = frozenset({"GET", "HEAD"})
_LOOPBACK: Final = re.compile(r"127\.0\.0\.1|\[::1\]|(?:[a-z0-9_-]+\.)*localhost")
_CORS: Final = b"access-control-"
_PREFLIGHT: Final = b"access-control-request-"
#: No page may load an answer, frame it, or take it for a program.
PROTECTION: Final = (
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)


class FrontDoor:
    """An ASGI application in front of all others. `hosts` are names beside those of the loopback interface."""

    def __init__(self, app: Any, port: int, hosts: Collection[str] = ()) -> None:
        self._app = app
        self._port = port
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI entry point."""
        if scope["type"] == "http":
            problem = self.problem(scope)
            if problem is None:
                await self._app(scope, receive, _guarded(send))
            else:
                await refuse(send, problem)
        elif scope["type"] == "websocket":
            # Nothing here talks by websockets, and a browser opens them to anywhere without asking.
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._app(scope, receive, send)

    def problem(self, scope: Scope) -> str | None:
        """Why a request is refused, in one sentence; None: it is let in."""
        headers: list[tuple[bytes, bytes]] = [(name.lower(), value) for name, value in scope["headers"]]
        hosts = _values(headers, b"host")
        if len(hosts) != 1 or not self._is_own_host(hosts[0]):
            return "The local runtime serves loopback names with its own port only."
        if any(name.startswith(_PREFLIGHT) for name, _ in headers):
            return "The local runtime allows no other origin: preflights are refused."
        own = f"http://{hosts[0]}".lower()
        if any(origin.lower() != own for origin in _values(headers, b"origin")):
            return "The local runtime takes no requests of pages of another origin."
        if any(_origin_of(referer) != own for referer in _values(headers, b"referer")):
            return "The local runtime takes no requests of pages of another origin."
        if not all(_is_own_site(site, scope) for site in _values(headers, b"sec-fetch-site")):
            return "The local runtime takes no requests of pages of another site."
        return None

    def _is_own_host(self, host: str) -> bool:
        name, colon, port = host.lower().rpartition(":")
        if not colon or not port.isdecimal():
            name, port = host.lower(), str(HTTP_PORT)
        return port == str(self._port) and (bool(_LOOPBACK.fullmatch(name)) or name in self._hosts)


async def refuse(send: Send, problem: str) -> None:
    """Answer 403 with a sentence, and read nothing."""
    body = json.dumps({"__type": "AccessDeniedException", "message": problem}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"x-amzn-errortype", b"AccessDeniedException"),
        (b"connection", b"close"),
        *PROTECTION,
    ]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _is_own_site(site: str, scope: Scope) -> bool:
    """`none` is an address that a person typed, which may show a page of the runtime itself and do nothing else."""
    if site == "none":
        return scope["method"] in READING and str(scope["path"]).startswith(OWN_PATHS)
    return site == "same-origin"


def _origin_of(referer: str) -> str:
    return "/".join(referer.lower().split("/")[:3])


def _values(headers: Iterable[tuple[bytes, bytes]], wanted: bytes) -> list[str]:
    return [value.decode("latin-1").strip() for name, value in headers if name == wanted]


def _guarded(send: Send) -> Send:
    """Take away what the embedded AWS allows every origin."""

    async def send_guarded(message: Json) -> None:
        if message["type"] == "http.response.start":
            kept = [each for each in message.get("headers", ()) if not bytes(each[0]).lower().startswith(_CORS)]
            message = {**message, "headers": [*kept, *PROTECTION]}
        await send(message)

    return send_guarded
