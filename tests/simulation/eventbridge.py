"""The event bus: the rules of the real template, and delivery that is at least once, or worse."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.simulation.faults import EventFault, FaultPlan
from tests.simulation.scheduler import Scheduler
from tests.simulation.template import ACCOUNT, REGION

Event = Any
_DAY: Final = 86_400.0
_MISSING: Final = object()


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether an event matches a pattern: values, prefix, suffix, anything-but, exists and $or."""
    for name, wanted in pattern.items():
        value = event.get(name, _MISSING)
        if name == "$or":
            if not any(matches(each, event) for each in wanted):
                return False
        elif isinstance(wanted, dict):
            if not isinstance(value, dict) or not matches(wanted, value):
                return False
        elif not any(_accepts(each, value) for each in wanted):
            return False
    return True


def _accepts(wanted: Any, value: Any) -> bool:
    if isinstance(value, list):
        return any(_accepts(wanted, each) for each in value)
    if not isinstance(wanted, dict):
        return value is not _MISSING and value == wanted and isinstance(value, bool) is isinstance(wanted, bool)
    ((operator, operand),) = wanted.items()
    return _OPERATORS[operator](operand, value)


def _anything_but(operand: Any, value: Any) -> bool:
    excluded = operand if isinstance(operand, list) else [operand]
    return value is not _MISSING and not any(_accepts(each, value) for each in excluded)


_OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "prefix": lambda operand, value: isinstance(value, str) and value.startswith(operand),
    "suffix": lambda operand, value: isinstance(value, str) and value.endswith(operand),
    "anything-but": _anything_but,
    "exists": lambda operand, value: (value is not _MISSING) is operand,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule and the function that it invokes."""

    function: str
    pattern: Mapping[str, Any]
    keeps_undelivered: bool = True


class EventBridge:
    """`deliver` invokes a function with an event, `bury` puts what cannot be delivered into the dead-letter queue."""

    def __init__(
        self,
        scheduler: Scheduler,
        plan: FaultPlan,
        rules: tuple[Rule, ...],
        archived: Mapping[str, Any] | None,
        deliver: Callable[[str, Event], None],
    ) -> None:
        self._scheduler = scheduler
        self._plan = plan
        self._rules = rules
        self._archived = archived
        self._deliver = deliver
        self._held: dict[tuple[str, str], list[Event]] = {}
        self.archive: list[Event] = []
        self.bury: Callable[[str, Event], None] = lambda _function, _event: None
        self.on_event: Callable[[Event], None] = lambda _event: None

    def envelope(self, source: str, detail_type: str, resource: str, detail: Mapping[str, Any]) -> Event:
        """An event as AWS services send it (fact B1)."""
        return {
            "version": "0",
            "id": self.event_id(),
            "detail-type": detail_type,
            "source": source,
            "account": ACCOUNT,
            "time": self._scheduler.iso(),
            "region": REGION,
            "resources": [resource],
            "detail": detail,
        }

    def event_id(self) -> str:
        """A new one."""
        return f"{self._plan.rng.getrandbits(128):032x}"

    def put(self, event: Event, *, best_effort: bool = False) -> None:
        """Something has happened. An event of a best-effort source may be lost at any time."""
        wanted = [rule for rule in self._rules if matches(rule.pattern, event)]
        if not wanted:
            return
        self.on_event(event)
        if self._archived is not None and matches(self._archived, event):
            self.archive.append(event)
        if best_effort and self._plan.happens(0.2):
            self._plan.count[EventFault.LOST] += 1
            return
        for rule in wanted:
            self._send(rule, event)

    def send_raw(self, function: str, event: Event) -> None:
        """Deliver something whatever the rules say."""
        self._scheduler.after(self._usual(), self._deliver, function, event)

    def replay(self, moments: int = 1) -> int:
        """Everything in the archive again, in no order, under its old ids (fact B36). Gives how many events."""
        events = list(self.archive) * moments
        self._plan.rng.shuffle(events)
        for event in events:
            again = {**event, "replay-name": "again"}
            for rule in self._rules:
                if matches(rule.pattern, again):
                    self._scheduler.after(self._plan.rng.random() * 20, self._deliver, rule.function, again)
        self._plan.count["F24"] += 1
        self._plan.count["F02"] += 1
        return len(events)

    def _fail(self, rule: Rule, event: Event) -> None:
        """No invocation at all. What is not tried again, a missing permission, is given up at once; the rest later."""
        self._plan.count["F04"] += 1
        if rule.keeps_undelivered:
            is_hopeless = self._plan.rng.random() < 0.5
            self._scheduler.after(self._usual() if is_hopeless else _DAY, self.bury, rule.function, event)

    def _release(self, function: str, event: Event) -> None:
        """Nothing more was said about it: then alone."""
        held = self._held.get(_thing(function, event), [])
        if event in held:
            held.remove(event)
            self._deliver(function, event)

    def _usual(self) -> float:
        return 0.2 + self._plan.rng.random() * 2

    def _send(self, rule: Rule, event: Event) -> None:
        fault, function = self._plan.for_event(), rule.function
        random = self._plan.rng.random
        if fault is EventFault.LOST:
            self._plan.count["F04"] += 1
            return
        if fault is EventFault.UNDELIVERED:
            self._fail(rule, event)
            return
        delay = self._usual()
        for held in self._held.pop(_thing(function, event), ()):
            self._scheduler.after(delay + random() * 0.1, self._deliver, function, held)
        if fault is EventFault.TOGETHER:
            self._plan.count["F06"] += 1
            self._held.setdefault(_thing(function, event), []).append(event)
            self._scheduler.after(600, self._release, function, event)
            return
        if fault is EventFault.LATE:
            self._plan.count["F03"] += 1
            delay += random() * 1_800
        elif fault is EventFault.DAY_LATE:
            self._plan.count["F05"] += 1
            delay += _DAY
        self._scheduler.after(delay, self._deliver, function, event)
        if fault is EventFault.DOUBLED:
            self._plan.count["F01"] += 1
            self._scheduler.after(delay + random() ** 4 * 3, self._deliver, function, event)
        elif fault is EventFault.COPIED:
            self._plan.count["F02"] += 1
            copy = {**event, "id": self.event_id()}
            self._scheduler.after(delay + random() * 300, self._deliver, function, copy)


def _thing(function: str, event: Event) -> tuple[str, str]:
    """What an event is about, and who is told."""
    return function, event["resources"][0]


def rules_of(functions: Mapping[str, Any]) -> tuple[Rule, ...]:
    """The rules of a template's functions."""
    return tuple(
        Rule(module, function.pattern, function.keeps_undelivered)
        for module, function in functions.items()
        if function.pattern is not None
    )
