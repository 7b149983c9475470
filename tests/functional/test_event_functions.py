"""What both functions behind the rules on events refuse, and what they do not work without."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import pytest

from fargate_runs.errors import EventError, MissingSettingError
from fargate_runs.ports import StoreUnavailableError
from tests.fakes.ecs import CANARY, CLUSTER_ARN, TOKEN, Detail, detail, event, execution_event
from tests.fakes.tables import TABLE
from tests.functional.conftest import Stack
from tests.functional.printed import line_of, metrics_of, secrets_in

TASK_EVENT: Final = event(detail())
EXECUTION_EVENT: Final = execution_event("RUNNING")


Handler = Callable[[Stack, Any], None]


@dataclass(frozen=True)
class EventFunction:
    """One of the two: an event that it takes, one that only the other takes, and poison that only it may meet."""

    handler: Handler
    takes: Detail
    others: Detail
    poison: dict[str, Any]
    secret_poison: dict[str, Any]


FUNCTIONS: Final = {
    "task": EventFunction(
        Stack.task_state_change,
        takes=TASK_EVENT,
        others=EXECUTION_EVENT,
        poison={
            "a version that is text": event(detail(version="five")),
            "a task of another cluster": event({**detail(), "clusterArn": CLUSTER_ARN + "-of-others"}),
            "a quarter of a megabyte": event({"blob": "x" * 250_000}),
        },
        secret_poison={"in its version": event(detail(version=CANARY))},
    ),
    "execution": EventFunction(
        Stack.execution_state_change,
        takes=EXECUTION_EVENT,
        others=TASK_EVENT,
        poison={
            "a status that there is not": execution_event("PAUSED"),
            "a count that is text": execution_event("FAILED", redriveCount="one"),
            "no ARN": execution_event("FAILED", executionArn=None),
            "a quarter of a megabyte": execution_event("FAILED", executionArn="x" * 250_000),
        },
        secret_poison={
            "in its ARN": execution_event("FAILED", executionArn=CANARY),
            "as its status": execution_event(TOKEN),
        },
    ),
}


def poison_of(function: EventFunction) -> dict[str, Any]:
    takes, others = function.takes, function.others
    return {
        "null": None,
        "a list": [],
        "a text": "text",
        "nothing": {},
        "an empty detail": {"detail": {}},
        "a source alone": {"source": takes["source"]},
        "no detail": {**takes, "detail": None},
        "an event of another kind": {**takes, "detail-type": "ECS Container Instance State Change"},
        "of the other function's kind": {**takes, "detail-type": others["detail-type"]},
        "the other function's event": others,
        **function.poison,
    }


def secret_poison_of(function: EventFunction) -> dict[str, Any]:
    return {
        "in its source": {**function.takes, "source": TOKEN},
        "as a name": {TOKEN: CANARY},
        **function.secret_poison,
    }


def of_both(events: Callable[[EventFunction], dict[str, Any]]) -> list[Any]:
    return [
        pytest.param(function.handler, given, id=f"{name}-{what}")
        for name, function in FUNCTIONS.items()
        for what, given in events(function).items()
    ]


BOTH: Final = [pytest.param(function.handler, function.takes, id=name) for name, function in FUNCTIONS.items()]


@pytest.mark.parametrize(("handler", "poison"), of_both(poison_of))
def test_poison_raises_with_one_clear_line(
    stack: Stack, handler: Handler, poison: Any, printed: Callable[[], str]
) -> None:
    with pytest.raises(EventError):
        handler(stack, poison)
    said = printed()
    line = line_of(said, level="ERROR")
    assert line["message"] == "event cannot be handled"
    assert line["reason"].startswith("event: ")
    assert metrics_of(said) == [("EventsRefused", None)]
    assert stack.items() == []


@pytest.mark.parametrize("log_event", ["true", "false"])
@pytest.mark.parametrize(("handler", "poison"), of_both(secret_poison_of))
def test_a_secret_in_poison_is_not_repeated(
    stack: Stack,
    handler: Handler,
    poison: Any,
    log_event: str,
    printed: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("POWERTOOLS_LOGGER_LOG_EVENT", log_event)
    with pytest.raises(EventError) as raised:
        handler(stack, poison)
    said = printed()
    assert line_of(said, level="ERROR")["message"] == "event cannot be handled"
    assert secrets_in(said, str(raised.value)) == set()


@pytest.mark.parametrize(("handler", "takes"), BOTH)
def test_the_table_is_down(stack: Stack, handler: Handler, takes: Detail) -> None:
    stack.dynamodb.delete_table(TableName=TABLE)
    with pytest.raises(StoreUnavailableError):
        handler(stack, takes)
    assert (stack.callbacks.calls, stack.cluster.calls) == (0, [])


@pytest.mark.parametrize("name", ["RUNS_TABLE_NAME", "CLUSTER_ARN", "RUN_TASK_SYNC_STATE_MACHINE_ARN"])
@pytest.mark.parametrize(("handler", "takes"), BOTH)
def test_a_missing_setting_is_named(
    stack: Stack, handler: Handler, takes: Detail, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(name)
    with pytest.raises(MissingSettingError, match=name):
        handler(stack, takes)
