"""Breadth-first search over the states of a model: what must always hold, and what must come to pass.

Safety: `violation` is None in every reachable state. Liveness: from every reachable state, however one goes on without
optional moves (faults), one comes to a state that `is_done`. An end that is not done, and a circle that never passes
one that is, are counter-examples. Both come with a shortest way from the beginning.
"""

import gc
from collections import deque
from collections.abc import Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, NamedTuple, Protocol, TypeVar

S = TypeVar("S", bound=Hashable)


class Move(NamedTuple, Generic[S]):
    """One thing that may happen. What is `optional` (a fault, say) may also never happen."""

    label: str
    optional: bool
    to: S


class Model(Protocol[S]):
    """What the checker needs to know."""

    def initial(self) -> S:
        """Where it begins."""

    def moves(self, state: S) -> Iterable[Move[S]]:
        """All that may happen next."""

    def violation(self, state: S) -> str | None:
        """What is wrong with this state; None for nothing."""

    def is_done(self, state: S) -> bool:
        """Whether all that must come to pass has."""


@dataclass(frozen=True)
class CounterExample(Generic[S]):
    """What went wrong, and the way there: labels of moves, and the state after the last of them."""

    what: str
    trace: tuple[str, ...]
    state: S

    def __str__(self) -> str:
        steps = "\n".join(f"  {number:2}. {label}" for number, label in enumerate(self.trace, start=1))
        return f"{self.what}\n{steps}\n  => {self.state}"


@dataclass(frozen=True)
class Report(Generic[S]):
    """What was looked at. The numbers are complete only where there is no counter-example."""

    states: int
    moves: int
    done: int
    counter_example: CounterExample[S] | None


class _Graph(Generic[S]):
    """The reachable states, numbered in breadth-first order, so that `came_from` is a shortest way."""

    def __init__(self, model: Model[S]) -> None:
        self.model = model
        self.states: list[S] = [model.initial()]
        self.came_from: list[int] = [-1]
        self.next: list[list[int]] = []
        self.moves = 0
        self._numbers: dict[S, int] = {self.states[0]: 0}

    def explore(self) -> CounterExample[S] | None:
        """Number every reachable state; stops at the first that violates something."""
        queue = deque([0])
        while queue:
            number = queue.popleft()
            what = self.model.violation(self.states[number])
            if what:
                return CounterExample(what, tuple(self.labels_to(number)), self.states[number])
            self.next.append(self._expand(number, queue))
        return None

    def _expand(self, number: int, queue: deque[int]) -> list[int]:
        """The states that must be expected after this one: by moves that are not optional."""
        expected: list[int] = []
        for _, optional, state in self.model.moves(self.states[number]):
            self.moves += 1
            to = self._numbers.get(state)
            if to is None:
                to = self._numbers[state] = len(self.states)
                self.states.append(state)
                self.came_from.append(number)
                queue.append(to)
            if not optional:
                expected.append(to)
        return expected

    def labels_to(self, number: int) -> list[str]:
        """The moves of a shortest way to a state."""
        way = [number]
        while self.came_from[way[-1]] >= 0:
            way.append(self.came_from[way[-1]])
        return self.labels_along(way[::-1])

    def labels_along(self, way: Sequence[int]) -> list[str]:
        """The names of the moves between these states."""
        return [self._label(self.states[a], self.states[b]) for a, b in pairwise(way)]

    def _label(self, here: S, there: S) -> str:
        return next(label for label, _, to in self.model.moves(here) if to == there)


def check(model: Model[S]) -> Report[S]:
    """Look at every reachable state of a model."""
    graph = _Graph(model)
    with _no_collection():
        found = graph.explore()
    done = [] if found else [n for n, state in enumerate(graph.states) if model.is_done(state)]
    return Report(len(graph.states), graph.moves, len(done), found or _never_done(graph, done))


@contextmanager
def _no_collection() -> Iterator[None]:
    """Nothing that is kept can be collected, so looking for it again and again is in vain."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _never_done(graph: _Graph[S], done: Sequence[int]) -> CounterExample[S] | None:
    """A state from which one may go on for ever without being done, by the shortest way."""
    sure = _surely_done(graph.next, done)
    start = next((n for n, is_sure in enumerate(sure) if not is_sure), None)
    if start is None:
        return None
    way = [start]
    while True:
        worse = next((n for n in graph.next[way[-1]] if not sure[n]), None)
        if worse is None or worse in way:
            break
        way.append(worse)
    what = "nothing more happens" if worse is None else "it goes round for ever"
    labels = [*graph.labels_to(start), *graph.labels_along(way)]
    return CounterExample(f"never done: {what}", tuple(labels), graph.states[way[-1]])


def _surely_done(following: Sequence[Sequence[int]], done: Sequence[int]) -> list[bool]:
    """For each state whether every way on leads to one that is done: all its successors do, and there is one."""
    before: list[list[int]] = [[] for _ in following]
    for number, after in enumerate(following):
        for each in after:
            before[each].append(number)
    missing = [len(after) for after in following]
    sure = [False] * len(following)
    agenda = list(done)
    for number in agenda:
        sure[number] = True
    while agenda:
        for number in before[agenda.pop()]:
            missing[number] -= 1
            if missing[number] == 0 and not sure[number]:
                sure[number] = True
                agenda.append(number)
    return sure
