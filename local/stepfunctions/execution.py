"""One execution: its record (which the embedded AWS's API reads) and its history."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from local.clock import Clock, iso_milliseconds
from local.ecs.model import Json
from local.stepfunctions.redrive import redrive_count


class Execution:
    """Wraps the embedded AWS's own record, so that Describe, List and GetExecutionHistory show what happens here."""

    def __init__(self, record: Json, clock: Clock) -> None:
        self.record = record
        self._clock = clock
        self._redrive_count = redrive_count(record)

    @property
    def arn(self) -> str:
        """The execution's ARN."""
        return str(self.record["executionArn"])

    @property
    def running(self) -> bool:
        """Whether it has not ended; an attempt before a redrive has."""
        return self.record["status"] == "RUNNING" and redrive_count(self.record) == self._redrive_count

    def add_event(self, event_type: str, previous: int, details: Mapping[str, object] | None = None) -> int:
        """Appends to the history and returns the event's id. `details` go under the key that AWS has for the type."""
        events = self.record["events"]
        if not isinstance(events, list):
            raise TypeError("the execution's record has no list of events")
        event: Json = {
            "id": len(events) + 1,
            "previousEventId": previous,
            "type": event_type,
            "timestamp": iso_milliseconds(self._clock.now()),
        }
        if details is not None:
            event[_details_key(event_type)] = {name: value for name, value in details.items() if value is not None}
        events.append(event)
        return len(events)

    def end(
        self, status: str, *, output: str | None = None, error: str | None = None, cause: str | None = None
    ) -> None:
        """Set the final status."""
        self.record.update(
            status=status, output=output, error=error, cause=cause, stopDate=iso_milliseconds(self._clock.now())
        )


@dataclass(frozen=True)
class Place:
    """A state that was entered, with its input. A redrive goes on from it."""

    state: str
    data: object
    variables: dict[str, object]


@dataclass
class Frame:
    """Where a sequence of states stands: its own variables and context, and the last event of its branch."""

    execution: Execution
    query_language: str
    context: Json
    variables: dict[str, object] = field(default_factory=dict)
    previous_event: int = 0
    place: Place | None = None
    open_state: str | None = None
    """The type of the state that was entered and not left."""

    def note(self, event_type: str, details: Mapping[str, object] | None = None) -> None:
        """Append an event that follows this branch's last one."""
        self.previous_event = self.execution.add_event(event_type, self.previous_event, details)

    def note_aside(self, event_type: str) -> None:
        """Append an event that the branch's next one does not follow (as recorded, fact B49)."""
        self.execution.add_event(event_type, self.previous_event)

    def branch(self, context: Json | None = None) -> Frame:
        """A frame for a branch or an item: it sees the variables, and what it assigns stays inside it."""
        copied: Json = json.loads(json.dumps(context if context is not None else self.context))
        return Frame(self.execution, self.query_language, copied, dict(self.variables), self.previous_event)

    def bindings(self, data: object, *, result: object = None, error_output: object = None) -> Json:
        """`$states` and the variables, for a JSONata expression."""
        states = {"input": data, "context": self.context, "result": result, "errorOutput": error_output}
        return {**self.variables, "states": states}


def as_json(value: object) -> str:
    """Compact JSON, as histories and outputs have it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _details_key(event_type: str) -> str:
    for suffix, key in (("StateEntered", "stateEntered"), ("StateExited", "stateExited")):
        if event_type.endswith(suffix):
            return f"{key}EventDetails"
    return f"{event_type[0].lower()}{event_type[1:]}EventDetails"
