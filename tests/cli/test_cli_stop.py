"""`runs stop` and `runs rerun`: what is sent and what is said."""

import json

import pytest
from click.testing import CliRunner

from cli.main import main
from tests.cli.documents_for_tests import RUN_ID, STARTED
from tests.cli.standin import STAGE, Reply, Time, at, scripted, serving
from tests.cli.world import OLDER, problem

STOP = f"POST {STAGE}/runs/{RUN_ID}/stop"
RERUN = f"POST {STAGE}/runs/{OLDER}/rerun"
STOPPING = Reply(202, {"runId": RUN_ID, "status": "RUNNING", "stopRequestedAt": "2025-01-31T09:31:00Z"})


@pytest.mark.parametrize(("options", "body"), [([], {}), (["--reason", "wrong input"], {"reason": "wrong input"})])
def test_a_stop_sends_its_reason(runner: CliRunner, options: list[str], body: dict[str, str]) -> None:
    with serving(scripted({STOP: [STOPPING]})) as server:
        result = runner.invoke(main, ["stop", RUN_ID, *options], obj=at(server))

    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"Run {RUN_ID} is being stopped. See its end:  runs wait {RUN_ID}\n"
    assert [request.document() for request in server.requests] == [body]


def test_a_stop_is_asked_for_again_when_nobody_answers(runner: CliRunner) -> None:
    with serving(scripted({STOP: [Reply(503, {}), STOPPING]})) as server:
        result = runner.invoke(main, ["stop", RUN_ID, "--json"], obj=at(server))

    assert (result.exit_code, server.paths()) == (0, [STOP, STOP])
    assert json.loads(result.stdout) == STOPPING.document


REFUSALS = {
    "ended": (["stop", RUN_ID], problem(409, "Run.Ended", "The run has SUCCEEDED."), 1, "The run has SUCCEEDED."),
    "unknown": (
        ["stop", RUN_ID],
        problem(404, "Run.NotFound", "no"),
        2,
        f"There is no run {RUN_ID} in the local runtime.",
    ),
    "forgotten": (["rerun", OLDER], problem(409, "Run.InputForgotten", "Too long ago."), 1, "Too long ago."),
    "not ours": (["rerun", OLDER], problem(409, "Run.NotRepeatable", "Not ours."), 1, "Not ours."),
    "refused": (["rerun", OLDER], problem(502, "Run.NotStarted", "No such role."), 1, "No such role."),
    "a long reason": (
        ["stop", RUN_ID, "--reason", "x" * 2000],
        Reply(400, {"error": "Request.Invalid", "problems": [{"field": "reason", "detail": "is too long"}]}),
        2,
        "The request is wrong:\n  - reason: is too long",
    ),
    "an old stack": (
        ["stop", RUN_ID],
        Reply(403, {"message": "Missing Authentication Token"}),
        69,
        "The API has no such route: the stack is older than this program. Deploy the present template.",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_is_refused_is_said_in_a_line(runner: CliRunner, name: str) -> None:
    words, reply, exit_code, said = REFUSALS[name]
    with serving(lambda _: reply) as server:
        result = runner.invoke(main, words, obj=at(server))

    assert (result.exit_code, result.stdout, result.stderr) == (exit_code, "", f"Error: {said}\n")


def test_a_rerun_is_a_run_of_its_own(runner: CliRunner) -> None:
    with serving(scripted({RERUN: [Reply(202, {**STARTED, "rerunOf": OLDER})]})) as server:
        result = runner.invoke(main, ["rerun", OLDER], obj=at(server))

    assert (result.exit_code, result.stdout) == (0, f"{RUN_ID}\n")
    assert f"Wait for it:   runs wait {RUN_ID}\n" in result.stderr
    assert server.paths() == [RERUN]


@pytest.mark.parametrize("command", [["start", "--", "true"], ["rerun", OLDER], ["start", "--wait", "--", "true"]])
def test_ctrl_c_before_the_answer_says_that_a_run_may_have_been_started(runner: CliRunner, command: list[str]) -> None:
    class Interrupted(Time):
        def sleep(self, _: float) -> None:
            raise KeyboardInterrupt

    with serving(lambda _: Reply(503, {})) as server:
        result = runner.invoke(main, command, obj=at(server, Interrupted()))

    said = "\nInterrupted before the answer: the run may have been started. Look:  runs list\n"
    assert (result.exit_code, result.stdout, result.stderr) == (130, "", said)
