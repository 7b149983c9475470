"""Events that are lost, doubled or out of order, and those that are left alone."""

from __future__ import annotations

from collections.abc import Sequence

from local.clock import Clock
from local.ecs.faults import Faults, read_fault
from local.ecs.faults.events import FaultyEvents
from local.ecs.model import Json
from local.ecs.ports import Events


class Bus(Events):
    """Keeps what is published: what it is about, and its status."""

    def __init__(self) -> None:
        self.seen: list[tuple[object, object]] = []

    def publish(self, *, source: str, detail_type: str, resources: Sequence[str], detail: Json) -> None:
        """Keep it."""
        of_task = "taskArn" in detail
        self.seen.append((resources[0], detail["lastStatus" if of_task else "status"]))


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


def of_executions(*faults: dict[str, object], events: Sequence[tuple[str, str]]) -> list[tuple[object, object]]:
    """What comes of (execution, status) events."""
    armed, bus = Faults(), Bus()
    for fault in faults:
        armed.arm(read_fault(fault))
    faulty = FaultyEvents(bus, armed, Clock())
    for execution, status in events:
        detail: Json = {"executionArn": execution, "status": status}
        kind = "Step Functions Execution Status Change"
        faulty.publish(source="aws.states", detail_type=kind, resources=[execution], detail=detail)
    return bus.seen


RUN = [("x", "RUNNING"), ("x", "ABORTED"), ("y", "RUNNING"), ("y", "SUCCEEDED")]


def test_faults_of_tasks_leave_executions_alone_and_the_other_way_round() -> None:
    assert of_executions({"kind": "event-dropped", "count": 9}, events=RUN) == RUN
    assert published({"kind": "event-dropped", "status": "ABORTED", "count": 9}, events=LIFE) == LIFE


def test_a_status_change_of_an_execution_is_dropped_or_doubled() -> None:
    assert of_executions({"kind": "event-dropped", "status": "ABORTED"}, events=RUN) == [RUN[0], *RUN[2:]]
    both: dict[str, object] = {"kind": "event-doubled", "status": ["ABORTED", "SUCCEEDED"], "count": 2}
    assert of_executions(both, events=RUN) == [RUN[0], RUN[1], RUN[1], RUN[2], RUN[3], RUN[3]]


def test_a_start_comes_after_the_end_of_its_own_execution_and_an_end_never_waits() -> None:
    reordered: dict[str, object] = {"kind": "event-reordered", "status": ["RUNNING", "ABORTED"], "count": 1}
    assert of_executions(reordered, events=RUN) == [RUN[1], RUN[0], *RUN[2:]]
    assert of_executions(reordered, events=RUN[1:2]) == RUN[1:2]
