"""What may go wrong between a function and AWS, and how often in one world."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from types import MappingProxyType
from typing import Final

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)


class CallFault(StrEnum):
    """What happens to one call to AWS."""

    NONE = "none"
    NOT_SENT = "not-sent"
    ANSWER_LOST = "answer-lost"  # carried out, but the caller sees a time-out
    TRIED_TWICE = "tried-twice"  # carried out, timed out, and tried again by botocore itself
    THROTTLED = "throttled"
    BROKEN_BEFORE = "5xx-before"
    BROKEN_AFTER = "5xx-after"
    SLOW = "slow"
    DIES_BEFORE = "dies-before"
    DIES_AFTER = "dies-after"


class EventFault(StrEnum):
    """What happens to one event on its way to a function."""

    LOST = "lost"
    DOUBLED = "doubled"
    COPIED = "copied"  # again under another event id
    LATE = "late"
    DAY_LATE = "day-late"
    UNDELIVERED = "undelivered"  # the function cannot be invoked at all, at once or after a day of tries (fact B11)
    TOGETHER = "together"  # at the same moment as the next event of the same task


class Weather(StrEnum):
    """How wild a world is."""

    CALM = "calm"
    MILD = "mild"
    ROUGH = "rough"
    WILD = "wild"


#: The chance that a call, or an event, has one of the faults of its world.
CALL_CHANCES: Final[Mapping[Weather, float]] = MappingProxyType(
    {Weather.CALM: 0.0, Weather.MILD: 0.02, Weather.ROUGH: 0.08, Weather.WILD: 0.25}
)
EVENT_CHANCES: Final[Mapping[Weather, float]] = MappingProxyType(
    {Weather.CALM: 0.0, Weather.MILD: 0.1, Weather.ROUGH: 0.3, Weather.WILD: 0.6}
)
THROTTLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "dynamodb": "ProvisionedThroughputExceededException",
        "stepfunctions": "ThrottlingException",
        "ecs": "ThrottlingException",
        "logs": "ThrottlingException",
    }
)
BROKEN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "dynamodb": "InternalServerError",
        "stepfunctions": "InternalServerException",
        "ecs": "ServerException",
        "logs": "ServiceUnavailableException",
    }
)
#: The faults of calls as they are numbered.
NUMBERS: Final[Mapping[CallFault, tuple[str, ...]]] = MappingProxyType(
    {
        CallFault.NONE: (),
        CallFault.NOT_SENT: (),
        CallFault.ANSWER_LOST: ("F08",),
        CallFault.TRIED_TWICE: ("F08",),
        CallFault.THROTTLED: ("F18",),
        CallFault.BROKEN_BEFORE: ("F18",),
        CallFault.BROKEN_AFTER: ("F08", "F18"),
        CallFault.SLOW: (),
        CallFault.DIES_BEFORE: ("F07",),
        CallFault.DIES_AFTER: ("F07",),
    }
)
_DEADLY: Final = frozenset({CallFault.DIES_BEFORE, CallFault.DIES_AFTER})
_AFTER_A_RECORD: Final = (CallFault.DIES_BEFORE, CallFault.DIES_BEFORE, CallFault.THROTTLED, CallFault.NOT_SENT)
_ENDPOINT: Final = "https://aws.invalid"


def client_error(
    operation: str, code: str, message: str = "", *, status: int = 400, item: Mapping[str, object] | None = None
) -> ClientError:
    """The error as botocore raises it; `item` is what stands where a condition did not hold."""
    response: dict[str, object] = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    if item is not None:
        response["Item"] = item
    return ClientError(response, operation)  # type: ignore[arg-type]


def error_of(fault: CallFault, service: str, operation: str) -> BotoCoreError | ClientError:
    """What the caller of a call with this fault sees."""
    if fault is CallFault.THROTTLED:
        return client_error(operation, THROTTLES[service], "Rate exceeded")
    if fault in {CallFault.BROKEN_BEFORE, CallFault.BROKEN_AFTER}:
        return client_error(operation, BROKEN[service], "try again", status=500)
    if fault is CallFault.ANSWER_LOST:
        return ReadTimeoutError(endpoint_url=_ENDPOINT)
    if service in {"dynamodb", "logs"}:
        return ConnectTimeoutError(endpoint_url=_ENDPOINT)
    return EndpointConnectionError(endpoint_url=_ENDPOINT)


@dataclass
class FaultPlan:
    """The faults of one world. Each world has only some kinds of them, so that rare ones are not always together.

    `count` counts what was exercised: kinds of faults, and F01 to F26.
    """

    rng: Random
    weather: Weather
    calls: tuple[CallFault, ...] = ()
    events: tuple[EventFault, ...] = ()
    is_over: bool = False
    count: Counter[str] = field(default_factory=Counter)
    mail: Weather | None = None  # of events, where it is another one
    brittle: float = 0.0
    spared: str | None = None  # the function whose process no fault ends

    @classmethod
    def of(cls, rng: Random, weather: Weather) -> "FaultPlan":
        """A seeded choice of kinds."""
        calls = tuple(fault for fault in CallFault if fault is not CallFault.NONE and rng.random() < 0.6)
        events = tuple(fault for fault in EventFault if rng.random() < 0.6)
        return cls(rng, weather, calls, events)

    @property
    def call_chance(self) -> float:
        """The chance of a fault of a call now."""
        return 0.0 if self.is_over or not self.calls else CALL_CHANCES[self.weather]

    @property
    def event_chance(self) -> float:
        """The chance of a fault of an event now."""
        return 0.0 if self.is_over or not self.events else EVENT_CHANCES[self.mail or self.weather]

    def for_call(self, function: str) -> CallFault:
        """What happens to the next call of a function."""
        chance = self.call_chance
        if not chance or self.rng.random() >= chance:
            return CallFault.NONE
        return self._counted(self.calls[int(self.rng.random() * len(self.calls))], function)

    def after_a_record(self, function: str) -> CallFault | None:
        """What happens to the call that comes after the one that recorded something, if it is not left to chance."""
        if not self.brittle or not self.happens(self.brittle):
            return None
        return self._counted(_AFTER_A_RECORD[int(self.rng.random() * len(_AFTER_A_RECORD))], function)

    def _counted(self, fault: CallFault, function: str) -> CallFault:
        if fault in _DEADLY and function == self.spared:
            fault = CallFault.NOT_SENT
        self.count[fault] += 1
        for number in NUMBERS[fault]:
            self.count[number] += 1
        return fault

    def for_event(self) -> EventFault | None:
        """What happens to the next event."""
        chance = self.event_chance
        if not chance or self.rng.random() >= chance:
            return None
        fault = self.events[int(self.rng.random() * len(self.events))]
        self.count[fault] += 1
        return fault

    def happens(self, chance: float) -> bool:
        """Whether something of the weather's own chance happens; never once faults are over."""
        return not self.is_over and self.weather is not Weather.CALM and self.rng.random() < chance
