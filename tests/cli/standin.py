"""A real HTTP server on this machine that stands in for the API and for AWS, and what the commands need around them."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cli.surroundings import Surroundings
from local.control import RuntimeStatus

STAGE = "/Prod"


@dataclass(frozen=True)
class Request:
    """What a client sent."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def document(self) -> dict[str, object]:
        """The body as a JSON object."""
        found = json.loads(self.body)
        assert isinstance(found, dict)
        return found


@dataclass(frozen=True)
class Reply:
    """What the server answers: JSON, or a text as it is."""

    status: int
    document: object
    headers: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        """The body."""
        return (self.document if isinstance(self.document, str) else json.dumps(self.document)).encode()


Answer = Callable[[Request], Reply]


class StandIn:
    """Answers by a function, and remembers what was asked."""

    def __init__(self, answer: Answer, url: str = "") -> None:
        self.answer = answer
        self.url = url
        self.requests: list[Request] = []

    def paths(self) -> list[str]:
        """The method and path of each request, in order."""
        return [f"{request.method} {request.path}" for request in self.requests]


@contextmanager
def serving(answer: Answer) -> Iterator[StandIn]:
    """A server on a free port of 127.0.0.1."""
    stand_in = StandIn(answer)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Request(self.command, self.path, dict(self.headers.items()), body)
            stand_in.requests.append(request)
            reply = stand_in.answer(request)
            self.send_response(reply.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(reply.encoded())))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.encoded())

        do_GET = do_PUT = do_DELETE = do_POST  # noqa: N815 - the name that http.server looks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's own
            """Nothing on stderr."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        stand_in.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield stand_in
        finally:
            server.shutdown()
            thread.join()


def scripted(replies: Mapping[str, list[Reply]]) -> Answer:
    """For each `METHOD path` its replies in turn, the last one for ever; 500 for what is not in the script."""
    left = {key: list(each) for key, each in replies.items()}

    def answer(request: Request) -> Reply:
        found = left.get(f"{request.method} {request.path}", [Reply(500, {"message": "not in the script"})])
        return found.pop(0) if len(found) > 1 else found[0]

    return answer


class Time:
    """A clock that moves only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Pass `seconds` at once."""
        self.pauses.append(seconds)
        self.now += seconds

    def clock(self) -> float:
        """Seconds since the start of the test."""
        return self.now


@dataclass
class Control:
    """Stands in for `local.control`: up with `found`, or fails with `error`."""

    found: RuntimeStatus | None = None
    error: Exception | None = None
    ports: list[int | None] = field(default_factory=list)
    parameters: list[dict[str, str]] = field(default_factory=list)
    containers: list[str | None] = field(default_factory=list)
    replaces: list[bool] = field(default_factory=list)

    def up(
        self,
        *,
        port: int | None = None,
        parameters: Mapping[str, str] | None = None,
        containers: str | None = None,
        replace: bool = False,
        progress: Callable[[str], None],
    ) -> RuntimeStatus:
        """Tell of one step, and give `found`."""
        self.ports.append(port)
        self.parameters.append(dict(parameters or {}))
        self.containers.append(containers)
        self.replaces.append(replace)
        progress("deploying the stack")
        status = self.status()
        assert status is not None
        return status

    def down(self) -> bool:
        """Whether there was one."""
        return self.status() is not None

    def status(self) -> RuntimeStatus | None:
        """`found`, unless there is an error."""
        if self.error is not None:
            raise self.error
        return self.found


def runtime_status(endpoint: str, api_url: str | None = None) -> RuntimeStatus:
    """A local runtime at `endpoint` whose API is there too."""
    outputs = {"ApiUrl": api_url or f"{endpoint}{STAGE}/", "RunsTableName": "runs"}
    return RuntimeStatus(endpoint, "eu-west-1", "fargate-runs", outputs, 1, "the runtime's secret")


def surroundings(control: Control, time: Time | None = None) -> Surroundings:
    """What a command gets in tests; no second passes."""
    passing = time or Time()
    return Surroundings(control=lambda: control, sleep=passing.sleep, clock=passing.clock)


def at(stand_in: StandIn, time: Time | None = None) -> Surroundings:
    """The surroundings of a command whose local runtime is `stand_in`."""
    return surroundings(Control(runtime_status(stand_in.url)), time)
