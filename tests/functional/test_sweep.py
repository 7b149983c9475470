"""The function on a schedule, from an empty table to what it settles, says and counts."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import sweep.handler
from fargate_runs.answers.answer import Failure, Success
from fargate_runs.assembly.adapters import run_store
from fargate_runs.clock import SystemClock
from fargate_runs.errors import MissingSettingError
from fargate_runs.ports import StoreUnavailableError, SweepMark
from fargate_runs.reading.execution import Execution
from fargate_runs.reading.patterns import state_machine_of
from fargate_runs.usecases.sweep.turn import HELD_FOR
from tests.fakes.clock import NOON, StoppedClock
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
from tests.fakes.tables import TABLE
from tests.functional.conftest import CONTEXT, Stack
from tests.functional.printed import lines_of

SAMPLE = Path(__file__).parents[2] / "events/sweep/schedule.json"
BADLY = detail(containers=[container("main", 3)])


@pytest.fixture(autouse=True)
def clock(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> StoppedClock:
    """The pace of a sweep is kept by this clock: nothing waits."""
    stopped = StoppedClock()
    monkeypatch.setattr(SystemClock, "now", lambda _: stopped.now())
    monkeypatch.setattr(SystemClock, "sleep", lambda _, seconds: stopped.sleep(seconds))
    return stopped


def metrics_of(said: str) -> dict[str, float]:
    counted: dict[str, float] = {}
    for line in (each for each in lines_of(said) if "_aws" in each):
        name = line["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Name"]
        value = line[name]
        counted[name] = value[0] if isinstance(value, list) else value
    return counted


def line_of(said: str) -> dict[str, Any]:
    (line,) = (each for each in lines_of(said) if each.get("message") == "swept")
    return line


def not_zero(report: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in report.items() if value}


def statuses(stack: Stack) -> dict[str, str]:
    return {item["runId"]["S"]: item["status"]["S"] for item in stack.items() if item["sk"]["S"] == "RUN"}


def shown(stack: Stack, status: str, **changes: Any) -> Execution:
    return stack.executions.show(
        replace(Execution.from_detail(execution_event(status, **changes)["detail"]), started_at=NOON)
    )


def test_nothing_to_do(stack: Stack, printed: Callable[[], str]) -> None:
    assert not_zero(stack.sweep()) == {"isComplete": True}
    said = printed()
    assert line_of(said)["report"]["isComplete"] is True
    assert metrics_of(said) == {"SweepsCompleted": 1, "SweepFailures": 0}


def test_a_lost_stopped_event_and_the_lost_end_of_its_execution(stack: Stack, printed: Callable[[], str]) -> None:
    stack.task_state_change(event(life()[2]))
    stack.cluster.show(BADLY)
    shown(stack, "FAILED", error="Container.ExitedNonZero")
    report = not_zero(stack.sweep())
    assert report == {
        "openTasks": 1,
        "openRuns": 1,
        "described": 1,
        "recovered": 1,
        "noted": 1,
        "isComplete": True,
    }
    answer = stack.callbacks.answers[TOKEN]
    assert isinstance(answer, Failure)
    assert answer.error == "Container.ExitedNonZero"
    assert statuses(stack) == {RUN_ID: "FAILED"}
    said = printed()
    assert not_zero(line_of(said)["report"]) == report
    assert metrics_of(said) == {"SweepsCompleted": 1, "SweepFailures": 0, "TasksRecovered": 1, "TasksOpen": 1}
    assert not_zero(stack.sweep()) == {"isComplete": True}


def test_a_task_that_outlives_its_execution(stack: Stack, printed: Callable[[], str]) -> None:
    stack.task_state_change(event(life()[2]))
    stack.cluster.show(life()[2])
    shown(stack, "ABORTED")
    assert stack.sweep()["stopped"] == 1
    ((arn, reason),) = stack.cluster.stops
    assert (arn, EXECUTION_ARN in reason) == (task_arn(), True)
    assert metrics_of(printed())["TasksStopped"] == 1


def test_a_task_that_ecs_has_forgotten(stack: Stack, printed: Callable[[], str]) -> None:
    stack.task_state_change(event(life()[2]))
    shown(stack, "RUNNING")
    for _ in range(9):
        assert stack.sweep()["missing"] == 1
    assert "TasksLost" not in metrics_of(printed())
    report = stack.sweep()
    assert (report["lost"], report["recovered"]) == (1, 1)
    answer = stack.callbacks.answers[TOKEN]
    assert isinstance(answer, Failure)
    assert answer.error == "Task.Lost"
    assert metrics_of(printed())["TasksLost"] == 1


def test_a_run_of_which_no_event_came_at_all(stack: Stack) -> None:
    stack.logs.everywhere = ('{"rows": 3}',)
    stack.cluster.show(detail())
    shown(stack, "SUCCEEDED")
    report = stack.sweep()
    assert (report["recovered"], report["noted"]) == (1, 1)
    answer = stack.callbacks.answers[TOKEN]
    assert isinstance(answer, Success)
    assert json.loads(answer.output)["result"] == {"rows": 3}
    assert statuses(stack) == {RUN_ID: "SUCCEEDED"}


def test_poison_in_an_answer_of_ecs(stack: Stack, printed: Callable[[], str]) -> None:
    poison = {**detail(taskArn=task_arn("f" * 32)), "version": CANARY}
    for each in (poison, detail()):
        stack.cluster.show(each)
    report = stack.sweep()
    assert (report["unreadable"], report["recovered"], report["isComplete"]) == (1, 1, True)
    said = printed()
    assert metrics_of(said)["SweepUnreadableTasks"] == 1
    assert CANARY not in said


def test_ecs_is_down(stack: Stack, printed: Callable[[], str]) -> None:
    """Nothing is raised: Lambda tries no sweep again, and the next one comes in a minute."""
    stack.task_state_change(event(life()[2]))
    shown(stack, "RUNNING")
    stack.cluster.is_down = True
    report = stack.sweep()
    assert (report["failures"], report["firstFailure"]) == (1, "ECS answered ThrottlingException")
    said = printed()
    assert line_of(said)["report"]["firstFailure"] == "ECS answered ThrottlingException"
    assert metrics_of(said)["SweepFailures"] == 1


def test_the_table_is_down(stack: Stack) -> None:
    stack.dynamodb.delete_table(TableName=TABLE)
    with pytest.raises(StoreUnavailableError):
        stack.sweep()


def test_another_sweep_is_at_work(stack: Stack, printed: Callable[[], str]) -> None:
    stack.cluster.show(detail())
    store = run_store(TABLE, 120)
    assert store.write_sweep_mark(SweepMark("another", NOON + HELD_FOR))
    assert not_zero(stack.sweep()) == {"isSkipped": True}
    said = printed()
    assert line_of(said)["report"]["isSkipped"] is True
    assert metrics_of(said) == {}
    assert stack.cluster.calls == []


def test_the_turn_is_that_of_the_invocation(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    owners: list[str | None] = []
    listed = stack.cluster.listed

    def during(which: Any) -> Any:
        owners.append(run_store(TABLE, 120).sweep_mark().owner)
        return listed(which)

    monkeypatch.setattr(stack.cluster, "listed", during)
    stack.sweep()
    assert owners == [CONTEXT.aws_request_id] * 2
    assert run_store(TABLE, 120).sweep_mark().owner is None


def test_it_ends_before_its_function_does(stack: Stack, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left is the next one's; twenty seconds are kept back."""
    assert sweep.handler.MARGIN_SECONDS == 20
    stack.cluster.show(detail())
    monkeypatch.setattr(CONTEXT, "remaining_milliseconds", 20_000)
    assert not_zero(stack.sweep()) == {}
    assert TOKEN not in stack.callbacks.answers
    monkeypatch.setattr(CONTEXT, "remaining_milliseconds", 60_000)
    assert stack.sweep()["recovered"] == 1


