"""Nothing is lost, nothing hangs, nothing runs on: what no event tells is settled all the same."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import boto3
import pytest

from fargate_runs.aws.mark import SWEEP_KEY, mark_item, mark_of
from fargate_runs.usecases.sweep.turn import HELD_FOR
from local import faults_client
from local.ecs.faults.reading import LAST_STATUSES
from tests.e2e.conftest import MACHINES, Json, Stack
from tests.e2e.promising import FAIL, RULES, STAY, WELL, is_stopped, swept, without_events
from tests.programs import once
from tests.runtimes import client_settings
from tests.waiting import eventually


@contextlib.contextmanager
def with_the_schedule(stack: Stack) -> Iterator[None]:
    """The sweep's schedule fires, as it does in AWS."""
    stack.set_schedule("ENABLED")
    try:
        yield
    finally:
        stack.set_schedule("DISABLED")
        stack.sweep(alone=False)  # after one that it may have begun


@pytest.mark.parametrize("pattern", MACHINES)
@pytest.mark.parametrize(("command", "error"), [(WELL, None), (FAIL, "Container.ExitedNonZero")])
def test_without_any_event_the_sweep_settles_every_run(
    stack: Stack, pattern: str, command: tuple[str, ...], error: str | None
) -> None:
    with without_events(stack):
        run_id = stack.start(pattern, *command)
        stack.ended_task(stack.task_of(run_id))
        run = swept(stack, run_id)
        execution = stack.ended_execution(str(run["executionArn"]))
    assert (run["status"], run["error"]) == ("FAILED" if error else "SUCCEEDED", error)
    assert run["attempts"][0]["delivery"] == ("DELIVERED" if pattern == "callback" else "NOT_NEEDED")  # type: ignore[index]
    expected = "FAILED" if error and pattern != "request-response" else "SUCCEEDED"
    assert execution["status"] == expected
    assert run["execution"]["status"] == expected  # type: ignore[index]


def test_the_schedule_sweeps_by_itself(stack: Stack) -> None:
    with without_events(stack), with_the_schedule(stack):
        run_id = stack.start("callback", *FAIL)

        def probe() -> bool:
            return stack.api.get_run(run_id)["status"] == "FAILED"

        # Once a minute: one may come before the task's end, the next one settles it, one more notes its execution's.
        eventually(probe, "the end of the run by the scheduled sweep", limit_seconds=240)


def test_a_run_that_is_refused_before_any_task_has_an_end_too(stack: Stack) -> None:
    arn = stack.status.outputs[MACHINES["callback"]]
    refused = stack.sfn.start_execution(stateMachineArn=arn, input='{"nonsense": 1}')["executionArn"]
    run = stack.ended_run(refused.rpartition(":")[2])
    assert (run["status"], run["error"], run["attempts"]) == ("FAILED", "Run.InvalidInput", [])
    assert "nonsense: is not known" in str(run["summary"])
    with without_events(stack):
        unseen = stack.sfn.start_execution(stateMachineArn=arn, input='{"nonsense": 2}')["executionArn"]
        stack.ended_execution(unseen)
        stack.sweep()
        assert dict(stack.api.get_run(unseen.rpartition(":")[2]))["error"] == "Run.InvalidInput"


def test_an_end_that_its_execution_tells_first_keeps_its_name(stack: Stack) -> None:
    """No event of the task comes: the run has failed by its execution, and its outcome comes by a sweep."""
    faults_client.arm(stack.status.endpoint, "event-dropped", count=10, last_status=list(LAST_STATUSES))
    faults_client.arm(stack.status.endpoint, "secrets-error")
    run_id = stack.start("sync", *WELL, retries=0)
    eventually(lambda: stack.api.get_run(run_id)["status"] == "FAILED", "the end of the run")
    assert stack.api.get_run(run_id)["error"] == "Task.ResourceInitializationFailed"
    run = swept(stack, run_id)
    assert (run["error"], run["transient"]) == ("Task.ResourceInitializationFailed", False)
    assert len(run["attempts"]) == 1  # type: ignore[arg-type]


def test_a_request_response_task_is_wanted_after_its_execution(stack: Stack) -> None:
    """Its execution succeeds at once: nobody may stop the task but a person."""
    run_id = stack.start("request-response", *STAY)
    task = stack.task_of(run_id)
    stack.ended_execution(str(stack.api.get_run(run_id)["executionArn"]))
    stack.sweep()
    assert not is_stopped(stack, task)
    stack.ecs.stop_task(cluster=stack.status.outputs["ClusterArn"], task=task)
    assert stack.ended_run(run_id)["error"] == "Task.StoppedByUser"


