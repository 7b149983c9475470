"""`runs start`: what is sent, what is refused before, and waiting for the end."""

import json

import pytest
from click.testing import CliRunner, Result

from cli.main import main
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
from tests.cli.standin import STAGE, Reply, Time, at, scripted, serving
from tests.cli.world import Step, World, problem

POST = f"POST {STAGE}/runs"
JOB = f"POST {STAGE}/jobs/nightly/runs"
GET = f"GET {STAGE}/runs/{RUN_ID}"
ACCEPTED = Reply(202, STARTED)


def waited(
    runner: CliRunner, *documents: dict[str, object], options: tuple[str, ...] = ()
) -> tuple[Result, World, Time]:
    """Start a run, wait for it, and answer with `documents` meanwhile. Nothing but the API is ever asked."""
    time, world = Time(), World(*map(Step, documents))
    with serving(world.answer) as server:
        result = runner.invoke(main, ["start", "--wait", *options, "--", "true"], obj=at(server, time))
    assert {path.partition("?")[0] for path in server.paths()} <= {POST, GET, f"{GET}/logs"}
    return result, world, time


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
    assert result.stdout == f"{RUN_ID}\n"
    assert result.stderr.splitlines() == [
        "Started (callback) on the local runtime.",
        f"Wait for it:   runs wait {RUN_ID}",
        f"See its lines: runs logs -f {RUN_ID}",
        f"Look at it:    runs show {RUN_ID}",
    ]


def test_a_job_is_started_by_its_name(runner: CliRunner) -> None:
    with serving(scripted({JOB: [ACCEPTED]})) as server:
        result = runner.invoke(main, ["start", "--job", "nightly"], obj=at(server))

    (request,) = server.requests
    assert (result.exit_code, result.stdout, request.document()) == (0, f"{RUN_ID}\n", {})
    assert len(request.headers["Idempotency-Key"]) == 32


def test_what_is_given_comes_before_what_the_job_says(runner: CliRunner) -> None:
    options = ["--force", "--pattern", "sync", "--env", "A=b", "--retries", "0", "--total-timeout-seconds", "60"]
    with serving(scripted({JOB: [ACCEPTED]})) as server:
        words = ["start", "--job", "nightly", *options, "--retry-on-any", "--idempotency-key", "k", "--", "true"]
        result = runner.invoke(main, words, obj=at(server))

    (request,) = server.requests
    assert result.exit_code == 0, result.stderr
    assert request.headers["Idempotency-Key"] == "k"
    assert request.document() == {
        "commands": ["true"],
        "pattern": "sync",
        "force": True,
        "environment": {"A": "b"},
        "totalTimeoutSeconds": 60,
        "retries": 0,
        "retryOnExitCodes": "any",
    }


def test_a_job_that_is_not_there_is_wrong_input(runner: CliRunner) -> None:
    with serving(lambda _: problem(404, "Job.NotFound", "There is no job 'nightly'.")) as server:
        result = runner.invoke(main, ["start", "--job", "nightly"], obj=at(server))

    assert (result.exit_code, result.stderr) == (2, "Error: There is no job 'nightly'.\n")


SKIPPED = run("SKIPPED", error="Run.Skipped", summary="Run other holds the only slot.", blockedBy="other")
QUEUED = run("QUEUED", queuedAt="2025-01-31T09:30:00Z", queue={"since": "2025-01-31T09:30:00Z", "place": 2})


def test_a_run_that_waits_says_its_place_and_one_that_was_skipped_is_no_failure(runner: CliRunner) -> None:
    result, _, _ = waited(runner, QUEUED, QUEUED, SKIPPED, options=("--quiet",))

    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.splitlines()[1:] == [
        "QUEUED (number 2 of those that wait)",
        "SKIPPED",
        f"Run {RUN_ID} SKIPPED: Run.Skipped: Run other holds the only slot.  More:  runs show {RUN_ID}",
    ]


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
        (["--force", "--", "true"], "force: goes only with job"),
        (["--job", "UPPER"], "job: "),
        (["--job", "a", "--task-definition", "b"], "taskDefinition: is the job's"),
        (["--total-timeout-seconds", "0", "--", "true"], "totalTimeoutSeconds"),
        (["--retry-on-any", "--retry-on-exit-code", "3", "--", "true"], "--retry-on-any is every exit code"),
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


@pytest.mark.parametrize("lost", [503, 429, 504])
def test_a_start_without_an_answer_is_repeated_with_its_key(runner: CliRunner, lost: int) -> None:
    with serving(scripted({POST: [Reply(lost, {}), Reply(lost, {}), Reply(200, STARTED)]})) as server:
        result = runner.invoke(main, ["start", "--", "true"], obj=at(server))
        runner.invoke(main, ["start", "--", "true"], obj=at(server))

    assert (result.exit_code, result.stdout) == (0, f"{RUN_ID}\n")
    first, again, third, another = [request.headers["Idempotency-Key"] for request in server.requests]
    assert first == again == third != another
    assert len(first) == 32


