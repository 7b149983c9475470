"""The slots of a job through the real functions: who may begin, who waits, and whose turn is next, whatever is lost."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from fargate_runs.aws.attributes import serialized
from fargate_runs.aws.gates import DynamoGates
from fargate_runs.aws.job_items import job_item
from fargate_runs.errors import QueueFullError, RunHasEndedError, RunSkippedError, SlotTakenError
from fargate_runs.jobs.gate import Gate
from fargate_runs.jobs.job import Concurrency, Policy
from fargate_runs.ports import CallbacksUnavailableError
from fargate_runs.reading.execution import Execution
from fargate_runs.reading.patterns import execution_arn
from tests.fakes.clock import StoppedClock
from tests.fakes.ecs import MACHINES, detail, event, execution_event, overrides, task_arn
from tests.fakes.slots import token_of
from tests.fakes.stored_jobs import a_job, stored
from tests.fakes.tables import JOBS_TABLE
from tests.functional.conftest import Stack
from tests.functional.printed import lines_of, metrics_of
from tests.functional.requests import request

JOB: Final = "nightly"
AFTER_THE_END: Final = "2025-05-06T11:04:00.001Z"  # of an execution: so its task was its last
SAMPLES: Final = Path(__file__).parents[2] / "events"


def define(stack: Stack, limit: int | None = 1, policy: Policy = Policy.QUEUE) -> None:
    """The job as it stands in the table."""
    concurrency = Concurrency(limit, policy) if limit else None
    item = job_item(stored(a_job(JOB, concurrency=concurrency)), expires_at=1)
    stack.dynamodb.put_item(TableName=JOBS_TABLE, Item=serialized(item))


def arn_of(run_id: str) -> str:
    return execution_arn(MACHINES.callback, run_id)


def begins(stack: Stack, run_id: str, redrives: int = 0, **given: object) -> Any:
    """The first state of the run's execution."""
    stack.executions.show(Execution.from_detail(told(run_id, "RUNNING", redrives)["detail"]))
    return stack.prepare_run(
        {
            "pattern": "callback",
            "input": {"job": JOB, **given},
            "executionArn": arn_of(run_id),
            "startDate": "2025-05-06T11:02:00.412Z",
            "redriveCount": redrives,
        }
    )


def waits(stack: Stack, run_id: str) -> None:
    """The state that waits for a slot."""
    stack.callbacks.open.add(token_of(run_id))
    stack.wait_for_slot({"job": JOB, "runId": run_id, "token": token_of(run_id)})


def comes(stack: Stack, *run_ids: str) -> None:
    for run_id in run_ids:
        try:
            begins(stack, run_id)
        except SlotTakenError:
            waits(stack, run_id)


def told(run_id: str, status: str, redrives: int = 0) -> dict[str, Any]:
    """What EventBridge tells of the run's execution."""
    return execution_event(status, executionArn=arn_of(run_id), name=run_id, redriveCount=redrives)


def ends(stack: Stack, run_id: str, status: str = "ABORTED", *, is_told: bool = True) -> None:
    given = told(run_id, status)
    stack.executions.show(Execution.from_detail(given["detail"]))
    if is_told:
        stack.execution_state_change(given)


def works(stack: Stack, run_id: str, **changes: object) -> None:
    """The task of a run that was let in ends, two seconds before its execution does unless `changes` say otherwise."""
    seen = detail(overrides=overrides(run_id=run_id, token=None), taskArn=task_arn(f"task-of-{run_id}"), **changes)
    environment = seen["overrides"]["containerOverrides"][-1]["environment"]
    environment[:] = [each for each in environment if each["name"] != "RUN_EXECUTION_ARN"]
    environment.append({"name": "RUN_EXECUTION_ARN", "value": arn_of(run_id)})
    stack.task_state_change(event(seen))


def gate(stack: Stack) -> Gate:
    return DynamoGates(stack.dynamodb, JOBS_TABLE, StoppedClock()).find_gate(JOB)


def held(stack: Stack) -> tuple[list[str], list[str]]:
    return [*gate(stack).holders], [*gate(stack).waiting]


def tickets(stack: Stack) -> set[str]:
    return set(DynamoGates(stack.dynamodb, JOBS_TABLE, StoppedClock()).ticket_holders(JOB))


def shown(stack: Stack, run_id: str) -> dict[str, Any]:
    answer = stack.api({**request("GET", f"/runs/{run_id}"), "pathParameters": {"runId": run_id}})
    found: dict[str, Any] = json.loads(answer["body"])
    return found


def answered(stack: Stack, run_id: str) -> bool:
    return token_of(run_id) in stack.callbacks.answers


