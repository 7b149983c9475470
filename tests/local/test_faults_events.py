"""Events that are lost, doubled or out of order, and those that are left alone."""

from __future__ import annotations

from collections.abc import Sequence

from local.clock import Clock
from local.ecs.faults import Faults, read_fault
from local.ecs.faults.events import FaultyEvents
from local.ecs.model import Json
from local.ecs.ports import Events


class Bus(Events):
    """Keeps what is published: task and lastStatus."""

    def __init__(self) -> None:
        self.seen: list[tuple[object, object]] = []

    def publish(self, *, source: str, detail_type: str, resources: Sequence[str], detail: Json) -> None:
        """Keep it."""
        self.seen.append((detail["taskArn"], detail["lastStatus"]))


def published(
    *faults: dict[str, object], events: Sequence[tuple[str, str]], detail_type: str = "ECS Task State Change"
) -> list[tuple[object, object]]:
    """What comes of (task, lastStatus) events."""
    armed, bus = Faults(), Bus()
    for fault in faults:
        armed.arm(read_fault(fault))
    faulty = FaultyEvents(bus, armed, Clock())
    for task, status in events:
        detail: Json = {"taskArn": task, "lastStatus": status, "taskDefinitionArn": "arn:…:task-definition/jobs:7"}
        faulty.publish(source="aws.ecs", detail_type=detail_type, resources=[task], detail=detail)
    return bus.seen


LIFE = [("a", "PENDING"), ("a", "RUNNING"), ("a", "STOPPED")]


def test_without_faults_every_event_comes_in_order() -> None:
    assert published(events=LIFE) == LIFE


def test_only_events_of_tasks_are_touched() -> None:
    assert published({"kind": "event-dropped"}, events=LIFE, detail_type="ECS Service Action") == LIFE


def test_only_the_chosen_family_is_touched() -> None:
    assert published({"kind": "event-dropped", "family": "others"}, events=LIFE) == LIFE
    assert published({"kind": "event-dropped", "family": "jobs"}, events=LIFE) == LIFE[1:]


def test_an_event_waits_for_the_next_one_of_its_own_task() -> None:
    events = [("a", "PENDING"), ("b", "PENDING"), ("b", "STOPPED"), ("a", "RUNNING"), ("a", "STOPPED")]
    assert published({"kind": "event-reordered"}, events=events) == [*events[1:4], events[0], events[4]]


def test_who_is_waited_for_does_not_wait_and_the_last_one_never_does() -> None:
    fault: dict[str, object] = {"kind": "event-reordered", "count": 9}
    assert published(fault, events=LIFE) == [LIFE[1], LIFE[0], LIFE[2]]
    assert published(fault, events=LIFE[2:]) == LIFE[2:]


def test_an_event_that_waits_comes_even_when_the_next_one_is_dropped() -> None:
    dropped: dict[str, object] = {"kind": "event-dropped", "lastStatus": "RUNNING"}
    assert published({"kind": "event-reordered"}, dropped, events=LIFE) == [LIFE[0], LIFE[2]]
