"""What is let in, decided from the headers alone; and that nothing of what is refused reaches anything."""

from __future__ import annotations

import asyncio
import http.client
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import pytest

from local.front_door import FrontDoor
from tests.runtimes import bare_runtime

Json = dict[str, Any]
PORT = 4577
OWN = f"127.0.0.1:{PORT}"
Headers = Sequence[tuple[str, str]]


def asked(
    headers: Headers, method: str = "POST", path: str = "/", kind: str = "http", port: int = PORT
) -> tuple[list[str], list[Json]]:
    """The paths that reached the application behind, and what the caller hears."""
    reached: list[str] = []
    heard: list[Json] = []

    async def behind(scope: dict[str, Any], receive: Any, send: Any) -> None:
        reached.append(scope["path"])
        allowing = [(b"Access-Control-Allow-Origin", b"*"), (b"access-control-expose-headers", b"*"), (b"X-Own", b"1")]
        await send({"type": "http.response.start", "status": 200, "headers": allowing})
        await send({"type": "http.response.body", "body": b"secret"})

    async def receive() -> Json:
        raise AssertionError("the body of what is refused must not be read")

    async def send(message: Json) -> None:
        heard.append(message)

    encoded = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    scope = {"type": kind, "method": method, "path": path, "headers": encoded}
    asyncio.run(FrontDoor(behind, port, {"host.docker.internal"})(scope, receive, send))
    return reached, heard


@pytest.mark.parametrize(
    "host",
    [
        OWN,
        f"localhost:{PORT}",
        f"LocalHost:{PORT}",
        f"[::1]:{PORT}",
        f"abc123.execute-api.localhost:{PORT}",
        f"bucket.s3.localhost:{PORT}",
        f"host.docker.internal:{PORT}",
    ],
)
def test_names_of_this_machine_are_let_in(host: str) -> None:
    reached, heard = asked([("Host", host)])

    assert reached == ["/"]
    assert heard[0]["status"] == 200


@pytest.mark.parametrize(
    "hosts",
    [
        [f"evil.example:{PORT}"],  # a name that an attacker's DNS server points here
        [f"localhost.evil.example:{PORT}"],
        [f"evillocalhost:{PORT}"],
        [f"127.0.0.1.evil.example:{PORT}"],
        [f"127.0.0.1.nip.io:{PORT}"],
        [f"127.0.0.1@evil.example:{PORT}"],
        [f"localhost.:{PORT}"],
        [f"0.0.0.0:{PORT}"],
        [f"192.168.0.7:{PORT}"],
        [f"[::ffff:127.0.0.1]:{PORT}"],
        ["127.0.0.1"],
        ["127.0.0.1:1"],
        ["localhost:"],
        [f"127.0.0.1:{PORT},evil.example"],
        [f"127.0.0.1:{PORT}\x00"],
        [""],
        [],
        [OWN, f"evil.example:{PORT}"],
        [OWN, OWN],
    ],
)
def test_every_other_host_is_refused(hosts: list[str]) -> None:
    reached, heard = asked([("Host", host) for host in hosts])

    assert reached == []
    assert heard[0]["status"] == 403


def test_the_port_of_http_may_be_left_out() -> None:
    assert asked([("Host", "localhost")], port=80)[0] == ["/"]
    assert asked([("Host", "localhost:80")], port=80)[0] == ["/"]


@pytest.mark.parametrize(
    "headers",
    [
        [("Origin", "https://evil.example")],
        [("Origin", "null")],
        [("Origin", "")],
        [("Origin", "http://127.0.0.1")],
        [("Origin", "http://127.0.0.1:8000")],  # another server on this machine
        [("Origin", f"https://{OWN}")],
        [("Origin", f"http://localhost:{PORT}")],  # another name is another origin
        [("Origin", f"http://{OWN}.evil.example")],
        [("Origin", "file://")],
        [("Origin", "chrome-extension://abc")],
        [("Origin", f"http://{OWN}"), ("Origin", "https://evil.example")],
        [("Sec-Fetch-Site", "cross-site")],
        [("Sec-Fetch-Site", "same-site")],
        [("Sec-Fetch-Site", "none")],
        [("Sec-Fetch-Site", "unheard-of")],
        [("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "cross-site")],
        [("Sec-Fetch-Site", "same-origin"), ("Origin", "https://evil.example")],
        [("Referer", "https://evil.example/x.html")],
        [("Referer", f"http://{OWN}.evil.example/")],
        [("Referer", "http://127.0.0.1:8000/")],
        [("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "x-amz-target")],
        [("Access-Control-Request-Private-Network", "true")],
        [("Origin", f"http://{OWN}"), ("Access-Control-Request-Method", "POST")],
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize("path", ["/", "/_local/faults", "/_ministack/reset", "/_aws/execute-api/abc/v1/runs"])
def test_what_another_page_sends_is_refused(headers: Headers, method: str, path: str) -> None:
    is_typed = headers == [("Sec-Fetch-Site", "none")]
    reached, heard = asked([("Host", OWN), *headers], method, path)

    if is_typed and method == "GET" and path.startswith("/_local/"):
        assert reached == [path]
        return
    assert reached == []
    assert heard[0]["status"] == 403
    assert not [name for name, _ in heard[0]["headers"] if name.startswith(b"access-control-")]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_runtime_s_own_page_is_let_in(method: str) -> None:
    own = [("Origin", f"http://{OWN}"), ("Sec-Fetch-Site", "same-origin"), ("Referer", f"http://{OWN}/_local/page?x=1")]

    assert asked([("Host", OWN), *own], method)[0] == ["/"]


def test_websockets_are_refused() -> None:
    reached, heard = asked([("Host", OWN), ("Origin", f"http://{OWN}")], kind="websocket")

    assert reached == []
    assert heard == [{"type": "websocket.close", "code": 1008}]


def test_no_answer_allows_another_origin_to_read_it() -> None:
    _, heard = asked([("Host", OWN)])

    names = [name.lower() for name, _ in heard[0]["headers"]]
    assert not [name for name in names if name.startswith(b"access-control-")]
    assert b"x-own" in names
    assert {b"cross-origin-resource-policy", b"x-content-type-options", b"x-frame-options"} <= set(names)


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with bare_runtime(tmp_path_factory.mktemp("runtime")) as endpoint:
        yield endpoint


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/"),
        ("POST", "/_local/faults"),
        ("DELETE", "/_local/faults"),
        ("POST", "/_ministack/reset"),
        ("GET", "/_localstack/health"),
        ("OPTIONS", "/"),
        ("OPTIONS", "/_aws/execute-api/abc/v1/runs"),
        ("PUT", "/bucket/key"),
    ],
)
def test_the_real_server_has_the_door(endpoint: str, method: str, path: str) -> None:
    with closing(http.client.HTTPConnection(endpoint.removeprefix("http://"), timeout=30)) as connection:
        connection.request(method, path, body=b"{}", headers={"Origin": "https://evil.example"})
        answer = connection.getresponse()

        assert answer.status == 403
        assert b"another origin" in answer.read()
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


def test_the_real_server_opens_no_websocket(endpoint: str) -> None:
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    with closing(http.client.HTTPConnection(endpoint.removeprefix("http://"), timeout=30)) as connection:
        connection.request("GET", "/", headers={**upgrade, "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="})

        assert connection.getresponse().status == 403
