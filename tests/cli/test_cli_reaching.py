"""How a command finds and reaches what it talks to."""

import socket

import pytest
from click.testing import CliRunner

from cli.main import main
from local.errors import LocalRuntimeError
from tests.cli.documents_for_tests import RUN_ID, run
from tests.cli.standin import STAGE, Control, Reply, Time, at, runtime_status, scripted, serving, surroundings

GET = f"GET {STAGE}/runs/{RUN_ID}"
SHOW = ["show", RUN_ID]


def test_an_unknown_run_is_one_line(runner: CliRunner) -> None:
    with serving(scripted({GET: [Reply(404, {"error": "Run.NotFound", "detail": "no"})]})) as server:
        result = runner.invoke(main, SHOW, obj=at(server))

    assert result.exit_code == 2
    assert result.stderr == f"Error: There is no run {RUN_ID} in the local runtime.\n"


@pytest.mark.parametrize("run_id", ["", "..", "a/b", "a b", "a?b", "x" * 200, "\x1b[31m", "\udcff"])
def test_what_cannot_be_a_run_id_is_never_asked_for(runner: CliRunner, run_id: str) -> None:
    with serving(scripted({})) as server:
        result = runner.invoke(main, ["show", run_id], obj=at(server))

    assert result.exit_code == 2
    assert "is not a run id" in result.stderr
    assert "\x1b" not in result.stderr
    assert server.requests == []


def test_an_item_of_a_fan_out_is_one_path_segment(runner: CliRunner) -> None:
    nothing_else = f"GET {STAGE}/runs?idPrefix=nightly%3A7&limit=11"
    item = f"GET {STAGE}/runs/nightly%3A7"
    replies = {nothing_else: [Reply(200, {"runs": []})], item: [Reply(200, run(runId="nightly:7"))]}
    with serving(scripted(replies)) as server:
        assert runner.invoke(main, ["show", "nightly:7"], obj=at(server)).exit_code == 0


def test_the_call_is_signed(runner: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "of-nobody")  # local work needs none
    with serving(scripted({GET: [Reply(200, run())]})) as server:
        result = runner.invoke(main, SHOW, obj=at(server))

    (request,) = server.requests
    assert result.exit_code == 0
    assert request.headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=test/")
    assert "/eu-west-1/execute-api/aws4_request" in request.headers["Authorization"]
    assert request.headers["X-Amz-Date"]


REFUSALS = {
    "no permission": (403, {"Message": "User: x is not authorized"}, "execute-api:Invoke", 69),
    "no authentication": (403, {"message": "Missing Authentication Token"}, "no such route", 69),
    "no route": (403, {"error": "Call.NotSigned", "detail": "sign the call"}, "no such route", 69),
    "expired": (403, {"error": "Call.Expired", "detail": "the session token has expired"}, "token has expired", 69),
    "a bad request": (400, {"detail": "the id is too long"}, "  - the id is too long", 2),
    "not its fault": (418, "teapot", "HTTP 418: no message", 69),
    "another API": (200, "<html>", "not a run", 69),
    "another document": (200, {"hello": "world"}, "has no 'runId'", 69),
    "a redirect": (301, "", "HTTP 301", 69),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_the_api_refuses_is_explained(runner: CliRunner, name: str) -> None:
    status, document, said, exit_code = REFUSALS[name]
    with serving(scripted({GET: [Reply(status, document)]})) as server:
        result = runner.invoke(main, SHOW, obj=at(server))

    assert result.exit_code == exit_code
    assert said in result.stderr
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_an_api_that_has_no_time_is_asked_again(runner: CliRunner, status: int, time: Time) -> None:
    with serving(scripted({GET: [Reply(status, {}), Reply(status, {}), Reply(200, run())]})) as server:
        result = runner.invoke(main, SHOW, obj=at(server, time))

    assert result.exit_code == 0
    assert time.pauses == [0.2, 0.5]


def test_but_not_for_ever(runner: CliRunner) -> None:
    with serving(scripted({GET: [Reply(503, {"message": "Service Unavailable"})]})) as server:
        result = runner.invoke(main, SHOW, obj=at(server))

    assert result.exit_code == 69
    assert "HTTP 503: Service Unavailable" in result.stderr
    assert len(server.requests) == 4


def test_a_throttle_sends_nobody_to_a_log(runner: CliRunner) -> None:
    """No function has been called."""
    throttled = Reply(429, {"error": "Call.Throttled", "detail": "send it again"})
    with serving(scripted({GET: [throttled]})) as server:
        result = runner.invoke(main, SHOW, obj=at(server))

    assert result.exit_code == 69
    assert "too many calls (HTTP 429: send it again). Try it again in a moment." in " ".join(result.stderr.split())
    assert "log" not in result.stderr


def test_nothing_that_answers_is_explained(runner: CliRunner) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{closed.getsockname()[1]}"
        result = runner.invoke(main, SHOW, obj=surroundings(Control(runtime_status(endpoint))))

    assert result.exit_code == 69
    assert "Nothing answers at 127.0.0.1" in result.stderr
    assert "runs local status" in result.stderr


@pytest.mark.parametrize("arguments", [SHOW, ["start", "--", "true"], ["demo"]])
def test_without_a_local_runtime_the_way_out_is_named(runner: CliRunner, arguments: list[str]) -> None:
    result = runner.invoke(main, arguments, obj=surroundings(Control()))

    assert result.exit_code == 69
    assert "local up" in result.stderr
    assert "--stack" in result.stderr


def test_an_error_of_the_runtime_is_readable(runner: CliRunner) -> None:
    result = runner.invoke(main, SHOW, obj=surroundings(Control(error=LocalRuntimeError("it is stuck"))))

    assert (result.exit_code, result.stderr) == (69, "Error: it is stuck\n")


def test_a_runtime_without_a_stack_is_named(runner: CliRunner) -> None:
    found = runtime_status("http://127.0.0.1:1")
    empty = type(found)(found.endpoint, found.region, found.stack, {}, found.pid, found.secret_access_key)

    result = runner.invoke(main, SHOW, obj=surroundings(Control(empty)))

    assert result.exit_code == 69
    assert "nothing is deployed" in result.stderr
