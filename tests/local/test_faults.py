"""The table of faults, what can be asked for, and how what is armed is used up."""

from __future__ import annotations

import string

import pytest

from local.ecs.errors import ClientError
from local.ecs.faults import FAULT_KINDS, BadFaultError, Faults, read_fault
from local.ecs.faults.kinds import FaultKind, Option, Stage
from local.ecs.faults.plan import TaskPlan, image_words
from local.ecs.faults.registry import CallFault, FunctionCall, Subject

ON_DEMAND = Subject("FARGATE", "jobs")
SPOT = Subject("FARGATE_SPOT", "jobs")


def armed(*bodies: dict[str, object]) -> Faults:
    faults = Faults()
    for body in bodies:
        faults.arm(read_fault(body))
    return faults


@pytest.mark.parametrize("kind", FAULT_KINDS.values(), ids=lambda kind: kind.name)
def test_every_row_of_the_table_is_whole(kind: FaultKind) -> None:
    assert kind.does
    assert kind.fact.startswith("B")
    fields = {name for _, name, _, _ in string.Formatter().parse(kind.text) if name}
    assert fields <= ({"subnet"} if kind.stage is Stage.CALL else {"image", "registry", "repository", "tag"})
    assert (kind.seconds is None) == (kind.seconds_are == "")
    assert read_fault({"kind": kind.name}).as_json()["kind"] == kind.name


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "there is no kind of fault None: there are no-capacity, capacity-error, "),
        ({"kind": "flood"}, "there is no kind of fault 'flood': there are "),
        ({"kind": ["throttled"]}, "there is no kind of fault"),
        ({"kind": "throttled", "calls": 1}, "throttled has no option `calls`: it has count, family, provider, reason"),
        ({"kind": "throttled", "seconds": 1}, "throttled has no option `seconds`"),
        ({"kind": "image-not-found", "after": 1}, "image-not-found has no option `after`"),
        ({"kind": "no-capacity", "lastStatus": "STOPPED"}, "no-capacity has no option `lastStatus`"),
        ({"kind": "event-dropped", "lastStatus": "GONE"}, "lastStatus must be one or a list of PROVISIONING, "),
        ({"kind": "event-dropped", "lastStatus": []}, "lastStatus must be one or a list of"),
        (
            {"kind": "event-dropped", "status": "STOPPED"},
            "status must be one or a list of RUNNING, SUCCEEDED, FAILED, ",
        ),
        ({"kind": "event-dropped", "status": "ABORTED", "family": "jobs"}, "status is of executions, which have no "),
        ({"kind": "event-dropped", "status": "ABORTED", "lastStatus": "STOPPED"}, "status is of executions, which "),
        ({"kind": "event-dropped", "lastStatus": [["STOPPED"]]}, "lastStatus must be one or a list of"),
        ({"kind": "throttled", "count": 0}, "count must be a whole number from 1 to 1,000,000, not 0"),
        ({"kind": "throttled", "count": True}, "count must be a whole number"),
        ({"kind": "throttled", "count": 1.5}, "count must be a whole number"),
        ({"kind": "slow-start", "seconds": -1}, "seconds must be a number from 0 to 1,000,000, not -1"),
        ({"kind": "slow-start", "seconds": float("nan")}, "seconds must be a number"),
        ({"kind": "out-of-memory", "after": "1"}, "after must be a number"),
        ({"kind": "throttled", "reason": ""}, "reason must be a text that is not empty"),
        ({"kind": "throttled", "family": 7}, "family must be a text"),
        ({"kind": "spot-interruption", "provider": "FARGATE"}, "spot-interruption strikes tasks on FARGATE_SPOT only"),
        ({"kind": "call-lost", "family": "jobs"}, "call-lost has no option `family`: it has count, call, function"),
        ({"kind": "call-throttled", "when": "after"}, "call-throttled has no option `when`"),
        ({"kind": "throttled", "call": "RunTask"}, "throttled has no option `call`"),
        ({"kind": "call-lost", "call": "put_item"}, "call must be an action as AWS's API names it, such as "),
        ({"kind": "call-lost", "call": 1}, "call must be an action"),
        ({"kind": "function-killed", "when": "during"}, "when must be one of before, after, not 'during'"),
        ({"kind": "function-killed", "when": ["after"]}, "when must be one of before, after"),
        ({"kind": "function-killed", "function": ""}, "function must be a text that is not empty"),
    ],
)
def test_what_cannot_be_armed_says_why(body: dict[str, object], said: str) -> None:
    with pytest.raises(BadFaultError) as refused:
        read_fault(body)
    assert str(refused.value).startswith(said)


def test_a_fault_strikes_as_often_as_it_is_armed_for() -> None:
    faults = armed({"kind": "no-capacity", "count": 2})
    calls = [faults.take_call(SPOT, "subnet-1") for _ in range(3)]
    assert calls == [CallFault(None, carried_out=False), CallFault(None, carried_out=False), None]
    assert faults.armed() == ()