@pytest.mark.parametrize(
    ("command", "path"), [(["start", "--", "x"], POST), (["rerun", RUN_ID], f"{POST}/{RUN_ID}/rerun")]
)
def test_a_key_of_ones_own_is_sent(runner: CliRunner, command: list[str], path: str) -> None:
    words = [command[0], "--idempotency-key", "nightly 2025-01-31", *command[1:]]
    with serving(scripted({path: [ACCEPTED]})) as server:
        result = runner.invoke(main, words, obj=at(server))

    assert result.exit_code == 0
    assert server.requests[0].headers["Idempotency-Key"] == "nightly 2025-01-31"


@pytest.mark.parametrize("key", ["ü", "a\nb", " a", "a "])
def test_a_key_that_no_header_can_have_is_refused(runner: CliRunner, key: str) -> None:
    with serving(scripted({})) as server:
        result = runner.invoke(main, ["start", "--idempotency-key", key, "--", "true"], obj=at(server))

    assert (result.exit_code, server.requests) == (2, [])


def test_a_key_of_another_run_is_wrong_input(runner: CliRunner) -> None:
    with serving(lambda _: problem(409, "Run.IdempotencyKeyReused", "It was used for another request.")) as server:
        result = runner.invoke(main, ["start", "--", "true"], obj=at(server))

    assert (result.exit_code, result.stderr) == (2, "Error: It was used for another request.\n")


def test_waiting_tells_each_change(runner: CliRunner) -> None:
    starting = run("RUNNING", attempts=[attempt(None, "PROVISIONING")])
    running = run("RUNNING", attempts=[attempt(None, "RUNNING")])

    result, _, time = waited(runner, run(), run(), starting, running, succeeded())

    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.splitlines() == [
        f"Started run {RUN_ID} (callback) on the local runtime.",
        "PENDING",
        "RUNNING (PROVISIONING)",
        "RUNNING",
        "SUCCEEDED",
        f"Run {RUN_ID} SUCCEEDED after 1.2 s.",
    ]
    assert time.pauses[0] == 0.2
    assert time.pauses == sorted(time.pauses)


def test_a_request_response_run_is_waited_for_until_its_task_ended(runner: CliRunner) -> None:
    documents = (run("RUNNING", pattern="request-response"), failed(pattern="request-response"))

    result, world, _ = waited(runner, *documents, options=("--pattern", "request-response"))

    assert (result.exit_code, world.asked) == (3, 2)


def test_questions_come_less_often_but_at_least_twice_a_second(runner: CliRunner) -> None:
    _, _, time = waited(runner, *[run("RUNNING")] * 20, succeeded())

    assert time.pauses[0] == 0.2
    assert time.pauses[-1] == 0.5


def test_what_is_between_two_attempts_is_waited_for(runner: CliRunner) -> None:
    asked = {"commands": ["true"], "environmentNames": [], "retryOnExitCodes": [3]}
    between = run("RUNNING", input=asked, execution=execution("RUNNING"), attempts=[attempt("FAILED")])
    second = run("RUNNING", input=asked, attempts=[attempt("FAILED"), attempt(None, "RUNNING")])

    result, world, _ = waited(runner, between, second, succeeded())

    assert (result.exit_code, world.asked) == (0, 3)
    assert "RUNNING, attempt 2" in result.stderr


@pytest.mark.parametrize("changes", [{"transient": True}, {"input": {"retryOnExitCodes": [3]}}])
def test_a_failure_that_the_record_calls_the_end_is_the_end(runner: CliRunner, changes: dict[str, object]) -> None:
    result, world, _ = waited(runner, failed(**changes), run("RUNNING"))

    assert (result.exit_code, world.asked) == (3, 1)


def test_a_run_that_ended_without_a_task_says_why(runner: CliRunner) -> None:
    refused = without_task("ECS.AccessDeniedException", "not authorized to perform ecs:RunTask")

    result, world, _ = waited(runner, run(), refused)

    assert (result.exit_code, result.stdout, world.asked) == (1, "", 2)
    assert result.stderr.splitlines()[-1] == (
        f"Run {RUN_ID} FAILED: ECS.AccessDeniedException: not authorized to perform ecs:RunTask"
        f"  More:  runs show {RUN_ID}"
    )


def test_an_end_that_the_execution_told_first_is_shown_with_its_task(runner: CliRunner) -> None:
    told = without_task("Container.ExitedNonZero", "Container app exited with code 3.")

    result, world, _ = waited(runner, run(), told, told, failed())

    assert (result.exit_code, world.asked) == (3, 4)
    assert "FAILED after 1 min 02 s" in result.stderr


def test_a_task_that_never_comes_is_waited_for_some_seconds(runner: CliRunner) -> None:
    lost = without_task("Task.Lost", "ECS never showed its task and no longer knows it.")

    result, _, time = waited(runner, *[lost] * 20)

    assert result.exit_code == 1
    assert 5 < sum(time.pauses) < 30
