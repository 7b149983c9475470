"""The first state of every machine: what it asks the function, what it goes on with, and how a run ends there.

Which inputs are refused is in tests/unit/test_prepare_run.py.
"""

from collections.abc import Callable, Mapping

import pytest

from fargate_runs.errors import InvalidRunRequestError
from fargate_runs.ports import StoreUnavailableError
from fargate_runs.reading.execution import ExecutionStatus
from fargate_runs.reading.patterns import Pattern
from tests.fakes.store import InMemoryRunStore
from tests.template.evaluating import CONTEXT, NAME, Evaluate, evaluated
from tests.template.loading import Node, Object
from tests.template.test_retries import OVER, START
from tests.template.walking import Raised, preparing, raised_by_a_function, walk

PREPARE = "Prepare the run"
RETRIED = ["retried"] * 8
DOWN = raised_by_a_function(StoreUnavailableError("the runs table: throttled"))


def raising(*raised: Raised) -> Callable[[Mapping[str, Node]], Object]:
    """A function that fails so, call by call, and then does its work."""
    waiting = iter(raised)
    prepare = preparing(InMemoryRunStore())

    def invoked(payload: Mapping[str, Node]) -> Object:
        for each in waiting:
            raise each
        return prepare(payload)

    return invoked


@pytest.mark.parametrize("given", [{"commands": ["job"]}, "no object", 3, []])
def test_the_function_is_told_of_the_execution(given: Node, deployed: Object, evaluate: Evaluate) -> None:
    arguments = deployed["States"][PREPARE]["Arguments"]
    execution = {**CONTEXT["Execution"], "Input": given}
    # The state's own input is another one when the run has waited for a slot.
    payload = evaluated(arguments, evaluate, {"input": {}, "context": {"Execution": execution}})["Payload"]
    assert payload.pop("pattern") in list(Pattern)
    expected = {"input": given, "executionArn": execution["Id"], "startDate": execution["StartTime"]}
    assert payload == {**expected, "redriveCount": 0}
    redriven = {"Execution": {**execution, "RedriveCount": 2}}
    payload = evaluated(arguments, evaluate, {"input": given, "context": redriven})["Payload"]
    assert payload["redriveCount"] == 2


def test_the_run_is_recorded_before_a_task_runs(deployed: Object, evaluate: Evaluate) -> None:
    store = InMemoryRunStore()
    went = walk(deployed, evaluate, {"commands": ["job"]}, Raised("States.Timeout", ""), prepare=preparing(store))
    assert went.calls
    run = store.runs[NAME]
    assert (run.execution_arn, run.follows) == (CONTEXT["Execution"]["Id"], True)
    assert run.execution
    assert run.execution.status is ExecutionStatus.RUNNING
    assert run.input
    assert run.input["commands"] == ["job"]


@pytest.mark.parametrize("given", [{"commands": 3}, "no object", {"a": 1, "b": 2}])
def test_a_bad_input_is_refused_at_once_and_every_problem_is_named(
    given: Node, deployed: Object, evaluate: Evaluate
) -> None:
    went = walk(deployed, evaluate, given)
    assert (went.error, went.steps, went.calls) == ("Run.InvalidInput", [PREPARE, OVER], [])
    with pytest.raises(Raised) as raised:
        preparing(InMemoryRunStore())({"input": given, "pattern": "sync", "executionArn": CONTEXT["Execution"]["Id"]})
    assert raised.value.error == InvalidRunRequestError.__name__
    assert went.cause
    assert went.cause in str(raised.value.cause).replace('\\"', '"')


def test_an_input_that_is_too_large_to_be_handed_on_is_refused(deployed: Object, evaluate: Evaluate) -> None:
    """States.ALL does not stand for this one (fact B27)."""
    went = walk(deployed, evaluate, {}, prepare=raising(Raised("States.DataLimitExceeded", "too large")))
    assert (went.error, went.steps) == ("Run.InvalidInput", [PREPARE, OVER])
    assert "too large" in str(went.cause)


PASSING = [
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "Sandbox.Timedout",
    "Runtime.ExitError",
    "States.Timeout",
]


@pytest.mark.parametrize("raised", [DOWN, *(Raised(name, "x") for name in PASSING)], ids=lambda each: each.error)
def test_what_may_pass_is_tried_again(raised: Raised, deployed: Object, evaluate: Evaluate) -> None:
    went = walk(deployed, evaluate, {}, prepare=raising(*[raised] * 8))
    assert (went.error, went.steps[:10]) == (None, [PREPARE, *RETRIED, START])
    went = walk(deployed, evaluate, {}, prepare=raising(*[raised] * 9))
    assert (went.error, went.steps) == ("Run.NotPrepared", [PREPARE, *RETRIED, OVER])
    assert not went.calls


@pytest.mark.parametrize(
    "raised", [Raised("Lambda.AccessDeniedException", "no"), raised_by_a_function(KeyError("x")), Raised("Odd.One", "")]
)
def test_anything_else_ends_the_run_under_a_name_of_its_own(
    raised: Raised, deployed: Object, evaluate: Evaluate
) -> None:
    """Nothing was started, so the run can be started again. The cause says where to look."""
    went = walk(deployed, evaluate, {}, prepare=raising(raised))
    assert (went.error, went.steps, went.calls) == ("Run.NotPrepared", [PREPARE, OVER], [])
    said = f"No task was started. See the log of PrepareRunFunction. {raised.error}: {raised.cause}"
    assert went.cause == said


def test_a_function_that_answers_nothing_of_use_starts_nothing(deployed: Object, evaluate: Evaluate) -> None:
    went = walk(deployed, evaluate, {}, prepare=lambda _payload: {})
    assert (went.error, went.calls) == ("Run.NotPrepared", [])