def test_the_first_armed_strikes_first_and_only_what_it_is_meant_for() -> None:
    faults = armed({"kind": "capacity-error", "provider": "FARGATE_SPOT"}, {"kind": "no-capacity", "family": "jobs"})
    assert faults.take_call(Subject("FARGATE", "others"), "subnet-1") is None
    assert faults.take_call(ON_DEMAND, "subnet-1") == CallFault(None, carried_out=False)
    assert faults.take_call(ON_DEMAND, "subnet-1") is None
    fault = faults.take_call(SPOT, "subnet-1")
    assert fault is not None
    assert isinstance(fault.error, ClientError)
    assert str(fault.error).startswith("Capacity is unavailable")


def test_one_fault_alone_of_the_calls_lets_the_call_be_carried_out() -> None:
    kinds = [kind.name for kind in FAULT_KINDS.values() if kind.stage is Stage.CALL]
    bodies: list[dict[str, object]] = [{"kind": name} for name in kinds]
    faults = armed(*bodies)
    struck = {name: faults.take_call(ON_DEMAND, "subnet-1") for name in kinds}
    assert [name for name, fault in struck.items() if fault and fault.carried_out] == ["answer-lost"]
    assert struck["parameter-throttle"] is not None
    assert "[subnet-1]" in str(struck["parameter-throttle"].error)


def test_a_task_fails_in_one_way_and_the_next_task_in_the_other() -> None:
    faults = armed({"kind": "eni-timeout"}, {"kind": "out-of-memory"}, {"kind": "slow-start", "seconds": 7})
    first, second, third = (faults.plan(ON_DEMAND, "any") for _ in range(3))
    assert (first.slow_seconds, first.strike) == (7, None)
    assert first.failure is not None
    assert (second.slow_seconds, second.failure) == (0, None)
    assert second.strike is not None
    assert third == TaskPlan()


def test_a_call_of_a_function_meets_what_is_meant_for_it() -> None:
    faults = armed({"kind": "function-killed", "call": "PutItem", "function": "Sweep"}, {"kind": "no-capacity"})
    assert [faults.concerns_calls_of(action) for action in ("PutItem", "GetItem")] == [True, False]
    assert faults.take_function_call(FunctionCall("PutItem", "app-TaskStateChange-1")) is None
    assert faults.take_function_call(FunctionCall("GetItem", "app-Sweep-1")) is None
    order = faults.take_function_call(FunctionCall("PutItem", "app-Sweep-1"))
    assert order is not None
    assert order.kind.name == "function-killed"
    assert not faults.concerns_calls_of("PutItem")
    assert [fault.order.kind.name for fault in faults.armed()] == ["no-capacity"]


def test_a_fault_of_any_call_strikes_the_next() -> None:
    faults = armed({"kind": "call-lost", "count": 2})
    assert faults.concerns_calls_of("Anything")
    calls = [FunctionCall("A", "one"), FunctionCall("B", "two"), FunctionCall("C", "three")]
    assert [faults.take_function_call(call) is not None for call in calls] == [True, True, False]


def test_clearing_disarms_all() -> None:
    faults = armed({"kind": "no-capacity"}, {"kind": "event-dropped"})
    faults.clear()
    assert faults.take_call(SPOT, "subnet-1") is None
    assert faults.take_event(SPOT) is None


def test_an_armed_fault_is_shown_as_it_was_asked_for() -> None:
    body = {"kind": "spot-interruption", "seconds": 30.0, "after": 5.0, "reason": "why", "provider": "FARGATE_SPOT"}
    fault = Faults().arm(read_fault({**body, "count": 4}))
    assert fault.as_json() == {"id": 1, **body, "left": 4}
    body = {"kind": "function-killed", "call": "PutItem", "when": "after", "function": "Sweep"}
    assert Faults().arm(read_fault(body)).as_json() == {"id": 1, **body, "left": 1}


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ("any", ("docker.io/library/any:latest", "docker.io", "library/any", "latest")),
        ("me/any:1", ("docker.io/me/any:1", "docker.io", "me/any", "1")),
        ("registry.example:5000/any", ("registry.example:5000/any:latest", "registry.example:5000", "any", "latest")),
        ("localhost/a/b:c", ("localhost/a/b:c", "localhost", "a/b", "c")),
    ],
)
def test_the_full_reference_of_an_image(image: str, words: tuple[str, ...]) -> None:
    assert tuple(image_words(image).values()) == words


def test_only_kinds_with_a_meaning_for_an_option_have_it() -> None:
    having = {option: {kind.name for kind in FAULT_KINDS.values() if option in kind.options} for option in Option}
    assert having[Option.SECONDS] == {"slow-start", "spot-interruption", "event-delayed"}
    assert (
        having[Option.STATUS]
        == having[Option.LAST_STATUS]
        == {name for name in FAULT_KINDS if name.startswith("event-")}
    )
    of_functions = {name for name, kind in FAULT_KINDS.items() if kind.stage is Stage.FUNCTION}
    assert having[Option.FAMILY] == having[Option.PROVIDER] == set(FAULT_KINDS) - of_functions
    assert having[Option.CALL] == having[Option.FUNCTION] == of_functions
    assert having[Option.WHEN] == {"function-killed"}
