"""Virtual time and the one order of things: a heap of what comes next, and processes that wait in greenlets.

Everything that happens in a world is an action of its scheduler, so a world is a pure function of its seed.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from typing import Any, Final

from greenlet import getcurrent, greenlet

#: When every world begins.
BEGINNING: Final = datetime(2026, 3, 2, 9, 0, 0, tzinfo=UTC)

Action = Callable[..., object]


class ProcessDiedError(BaseException):
    """The process is gone in the middle of what it did: no handler catches this."""


class Trace:
    """What happened, in order. Lines are made when they are read: most worlds are never looked at."""

    def __init__(self) -> None:
        self._steps: list[tuple[object, ...]] = []
        self.add = self._steps.append

    def __len__(self) -> int:
        return len(self._steps)

    def lines(self, last: int | None = None) -> list[str]:
        """One line for each of the last steps, all of them by default."""
        steps = self._steps if last is None else self._steps[-last:]
        return [" ".join(f"{part:.3f}" if isinstance(part, float) else str(part) for part in step) for step in steps]

    def digest(self) -> str:
        """The same text for the same history, and for no other."""
        return hashlib.sha256("\n".join(self.lines()).encode()).hexdigest()


class Scheduler:
    """Virtual seconds since BEGINNING, and what is to be done when."""

    def __init__(self) -> None:
        self.now = 0.0
        self.steps = 0
        self.trace = Trace()
        self._heap: list[tuple[float, int, Action, tuple[Any, ...]]] = []
        self._added = 0

    def after(self, seconds: float, action: Action, *args: object) -> None:
        """Do something later; what is due at the same moment is done in the order in which it was asked for."""
        self._added += 1
        heappush(self._heap, (self.now + seconds, self._added, action, args))

    def run(self, until: float) -> None:
        """Do everything that is due up to a moment, which then is now."""
        heap = self._heap
        while heap and heap[0][0] <= until:
            at, _, action, args = heappop(heap)
            self.now = max(at, self.now)
            self.steps += 1
            action(*args)
        self.now = max(until, self.now)

    def datetime(self, at: float | None = None) -> datetime:
        """A moment of this world as people write it."""
        return BEGINNING + timedelta(seconds=round(self.now if at is None else at, 3))

    def iso(self, at: float | None = None) -> str:
        """The same as AWS writes it in events (fact B4)."""
        return self.datetime(at).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: what it returned, what it raised, or that it died."""

    value: object = None
    error: BaseException | None = None
    died: bool = False

    @property
    def well(self) -> bool:
        """Whether it returned."""
        return self.error is None and not self.died


@dataclass(eq=False)
class Process:
    """Code that runs until it waits for something, then goes on when the scheduler says so.

    `skew` is how far its clock is off, in seconds; `recovers` says that it makes up for
    something that went wrong before. `on_wait` is given what the code waits for.
    """

    name: str
    work: Callable[[], object]
    on_wait: Callable[["Process", Any], None]
    on_end: Callable[["Process", Ended], None]
    skew: float = 0.0
    recovers: bool = False
    awaits: Any = None  # what its next wait meets, where that is known already
    is_over: bool = False
    _greenlet: greenlet = field(init=False)

    def start(self) -> None:
        """Run to the first wait."""
        self._greenlet = _Running(self._run, self)
        self._go_on(self._greenlet.switch())

    def resume(self, value: object) -> None:
        """What it waited for has come."""
        if not self.is_over:
            self._go_on(self._greenlet.switch(value))

    def fail(self, error: BaseException) -> None:
        """What it waited for has gone wrong."""
        if not self.is_over:
            self._go_on(self._greenlet.throw(error))

    def kill(self) -> None:
        """The machine is gone. What it did on its way out does not count."""
        if self.is_over:
            return
        self.is_over = True
        self._greenlet.throw(ProcessDiedError())
        self.on_end(self, Ended(died=True))

    def wait(self, what: object) -> Any:
        """Called by the code inside: let other things happen until this has come."""
        scheduler = self._greenlet.parent
        assert scheduler
        return scheduler.switch(what)

    def _run(self) -> Ended:
        try:
            return Ended(self.work())
        except ProcessDiedError:
            return Ended(died=True)
        except BaseException as error:  # noqa: BLE001 - whatever a handler raises is what Lambda sees
            return Ended(error=error)

    def _go_on(self, outcome: Any) -> None:
        if self.is_over:
            return
        if isinstance(outcome, Ended):
            self.is_over = True
            self.on_end(self, outcome)
        else:
            self.on_wait(self, outcome)


class _Running(greenlet):
    """A greenlet that knows its process."""

    def __init__(self, run: Callable[[], Ended], process: Process) -> None:
        super().__init__(run)
        self.process = process


def current_process() -> Process | None:
    """The process whose code runs now; None outside of all."""
    running = getcurrent()
    return running.process if isinstance(running, _Running) else None