def test_it_leaves_most_of_the_quotas_to_others(stack: Stack, clock: StoppedClock) -> None:
    """A usual sweep waits for nothing; one that asks a lot keeps the pace, four DescribeExecution a second (B35)."""
    stack.sweep()
    assert clock.slept_seconds == 0
    clock.pass_by(timedelta(minutes=1))
    for n in range(12):
        arn = EXECUTION_ARN.replace("fargate-runs-run-task-callback", f"somebody-elses-{n}")
        given = {**life()[2], "taskArn": task_arn(f"{n:032x}")}
        given["overrides"]["containerOverrides"][-1]["environment"][1]["value"] = arn
        stack.task_state_change(event(given))
        stack.cluster.show(given)
    stack.sweep()
    assert len(stack.executions.described) == 12
    assert clock.slept_seconds == 2


def test_other_machines_are_asked_for_only_where_the_stack_says_so(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOLLOW_OTHER_STATE_MACHINES", "")
    arn = EXECUTION_ARN.replace("fargate-runs-run-task-callback", "somebody-elses")
    given = life()[2]
    given["overrides"]["containerOverrides"][-1]["environment"][1]["value"] = arn
    stack.task_state_change(event(given))
    stack.cluster.show(given)
    stack.executions.show(Execution.from_detail(execution_event("ABORTED", executionArn=arn)["detail"]))
    assert stack.sweep()["stopped"] == 0
    assert stack.executions.described == []
    sweep.handler.sweep.cache_clear()
    monkeypatch.setenv("FOLLOW_OTHER_STATE_MACHINES", state_machine_of(arn) or "")
    assert stack.sweep()["stopped"] == 1


def test_a_missing_setting_is_named(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TASK_DEFINITION_ARN")
    with pytest.raises(MissingSettingError, match="TASK_DEFINITION_ARN"):
        stack.sweep()


def test_the_sample_of_the_schedule(stack: Stack) -> None:
    stack.cluster.show(detail())
    answer = sweep.handler.handler(json.loads(SAMPLE.read_text()), CONTEXT)
    assert (answer["recovered"], answer["isComplete"]) == (1, True)
    json.dumps(answer)


def test_everything_again_changes_nothing(stack: Stack) -> None:
    """(fault F24, L6)"""
    stack.task_state_change(event(life()[2]))
    stack.cluster.show(BADLY)
    shown(stack, "FAILED")
    stack.sweep()
    before = sorted(str(item) for item in stack.items() if item["pk"]["S"].startswith("RUN#"))
    for new_process in (False, True):
        if new_process:
            sweep.handler.sweep.cache_clear()
        stack.sweep()
        for each in life():
            stack.task_state_change(event(each))
    assert sorted(str(item) for item in stack.items() if item["pk"]["S"].startswith("RUN#")) == before
    assert len(stack.callbacks.answers) == 1


@pytest.mark.parametrize("log_event", ["true", "false"])
def test_neither_token_nor_environment_is_ever_logged_or_kept(
    stack: Stack, printed: Callable[[], str], log_event: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_LOGGER_LOG_EVENT", log_event)
    for each in (BADLY, {**detail(taskArn=task_arn("f" * 32)), "version": TOKEN}):
        stack.cluster.show(each)
    stack.cluster.is_down = True
    reports = [stack.sweep()]
    stack.cluster.is_down = False
    shown(stack, "FAILED", cause=json.dumps(BADLY))
    sweep.handler.handler({TOKEN: CANARY}, CONTEXT)
    reports.append(stack.sweep())
    assert TOKEN in stack.callbacks.answers
    said = printed() + str(reports) + str(stack.items())
    assert "swept" in said
    assert TOKEN not in said
    assert CANARY not in said


@pytest.mark.parametrize("revision", [{"S": "seven"}, {"NULL": True}, None, {"N": "0"}, {"N": "-1"}, {"N": "1.5"}])
def test_a_mark_that_cannot_be_read_is_counted_and_written_over(stack: Stack, revision: Any) -> None:
    """It stopped every sweep from then on."""
    key = {"pk": {"S": "SWEEP"}, "sk": {"S": "MARK"}}
    stack.dynamodb.put_item(TableName=TABLE, Item={**key, **({"revision": revision} if revision else {})})
    stack.task_state_change(event(life()[2]))
    stack.cluster.show(BADLY)
    first, second = stack.sweep(), stack.sweep()
    assert (first["recovered"], first["isComplete"], first["unreadableRecords"]) == (1, True, 1)
    assert (second["isComplete"], second["isSkipped"], second["unreadableRecords"]) == (True, False, 0)