def test_a_queue_from_its_first_run_to_its_last(stack: Stack, printed: Callable[[], str]) -> None:
    define(stack)
    comes(stack, "a", "b", "c")
    assert (shown(stack, "a")["status"], shown(stack, "a")["queue"]) == ("PENDING", None)
    second, third = shown(stack, "b"), shown(stack, "c")
    assert (second["status"], second["queue"]["place"], third["queue"]["place"]) == ("QUEUED", 1, 2)
    assert second["queue"]["since"] == second["queuedAt"]
    works(stack, "a")
    assert held(stack) == (["a"], ["b", "c"])
    ends(stack, "a", "SUCCEEDED")
    assert (held(stack), answered(stack, "b"), answered(stack, "c")) == ((["b"], ["c"]), True, False)
    assert begins(stack, "b").keys() == {"run", "overrides", "plan"}
    assert (shown(stack, "b")["status"], shown(stack, "c")["queue"]["place"]) == ("PENDING", 1)
    ends(stack, "b", "TIMED_OUT")
    works(stack, "b", stoppedAt=AFTER_THE_END)
    begins(stack, "c")
    works(stack, "c")
    ends(stack, "c", "FAILED")
    assert gate(stack).is_empty
    assert not tickets(stack)
    said = printed()
    assert [name for name, _ in metrics_of(said)].count("RunsQueued") == 2
    waiting = [each for each in lines_of(said) if each.get("message") == "the run waits for a slot"]
    assert [(each["level"], each["run_id"], each["job"], each["place"]) for each in waiting] == [
        ("INFO", "b", JOB, 1),
        ("INFO", "c", JOB, 2),
    ]
    assert "token-of" not in said


def test_the_slot_is_held_until_the_task_has_ended_too(stack: Stack) -> None:
    define(stack)
    comes(stack, "a", "b")
    works(stack, "a", lastStatus="RUNNING", version=3, stoppedAt=None)
    ends(stack, "a")
    assert held(stack) == (["a"], ["b"])
    works(stack, "a", stoppedAt=AFTER_THE_END)
    assert (held(stack), answered(stack, "b")) == ((["b"], []), True)


def test_the_slot_of_a_run_that_may_have_a_task_is_given_back_by_the_sweep(stack: Stack) -> None:
    """It was cut off just after it was let in: its task may have been started, and nobody has told of it yet."""
    define(stack)
    comes(stack, "a", "b")
    ends(stack, "a", "ABORTED")
    assert (held(stack), answered(stack, "b")) == ((["a"], ["b"]), False)
    assert stack.sweep()["slotsReleased"] == 1
    assert (held(stack), answered(stack, "b")) == ((["b"], []), True)


def test_a_run_that_is_skipped(stack: Stack, printed: Callable[[], str]) -> None:
    define(stack, policy=Policy.SKIP)
    comes(stack, "a")
    with pytest.raises(RunSkippedError):
        begins(stack, "b")
    found = shown(stack, "b")
    assert (found["status"], found["error"], found["blockedBy"]) == ("SKIPPED", "Run.Skipped", "a")
    assert found["reason"] == found["summary"] == "All slots of job nightly were taken, the first one by run a."
    ends(stack, "b", "SUCCEEDED")
    assert shown(stack, "b")["status"] == "SKIPPED"
    assert held(stack) == (["a"], [])
    assert ("RunsSkipped", None) in metrics_of(printed())


def test_a_run_that_replaces_another(stack: Stack, printed: Callable[[], str]) -> None:
    define(stack, policy=Policy.REPLACE)
    comes(stack, "a", "b")
    ((arn, error, _),) = stack.executions.stops
    assert (arn, error) == (arn_of("a"), "Run.Stopped")
    assert shown(stack, "a")["stopRequest"]["reason"] == "replaced by run b"
    comes(stack, "c")
    assert (answered(stack, "b"), held(stack)) == (True, (["a"], ["c"]))
    with pytest.raises(RunSkippedError):
        begins(stack, "b")
    assert (shown(stack, "b")["status"], shown(stack, "b")["blockedBy"]) == ("SKIPPED", "c")
    ends(stack, "a")
    works(stack, "a", stoppedAt=AFTER_THE_END)
    assert (held(stack), answered(stack, "c")) == ((["c"], []), True)
    assert ("RunsReplaced", None) in metrics_of(printed())


def test_a_run_by_force(stack: Stack) -> None:
    define(stack)
    comes(stack, "a")
    begins(stack, "b", force=True)
    assert (held(stack), shown(stack, "b")["forced"]) == ((["a", "b"], []), True)