def test_a_request_response_task_is_stopped_when_its_time_is_over(stack: Stack) -> None:
    """Nobody waits for it: the sweep does what a state's time-out does for the others."""
    within = stack.start("request-response", *STAY, timeoutSeconds=3_600)
    run_id = stack.start("request-response", *STAY, timeoutSeconds=3)
    wanted = stack.task_of(within)
    stack.task_of(run_id)
    run = swept(stack, run_id)
    (task,) = cast("list[Json]", run["attempts"])
    assert (run["status"], run["error"], task["error"]) == ("FAILED", "Task.TimedOut", "Task.TimedOut")
    assert "timeoutSeconds (3)" in str(task["stoppedReason"])
    assert run["execution"]["status"] == "SUCCEEDED"  # type: ignore[index]
    assert not is_stopped(stack, wanted)
    stack.ecs.stop_task(cluster=stack.status.outputs["ClusterArn"], task=wanted)
    stack.ended_run(within)


@pytest.mark.parametrize("pattern", ["callback", "sync"])
@pytest.mark.parametrize("events", [True, False], ids=["with events", "without events"])
def test_no_task_outlives_an_execution_that_was_aborted(stack: Stack, pattern: str, events: bool) -> None:
    with contextlib.nullcontext() if events else without_events(stack):
        run_id = stack.start(pattern, *STAY)
        task = stack.task_of(run_id)
        execution = str(stack.api.get_run(run_id)["executionArn"])
        if events:  # a run that is aborted before its task was ever seen is STOPPED until it is
            eventually(lambda: stack.api.get_run(run_id)["status"] == "RUNNING", "the first event of the task")
        stack.sfn.stop_execution(executionArn=execution)
        run = swept(stack, run_id) if not events else stack.ended_run(run_id)
    assert (run["status"], run["error"]) == ("STOPPED", "Task.StoppedByStepFunctions")
    assert run["execution"]["status"] == "ABORTED"  # type: ignore[index]
    assert execution in str(stack.ended_task(task)["stoppedReason"])
    # The abort has closed the token. Who finds that out makes calls that no fault of the next test is meant for.
    stack.await_delivery(run_id, "CLOSED_BY_OTHERS" if pattern == "callback" else "NOT_NEEDED")


