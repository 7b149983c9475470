"""`runs start`: what is sent, what is refused before, and waiting for the end."""

import json

import pytest
from click.testing import CliRunner, Result

from cli.main import main
from cli.surroundings import Surroundings
from tests.cli.documents_for_tests import (
    RUN_ID,
    STARTED,
    attempt,
    execution,
    failed,
    run,
    succeeded,
    without_task,
)
from tests.cli.standin import STAGE, Control, Reply, StandIn, Time, at, runtime_status, scripted, serving

POST = f"POST {STAGE}/runs"
GET = f"GET {STAGE}/runs/{RUN_ID}"
ACCEPTED = Reply(202, STARTED)
WAIT = ["start", "--wait", "--", "true"]


def waited(runner: CliRunner, replies: list[Reply], *options: str) -> tuple[Result, StandIn, Time]:
    """Start a run, wait for it, and answer with `replies` meanwhile. Nothing but the API is ever asked."""
    time = Time()
    with serving(scripted({POST: [ACCEPTED], GET: replies})) as server:
        result = runner.invoke(main, ["start", "--wait", *options, "--", "true"], obj=at(server, time))
    assert set(server.paths()) <= {POST, GET}
    return result, server, time


def test_what_is_given_is_sent(runner: CliRunner) -> None:
    options = ["--pattern", "sync", "--env", "STAGE=test", "--env", "EMPTY=", "--env", "EQUAL=a=b", "--cpu", "512"]
    options += ["--memory", "1024", "--capacity", "spot", "--timeout-seconds", "60", "--task-definition", "other"]
    options += ["--retries", "0", "--retry-on-exit-code", "75", "--retry-on-exit-code", "3"]
    with serving(scripted({POST: [ACCEPTED]})) as server:
        result = runner.invoke(main, ["start", *options, "--", "python", "-c", "print(1)", "--wait"], obj=at(server))

    (request,) = server.requests
    assert result.exit_code == 0, result.stderr
    assert request.headers["Authorization"].startswith("AWS4-HMAC-SHA256 ")
    assert "content-type" in request.headers["Authorization"]
    assert request.document() == {
        "pattern": "sync",
        "commands": ["python", "-c", "print(1)", "--wait"],
        "environment": {"STAGE": "test", "EMPTY": "", "EQUAL": "a=b"},
        "cpu": "512",
        "memory": "1024",
        "capacity": "spot",
        "timeoutSeconds": 60,
        "taskDefinition": "other",
        "retries": 0,
        "retryOnExitCodes": [75, 3],
    }


def test_what_is_not_given_is_left_to_the_stack(runner: CliRunner) -> None:
    with serving(scripted({POST: [ACCEPTED]})) as server:
        result = runner.invoke(main, ["start", "echo", "-n"], obj=at(server))

    assert server.requests[0].document() == {"pattern": "callback", "commands": ["echo", "-n"]}
    assert result.stdout.splitlines()[0] == f"Started run {RUN_ID} (callback) on the local runtime."
    assert f"show {RUN_ID}" in result.stdout


def test_json_is_the_answer_of_the_api(runner: CliRunner) -> None:
    with serving(scripted({POST: [ACCEPTED]})) as server:
        result = runner.invoke(main, ["start", "--json", "--", "true"], obj=at(server))

    assert json.loads(result.stdout) == STARTED


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "No command"),
        (["--"], "No command"),
        (["--pattern", "async", "--", "true"], "--pattern"),
        (["--capacity", "cheap", "--", "true"], "--capacity"),
        (["--env", "NAME", "--", "true"], "NAME=VALUE"),
        (["--env", "=value", "--", "true"], "NAME=VALUE"),
        (["--env", "A=1", "--env", "A=2", "--", "true"], "twice"),
        (["--env", "RUN_ID=mine", "--", "true"], "RUN_ID"),
        (["--cpu", "lots", "--", "true"], "cpu"),
        (["--memory", "1GB", "--", "true"], "memory"),
        (["--timeout-seconds", "0", "--", "true"], "timeoutSeconds"),
        (["--timeout-seconds", "soon", "--", "true"], "--timeout-seconds"),
        (["--", "x" * 9_000], "overrides"),
        (["--unknown", "--", "true"], "--unknown"),
    ],
)
def test_a_wrong_request_is_named_before_a_call(runner: CliRunner, arguments: list[str], said: str) -> None:
    with serving(scripted({})) as server:
        result = runner.invoke(main, ["start", *arguments], obj=at(server))

    assert result.exit_code == 2
    assert said in result.stderr
    assert server.requests == []


