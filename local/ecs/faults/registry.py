"""The faults that are armed, and how they are used up."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

from local.ecs.errors import EcsApiError
from local.ecs.faults.kinds import Stage
from local.ecs.faults.plan import TaskPlan, failure_of, strike_of
from local.ecs.faults.reading import FaultOrder
from local.ecs.model import Json


@dataclass
class ArmedFault:
    """An order with an id and the rest of its count."""

    id: int
    order: FaultOrder
    left: int

    def as_json(self) -> Json:
        """As `GET /_local/faults` shows it."""
        return {"id": self.id, **self.order.as_json(), "left": self.left}


@dataclass(frozen=True)
class Subject:
    """What a fault may strike: the call, task or event at hand. `status` is that of an execution."""

    provider: str | None
    family: str
    last_status: str | None = None
    status: str | None = None

    def is_meant(self, order: FaultOrder) -> bool:
        """Whether the order is not only for others."""
        return (
            order.provider in {None, self.provider}
            and order.family in {None, self.family}
            and (not order.last_status or self.last_status in order.last_status)
            # What is not said to be of executions is of tasks.
            and (not order.status if self.status is None else self.status in order.status)
        )


@dataclass(frozen=True)
class CallFault:
    """How a RunTask call fails: with an error; None means that there is no capacity."""

    error: EcsApiError | None
    carried_out: bool


@dataclass(frozen=True)
class FunctionCall:
    """A call of an AWS action by a Lambda function."""

    action: str
    function: str

    def is_meant(self, order: FaultOrder) -> bool:
        """Whether the order is not only for others; `function` of an order is a part of the function's name."""
        return order.call in {None, self.action} and (order.function or "") in self.function


class Faults:
    """Faults that are armed for a number of coming calls, tasks or events; the first armed strikes first."""

    def __init__(self) -> None:
        self._armed: list[ArmedFault] = []
        self._ids = itertools.count(1)

    def arm(self, order: FaultOrder) -> ArmedFault:
        """From here on the fault strikes `order.count` times."""
        armed = ArmedFault(next(self._ids), order, order.count)
        self._armed.append(armed)
        return armed

    def armed(self) -> tuple[ArmedFault, ...]:
        """What is still to strike, in the order in which it was armed."""
        return tuple(self._armed)

    def clear(self) -> None:
        """Disarms every fault. Tasks that were launched keep the faults that were planned for them."""
        self._armed.clear()

    def take_call(self, subject: Subject, subnet: str) -> CallFault | None:
        """What goes wrong with the RunTask call at hand, if anything; counts it."""
        order = self._take({Stage.CALL}, subject)
        if order is None:
            return None
        text = order.reason or order.kind.text.replace("{subnet}", subnet)
        return CallFault(order.kind.error(text) if order.kind.error else None, carried_out=order.kind.carried_out)

    def plan(self, subject: Subject, image: str) -> TaskPlan:
        """What will go wrong in a task that is launched now: a slow start, and one failure or end besides."""
        slow = self._take({Stage.START}, subject, only=("slow-start",))
        order = self._take({Stage.START, Stage.RUN}, subject, but=("slow-start",))
        return TaskPlan(
            slow_seconds=slow.effective_seconds if slow else 0.0,
            failure=failure_of(order, image) if order and order.kind.stage is Stage.START else None,
            strike=strike_of(order) if order and order.kind.stage is Stage.RUN else None,
        )

    def take_event(self, subject: Subject, but: Iterable[str] = ()) -> FaultOrder | None:
        """The fault of the event at hand, if any; counts it."""
        return self._take({Stage.EVENT}, subject, but=but)

    def concerns_calls_of(self, action: str) -> bool:
        """Whether a call of this action may meet a fault, if a function makes it."""
        return any(
            armed.order.kind.stage is Stage.FUNCTION and armed.order.call in {None, action} for armed in self._armed
        )

    def take_function_call(self, call: FunctionCall) -> FaultOrder | None:
        """The fault of a function's call, if any; counts it."""
        return self._take({Stage.FUNCTION}, call)

    @staticmethod
    def failures(cluster_arn: str) -> list[Json]:
        """RunTask's `failures` when there is no capacity (fact B37)."""
        return [{"arn": cluster_arn, "reason": "RESOURCE:CPU"}]

    def _take(
        self, stages: set[Stage], subject: Subject | FunctionCall, *, only: Iterable[str] = (), but: Iterable[str] = ()
    ) -> FaultOrder | None:
        for armed in self._armed:
            name = armed.order.kind.name
            if armed.order.kind.stage not in stages or name in but or (only and name not in only):
                continue
            if subject.is_meant(armed.order):
                armed.left -= 1
                if armed.left == 0:
                    self._armed.remove(armed)
                return armed.order
        return None
