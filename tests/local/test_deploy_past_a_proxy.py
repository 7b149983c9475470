"""A proxy of the environment stands between nobody and the runtime of this machine. A registry is reached by it."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.request import proxy_bypass

import pytest

from local.deploy import past_proxies, running_tasks


class Recorder(BaseHTTPRequestHandler):
    """Answers nothing of use, and remembers who was called."""

    def do_POST(self) -> None:
        """See BaseHTTPRequestHandler."""
        self.server.called.append(self.path)  # type: ignore[attr-defined]
        self.send_error(400)

    def log_message(self, *_arguments: object) -> None:
        """Nothing: a test's output is for failures."""


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    with HTTPServer(("127.0.0.1", 0), Recorder) as http:
        http.called = []  # type: ignore[attr-defined]
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield http
        http.shutdown()


def test_the_runtime_is_called_past_a_proxy(server: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("local.deploy.secret_of", lambda _: "secret")
    running_tasks(f"http://127.0.0.1:{server.server_port}")
    assert server.called == ["/"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("given", "goes_past"),
    [
        ({}, {"127.0.0.1:4566"}),
        ({"NO_PROXY": "intra.example"}, {"127.0.0.1:4566", "intra.example"}),
        ({"NO_PROXY": "upper.example", "no_proxy": "intra.example"}, {"127.0.0.1:4566", "intra.example"}),
    ],
)
def test_sam_calls_the_runtime_past_a_proxy_and_a_registry_by_it(
    given: dict[str, str], goes_past: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in past_proxies(given).items():
        monkeypatch.setenv(name, value)
    hosts = {"127.0.0.1:4566", "intra.example", "upper.example", "registry.example"}
    assert {host for host in hosts if proxy_bypass(host)} == goes_past
    assert past_proxies(given).keys() == {"NO_PROXY", "no_proxy"}
