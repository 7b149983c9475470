"""The model is the code: a wrong entry in a table of the code is a counter-example."""

import pytest

from fargate_runs.ports import AnswerRefusedError, TokenClosedError, TokenError
from fargate_runs.reading.execution import ExecutionStatus
from fargate_runs.reading.patterns import Pattern
from fargate_runs.runs import abandoned, run_state, settle
from fargate_runs.runs.abandoned import VERDICTS, Verdict
from fargate_runs.runs.record import Delivery
from fargate_runs.runs.run_verdict import SAYS, Ended, Says, Seen
from fargate_runs.runs.settle import STEPS, Arriving, Step, Stored
from fargate_runs.usecases import record_task_state
from fargate_runs.usecases.record_task_state import NOT_ACCEPTED
from tests.model.checker import check
from tests.model.protocols import REAL
from tests.model.scenario import Fault, Scenario, one_each
from tests.model.world import World


def what_is_wrong(*faults: Fault, refuses_answers: bool = False) -> str:
    exit_codes = (3,) if Fault.REDRIVE in faults else (0,)
    scenario = Scenario("", one_each(*faults), exit_codes=exit_codes, refuses_answers=refuses_answers)
    found = check(World(scenario, REAL)).counter_example
    return found.what if found else "nothing"


def test_an_end_that_is_not_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    assert what_is_wrong() == "nothing"
    monkeypatch.setattr(settle, "STEPS", {**STEPS, (Stored.OPEN, Arriving.ENDED): Step.NOTHING})
    assert what_is_wrong().startswith("never done")


def test_a_task_that_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert what_is_wrong(Fault.ABORT) == "nothing"
    verdicts = {**VERDICTS, (Pattern.CALLBACK, ExecutionStatus.ABORTED): Verdict.LEAVE}
    monkeypatch.setattr(abandoned, "VERDICTS", verdicts)
    assert what_is_wrong(Fault.ABORT).startswith("never done")


def test_a_task_that_is_stopped_too_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    verdicts = {**VERDICTS, (Pattern.CALLBACK, ExecutionStatus.RUNNING): Verdict.STOP}
    monkeypatch.setattr(abandoned, "VERDICTS", verdicts)
    assert what_is_wrong(Fault.REDRIVE) == "a task that somebody waits for was stopped"


@pytest.mark.parametrize(
    ("error", "said", "wrong"),
    [
        (TokenClosedError, Delivery.REFUSED, "an answer is said to be refused, and none was"),
        (AnswerRefusedError, Delivery.CLOSED_BY_OTHERS, "an open token is said to be closed by others"),
    ],
)
def test_an_answer_that_comes_to_something_else(
    error: type[TokenError], said: Delivery, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuses = error is AnswerRefusedError
    assert what_is_wrong(Fault.ABORT, refuses_answers=refuses) == "nothing"
    monkeypatch.setattr(record_task_state, "NOT_ACCEPTED", {**NOT_ACCEPTED, error: said})
    assert what_is_wrong(Fault.ABORT, refuses_answers=refuses).startswith(wrong)


def test_a_run_that_shows_something_else(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {**SAYS, (Seen.SUCCEEDED, Ended.SUCCEEDED): Says.RUNNING}
    monkeypatch.setattr(run_state, "SAYS", wrong)
    assert what_is_wrong().startswith("never done")
