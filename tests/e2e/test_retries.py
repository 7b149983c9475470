"""Another attempt: when, where, how often, and what the record and the container know of it."""

from __future__ import annotations

import pytest

from local import faults_client
from tests.e2e.conftest import Json, Stack

WAITS = ("callback", "sync")
ATTEMPT = "import json, os; print(json.dumps({'attempt': os.environ['RUN_ATTEMPT']}), flush=True)"
SAYS_ITS_ATTEMPT = ("python", "-c", ATTEMPT)
WELL_AT_THE_THIRD = ("python", "-c", f"{ATTEMPT}; raise SystemExit(0 if os.environ['RUN_ATTEMPT'] == '3' else 75)")


def finished(stack: Stack, pattern: str, *command: str, **more: object) -> tuple[Json, list[Json], Json]:
    """A run at the end of its execution: between two attempts the record shows the one that failed."""
    execution = stack.execute(pattern, {"commands": list(command), **more})
    run = stack.ended_run(str(execution["name"]))
    attempts = run["attempts"]
    assert isinstance(attempts, list)
    return run, attempts, execution


@pytest.mark.parametrize("pattern", WAITS)
def test_a_transient_failure_is_tried_again_by_default(stack: Stack, pattern: str) -> None:
    faults_client.arm(stack.status.endpoint, "image-pull-timeout", count=2)
    run, attempts, execution = finished(stack, pattern, *SAYS_ITS_ATTEMPT)
    assert (execution["status"], run["status"], run["result"]) == ("SUCCEEDED", "SUCCEEDED", {"attempt": "3"})
    assert [each["error"] for each in attempts] == ["Task.ImagePullFailed"] * 2 + [None]


@pytest.mark.parametrize("pattern", WAITS)
@pytest.mark.parametrize("retries", [0, 1])
def test_retries_have_the_limit_that_was_asked_for(stack: Stack, pattern: str, retries: int) -> None:
    faults_client.arm(stack.status.endpoint, "infrastructure", count=3)
    sleep = ("python", "-c", "import time; time.sleep(60)")
    run, attempts, execution = finished(stack, pattern, *sleep, retries=retries)
    assert (run["error"], execution["error"]) == ("Task.InfrastructureFailed", "Task.InfrastructureFailed")
    assert len(attempts) == 1 + retries


@pytest.mark.parametrize("pattern", WAITS)
def test_an_exit_code_that_was_named_is_tried_again(stack: Stack, pattern: str) -> None:
    run, attempts, execution = finished(stack, pattern, *WELL_AT_THE_THIRD, retryOnExitCodes=[3, 75])
    assert (execution["status"], run["result"]) == ("SUCCEEDED", {"attempt": "3"})
    assert [each["exitCode"] for each in attempts] == [75, 75, 0]
    assert len({each["taskArn"] for each in attempts}) == 3


@pytest.mark.parametrize("pattern", WAITS)
def test_a_redrive_after_a_time_out_is_the_next_attempt(stack: Stack, pattern: str) -> None:
    command = f"{ATTEMPT}; import time; time.sleep(600 if os.environ['RUN_ATTEMPT'] == '1' else 0)"
    given = {"commands": ["python", "-c", command], "timeoutSeconds": 20}
    execution = stack.execute(pattern, given)
    assert execution["error"] == "States.Timeout"
    stack.sfn.redrive_execution(executionArn=str(execution["executionArn"]))
    again = stack.ended_execution(str(execution["executionArn"]))
    assert (again["status"], again["redriveCount"]) == ("SUCCEEDED", 1)
    run = stack.ended_run(str(execution["name"]))
    assert (run["status"], run["result"]) == ("SUCCEEDED", {"attempt": "2"})


@pytest.mark.parametrize("pattern", WAITS)
def test_a_redrive_of_a_run_that_was_decided_upon_fails_again_at_once(stack: Stack, pattern: str) -> None:
    execution = stack.execute(pattern, {"commands": ["python", "-c", "raise SystemExit(3)"]})
    stack.sfn.redrive_execution(executionArn=str(execution["executionArn"]))
    again = stack.ended_execution(str(execution["executionArn"]))
    assert (again["status"], again["error"], again["redriveCount"]) == ("FAILED", "Container.ExitedNonZero", 1)
    run = stack.ended_run(str(execution["name"]))
    assert (run["status"], run["error"], len(run["attempts"])) == ("FAILED", "Container.ExitedNonZero", 1)  # type: ignore[arg-type]


