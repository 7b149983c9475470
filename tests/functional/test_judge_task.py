"""The function that the `.sync` machine asks, as Lambda calls it."""

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
    assert list(answer) == ["error", "cause", "transient", "exitCode"]
    assert (answer["error"], answer["transient"], answer["exitCode"]) == ("Container.ExitedNonZero", False, 3)
    assert json.loads(answer["cause"])["lastLogLines"] == ["the end"]
    json.dumps(answer)
    said = printed()
    assert metrics_of(said) == [("SyncFailuresJudged", "Container.ExitedNonZero")]
    (line,) = (each for each in lines_of(said) if each.get("message") == "failure judged")
    assert (line["run_id"], line["exit_code"]) == (RUN_ID, 3)
    assert TOKEN not in said + str(answer)
    assert CANARY not in said + str(answer)


def test_the_sample(stack: Stack) -> None:
    sample = Path(__file__).parents[2] / "events/judge-task/sync-exit-3.json"
    assert stack.judge_task(json.loads(sample.read_text()))["error"] == "Container.ExitedNonZero"


def test_an_error_without_a_task_goes_on_as_it_came(stack: Stack) -> None:
    answer = stack.judge_task({"error": "ECS.AccessDeniedException", "cause": "no", "runId": RUN_ID})
    assert (answer["error"], answer["cause"]) == ("ECS.AccessDeniedException", "no")


@pytest.mark.parametrize("event", [{}, {"error": "x"}])
def test_a_call_that_is_none_fails(stack: Stack, event: dict[str, str]) -> None:
    """And the machine then ends with the error that it has."""
    with pytest.raises(KeyError):
        stack.judge_task(event)
