"""The branches of a Parallel state and the iterations of a Map: so many at a time, and none after one has failed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from local.stepfunctions.errors import StateError
from local.stepfunctions.execution import Frame

# The states that have an event of their own for being aborted (HistoryEvent of the API reference).
ABORTABLE: Final = frozenset({"Task", "Wait", "Parallel", "Map"})
MakeFrame = Callable[[int], Frame]
Walk = Callable[[int, Frame], Awaitable[object]]


async def in_line(count: int, at_once: int, work: Callable[[int], Awaitable[None]]) -> None:
    """Do `work` for 0 to `count` in order; the first that raises ends the others, and no other is begun after it."""
    turns = iter(range(count))
    is_over = False

    async def worker() -> None:
        nonlocal is_over
        for index in turns:
            if is_over:
                return
            try:
                await work(index)
            except BaseException:
                is_over = True
                raise

    workers = [asyncio.ensure_future(worker()) for _ in range(min(at_once, count))]
    try:
        await asyncio.gather(*workers)
    except BaseException:
        for each in workers:
            each.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        raise


class Branches:
    """One attempt at the branches of a state, and their events as recorded (fact B49).

    `map_name` is that of a Map state: its iterations have events of their own. Afterwards the state's frame stands
    behind the branch that ended last, or that failed.
    """

    def __init__(self, frame: Frame, make_frame: MakeFrame, walk: Walk, map_name: str | None = None) -> None:
        self._frame = frame
        self._make_frame = make_frame
        self._walk = walk
        self._map_name = map_name
        self._running: dict[int, Frame] = {}
        self._next_follows = frame.previous_event
        self._has_failed = False

    async def run(self, count: int, at_once: int) -> list[object]:
        """Every output in order, or the `StateError` of the branch that failed first."""
        outputs: list[object] = [None] * count

        async def turn(index: int) -> None:
            inner = self._running[index] = self._make_frame(index)
            inner.previous_event = self._note("Started", index, self._next_follows)
            try:
                outputs[index] = await self._walk(index, inner)
            except StateError:
                self._failed(index)
                raise
            del self._running[index]
            self._next_follows = inner.previous_event
            self._frame.previous_event = self._note("Succeeded", index, inner.previous_event)

        await in_line(count, at_once, turn)
        return outputs

    def _failed(self, index: int) -> None:
        if self._has_failed:
            return  # at the same moment as another: it was said to be aborted
        self._has_failed = True
        failed = self._running.pop(index)
        last = failed.previous_event
        self._note("Failed", index, last)
        for other, running in sorted(self._running.items()):
            self._abort_state(running, last)
            self._note("Aborted", other, last)
        self._abort_state(failed, last)
        self._frame.previous_event = last

    def _note(self, how: str, index: int, previous: int) -> int:
        """Adds an iteration's event and returns its id; `previous` for branches, which have no such event."""
        if self._map_name is None:
            return previous
        details = {"name": self._map_name, "index": index}
        return self._frame.execution.add_event(f"MapIteration{how}", previous, details)

    def _abort_state(self, frame: Frame, previous: int) -> None:
        if frame.open_state in ABORTABLE:
            self._frame.execution.add_event(f"{frame.open_state}StateAborted", previous)