@pytest.mark.parametrize("pattern", WAITS)
def test_another_exit_code_is_not(stack: Stack, pattern: str) -> None:
    _, attempts, execution = finished(stack, pattern, *WELL_AT_THE_THIRD, retryOnExitCodes=[3])
    assert execution["error"] == "Container.ExitedNonZero"
    assert len(attempts) == 1


@pytest.mark.parametrize("pattern", WAITS)
def test_spot_first_goes_on_with_on_demand_after_an_interruption(stack: Stack, pattern: str) -> None:
    faults_client.arm(stack.status.endpoint, "spot-interruption", seconds=1)
    command = f"{ATTEMPT}; import time; time.sleep(60 if os.environ['RUN_ATTEMPT'] == '1' else 0)"
    run, attempts, _ = finished(stack, pattern, "python", "-c", command, capacity="spot-first", retries=0)
    assert (run["status"], run["result"]) == ("SUCCEEDED", {"attempt": "2"})
    assert [(each["error"], each["capacityProviderName"]) for each in attempts] == [
        ("Task.SpotInterrupted", "FARGATE_SPOT"),
        (None, "FARGATE"),
    ]
    assert [each["usage"]["spot"] for each in attempts] == [True, False]  # type: ignore[index]


@pytest.mark.parametrize("pattern", ["callback", "sync", "request-response"])
@pytest.mark.parametrize("fault", ["no-capacity", "capacity-error"])
def test_spot_first_goes_on_with_on_demand_where_there_is_no_spot(stack: Stack, pattern: str, fault: str) -> None:
    """RunTask started nothing: the task on demand is the first attempt."""
    faults_client.arm(stack.status.endpoint, fault, provider="FARGATE_SPOT")
    run, attempts, execution = finished(stack, pattern, *SAYS_ITS_ATTEMPT, capacity="spot-first", retries=0)
    assert (execution["status"], run["result"]) == ("SUCCEEDED", {"attempt": "1"})
    assert [each["capacityProviderName"] for each in attempts] == ["FARGATE"]


@pytest.mark.parametrize("pattern", ["callback", "sync", "request-response"])
def test_a_lack_of_capacity_is_tried_again(stack: Stack, pattern: str) -> None:
    faults_client.arm(stack.status.endpoint, "no-capacity", count=2)
    run, _, execution = finished(stack, pattern, *SAYS_ITS_ATTEMPT)
    assert (execution["status"], run["result"]) == ("SUCCEEDED", {"attempt": "1"})


@pytest.mark.parametrize("pattern", ["callback", "sync", "request-response"])
@pytest.mark.parametrize(
    ("fault", "count", "retries"), [("throttled", 2, 0), ("server-error", 2, 0), ("parameter-throttle", 1, 1)]
)
def test_a_call_that_is_refused_for_now_is_made_again(
    stack: Stack, fault: str, count: int, retries: int, pattern: str
) -> None:
    faults_client.arm(stack.status.endpoint, fault, count=count)
    run, _, execution = finished(stack, pattern, *SAYS_ITS_ATTEMPT, retries=retries)
    assert (execution["status"], run["result"]) == ("SUCCEEDED", {"attempt": "1"})
    assert faults_client.armed(stack.status.endpoint) == []


@pytest.mark.parametrize("pattern", WAITS)
def test_the_total_time_out_ends_the_run_and_not_only_an_attempt(stack: Stack, pattern: str) -> None:
    """The second attempt has less than its own limit. It may also be too late for it."""
    command = f"{ATTEMPT}; import time; time.sleep(0 if os.environ['RUN_ATTEMPT'] == '1' else 600); raise SystemExit(1)"
    more = {"retries": 10, "retryOnExitCodes": "any", "timeoutSeconds": 500, "totalTimeoutSeconds": 20}
    run, attempts, execution = finished(stack, pattern, "python", "-c", command, **more)
    assert (run["status"], run["error"]) == ("FAILED", "Run.TotalTimeout")
    assert execution["error"] == ("States.Timeout" if len(attempts) == 2 else "Run.TotalTimeout")
    assert run["deadline"]
