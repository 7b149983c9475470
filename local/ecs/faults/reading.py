"""Checks the faults that are asked for against the table of kinds."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from local.ecs.faults.kinds import FAULT_KINDS, FaultKind, Option
from local.ecs.model import Json

LAST_STATUSES: Final = (
    "PROVISIONING",
    "PENDING",
    "ACTIVATING",
    "RUNNING",
    "DEACTIVATING",
    "STOPPING",
    "DEPROVISIONING",
    "STOPPED",
)  # fact B6
EXECUTION_STATUSES: Final = ("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
MOMENTS: Final = ("before", "after")
ACTION: Final = re.compile(r"[A-Z][A-Za-z0-9]+")
MOST: Final = 1_000_000
T = TypeVar("T")


class BadFaultError(Exception):
    """The fault cannot be armed. The message says what is accepted."""


@dataclass(frozen=True)
class FaultOrder:
    """A fault to arm. Seconds are virtual (`local.clock.Clock`); None is any, or the kind's own default."""

    kind: FaultKind
    count: int = 1
    provider: str | None = None
    family: str | None = None
    seconds: float | None = None
    after: float = 0.0
    reason: str | None = None
    last_status: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    call: str | None = None
    when: str | None = None
    function: str | None = None

    @property
    def effective_seconds(self) -> float:
        """The option, or the kind's default."""
        return self.kind.seconds or 0.0 if self.seconds is None else self.seconds

    def as_json(self) -> Json:
        """Returns the body that asks for this fault. Options that were not given are absent."""
        said: Json = {
            Option.PROVIDER: self.provider,
            Option.FAMILY: self.family,
            Option.SECONDS: self.effective_seconds if self.kind.seconds is not None else None,
            Option.AFTER: self.after or None,
            Option.REASON: self.reason,
            Option.LAST_STATUS: list(self.last_status) or None,
            Option.STATUS: list(self.status) or None,
            Option.CALL: self.call,
            Option.WHEN: self.when,
            Option.FUNCTION: self.function,
        }
        return {"kind": self.kind.name, **{str(name): value for name, value in said.items() if value is not None}}


def read_fault(body: Json) -> FaultOrder:
    """`{"kind", "count"?, …}` with the options of the kind (`Option`) as an order.

    BadFaultError where the kind is unknown, an option does not exist for it, or a value is none.
    """
    kind = _kind(body.get("kind"))
    for name in body:
        if name not in {"kind", "count"} and name not in kind.options:
            known = ", ".join(["count", *sorted(kind.options)])
            raise BadFaultError(f"{kind.name} has no option `{name}`: it has {known}")
    order = FaultOrder(
        kind=kind,
        count=_count(body.get("count", 1)),
        provider=_provider(kind, _optional(body, Option.PROVIDER, _text)),
        family=_optional(body, Option.FAMILY, _text),
        seconds=_optional(body, Option.SECONDS, _seconds),
        after=_optional(body, Option.AFTER, _seconds) or 0.0,
        reason=_optional(body, Option.REASON, _text),
        last_status=_optional(body, Option.LAST_STATUS, _statuses_of(LAST_STATUSES)) or (),
        status=_optional(body, Option.STATUS, _statuses_of(EXECUTION_STATUSES)) or (),
        call=_optional(body, Option.CALL, _action),
        when=_optional(body, Option.WHEN, _moment),
        function=_optional(body, Option.FUNCTION, _text),
    )
    if order.status and (order.last_status or order.provider or order.family):
        raise BadFaultError("status is of executions, which have no lastStatus, no provider and no family")
    return order


def _kind(name: object) -> FaultKind:
    kind = FAULT_KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise BadFaultError(f"there is no kind of fault {name!r}: there are {', '.join(FAULT_KINDS)}")
    return kind


def _provider(kind: FaultKind, given: str | None) -> str | None:
    if kind.provider is not None and given not in {None, kind.provider}:
        raise BadFaultError(f"{kind.name} strikes tasks on {kind.provider} only, not on {given!r}")
    return kind.provider or given


def _optional(body: Json, name: Option, read: Callable[[str, object], T]) -> T | None:
    value = body.get(name)
    return None if value is None else read(name, value)


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST:
        raise BadFaultError(f"count must be a whole number from 1 to {MOST:,}, not {value!r}")
    return value


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise BadFaultError(f"{name} must be a text that is not empty, not {value!r}")
    return value


def _seconds(name: str, value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= MOST:
        raise BadFaultError(f"{name} must be a number from 0 to {MOST:,}, not {value!r}")
    return float(value)


def _statuses_of(known: tuple[str, ...]) -> Callable[[str, object], tuple[str, ...]]:
    def read(name: str, value: object) -> tuple[str, ...]:
        found = value if isinstance(value, list) else [value]
        if not found or not all(status in known for status in found):
            raise BadFaultError(f"{name} must be one or a list of {', '.join(known)}, not {value!r}")
        return tuple(found)

    return read


def _action(name: str, value: object) -> str:
    if not isinstance(value, str) or not ACTION.fullmatch(value):
        raise BadFaultError(f"{name} must be an action as AWS's API names it, such as SendTaskFailure, not {value!r}")
    return value


def _moment(name: str, value: object) -> str:
    if value not in MOMENTS:
        raise BadFaultError(f"{name} must be one of {', '.join(MOMENTS)}, not {value!r}")
    return str(value)