@pytest.mark.parametrize("call", ["PutItem", "SendTaskFailure", "UpdateItem"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_the_settling_function_dies_at_a_call_and_the_token_is_answered(
    stack: Stack, tmp_path: Path, call: str, when: str
) -> None:
    function, armed = "TaskStateChangeFunction", tmp_path / "armed"
    run_id = stack.start("callback", *once(armed, "raise SystemExit(3)"))
    eventually(lambda: stack.api.get_run(run_id)["status"] == "RUNNING", "the first event of the task")
    faults_client.arm(stack.status.endpoint, "function-killed", call=call, when=when, function=function)
    armed.touch()
    run = stack.ended_run(run_id)
    eventually(lambda: faults_client.armed(stack.status.endpoint) == [], "the death of the function")
    execution = stack.ended_execution(str(run["executionArn"]))
    assert (run["error"], execution["error"]) == ("Container.ExitedNonZero", "Container.ExitedNonZero")
    # Who dies after the answer, and before it could note that, leaves a closed token to who comes after.
    answered = (call, when) in {("SendTaskFailure", "after"), ("UpdateItem", "before")}
    stack.await_delivery(run_id, "CLOSED_BY_OTHERS" if answered else "DELIVERED")


def test_the_sweep_dies_between_the_write_and_the_answer(stack: Stack) -> None:
    with without_events(stack):
        run_id = stack.start("callback", *FAIL)
        task = stack.ended_task(stack.task_of(run_id))
        faults_client.arm(stack.status.endpoint, "function-killed", call="SendTaskFailure", function="SweepFunction")
        failed, _ = stack.ask_for_sweep()
        assert failed
        assert faults_client.armed(stack.status.endpoint) == []
        failed, skipped = stack.ask_for_sweep()
        assert (failed, skipped.get("isSkipped")) == (False, True)  # the one that died holds its turn
        arn = str(stack.api.get_run(run_id)["executionArn"])
        assert stack.sfn.describe_execution(executionArn=arn)["status"] == "RUNNING"
        let_the_turn_pass(stack)
        run = swept(stack, run_id)
    execution = stack.ended_execution(str(run["executionArn"]))
    assert (run["error"], execution["error"]) == ("Container.ExitedNonZero", "Container.ExitedNonZero")
    assert str(task["taskArn"]) in str(execution["cause"])


def let_the_turn_pass(stack: Stack) -> None:
    """Date the mark back by the time for which a turn is held. tests/unit/test_sweep.py has a clock for that time."""
    resource = boto3.resource("dynamodb", **client_settings(stack.status.endpoint))
    table = resource.Table(stack.status.outputs["RunsTableName"])
    mark = mark_of(table.get_item(Key=dict(SWEEP_KEY))["Item"])
    assert mark.held_until
    # As `mark_item` counts: the revision of the mark that it replaces.
    item: Any = mark_item(replace(mark, held_until=mark.held_until - HELD_FOR))
    table.put_item(Item=item)


def test_an_answer_that_was_given_but_not_known_of_is_not_given_twice(stack: Stack) -> None:
    faults_client.arm(stack.status.endpoint, "call-lost", call="SendTaskFailure", count=3)
    run, execution = stack.run("callback", *FAIL)
    assert (run["error"], execution["error"]) == ("Container.ExitedNonZero", "Container.ExitedNonZero")
    stack.await_delivery(str(run["runId"]), "CLOSED_BY_OTHERS")


def snapshot(stack: Stack, runs: list[str]) -> list[Json]:
    return [dict(stack.api.get_run(run_id)) for run_id in runs]


def test_everything_again_changes_nothing(stack: Stack) -> None:
    """A replay of their events, and two sweeps at once, over runs that have ended (faults F01, F02, F24)."""
    stack.come_to_rest()
    before = eventually(lambda: stack.events.describe_archive(ArchiveName=_archive(stack)), "the archive")["EventCount"]
    (first, execution), (second, _) = stack.run("callback", *FAIL), stack.run("sync", *WELL)
    runs = [str(first["runId"]), str(second["runId"])]
    stack.await_delivery(runs[0], "DELIVERED")
    shown = snapshot(stack, runs)
    archive = stack.events.describe_archive(ArchiveName=_archive(stack))
    assert archive["EventCount"] > before
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(lambda _: stack.sweep(alone=False), range(2)))
    assert [(each["recovered"], each["failures"]) for each in reports] == [(0, 0)] * 2
    begun = cast("datetime", execution["startDate"])
    replay = stack.events.start_replay(
        ReplayName=f"again-{runs[0]}",
        EventSourceArn=stack.status.outputs["EventArchiveArn"],
        # Not everything that was ever archived here: who comes next would wait until hundreds of events are taken in.
        EventStartTime=begun,
        EventEndTime=begun + timedelta(days=1),
        Destination={
            "Arn": archive["EventSourceArn"],
            "FilterArns": [stack.status.outputs[rule] for rule in RULES],
        },
    )
    name = replay["ReplayArn"].rpartition("/")[2]
    eventually(lambda: stack.events.describe_replay(ReplayName=name)["State"] == "COMPLETED", "the replay")
    # A replay is over when all is sent. Functions take events in turn: those of a run that starts now come after it.
    stack.run("callback", *WELL)
    assert snapshot(stack, runs) == shown
    assert stack.sweep()["recovered"] == 0
    assert snapshot(stack, runs) == shown


def _archive(stack: Stack) -> str:
    return stack.status.outputs["EventArchiveArn"].rpartition("/")[2]


def test_a_poisoned_event_ends_alone_in_the_dead_letter_queue(stack: Stack) -> None:
    poison = {"source": "aws.ecs", "detail-type": "ECS Task State Change", "detail": {"version": "five"}}
    function = stack.status.outputs["TaskStateChangeFunctionName"]
    stack.functions.invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps(poison).encode())
    assert stack.run("callback", *WELL)[0]["status"] == "SUCCEEDED"
    letters = stack.dead_letters(1)
    assert [each["requestPayload"] for each in letters] == [poison]
    assert letters[0]["responsePayload"]["errorType"] == "MalformedEventError"  # type: ignore[index]
