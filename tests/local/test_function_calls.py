"""Which calls are struck, and how, seen from the application behind."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from local.ecs.faults import Faults, read_fault
from local.ecs.model import Json
from local.function_calls import Caller, FunctionCalls, caller_at

PORT = 50_000


class Behind:
    """The application behind: keeps the actions that it carries out."""

    def __init__(self) -> None:
        self.carried_out: list[str] = []

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        self.carried_out.append(dict(scope["headers"])[b"x-amz-target"].decode())
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})


def called(behind: Behind, fault: Json, target: str, caller: Caller | None) -> list[Json]:
    """What the caller of a call hears while a fault is armed."""
    faults = Faults()
    faults.arm(read_fault(fault))
    heard: list[Json] = []
    scope = {"type": "http", "client": ("127.0.0.1", PORT), "headers": [(b"x-amz-target", target.encode())]}
    application = FunctionCalls(behind, faults, lambda port: caller if port == PORT else None)

    async def receive() -> Json:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message: Json) -> None:
        heard.append(message)

    asyncio.run(application(scope, receive, send))
    return heard


@contextlib.contextmanager
def function(name: str = "app-Sweep-1") -> Iterator[subprocess.Popen[bytes]]:
    """A process that looks like a function's, and reads its input."""
    environment = {**os.environ, "AWS_LAMBDA_FUNCTION_NAME": name}
    code = "import socket, sys\nport = int(sys.stdin.readline())\nend = socket.create_connection(('127.0.0.1', port))\n"
    with subprocess.Popen(
        [sys.executable, "-c", code + "print(end.getsockname()[1], flush=True)\nsys.stdin.read()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_function_that_is_killed_before_the_call_hears_nothing_and_nothing_is_carried_out() -> None:
    behind = Behind()
    with function() as process:
        heard = called(behind, {"kind": "function-killed"}, "DynamoDB_20120810.PutItem", Caller(process.pid, "f"))
        assert process.wait(timeout=30) == -9
    assert behind.carried_out == []
    assert [message["type"] for message in heard] == ["http.response.start"]


def test_a_function_that_is_killed_after_the_call_hears_nothing_of_what_was_carried_out() -> None:
    behind = Behind()
    with function() as process:
        fault: Json = {"kind": "function-killed", "when": "after", "call": "PutItem"}
        heard = called(behind, fault, "DynamoDB_20120810.PutItem", Caller(process.pid, "f"))
        assert process.wait(timeout=30) == -9
    assert behind.carried_out == ["DynamoDB_20120810.PutItem"]
    assert [message["type"] for message in heard] == ["http.response.start"]


def test_a_process_that_has_gone_by_itself_is_no_error() -> None:
    with function() as process:
        process.kill()
        process.wait()
        called(Behind(), {"kind": "function-killed"}, "DynamoDB_20120810.PutItem", Caller(process.pid, "f"))


def test_the_answer_of_a_lost_call_is_cut_off() -> None:
    behind = Behind()
    heard = called(behind, {"kind": "call-lost"}, "AWSStepFunctions.SendTaskSuccess", Caller(1, "f"))
    assert behind.carried_out == ["AWSStepFunctions.SendTaskSuccess"]
    assert [(message["type"], message.get("headers")) for message in heard] == [
        ("http.response.start", [(b"content-length", b"1")])
    ]


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("AWSStepFunctions.SendTaskSuccess", "ThrottlingException"),
        ("DynamoDB_20120810.PutItem", "ProvisionedThroughputExceededException"),
    ],
)
def test_a_throttled_call_has_the_name_that_the_service_has_for_it(target: str, code: str) -> None:
    behind = Behind()
    start, body = called(behind, {"kind": "call-throttled"}, target, Caller(1, "f"))
    assert behind.carried_out == []
    assert start["status"] == 400
    assert json.loads(str(body["body"], "utf-8"))["__type"].rpartition("#")[2] == code  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("fault", "target", "caller"),
    [
        ({"kind": "call-throttled"}, "AWSStepFunctions.SendTaskSuccess", None),
        ({"kind": "call-throttled", "call": "SendTaskFailure"}, "AWSStepFunctions.SendTaskSuccess", Caller(1, "f")),
        ({"kind": "call-throttled", "function": "Sweep"}, "AWSStepFunctions.SendTaskSuccess", Caller(1, "f")),
        ({"kind": "throttled"}, "AmazonEC2ContainerServiceV20141113.RunTask", Caller(1, "f")),
    ],
)
def test_all_other_calls_are_left_alone(fault: Json, target: str, caller: Caller | None) -> None:
    behind = Behind()
    heard = called(behind, fault, target, caller)
    assert behind.carried_out == [target]
    assert [message.get("status") for message in heard] == [200, None]


def test_the_function_is_found_by_the_port_of_its_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, function() as process, function("other"):
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{server.getsockname()[1]}\n".encode())
        process.stdin.flush()
        port = int(process.stdout.readline())
        assert caller_at(port) == Caller(process.pid, "app-Sweep-1")
        assert caller_at(server.getsockname()[1]) is None


def test_a_process_that_is_no_function_is_not_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as end:
        assert caller_at(end.getsockname()[1]) is None
