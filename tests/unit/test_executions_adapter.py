"""Step Functions: what each answer about an execution means to us, the same for the twin in memory."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from fargate_runs.aws.stepfunctions import StepFunctionsExecutions
from fargate_runs.ports import ExecutionNotShownError, ExecutionsUnavailableError
from fargate_runs.reading.execution import Execution, ExecutionStatus
from tests.fakes.clock import NOON
from tests.fakes.ecs import CANARY, EXECUTION_ARN, MACHINES
from tests.fakes.stepfunctions import PAGE, InMemoryExecutions
from tests.fakes.wire import unreachable

#: One of the two that tell of executions.
Asked = InMemoryExecutions | StepFunctionsExecutions


@pytest.fixture
def stubbed() -> Iterator[tuple[Any, Stubber]]:
    client = boto3.client(
        "stepfunctions", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    with Stubber(client) as stubber:
        yield client, stubber


def numbered(number: int, status: str = "RUNNING") -> Execution:
    """The higher the number, the earlier it has started."""
    started = NOON - timedelta(minutes=number)
    ended = None if status == "RUNNING" else NOON
    return Execution(f"{EXECUTION_ARN}-{number:04d}", ExecutionStatus(status), started_at=started, stopped_at=ended)


def as_answer(execution: Execution, **more: object) -> dict[str, Any]:
    built = {
        "executionArn": execution.arn,
        "stateMachineArn": MACHINES.callback,
        "name": execution.name,
        "status": execution.status.value,
        "startDate": execution.started_at,
        "stopDate": execution.stopped_at,
        "redriveCount": execution.redrive_count,
        "error": execution.error,
        "cause": execution.cause,
        **more,
    }
    return {name: value for name, value in built.items() if value is not None}


def as_element(execution: Execution) -> dict[str, Any]:
    """ListExecutions tells neither error nor cause."""
    return {name: value for name, value in as_answer(execution).items() if name not in {"error", "cause"}}


DESCRIBED = {
    "running": numbered(0),
    "redriven": Execution(EXECUTION_ARN, ExecutionStatus.RUNNING, 2, NOON),
    "failed": Execution(EXECUTION_ARN, ExecutionStatus.FAILED, 1, NOON, NOON, "Container.ExitedNonZero", "why"),
    "timed out": numbered(0, "TIMED_OUT"),
    "of nobody": None,
}


@pytest.mark.parametrize("kind", ["in-memory", "aws"])
@pytest.mark.parametrize("name", DESCRIBED)
def test_a_description(kind: str, name: str, stubbed: tuple[Any, Stubber]) -> None:
    known = DESCRIBED[name]
    arn = known.arn if known else EXECUTION_ARN
    executions: Asked = in_memory(*([known] if known else []))
    if kind == "aws":
        client, stubber = stubbed
        executions = StepFunctionsExecutions(client)
        if known:
            answer = as_answer(known, input=f'{{"environment": {{"SECRET": "{CANARY}"}}}}')
            stubber.add_response("describe_execution", answer, {"executionArn": arn})
        else:
            stubber.add_client_error("describe_execution", "ExecutionDoesNotExist", f"'{arn}'")
    described = executions.describe(arn)
    assert described == known
    assert CANARY not in repr(described)


def in_memory(*known: Execution) -> InMemoryExecutions:
    executions = InMemoryExecutions()
    for each in known:
        executions.show(each)
    return executions


MANY = [numbered(n, "RUNNING" if n % 3 else "FAILED") for n in range(2 * PAGE + 1)]
LISTS: dict[str, tuple[dict[str, Any], list[Execution], Callable[[Asked, str], Iterator[Any]]]] = {
    "running": (
        {"statusFilter": "RUNNING"},
        [each for each in MANY if not each.is_closed],
        lambda executions, machine: executions.running(machine),
    ),
    "newest": ({}, MANY, lambda executions, machine: executions.newest(machine)),
}


@pytest.mark.parametrize("kind", ["in-memory", "aws"])
@pytest.mark.parametrize("name", LISTS)
def test_a_list(kind: str, name: str, stubbed: tuple[Any, Stubber]) -> None:
    """Newest start first, in pages, and of this machine alone."""
    asked, expected, listed = LISTS[name]
    others = Execution(EXECUTION_ARN.replace("callback", "sync"), ExecutionStatus.RUNNING, started_at=NOON)
    executions: Asked = in_memory(*reversed(MANY), others)
    if kind == "aws":
        client, stubber = stubbed
        executions = StepFunctionsExecutions(client)
        request: dict[str, Any] = {"stateMachineArn": MACHINES.callback, "maxResults": 1_000, **asked}
        half = len(expected) // 2
        first = {"executions": [as_element(each) for each in expected[:half]], "nextToken": "more"}
        last = {"executions": [as_element(each) for each in expected[half:]]}
        stubber.add_response("list_executions", first, request)
        stubber.add_response("list_executions", last, {**request, "nextToken": "more"})
    found = [each for page in listed(executions, MACHINES.callback) for each in page]
    assert sorted(found, key=lambda each: each.arn) == expected
    if name == "newest":
        assert found == expected
    stubbed[1].assert_no_pending_responses()


@pytest.mark.parametrize("kind", ["in-memory", "aws"])
@pytest.mark.parametrize("name", LISTS)
def test_an_empty_list(kind: str, name: str, stubbed: tuple[Any, Stubber]) -> None:
    client, stubber = stubbed
    stubber.add_response("list_executions", {"executions": []})
    executions: Asked = in_memory() if kind == "in-memory" else StepFunctionsExecutions(client)
    assert [each for page in LISTS[name][2](executions, MACHINES.callback) for each in page] == []


@pytest.mark.parametrize("name", LISTS)
def test_a_machine_that_is_gone_has_no_executions(name: str, stubbed: tuple[Any, Stubber]) -> None:
    client, stubber = stubbed
    stubber.add_client_error("list_executions", "StateMachineDoesNotExist")
    assert list(LISTS[name][2](StepFunctionsExecutions(client), MACHINES.callback)) == []


@pytest.mark.parametrize("code", ["ExecutionDoesNotExist", "InvalidArn", "StateMachineDoesNotExist"])
def test_codes_of_an_execution_that_nobody_knows(code: str, stubbed: tuple[Any, Stubber]) -> None:
    """Express executions cannot be asked for: their ARN is refused."""
    client, stubber = stubbed
    stubber.add_client_error("describe_execution", code)
    assert StepFunctionsExecutions(client).describe(EXECUTION_ARN) is None


QUESTIONS: dict[str, tuple[str, Callable[[Asked], object]]] = {
    "describe": ("describe_execution", lambda executions: executions.describe(EXECUTION_ARN)),
    "running": ("list_executions", lambda executions: list(executions.running(MACHINES.callback))),
    "newest": ("list_executions", lambda executions: list(executions.newest(MACHINES.callback))),
}


@pytest.mark.parametrize("kind", ["in-memory", "aws"])
@pytest.mark.parametrize("name", QUESTIONS)
def test_step_functions_does_not_say(kind: str, name: str, stubbed: tuple[Any, Stubber]) -> None:
    operation, ask = QUESTIONS[name]
    twin_of_it = in_memory()
    twin_of_it.is_down = True
    executions: Asked = twin_of_it
    if kind == "aws":
        client, stubber = stubbed
        stubber.add_client_error(operation, "ThrottlingException", f"Rate exceeded: {CANARY}")
        executions = StepFunctionsExecutions(client)
    with pytest.raises(ExecutionsUnavailableError, match="ThrottlingException") as raised:
        ask(executions)
    assert CANARY not in str(raised.value)
    assert raised.value.__cause__ is None


@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize("code", ["InternalServerError", "AccessDeniedException", "KmsThrottlingException"])
def test_further_codes_of_questions(name: str, code: str, stubbed: tuple[Any, Stubber]) -> None:
    operation, ask = QUESTIONS[name]
    client, stubber = stubbed
    stubber.add_client_error(operation, code)
    with pytest.raises(ExecutionsUnavailableError, match=code):
        ask(StepFunctionsExecutions(client))


@pytest.mark.parametrize("name", QUESTIONS)
def test_no_answer_to_a_question(name: str) -> None:
    nowhere = unreachable("stepfunctions")
    with pytest.raises(ExecutionsUnavailableError, match="ConnectTimeoutError"):
        QUESTIONS[name][1](StepFunctionsExecutions(nowhere))


def test_an_answer_that_cannot_be_read_is_no_answer(stubbed: tuple[Any, Stubber]) -> None:
    """A status that is not known yet, say: it is not guessed, and named without what was sent."""
    client, stubber = stubbed
    stubber.add_response("describe_execution", {**as_answer(numbered(0)), "status": CANARY})
    with pytest.raises(ExecutionNotShownError, match="cannot be read: execution: status") as raised:
        StepFunctionsExecutions(client).describe(EXECUTION_ARN)
    assert CANARY not in str(raised.value)
    assert not raised.value.is_denied


@pytest.mark.parametrize("name", ["running", "newest"])
def test_one_in_a_list_that_cannot_be_read_hides_no_other(name: str, stubbed: tuple[Any, Stubber]) -> None:
    client, stubber = stubbed
    strange = {**as_element(numbered(1)), "status": CANARY}
    stubber.add_response("list_executions", {"executions": [as_element(numbered(0)), strange, as_element(numbered(2))]})
    (page,) = getattr(StepFunctionsExecutions(client), name)(MACHINES.callback)
    assert list(page) == [numbered(0), numbered(2)]


@pytest.mark.parametrize(
    ("code", "status", "is_shown", "is_denied"),
    [
        ("ValidationException", 400, False, False),
        ("KmsAccessDeniedException", 400, False, True),
        ("KmsInvalidStateException", 400, False, False),
        ("AccessDeniedException", 400, False, True),
        ("SomethingOfTomorrow", 400, False, False),
        ("SomethingOfTomorrow", 500, True, False),
        ("InternalServerError", 400, True, False),
        ("KmsThrottlingException", 400, True, False),
        ("ThrottlingException", 400, True, False),
        ("ExpiredTokenException", 400, True, False),
    ],
)
def test_whether_a_refusal_is_about_the_one_execution(
    code: str, status: int, is_shown: bool, is_denied: bool, stubbed: tuple[Any, Stubber]
) -> None:
    """An ARN that nobody will tell of keeps no other from being asked for; a throttle passes."""
    client, stubber = stubbed
    stubber.add_client_error("describe_execution", code, http_status_code=status)
    with pytest.raises(ExecutionsUnavailableError, match=code) as raised:
        StepFunctionsExecutions(client).describe(EXECUTION_ARN)
    assert isinstance(raised.value, ExecutionNotShownError) is not is_shown
    assert getattr(raised.value, "is_denied", False) is is_denied


def test_a_page_that_fails_after_one_that_did_not(stubbed: tuple[Any, Stubber]) -> None:
    client, stubber = stubbed
    stubber.add_response("list_executions", {"executions": [as_element(numbered(0))], "nextToken": "more"})
    stubber.add_client_error("list_executions", "ThrottlingException")
    pages = StepFunctionsExecutions(client).newest(MACHINES.callback)
    assert list(next(pages)) == [numbered(0)]
    with pytest.raises(ExecutionsUnavailableError):
        next(pages)
