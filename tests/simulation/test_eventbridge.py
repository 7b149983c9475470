"""Patterns against moto's matcher, and delivery: at least once, or worse, and never to the wrong function."""

import json
from collections import Counter
from random import Random
from typing import Any

import pytest
from moto.events.models import EventPattern

from tests.fakes.ecs import CLUSTER_ARN, MACHINES, detail, event
from tests.simulation import template
from tests.simulation.eventbridge import EventBridge, Rule, matches, rules_of
from tests.simulation.faults import EventFault, FaultPlan, Weather
from tests.simulation.scheduler import Scheduler

EVENT = {"source": "aws.ecs", "detail": {"status": "RUNNING", "n": 1, "list": ["a", "b"], "yes": True}}
PATTERNS: list[dict[str, Any]] = [
    {"source": ["aws.ecs"]},
    {"source": ["aws.states"]},
    {"source": ["aws.states", "aws.ecs"]},
    {"source": ["aws.ecs"], "detail": {"status": ["STOPPED"]}},
    {"detail": {"status": ["STOPPED", "RUNNING"], "n": [1]}},
    {"detail": {"n": [2]}},
    {"detail": {"list": ["b"]}},
    {"detail": {"list": ["c"]}},
    {"detail": {"yes": [True]}},
    {"detail": {"nowhere": ["x"]}},
    {"nowhere": {"deep": ["x"]}},
    {"detail": {"status": [{"prefix": "RUN"}]}},
    {"detail": {"status": [{"prefix": "STOP"}]}},
    {"detail": {"status": [{"suffix": "ING"}]}},
    {"detail": {"status": [{"anything-but": "RUNNING"}]}},
    {"detail": {"status": [{"anything-but": ["STOPPED", "PENDING"]}]}},
    {"detail": {"status": [{"exists": True}], "nowhere": [{"exists": False}]}},
    {"detail": {"status": [{"exists": False}]}},
    {"$or": [{"source": ["aws.states"]}, {"detail": {"n": [1]}}]},
    {"$or": [{"source": ["aws.states"]}, {"detail": {"n": [2]}}]},
]


@pytest.mark.parametrize("pattern", PATTERNS, ids=range(len(PATTERNS)))
def test_patterns_match_as_they_do_for_moto(pattern: dict[str, Any]) -> None:
    assert matches(pattern, EVENT) is bool(EventPattern.load(json.dumps(pattern)).matches_event(EVENT))


def task_event(status: str, cluster: str = CLUSTER_ARN) -> dict[str, Any]:
    return event(detail(lastStatus=status, clusterArn=cluster))


def execution_event(machine: str) -> dict[str, Any]:
    return {
        "source": "aws.states",
        "detail-type": "Step Functions Execution Status Change",
        "detail": {"stateMachineArn": machine},
    }


@pytest.mark.parametrize(
    ("what", "functions"),
    [
        (task_event("RUNNING"), ["task_state_change"]),
        (task_event("STOPPED"), ["task_state_change"]),
        (task_event("PENDING"), []),
        (task_event("STOPPED", cluster=CLUSTER_ARN + "-of-others"), []),
        (execution_event(MACHINES.callback), ["execution_state_change"]),
        (execution_event(MACHINES.callback + "-of-others"), []),
    ],
    ids=range(6),
)
def test_the_rules_of_the_template(what: dict[str, Any], functions: list[str]) -> None:
    rules = rules_of(template.functions())
    assert [rule.function for rule in rules if matches(rule.pattern, what)] == functions
    archived = template.archive_pattern()
    assert archived
    assert matches(archived, what) is bool(functions)


def delivered(fault: EventFault | None, *, seconds: float = 100_000) -> list[tuple[float, str]]:
    """When events arrive, and under which ids: one with a fault, and 50 seconds later another one of the same task."""
    scheduler = Scheduler()
    plan = FaultPlan(Random(2), Weather.WILD)
    faults = iter([fault])
    plan.for_event = lambda: next(faults, None)  # type: ignore[method-assign]
    arrived: list[tuple[float, str]] = []
    rules = (Rule("function", {"source": ["aws.ecs"]}),)
    bus = EventBridge(scheduler, plan, rules, {}, lambda _f, each: arrived.append((scheduler.now, each["id"])))
    bus.put({**task_event("RUNNING"), "id": "first"})
    scheduler.run(50)
    bus.put({**task_event("STOPPED"), "id": "second"})
    scheduler.run(seconds)
    assert len(bus.archive) == 2
    return arrived


@pytest.mark.parametrize(
    ("fault", "ids"),
    [
        (None, ["first", "second"]),
        (EventFault.LOST, ["second"]),
        (EventFault.DOUBLED, ["first", "first", "second"]),
        (EventFault.LATE, ["first", "second"]),
        (EventFault.DAY_LATE, ["second", "first"]),
        (EventFault.TOGETHER, ["first", "second"]),
        (EventFault.UNDELIVERED, ["second"]),
    ],
)
def test_what_a_fault_does_to_an_event(fault: EventFault | None, ids: list[str]) -> None:
    arrived = delivered(fault)
    assert Counter(each for _, each in arrived) == Counter(ids)
    if fault is EventFault.DAY_LATE:
        assert arrived[-1][0] > 86_400
        assert arrived[-1][1] == "first"
    if fault is EventFault.TOGETHER:
        assert abs(arrived[0][0] - arrived[1][0]) < 0.2


@pytest.mark.parametrize(("keeps", "ids"), [(True, ["first"]), (False, [])])
def test_what_a_rule_cannot_deliver_ends_in_its_dead_letter_queue_if_it_has_one(keeps: bool, ids: list[str]) -> None:
    scheduler, plan = Scheduler(), FaultPlan(Random(2), Weather.WILD)
    plan.for_event = lambda: EventFault.UNDELIVERED  # type: ignore[method-assign]
    rules = (Rule("function", {"source": ["aws.ecs"]}, keeps_undelivered=keeps),)
    buried: list[str] = []
    bus = EventBridge(scheduler, plan, rules, {}, lambda _function, _event: None)
    bus.bury = lambda _function, each: buried.append(each["id"])
    bus.put({**task_event("RUNNING"), "id": "first"})
    scheduler.run(90_000)
    assert buried == ids


def test_the_rules_of_the_template_keep_what_they_cannot_deliver() -> None:
    rules = rules_of(template.functions())
    assert [rule.function for rule in rules if rule.keeps_undelivered] == [
        "task_state_change",
        "execution_state_change",
    ]


def test_a_copy_has_another_id() -> None:
    ids = [each for _, each in delivered(EventFault.COPIED)]
    assert len(ids) == len(set(ids)) == 3


def test_a_replay_delivers_everything_again() -> None:
    scheduler = Scheduler()
    arrived: list[str] = []
    rules = (Rule("function", {"source": ["aws.ecs"]}),)
    plan = FaultPlan(Random(2), Weather.CALM)
    bus = EventBridge(scheduler, plan, rules, {}, lambda _f, each: arrived.append(each["id"]))
    for n in range(5):
        bus.put({**task_event("RUNNING"), "id": str(n)})
    scheduler.run(100)
    bus.replay()
    scheduler.run(200)
    assert Counter(arrived) == Counter({str(n): 2 for n in range(5)})
