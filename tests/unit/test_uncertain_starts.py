"""A start is called certainly not done only where no try of it went without an answer (fault F08)."""

import pytest

from fargate_runs.aws import clients
from fargate_runs.aws.stepfunctions import StepFunctionsStarts
from fargate_runs.ports import (
    ExecutionError,
    ExecutionExistsError,
    ExecutionRefusedError,
    ExecutionThrottledError,
    ExecutionUnknownError,
)
from tests.fakes.ecs import EXECUTION_ARN, MACHINES, RUN_ID
from tests.fakes.wire import BROKEN, DONE, LOST, Wire, give_keys

THROTTLED, EXISTS, DENIED = "ThrottlingException", "ExecutionAlreadyExists", "AccessDeniedException"
STARTED = {"executionArn": EXECUTION_ARN, "startDate": 1_746_529_330}


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    give_keys(monkeypatch)


def start(wire: Wire) -> str:
    client = wire.of(clients.starts.__wrapped__(), "sfn.StartExecution")
    return StepFunctionsStarts(client).start(MACHINES.callback, RUN_ID, "{}").arn


@pytest.mark.parametrize(
    ("answers", "raised"),
    [
        ((LOST, THROTTLED), ExecutionUnknownError),
        ((BROKEN, THROTTLED), ExecutionUnknownError),
        ((LOST, EXISTS), ExecutionUnknownError),  # it has started, and ended already
        ((LOST, DENIED), ExecutionUnknownError),
        ((LOST,), ExecutionUnknownError),
        ((THROTTLED,), ExecutionThrottledError),
        ((EXISTS,), ExecutionExistsError),
        ((DENIED,), ExecutionRefusedError),
    ],
)
def test_a_start_that_fails(answers: tuple[str, ...], raised: type[ExecutionError]) -> None:
    """Else the API says that nothing was started, takes the record away, and the caller starts the work twice."""
    with pytest.raises(ExecutionError) as refused:
        start(Wire(STARTED, *answers))
    assert type(refused.value) is raised


@pytest.mark.parametrize("answers", [(DONE,), (LOST, DONE), (LOST, BROKEN, DONE)])
def test_a_start_whose_answer_was_lost_is_asked_for_again(answers: tuple[str, ...]) -> None:
    """The same name and input is the same execution (fact B32)."""
    wire = Wire(STARTED, *answers)
    assert start(wire) == EXECUTION_ARN
    assert wire.tries == len(answers)


def test_tries_are_counted() -> None:
    wire = Wire(STARTED, LOST)
    with pytest.raises(ExecutionUnknownError, match="ReadTimeoutError"):
        start(wire)
    assert wire.tries == 3