def test_several_mistakes_are_all_named(runner: CliRunner) -> None:
    result = runner.invoke(main, ["start", "--cpu", "lots", "--memory", "more", "--", "true"])

    assert [line[:4] for line in result.stderr.splitlines()] == ["Erro", "  - ", "  - "]


def test_what_the_api_refuses_is_listed(runner: CliRunner) -> None:
    problems = [
        {"field": "taskDefinition", "detail": "not allowed"},
        {"field": "cpu", "detail": "no"},
        {"detail": "the request has 51 keys"},
    ]
    refusal = {"error": "Run.InvalidInput", "detail": "no", "problems": problems}
    with serving(scripted({POST: [Reply(400, refusal)]})) as server:
        result = runner.invoke(main, ["start", "--", "true"], obj=at(server))

    assert result.exit_code == 2
    assert result.stderr.splitlines()[1:] == [
        "  - taskDefinition: not allowed",
        "  - cpu: no",
        "  - the request has 51 keys",
    ]


def test_a_start_is_never_repeated(runner: CliRunner) -> None:
    with serving(scripted({POST: [Reply(503, {})]})) as server:
        result = runner.invoke(main, ["start", "--", "true"], obj=at(server))

    assert result.exit_code == 69
    assert server.paths() == [POST]


@pytest.mark.parametrize(
    ("end", "exit_code"), [(succeeded(), 0), (failed(), 3), (run("STOPPED", error="Task.StoppedByUser"), 1)]
)
def test_waiting_ends_with_the_run(runner: CliRunner, end: dict[str, object], exit_code: int) -> None:
    starting = run("RUNNING", attempts=[attempt(None, "PROVISIONING")])
    running = run("RUNNING", attempts=[attempt(None, "RUNNING")])

    result, _, time = waited(runner, [Reply(200, each) for each in (run(), run(), starting, running, end)])

    assert result.exit_code == exit_code
    lines = result.stdout.splitlines()
    assert lines[2:6] == ["PENDING", "RUNNING (PROVISIONING)", "RUNNING", end["status"]]
    assert lines[6] == f"Run {RUN_ID}: {end['status']}"
    assert time.pauses[0] == 0.2
    assert time.pauses == sorted(time.pauses)


def test_the_end_says_what_there_is_to_know(runner: CliRunner) -> None:
    good, _, _ = waited(runner, [Reply(200, succeeded())])
    bad, _, _ = waited(runner, [Reply(200, failed())])

    assert '  result     {"answer":42}\n' in good.stdout
    for piece in (
        "Container.ExitedNonZero",
        "exited with code 3",
        "Read its last log lines.",
        "exit code  3",
        "last lines SystemExit: 3",
    ):
        assert piece in bad.stdout


def test_waiting_with_json_prints_the_run_alone(runner: CliRunner) -> None:
    result, _, _ = waited(runner, [Reply(200, run()), Reply(200, failed())], "--json")

    assert result.exit_code == 3
    assert json.loads(result.stdout) == failed()
    assert "PENDING\n" in result.stderr


def test_a_request_response_run_is_waited_for_until_its_task_ended(runner: CliRunner) -> None:
    replies = [Reply(200, run("RUNNING", pattern="request-response")), Reply(200, failed(pattern="request-response"))]

    result, server, _ = waited(runner, replies, "--pattern", "request-response")

    assert result.exit_code == 3
    assert server.paths().count(GET) == 2


def test_questions_come_less_often_but_at_least_every_two_seconds(runner: CliRunner) -> None:
    _, _, time = waited(runner, [*[Reply(200, run("RUNNING"))] * 20, Reply(200, succeeded())])

    assert time.pauses[0] == 0.2
    assert time.pauses[-1] == 2.0


def test_what_is_between_two_attempts_is_waited_for(runner: CliRunner) -> None:
    asked = {"commands": ["true"], "environmentNames": [], "retryOnExitCodes": [3]}
    between = run("RUNNING", input=asked, execution=execution("RUNNING"), attempts=[attempt("FAILED")])
    second = run("RUNNING", input=asked, attempts=[attempt("FAILED"), attempt(None, "RUNNING")])
    replies = [Reply(200, each) for each in (between, second, succeeded())]

    result, server, _ = waited(runner, replies)

    assert result.exit_code == 0
    assert "RUNNING, attempt 2" in result.stdout
    assert server.paths().count(GET) == 3


