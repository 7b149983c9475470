"""The function that the state machines ask, as Lambda calls it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes.ecs import CANARY, RUN_ID, TOKEN, container, detail
from tests.functional.conftest import Stack
from tests.functional.printed import lines_of, metrics_of
from tests.unit.test_judge_task import pascal

FAILED = json.dumps(pascal(detail(containers=[container("main", 3)])))


def test_a_failure_is_named(stack: Stack, printed: Callable[[], str]) -> None:
    stack.logs.everywhere = ("the end",)
    answer = stack.judge_task({"error": "States.TaskFailed", "cause": FAILED, "runId": RUN_ID})
    assert answer.keys() == {"error", "cause", "transient", "throttled", "exitCode"}
    assert (answer["error"], answer["transient"], answer["exitCode"]) == ("Container.ExitedNonZero", False, 3)
    assert json.loads(answer["cause"])["lastLogLines"] == ["the end"]
    json.dumps(answer)
    said = printed()
    assert metrics_of(said) == [("FailuresJudged", "Container.ExitedNonZero")]
    (line,) = (each for each in lines_of(said) if each.get("message") == "failure judged")
    assert (line["run_id"], line["exit_code"]) == (RUN_ID, 3)
    assert TOKEN not in said + str(answer)
    assert CANARY not in said + str(answer)


@pytest.mark.parametrize(
    ("sample", "error", "throttled"),
    [("sync-exit-3", "Container.ExitedNonZero", False), ("throttled", "ECS.AmazonECSException", True)],
)
def test_the_samples(sample: str, error: str, throttled: bool, stack: Stack) -> None:
    event = json.loads((Path(__file__).parents[2] / f"events/judge-task/{sample}.json").read_text())
    answer = stack.judge_task(event)
    assert (answer["error"], answer["throttled"]) == (error, throttled)
    assert answer.get("again", False) is throttled
    if throttled:
        assert (answer["plan"]["throttles"], answer["plan"]["attempt"]) == (1, 1)
        assert 0 <= answer["waitSeconds"] <= 2


def test_a_lack_of_capacity_names_the_run(stack: Stack) -> None:
    call = {"error": "AmazonECS.Unknown", "cause": '{"Failures": [{"Reason": "RESOURCE:CPU"}]}', "runId": RUN_ID}
    answer = stack.judge_task(call)
    assert (answer["error"], json.loads(answer["cause"])["runId"]) == ("Task.CapacityUnavailable", RUN_ID)


def test_an_error_without_a_task_goes_on_as_it_came(stack: Stack) -> None:
    answer = stack.judge_task({"error": "ECS.AccessDeniedException", "cause": "no", "runId": RUN_ID})
    assert (answer["error"], answer["cause"]) == ("ECS.AccessDeniedException", "no")


@pytest.mark.parametrize("event", [{}, {"error": "x"}, {"error": "x", "cause": "", "plan": None}])
def test_a_call_that_is_none_fails(stack: Stack, event: dict[str, str]) -> None:
    """And the machine then ends with the error that it has."""
    with pytest.raises(KeyError):
        stack.judge_task(event)


@pytest.mark.parametrize("cause", ["", None])
def test_an_answer_without_a_cause_is_judged_by_its_name(cause: str | None, stack: Stack) -> None:
    answer = stack.judge_task({"error": "Task.SpotInterrupted", "cause": cause, "runId": RUN_ID})
    assert (answer["error"], answer["cause"], answer["transient"]) == ("Task.SpotInterrupted", "", True)
