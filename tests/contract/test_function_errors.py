"""What a function's error is called: by its class, as in AWS (lambda/latest/dg/python-exceptions.html)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from local.emulator.function_errors import UNNAMED, error_type
from tests.contract.conftest import Aws
from tests.contract.functions import create_function
from tests.runtimes import client_settings

CODE = """
class RefusedError(Exception):
    pass

def handler(event, context):
    print("a line that is no error: 1")
    if event["class"] == "RefusedError":
        raise RefusedError(event["message"])
    raise __builtins__[event["class"]](event["message"])
"""
Raise = Callable[[str, str], dict[str, Any]]


@pytest.fixture(scope="module")
def raise_in_function(aws: Aws) -> Raise:
    """Let a function raise an error of a class with a message; gives Lambda's answer."""
    functions = boto3.client("lambda", **client_settings(aws.endpoint))
    name, _ = create_function(aws, CODE)

    def call(kind: str, message: str) -> dict[str, Any]:
        answer = functions.invoke(FunctionName=name, Payload=json.dumps({"class": kind, "message": message}).encode())
        assert answer["FunctionError"] == "Unhandled"
        found = json.loads(answer["Payload"].read())
        assert isinstance(found, dict)
        return found

    return call


@pytest.mark.parametrize("message", ["not today", "", "two\nlines: of text", "ends with a colon: "])
@pytest.mark.parametrize("kind", ["RefusedError", "ValueError"])
def test_an_error_is_named_by_its_class(raise_in_function: Raise, kind: str, message: str) -> None:
    answer = raise_in_function(kind, message)

    assert (answer["errorType"], answer["errorMessage"]) == (kind, message)


@pytest.mark.parametrize(
    ("log", "message", "named"),
    [
        ("Traceback\n  File\nfargate_runs.errors.MalformedEventError: event: no", "event: no", "MalformedEventError"),
        ("Traceback\nKeyError: 'x'\n", "'x'", "KeyError"),
        ("Traceback\nmain.f.<locals>.Odd\n", "", "Odd"),
        ("the worker died", "no answer", UNNAMED),
        ("a sentence: no", "no", UNNAMED),
        ("", "", UNNAMED),
    ],
)
def test_the_class_is_read_from_the_traceback(log: str, message: str, named: str) -> None:
    assert error_type(log, message) == named