@pytest.mark.parametrize("changes", [{"transient": True}, {"input": {"retryOnExitCodes": [3]}}])
def test_a_failure_that_the_record_calls_the_end_is_the_end(runner: CliRunner, changes: dict[str, object]) -> None:
    result, server, _ = waited(runner, [Reply(200, failed(**changes)), Reply(200, run("RUNNING"))])

    assert result.exit_code == 3
    assert server.paths().count(GET) == 1


def test_a_run_that_ended_without_a_task_says_why(runner: CliRunner) -> None:
    refused = without_task("ECS.AccessDeniedException", "not authorized to perform ecs:RunTask")

    result, server, _ = waited(runner, [Reply(200, run()), Reply(200, refused)])

    assert (result.exit_code, result.stderr) == (1, "")
    assert result.stdout.splitlines()[-4:] == [
        f"Run {RUN_ID}: FAILED",
        "  error      ECS.AccessDeniedException",
        "  summary    not authorized to perform ecs:RunTask",
        "  task       none was seen",
    ]
    assert server.paths().count(GET) == 2


def test_an_end_that_the_execution_told_first_is_shown_with_its_task(runner: CliRunner) -> None:
    told = without_task("Container.ExitedNonZero", "Container app exited with code 3.")

    result, server, _ = waited(runner, [Reply(200, run()), *[Reply(200, told)] * 2, Reply(200, failed())])

    assert result.exit_code == 3
    assert "  exit code  3" in result.stdout
    assert server.paths().count(GET) == 4


def test_a_task_that_never_comes_is_waited_for_some_seconds(runner: CliRunner) -> None:
    lost = without_task("Task.Lost", "ECS never showed its task and no longer knows it.")

    result, _, time = waited(runner, [Reply(200, lost)] * 20)

    assert result.exit_code == 1
    assert "  task       none was seen" in result.stdout
    assert 5 < sum(time.pauses) < 30


def test_the_end_says_how_the_execution_ended_otherwise(runner: CliRunner) -> None:
    aborted = execution("ABORTED", "By.Operator")
    stopped = run("STOPPED", error="Task.StoppedByStepFunctions", execution=aborted, attempts=[attempt("STOPPED")])

    result, _, _ = waited(runner, [Reply(200, stopped)])

    assert result.stdout.splitlines()[-2:] == [
        "  error      Task.StoppedByStepFunctions",
        "  execution  ABORTED By.Operator",
    ]


def test_an_api_that_goes_away_does_not_hide_that_the_run_goes_on(runner: CliRunner) -> None:
    result, _, _ = waited(runner, [Reply(200, run("RUNNING")), Reply(503, {})])

    assert result.exit_code == 69
    assert "HTTP 503" in result.stderr
    assert f"show {RUN_ID}" in result.stderr


def test_a_runtime_that_has_ended_meanwhile_is_told_from_a_job_that_failed(runner: CliRunner) -> None:
    control = Control()
    with serving(scripted({POST: [ACCEPTED], GET: [Reply(200, run("RUNNING"))]})) as server:
        control.found = runtime_status(server.url)

        def end_the_runtime(_seconds: float) -> None:
            control.found = None
            server.answer = lambda _request: Reply(502, "gone")

        around = Surroundings(control=lambda: control, sleep=end_the_runtime)
        result = runner.invoke(main, WAIT, obj=around)

    assert result.exit_code == 69
    assert result.stderr.endswith("The local runtime has ended, and the run with it: nothing of it is kept.\n")


def test_ctrl_c_says_that_the_run_goes_on(runner: CliRunner) -> None:
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    with serving(scripted({POST: [ACCEPTED], GET: [Reply(200, run("RUNNING"))]})) as server:
        around = Surroundings(control=lambda: Control(runtime_status(server.url)), sleep=interrupt)
        result = runner.invoke(main, WAIT, obj=around)

    assert result.exit_code == 130
    assert "the run goes on" in result.stderr
    assert f"show {RUN_ID}" in result.stderr


def test_a_terminal_gets_a_live_line(runner: CliRunner) -> None:
    script = {POST: [ACCEPTED], GET: [Reply(200, run("RUNNING")), Reply(200, succeeded())]}
    with serving(scripted(script)) as server:
        result = runner.invoke(main, WAIT, obj=at(server), env={"TTY_COMPATIBLE": "1"})

    assert result.exit_code == 0
    assert "\x1b[" in result.stdout
    assert f"Run {RUN_ID}: SUCCEEDED" in result.stdout
