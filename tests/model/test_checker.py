"""The checker itself, on graphs small enough to see."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pytest

from tests.model.checker import Move, check


@dataclass
class Graph:
    """Edges as text: `ab` is a move from a to b that must be expected, `ab?` an optional one."""

    edges: str
    done: str = ""
    wrong: Mapping[str, str] = field(default_factory=dict)

    def initial(self) -> str:
        return "a"

    def moves(self, state: str) -> Iterable[Move[str]]:
        for edge in self.edges.split():
            if edge[0] == state:
                yield Move(edge, edge.endswith("?"), edge[1])

    def violation(self, state: str) -> str | None:
        return self.wrong.get(state)

    def is_done(self, state: str) -> bool:
        return state in self.done


def test_all_ways_lead_to_what_is_done() -> None:
    report = check(Graph("ab ac bd cd", done="d"))
    assert (report.states, report.moves, report.done, report.counter_example) == (4, 4, 1, None)


def test_the_way_to_what_is_wrong_is_a_shortest_one() -> None:
    report = check(Graph("ab bc cd ad? de", done="e", wrong={"d": "d is wrong"}))
    assert report.counter_example
    assert (report.counter_example.what, report.counter_example.trace) == ("d is wrong", ("ad?",))
    assert str(report.counter_example) == "d is wrong\n   1. ad?\n  => d"


@pytest.mark.parametrize(
    ("edges", "what", "trace"),
    [
        ("ab ac bd", "nothing more happens", ("ac",)),
        ("ab bc cb bd", "it goes round for ever", ("ab", "bc")),
        ("ad ab? bc?", "nothing more happens", ("ab?",)),
        ("ad ab? bb", "it goes round for ever", ("ab?",)),
    ],
)
def test_what_never_comes_to_pass(edges: str, what: str, trace: tuple[str, ...]) -> None:
    found = check(Graph(edges, done="d")).counter_example
    assert found
    assert found.what == f"never done: {what}"
    assert found.trace[: len(trace)] == trace


def test_a_circle_through_what_is_done_is_no_counter_example() -> None:
    assert check(Graph("ab bc ca", done="b")).counter_example is None


def test_what_is_optional_is_not_counted_on() -> None:
    found = check(Graph("ab?", done="b")).counter_example
    assert found
    assert found.trace == ()
