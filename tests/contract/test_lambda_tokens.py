"""`lambda:invoke.waitForTaskToken`: a state that waits under a token which its function gets (facts B27, B28, B29)."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tests.contract.conftest import Aws
from tests.contract.functions import create_function
from tests.waiting import eventually

CODE = """
import json, os, urllib.request

class NotNowError(Exception):
    pass

def handler(event, context):
    if event["say"] == "no":
        raise NotNowError("not now")
    urllib.request.urlopen(os.environ["TELL"], data=json.dumps(event).encode(), timeout=20).read()
    return {"not": "the result of the state"}
"""


@pytest.fixture(scope="module")
def told() -> Iterator[tuple[str, list[Any]]]:
    """An address that the function tells its event, and what it has told."""
    events: list[Any] = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            events.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", events
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def function(aws: Aws, told: tuple[str, list[Any]]) -> str:
    return create_function(aws, CODE, TELL=told[0])[1]


def waits(function: str, **more: object) -> dict[str, object]:
    """The state's input is lost on the way, and the execution's is not."""
    payload = "{% $states.context.{'say': Execution.Input.say, 'name': Execution.Name, 'token': Task.Token} %}"
    return {
        "QueryLanguage": "JSONata",
        "StartAt": "Wait",
        "States": {
            "Wait": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
                "Arguments": {"FunctionName": function, "Payload": payload},
                "Catch": [
                    {"ErrorEquals": ["States.Timeout"], "Output": "late", "Next": "Caught"},
                    {
                        "ErrorEquals": ["NotNowError"],
                        "Output": "{% $parse($states.errorOutput.Cause).errorMessage %}",
                        "Next": "Caught",
                    },
                ],
                "Next": "Again",
                **more,
            },
            "Again": {"Type": "Pass", "Output": "{% $states.context.Execution.Input.say %}", "End": True},
            "Caught": {"Type": "Succeed"},
        },
    }


def test_it_waits_for_its_token_whatever_the_function_returns(
    aws: Aws, function: str, told: tuple[str, list[Any]]
) -> None:
    execution = aws.start(waits(function), {"say": "yes"})
    name = execution.rpartition(":")[2]
    event = eventually(lambda: next((each for each in told[1] if each["name"] == name), None), "the function's event")
    assert aws.sfn.describe_execution(executionArn=execution)["status"] == "RUNNING"
    aws.sfn.send_task_success(taskToken=event["token"], output='{"from": "elsewhere"}')
    ended = aws.ended(execution)
    assert (ended["status"], json.loads(str(ended["output"]))) == ("SUCCEEDED", "yes")


def test_it_fails_with_its_function_s_error(aws: Aws, function: str) -> None:
    ended = aws.ended(aws.start(waits(function), {"say": "no"}))
    assert (ended["status"], json.loads(str(ended["output"]))) == ("SUCCEEDED", "not now")


def test_it_waits_no_longer_than_an_expression_says(aws: Aws, function: str) -> None:
    machine = waits(function, TimeoutSeconds="{% $states.context.Execution.Input.seconds %}")
    ended = aws.ended(aws.start(machine, {"say": "yes", "seconds": 1}))
    assert (ended["status"], json.loads(str(ended["output"]))) == ("SUCCEEDED", "late")
