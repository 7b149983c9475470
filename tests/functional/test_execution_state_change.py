"""The function behind the rule on executions, from the event to the table, the cluster, the log and the metrics."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fargate_runs.errors import ForeignEventError
from fargate_runs.ports import ClusterUnavailableError, ExecutionsUnavailableError, StoreUnavailableError
from fargate_runs.reading.execution import Execution, ExecutionStatus
from tests.fakes.ecs import (
    CANARY,
    EXECUTION_ARN,
    RUN_ID,
    TOKEN,
    container,
    detail,
    event,
    execution_event,
    life,
    task_arn,
)
from tests.fakes.tables import TABLE, spoil
from tests.functional.conftest import CONTEXT, Stack
from tests.functional.printed import line_of, lines_of, metrics_of, secrets_in

SAMPLES = Path(__file__).parents[2] / "events"
SYNC_CAUSE = json.dumps(detail(containers=[container("main", 3)]))


def sample(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text())
    return found


def run_item(stack: Stack, run_id: str = RUN_ID) -> dict[str, Any]:
    (item,) = (each for each in stack.items() if each["sk"]["S"] == "RUN" and each["pk"]["S"] == f"RUN#{run_id}")
    return {name: next(iter(value.values())) for name, value in item.items()}


def told(stack: Stack, status: str, **changes: Any) -> None:
    """The event comes, and Step Functions says the same to whoever asks."""
    given = execution_event(status, **changes)
    stack.executions.show(Execution.from_detail(given["detail"]))
    stack.execution_state_change(given)


def test_a_run_from_its_start_to_its_end(stack: Stack, printed: Callable[[], str]) -> None:
    told(stack, "RUNNING")
    assert (run_item(stack)["status"], run_item(stack)["pattern"]) == ("PENDING", "callback")
    for each in life():
        stack.task_state_change(event(each))
    assert run_item(stack)["status"] == "RUNNING"
    told(stack, "SUCCEEDED")
    assert run_item(stack)["status"] == "SUCCEEDED"
    assert metrics_of(printed()) == [("TasksSettled", "None")]


def test_an_abort_stops_the_task(stack: Stack, printed: Callable[[], str]) -> None:
    stack.task_state_change(event(life()[2]))
    told(stack, "ABORTED")
    ((arn, reason),) = stack.cluster.stops
    assert (arn, EXECUTION_ARN in reason) == (task_arn(), True)
    said = printed()
    line = line_of(said, message="execution state taken in")
    assert {name: line[name] for name in ("level", "execution_arn", "execution_status", "run_status", "stopped")} == {
        "level": "INFO",
        "execution_arn": EXECUTION_ARN,
        "execution_status": "ABORTED",
        "run_status": "RUNNING",
        "stopped": 1,
    }
    assert line["event_id"] == "00000000-0000-4000-8000-000000000001"
    assert [name for name, _ in metrics_of(said)] == ["TasksStopped"]
    stack.task_state_change(event(detail(stopCode="UserInitiated", stoppedReason=reason)))
    assert (run_item(stack)["status"], run_item(stack)["error"]) == ("STOPPED", "Task.StoppedByStepFunctions")


def test_two_tasks_are_counted_as_two(stack: Stack, printed: Callable[[], str]) -> None:
    stack.callbacks.open.add("second-token")
    stack.task_state_change(event(life()[2]))
    stack.task_state_change(event({**life()[2], "taskArn": task_arn("f" * 32)}))
    told(stack, "FAILED", error="e")
    (metric,) = (line for line in lines_of(printed()) if "_aws" in line)
    assert metric["TasksStopped"] in (2, [2], 2.0, [2.0])


def test_a_redriven_execution(stack: Stack) -> None:
    """The end of before the redrive is delivered late: the new task is left alone (fault F19)."""
    told(stack, "RUNNING")
    told(stack, "RUNNING", redriveCount=1)
    stack.task_state_change(event(life()[2]))
    stack.execution_state_change(execution_event("FAILED", error="Task.Lost"))
    assert stack.cluster.stops == []
    assert run_item(stack)["status"] == "RUNNING"


def test_a_replay_of_everything_changes_nothing(stack: Stack) -> None:
    events = [execution_event("RUNNING"), execution_event("SUCCEEDED")]
    for each in (events[0], *map(event, life()), events[1]):
        (stack.execution_state_change if each["source"] == "aws.states" else stack.task_state_change)(each)
    before = sorted(map(str, stack.items()))
    for each in (*reversed(events), *events):
        stack.execution_state_change(each)
    assert sorted(map(str, stack.items())) == before


OURS = sorted(path.stem for path in (SAMPLES / "execution-state-change").glob("*.json") if ".not-ours" not in path.name)
SHOWN = {
    "running": "PENDING",
    "succeeded": "PENDING",
    "failed": "FAILED",
    "timed-out": "FAILED",
    "aborted": "STOPPED",
    "redriven": "PENDING",
}


def test_every_sample_is_tried() -> None:
    assert set(OURS) == set(SHOWN)


@pytest.mark.parametrize("name", SHOWN)
def test_samples(stack: Stack, name: str, printed: Callable[[], str]) -> None:
    given = sample(f"execution-state-change/{name}")
    stack.execution_state_change(given)
    shown = run_item(stack, given["detail"]["name"])
    assert shown["status"] == SHOWN[name]
    assert line_of(printed(), message="execution state taken in")["execution_status"] == given["detail"]["status"]


@pytest.mark.parametrize("name", ["aborted", "failed", "timed-out"])
def test_samples_stop_the_task_of_the_sample(stack: Stack, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    running = sample("task-state-change/running")
    monkeypatch.setenv("CLUSTER_ARN", running["detail"]["clusterArn"])
    stack.task_state_change(running)
    ended = sample(f"execution-state-change/{name}")
    stack.executions.show(Execution.from_detail(ended["detail"]))
    stack.execution_state_change(ended)
    assert [arn for arn, _ in stack.cluster.stops] == [running["detail"]["taskArn"]]


def test_what_a_run_shows_of_its_failure(stack: Stack) -> None:
    given = sample("execution-state-change/failed")
    stack.execution_state_change(given)
    shown = run_item(stack, given["detail"]["name"])
    assert (shown["error"], shown["summary"]) == ("Container.ExitedNonZero", "Container main exited with code 3.")


@pytest.mark.parametrize("name", ["another-machine.not-ours", "another-source.not-ours"])
def test_what_is_not_ours_is_refused(stack: Stack, name: str, printed: Callable[[], str]) -> None:
    with pytest.raises(ForeignEventError):
        stack.execution_state_change(sample(f"execution-state-change/{name}"))
    assert stack.items() == []
    assert metrics_of(printed()) == [("EventsRefused", None)]


def test_ecs_is_down_and_then_is_not(stack: Stack, printed: Callable[[], str]) -> None:
    """Nothing is acknowledged before the task was told to stop; the event comes again (I7)."""
    stack.task_state_change(event(life()[2]))
    stack.cluster.is_down = True
    with pytest.raises(ClusterUnavailableError):
        told(stack, "ABORTED")
    said = printed()
    line = line_of(said, level="ERROR")
    assert (line["message"], line["reason"]) == (
        "event was not settled, to be tried again",
        "ECS answered ThrottlingException",
    )
    assert "execution state taken in" not in said
    assert metrics_of(said) == []
    stack.cluster.is_down = False
    told(stack, "ABORTED")
    assert len(stack.cluster.stops) == 1


def test_step_functions_is_down(stack: Stack) -> None:
    stack.task_state_change(event(life()[2]))
    stack.executions.is_down = True
    with pytest.raises(ExecutionsUnavailableError):
        stack.execution_state_change(execution_event("ABORTED"))
    assert stack.cluster.stops == []


@pytest.mark.parametrize("log_event", ["true", "false"])
def test_neither_token_nor_environment_is_ever_logged_or_kept(
    stack: Stack, printed: Callable[[], str], log_event: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Input, output and cause of an execution hold both: the cause of a `.sync` state is the task (fact B21)."""
    monkeypatch.setenv("POWERTOOLS_LOGGER_LOG_EVENT", log_event)
    assert CANARY in SYNC_CAUSE
    told(stack, "RUNNING")
    told(stack, "FAILED", error="States.TaskFailed", cause=SYNC_CAUSE, output=f'"{TOKEN}"')
    told(stack, "FAILED", redriveCount=1, cause=f"the input was {SYNC_CAUSE}")
    assert run_item(stack)["status"] == ExecutionStatus.FAILED
    kept = str(stack.items())
    stack.dynamodb.delete_table(TableName=TABLE)
    with pytest.raises(StoreUnavailableError):
        stack.execution_state_change(execution_event("FAILED", cause=SYNC_CAUSE))
    said = printed()
    assert "execution state taken in" in said
    assert secrets_in(said, kept) == set()


def test_a_run_of_another_version_does_not_keep_its_tasks_from_being_stopped(
    stack: Stack, printed: Callable[[], str]
) -> None:
    stack.task_state_change(event(life()[2]))
    spoil(stack.dynamodb, RUN_ID)
    told(stack, "ABORTED")
    assert [arn for arn, _ in stack.cluster.stops] == [task_arn()]
    said = printed()
    assert ("RecordsUnreadable", None) in metrics_of(said)
    assert line_of(said, message="the run's own record cannot be read: it does not show this")["run_id"] == RUN_ID


@pytest.mark.parametrize(("milliseconds", "stops"), [(20_000, 1), (19_999, 0)])
def test_what_there_is_no_time_for_is_left_to_the_sweep(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, milliseconds: int, stops: int
) -> None:
    stack.task_state_change(event(life()[2]))
    monkeypatch.setattr(CONTEXT, "remaining_milliseconds", milliseconds)
    told(stack, "ABORTED")
    assert len(stack.cluster.stops) == stops
    assert run_item(stack)["executionStatus"] == "ABORTED"
    stack.task_state_change(event({**life()[2], "version": 4}))
    assert len(stack.cluster.stops) == 2 * stops
