"""Faults of a local runtime, from Python: what tests and demos arm before they look at how the application copes.

    arm(endpoint, "spot-interruption", after=2.5)

The kinds are the table in `local.ecs.faults.kinds`; `runs local fault --help` prints it.
"""

from __future__ import annotations

import json
import urllib.error
from collections.abc import Sequence
from typing import Final, TypedDict, Unpack

from local.access import OPENER, secret_of, signed
from local.errors import LocalRuntimeError

TIMEOUT_SECONDS: Final = 10
Fault = dict[str, object]


class FaultRefusedError(LocalRuntimeError):
    """The runtime refuses the fault. The message says what it accepts."""


class UnreachableError(LocalRuntimeError):
    """Nothing answers at the endpoint."""

    def __init__(self, endpoint: str, why: object) -> None:
        super().__init__(f"the local runtime does not answer at {endpoint} ({why}): start it with `runs local up`")


class Options(TypedDict, total=False):
    """What can be said about a fault. Seconds are virtual.

    `count`: how many RunTask calls, tasks, events or calls of functions (by kind) it strikes; 1 unless told. `provider`
    and `family` (of the task definition) leave all others alone. `seconds`: the kind's own time. `after`: how long a
    task is RUNNING before it strikes. `reason` replaces the kind's text, `last_status` chooses events of
    tasks, `status` events of executions (without it an event fault strikes those of tasks). `call` is the
    action that a function calls (`SendTaskFailure`), `function` a part of the function's name, `when` "before" or
    "after" the call is carried out; unless told, any call of any function, and before.
    """

    count: int
    provider: str
    family: str
    seconds: float
    after: float
    reason: str
    last_status: Sequence[str]
    status: Sequence[str]
    call: str
    when: str
    function: str


def arm(endpoint: str, kind: str, **options: Unpack[Options]) -> Fault:
    """Arms a fault and returns it as it is armed.

    Raises FaultRefusedError if the kind is unknown or has no such option, UnreachableError if nothing answers.
    """
    said = {"lastStatus" if name == "last_status" else name: value for name, value in options.items()}
    return send(endpoint, {"kind": kind, **said})


def send(endpoint: str, body: Fault) -> Fault:
    """Arm what a body of the HTTP interface asks for; see `arm`."""
    return _call(endpoint, "POST", body)


def armed(endpoint: str) -> list[Fault]:
    """What is armed: `id`, `kind`, its options, and `left`, how many times it will still strike."""
    faults = _call(endpoint, "GET")["faults"]
    return [dict(fault) for fault in faults] if isinstance(faults, list) else []


def clear(endpoint: str) -> None:
    """Disarms all faults. Those that were planned for tasks that are launched already still happen."""
    _call(endpoint, "DELETE")


def _call(endpoint: str, method: str, body: Fault | None = None) -> Fault:
    encoded = None if body is None else json.dumps(body).encode()
    request = signed(method, f"{endpoint}/_local/faults", secret_of(endpoint), encoded)
    try:
        with OPENER.open(request, timeout=TIMEOUT_SECONDS) as answer:
            found: Fault = json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            raise FaultRefusedError(_message(error.read()) or str(error)) from None
    except (OSError, ValueError) as error:
        raise UnreachableError(endpoint, error) from error
    return found


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return ""