def test_a_new_limit_acts_with_the_next_sweep_at_the_latest(stack: Stack) -> None:
    define(stack)
    comes(stack, "a", "b", "c", "d")
    define(stack, 3)
    assert stack.sweep()["ticketsAnswered"] == 2
    assert held(stack) == (["a", "b", "c"], ["d"])
    define(stack, None)
    assert stack.sweep()["ticketsAnswered"] == 1
    assert held(stack) == (["a", "b", "c", "d"], [])


def test_an_end_that_no_event_told_is_found_by_the_sweep(stack: Stack, printed: Callable[[], str]) -> None:
    define(stack)
    comes(stack, "a", "b", "c")
    works(stack, "a")
    ends(stack, "a", "SUCCEEDED", is_told=False)
    stack.sweep()
    assert (held(stack), answered(stack, "b")) == ((["b"], ["c"]), True)
    ends(stack, "c", is_told=False)
    stack.sweep()
    assert held(stack) == (["b"], [])
    printed()


def test_a_function_that_dies_between_the_gate_and_the_answer(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, printed: Callable[[], str]
) -> None:
    define(stack)
    comes(stack, "a", "b")

    def fails(_token: str, _output: str) -> None:
        raise CallbacksUnavailableError("down")

    with monkeypatch.context() as patched:
        patched.setattr(stack.callbacks, "send_success", fails)
        works(stack, "a")
        ends(stack, "a", "SUCCEEDED")
    assert (held(stack), answered(stack, "b"), tickets(stack)) == ((["b"], []), False, {"b"})
    assert stack.sweep()["ticketsAnswered"] == 1
    assert (answered(stack, "b"), tickets(stack)) == (True, set())
    assert ("TicketsAnswered", None) in metrics_of(printed())


def test_a_function_that_dies_between_the_record_and_the_gate(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody tells of the end again, and the run is no longer in the index of open items."""
    define(stack)
    comes(stack, "a", "b")

    class Died(BaseException):
        pass

    def dies(*_args: object) -> None:
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr("fargate_runs.usecases.slots.slot_keeper.SlotKeeper.__call__", dies)
        with pytest.raises(Died):
            ends(stack, "a")
    assert held(stack) == (["a"], ["b"])
    report = stack.sweep()
    assert (report["slotsReleased"], report["ticketsAnswered"]) == (1, 1)
    assert (held(stack), answered(stack, "b")) == ((["b"], []), True)


def test_a_run_that_ended_before_it_asked(stack: Stack) -> None:
    define(stack)
    ends(stack, "a")
    with pytest.raises(RunHasEndedError):
        begins(stack, "a")
    assert gate(stack).is_empty


def test_a_redriven_run_is_counted_above_the_limit(stack: Stack) -> None:
    define(stack)
    comes(stack, "a", "b")
    works(stack, "a")
    ends(stack, "a", "FAILED")
    begins(stack, "b")
    stack.execution_state_change(told("a", "RUNNING", 1))
    assert ([*gate(stack).holders], gate(stack).holders["a"].is_forced) == (["b", "a"], True)


def test_a_queue_that_is_full(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    define(stack)
    comes(stack, "a", "b")
    monkeypatch.setattr("fargate_runs.jobs.slots.MOST_WAITING", 1)
    with pytest.raises(QueueFullError):
        begins(stack, "c")


def test_a_run_without_a_job_comes_nowhere_near_a_gate(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_args: object) -> None:
        raise AssertionError("it has no job")

    monkeypatch.setattr("fargate_runs.aws.gates.DynamoGates.__init__", fails)
    stack.executions.show(Execution.from_detail(told("a", "RUNNING")["detail"]))
    plain = {"pattern": "callback", "input": {"commands": ["x"]}, "executionArn": arn_of("a"), "redriveCount": 0}
    stack.prepare_run({**plain, "startDate": "2025-05-06T11:02:00.412Z"})
    stack.task_state_change(event(detail()))
    ends(stack, "a")
    assert shown(stack, "a")["status"] == "STOPPED"


def test_the_sample_of_a_run_that_waits(stack: Stack) -> None:
    sample = json.loads((SAMPLES / "wait-for-slot/waits.json").read_text())
    stack.callbacks.open.add(sample["token"])
    stack.wait_for_slot(sample)
    assert sample["token"] in stack.callbacks.answers  # nothing is known of its run, so it may ask again


def test_the_sample_of_a_run_that_begins(stack: Stack) -> None:
    define(stack)
    sample = json.loads((SAMPLES / "prepare-run/of-a-job.json").read_text())
    assert stack.prepare_run(sample).keys() == {"run", "overrides", "plan"}
    assert held(stack) == ([sample["executionArn"].rpartition(":")[2]], [])
