"""The Python API of faults, where nothing answers or something else does."""

from __future__ import annotations

import socket

import pytest

from local import faults_client
from local.faults_client import FaultRefusedError, UnreachableError
from tests.cli.standin import Reply, scripted, serving

PATH = "/_local/faults"


def test_options_are_sent_under_the_names_of_the_interface() -> None:
    with serving(scripted({f"POST {PATH}": [Reply(200, {"id": 1})]})) as server:
        found = faults_client.arm(server.url, "event-delayed", count=2, seconds=3, last_status=["STOPPED"])
    assert found == {"id": 1}
    assert server.requests[0].document() == {
        "kind": "event-delayed",
        "count": 2,
        "seconds": 3,
        "lastStatus": ["STOPPED"],
    }


def test_what_the_runtime_says_is_the_message() -> None:
    answer = scripted({f"POST {PATH}": [Reply(400, {"message": "there is no such kind"})]})
    with serving(answer) as server, pytest.raises(FaultRefusedError, match=r"^there is no such kind$"):
        faults_client.arm(server.url, "flood")


def test_an_answer_of_something_else_is_an_error_too() -> None:
    answer = scripted({f"GET {PATH}": [Reply(502, "bad gateway")]})
    with serving(answer) as server, pytest.raises(FaultRefusedError, match="502"):
        faults_client.armed(server.url)


def test_where_nothing_answers_the_message_says_what_to_do() -> None:
    # Held and not listened on: nobody else can take it.
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{held.getsockname()[1]}"
        with pytest.raises(UnreachableError, match=f"does not answer at {endpoint} .*: start it with `runs local up`"):
            faults_client.clear(endpoint)
