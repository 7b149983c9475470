"""A bus on which events of tasks and executions are lost, doubled, late or out of order (fact B10)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from local.clock import Clock
from local.ecs.faults.reading import FaultOrder
from local.ecs.faults.registry import Faults, Subject
from local.ecs.model import Json
from local.ecs.ports import Events

TASK_STATE_CHANGE = "ECS Task State Change"
EXECUTION_STATUS_CHANGE = "Step Functions Execution Status Change"
REORDERED = "event-reordered"


@dataclass(frozen=True)
class _Event:
    source: str
    detail_type: str
    resources: Sequence[str]
    detail: Json

    @property
    def about(self) -> str:
        return str(self.detail.get("taskArn") or self.detail.get("executionArn"))

    @property
    def is_last(self) -> bool:
        if self.detail_type == EXECUTION_STATUS_CHANGE:
            return self.detail.get("status") != "RUNNING"
        return self.detail.get("lastStatus") == "STOPPED"

    def subject(self) -> Subject:
        if self.detail_type == EXECUTION_STATUS_CHANGE:
            return Subject(None, "", status=str(self.detail.get("status")))
        definition = str(self.detail.get("taskDefinitionArn", ""))
        return Subject(
            provider=str(self.detail.get("capacityProviderName") or self.detail.get("launchType")),
            family=definition.rsplit("/", 1)[-1].split(":", maxsplit=1)[0],
            last_status=str(self.detail.get("lastStatus")),
        )


class FaultyEvents(Events):
    """Hands events on to another bus, but for those that a fault is armed for."""

    def __init__(self, events: Events, faults: Faults, clock: Clock) -> None:
        self._events = events
        self._faults = faults
        self._clock = clock
        self._held: dict[str, _Event] = {}
        self._actions: dict[str, Callable[[_Event, FaultOrder], None]] = {
            "event-dropped": lambda *_: None,
            "event-doubled": self._double,
            "event-delayed": self._delay,
            REORDERED: self._hold,
        }

    def publish(self, *, source: str, detail_type: str, resources: Sequence[str], detail: Json) -> None:
        """See `Events.publish`."""
        event = _Event(source, detail_type, resources, detail)
        if detail_type not in {TASK_STATE_CHANGE, EXECUTION_STATUS_CHANGE}:
            self._send(event)
            return
        held = self._held.pop(event.about, None)
        # Who lets another event go first cannot wait for one itself; nor can a last one.
        but = (REORDERED,) if held is not None or event.is_last else ()
        order = self._faults.take_event(event.subject(), but)
        if order is None:
            self._send(event)
        else:
            self._actions[order.kind.name](event, order)
        if held is not None:
            self._send(held)

    def _send(self, event: _Event) -> None:
        self._events.publish(
            source=event.source, detail_type=event.detail_type, resources=event.resources, detail=event.detail
        )

    def _double(self, event: _Event, _: FaultOrder) -> None:
        self._send(event)
        self._send(event)

    def _delay(self, event: _Event, order: FaultOrder) -> None:
        seconds = self._clock.real_seconds(order.effective_seconds)
        asyncio.get_running_loop().call_later(seconds, self._send, event)

    def _hold(self, event: _Event, _: FaultOrder) -> None:
        self._held[event.about] = event
