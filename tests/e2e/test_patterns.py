"""The main job, in all three integration patterns: a container is started, and its end is known."""

from __future__ import annotations

import json

import pytest

from tests.e2e.conftest import Json, Stack

RESULT = {"rows": 3}
GOOD = ("python", "-c", f"import json; print('working'); print(json.dumps({RESULT!r}))")
EXIT_3 = ("python", "-c", "raise SystemExit(3)")
KILLED = ("python", "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
PATTERNS = ("callback", "sync", "request-response")


def attempt(run: Json) -> Json:
    """The only attempt of a run."""
    attempts = run["attempts"]
    assert isinstance(attempts, list)
    assert len(attempts) == 1
    return dict(attempts[0])


@pytest.mark.parametrize("pattern", PATTERNS)
def test_success_is_recorded_with_its_result(stack: Stack, pattern: str) -> None:
    run, execution = stack.run(pattern, *GOOD)
    assert (run["status"], run["error"], run["exitCode"], run["result"]) == ("SUCCEEDED", None, 0, RESULT)
    assert execution["status"] == "SUCCEEDED"
    output = json.loads(str(execution["output"]))
    assert output["runId"] == run["runId"]
    assert output["taskArn"] == attempt(run)["taskArn"]


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize(
    ("command", "error", "exit_code"),
    [
        (EXIT_3, "Container.ExitedNonZero", 3),
        (KILLED, "Container.ExitedNonZero", 137),
        (("no-such-command",), "Task.FailedToStart", None),
    ],
)
def test_failure_is_recorded_by_name(
    stack: Stack, pattern: str, command: tuple[str, ...], error: str, exit_code: int | None
) -> None:
    run, execution = stack.run(pattern, *command)
    assert (run["status"], run["error"], run["exitCode"]) == ("FAILED", error, exit_code)
    ends = {
        "callback": ("FAILED", error),
        "sync": ("FAILED", error),
        "request-response": ("SUCCEEDED", None),
    }
    assert (execution["status"], execution.get("error")) == ends[pattern]
    if pattern != "request-response":
        cause = json.loads(str(execution["cause"]))
        assert (cause["exitCode"], cause["taskArn"]) == (exit_code, attempt(run)["taskArn"])


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_token_is_answered_and_nothing_is_left_to_deliver(stack: Stack, pattern: str) -> None:
    run_id = stack.start(pattern, *GOOD)
    stack.ended_run(run_id)
    stack.await_delivery(run_id, "DELIVERED" if pattern == "callback" else "NOT_NEEDED")


def test_what_the_container_gets(stack: Stack) -> None:
    code = (
        "import json, os; print(json.dumps({n: os.environ.get(n) for n in ('RUN_ID', 'STAGE', 'RUN_EXECUTION_ARN')}))"
    )
    run, _ = stack.run("callback", "python", "-c", code, environment={"STAGE": "test"})
    assert run["result"] == {"RUN_ID": run["runId"], "STAGE": "test", "RUN_EXECUTION_ARN": run["executionArn"]}


def test_an_execution_that_was_not_started_by_the_api_is_recorded_by_its_name(stack: Stack) -> None:
    execution = stack.execute("callback", {"commands": list(GOOD)})
    run = stack.ended_run(str(execution["name"]))
    assert (run["status"], run["executionArn"]) == ("SUCCEEDED", execution["executionArn"])


def test_the_size_asked_for_is_the_tasks_size(stack: Stack) -> None:
    run, _ = stack.run("callback", *GOOD, cpu="512", memory="1024", capacity="spot")
    task = attempt(run)
    assert (task["cpu"], task["memory"], task["capacityProviderName"]) == ("512", "1024", "FARGATE_SPOT")
