"""`runs local fault`: what it sends, what it prints, and its exit codes."""

import json
import socket

import pytest
from click.testing import CliRunner

from cli.main import main
from local.ecs.faults import FAULT_KINDS
from tests.cli.standin import Control, Reply, StandIn, at, runtime_status, scripted, serving, surroundings

PATH = "/_local/faults"
ARMED = {"id": 3, "kind": "event-delayed", "seconds": 5.0, "lastStatus": ["RUNNING", "STOPPED"], "left": 2}


def said(runner: CliRunner, server: StandIn, *arguments: str) -> str:
    """What a command prints."""
    result = runner.invoke(main, ["local", "fault", *arguments], obj=at(server))
    assert result.exit_code == 0, result.output
    return result.stdout


def test_add_arms_a_fault_with_its_options(runner: CliRunner) -> None:
    with serving(scripted({f"POST {PATH}": [Reply(200, ARMED)]})) as server:
        options = ["--count", "2", "--seconds", "5", "--last-status", "RUNNING", "--last-status", "STOPPED"]
        text = said(runner, server, "add", "event-delayed", *options)

    assert text == "Armed: event-delayed, 2 times, seconds 5.0, lastStatus RUNNING, STOPPED\n"
    assert server.requests[0].document() == {
        "kind": "event-delayed",
        "count": 2,
        "seconds": 5.0,
        "lastStatus": ["RUNNING", "STOPPED"],
    }


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        (["no-capacity"], {"kind": "no-capacity", "count": 1}),
        (["spot-interruption", "--after", "0"], {"kind": "spot-interruption", "count": 1, "after": 0.0}),
        (
            ["stopped-by-user", "--reason", "enough", "--provider", "FARGATE", "--family", "jobs"],
            {"kind": "stopped-by-user", "count": 1, "reason": "enough", "provider": "FARGATE", "family": "jobs"},
        ),
        (
            ["event-dropped", "--status", "ABORTED", "--status", "FAILED"],
            {"kind": "event-dropped", "count": 1, "status": ["ABORTED", "FAILED"]},
        ),
        (
            ["function-killed", "--call", "SendTaskFailure", "--when", "after", "--function", "TaskState"],
            {
                "kind": "function-killed",
                "count": 1,
                "call": "SendTaskFailure",
                "when": "after",
                "function": "TaskState",
            },
        ),
    ],
)
def test_add_sends_what_was_said_and_nothing_else(
    runner: CliRunner, arguments: list[str], sent: dict[str, object]
) -> None:
    with serving(scripted({f"POST {PATH}": [Reply(200, {"kind": arguments[0], "left": 1})]})) as server:
        assert said(runner, server, "add", *arguments) == f"Armed: {arguments[0]}, once\n"
    assert server.requests[0].document() == sent


def test_an_unknown_kind_says_which_exist(runner: CliRunner) -> None:
    result = runner.invoke(main, ["local", "fault", "add", "flood"], obj=surroundings(Control()))

    assert result.exit_code == 2
    assert all(kind in result.stderr for kind in FAULT_KINDS)


@pytest.mark.parametrize("options", [["--count", "0"], ["--seconds", "-1"], ["--after", "soon"], ["--when", "during"]])
def test_a_value_that_is_none_is_refused(runner: CliRunner, options: list[str]) -> None:
    result = runner.invoke(main, ["local", "fault", "add", "slow-start", *options], obj=surroundings(Control()))

    assert result.exit_code == 2


def test_what_the_runtime_refuses_is_one_line(runner: CliRunner) -> None:
    with serving(scripted({f"POST {PATH}": [Reply(400, {"message": "throttled has no option `seconds`"})]})) as server:
        result = runner.invoke(main, ["local", "fault", "add", "throttled", "--seconds", "1"], obj=at(server))

    assert result.exit_code == 1
    assert result.stderr == "Error: throttled has no option `seconds`\n"


def test_list_says_what_is_armed(runner: CliRunner) -> None:
    other = {"id": 4, "kind": "no-capacity", "provider": "FARGATE_SPOT", "left": 1}
    with serving(scripted({f"GET {PATH}": [Reply(200, {"faults": [ARMED, other]})]})) as server:
        assert said(runner, server, "list").splitlines() == [
            "event-delayed, 2 times, seconds 5.0, lastStatus RUNNING, STOPPED",
            "no-capacity, once, provider FARGATE_SPOT",
        ]
        assert json.loads(said(runner, server, "list", "--json")) == [ARMED, other]


def test_list_of_nothing(runner: CliRunner) -> None:
    with serving(scripted({f"GET {PATH}": [Reply(200, {"faults": []})]})) as server:
        assert said(runner, server, "list") == "No fault is armed.\n"
        assert said(runner, server, "list", "--json") == "[]\n"


def test_clear_disarms_all(runner: CliRunner) -> None:
    with serving(scripted({f"DELETE {PATH}": [Reply(200, {})]})) as server:
        assert said(runner, server, "clear") == "No fault is armed.\n"
    assert server.paths() == [f"DELETE {PATH}"]


@pytest.mark.parametrize("arguments", [["list"], ["clear"], ["add", "throttled"]])
def test_without_a_runtime_nothing_can_be_asked(runner: CliRunner, arguments: list[str]) -> None:
    result = runner.invoke(main, ["local", "fault", *arguments], obj=surroundings(Control()))

    assert result.exit_code == 69
    assert "is not running" in result.stderr


@pytest.mark.parametrize("command", ["list", "clear"])
def test_a_runtime_that_does_not_answer_is_one_line(runner: CliRunner, command: str) -> None:
    with socket.socket() as closed:  # bound, so that no other test's server comes to this port
        closed.bind(("127.0.0.1", 0))
        control = Control(runtime_status(f"http://127.0.0.1:{closed.getsockname()[1]}"))
        result = runner.invoke(main, ["local", "fault", command], obj=surroundings(control))

    assert result.exit_code == 69
    assert result.stderr.startswith("Error: the local runtime does not answer at")


@pytest.mark.parametrize("arguments", [["--help"], ["add", "--help"]])
def test_the_help_is_the_table_of_kinds(runner: CliRunner, arguments: list[str]) -> None:
    words = runner.invoke(main, ["local", "fault", *arguments]).stdout.split()

    text = f" {' '.join(words)} "
    for kind in FAULT_KINDS.values():
        assert f" {kind.name} {kind.does}" in text
