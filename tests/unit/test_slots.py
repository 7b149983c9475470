"""The table of a job's slots: every state of a run, whatever arrives, under every policy."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fargate_runs.jobs.gate import Gate, Position
from fargate_runs.jobs.job import Policy
from fargate_runs.jobs.slots import (
    MOST_AT_THE_GATE,
    MOST_WAITING,
    STEPS,
    Arrival,
    Arriving,
    Ask,
    Ended,
    Limited,
    Passage,
    Redriven,
    Standing,
    Step,
    Ticket,
    arriving_of,
    passage,
    standing_of,
)
from tests.fakes.clock import NOON

ME: Final = "me"
ANEW: Final = "".join(["m", "e"])  # an equal text, and not the same one
# For each row what it says in each column, in the order of `Arriving`.
ROWS: Final[Mapping[Standing, Sequence[Step | None]]] = {
    Standing.ABSENT: (
        Step.HOLD_FORCED,
        Step.HOLD,
        Step.WAIT,
        Step.TURN_AWAY,
        Step.WAIT_ALONE,
        Step.REFUSE,
        Step.ANSWER,
        Step.HOLD_FORCED,
        Step.NOTHING,
    ),
    Standing.WAITING: (Step.HOLD_FORCED, None, *[Step.STAY] * 4, Step.KEEP, Step.STAY, Step.LEAVE),
    Standing.WITHDRAWN: (*[Step.STAY] * 6, Step.ANSWER, Step.STAY, Step.LEAVE),
    Standing.HOLDING: (*[Step.STAY] * 6, Step.ANSWER, Step.STAY, Step.LEAVE),
}


def position(run_id: str, after: int = 0, *, is_forced: bool = False, replaces: bool = False) -> Position:
    return Position(f"arn:{run_id}", NOON + timedelta(seconds=after), is_forced=is_forced, replaces=replaces)


def gate(
    holders: Sequence[str] = (),
    waiting: Sequence[str] = (),
    withdrawn: Sequence[str] = (),
    limit: int | None = 1,
) -> Gate:
    return Gate(
        "nightly",
        limit,
        {each: position(each) for each in holders},
        {each: position(each) for each in waiting},
        dict.fromkeys(withdrawn, "newer"),
        revision=7,
    )


def ask(run_id: str = ME, policy: Policy = Policy.QUEUE, *, limit: int = 1, is_forced: bool = False) -> Ask:
    return Ask(run_id, f"arn:{run_id}", NOON, limit, policy, is_forced)


def redriven(run_id: str = ME) -> Redriven:
    return Redriven(run_id, f"arn:{run_id}", NOON)


def test_the_table_as_it_is_documented() -> None:
    cells = {(row, column): step for row, steps in ROWS.items() for column, step in zip(Arriving, steps, strict=True)}
    assert {cell: step for cell, step in cells.items() if step} == STEPS


FULL: Final = tuple(f"w{number}" for number in range(MOST_WAITING))
AT_MOST: Final = tuple(f"h{number}" for number in range(MOST_AT_THE_GATE))


@pytest.mark.parametrize(
    ("before", "arrival", "column"),
    [
        (gate(), ask(), Arriving.FREE),
        (gate(["a"], limit=2), ask(policy=Policy.SKIP), Arriving.FREE),
        (gate(["a", "b"], limit=2), ask(), Arriving.QUEUE),
        (gate(["a"]), ask(), Arriving.QUEUE),
        (gate(["a", "b"]), ask(), Arriving.QUEUE),
        (gate(["a"]), ask(policy=Policy.SKIP), Arriving.SKIP),
        (gate(["a"]), ask(policy=Policy.REPLACE), Arriving.REPLACE),
        (gate(["a"]), ask(is_forced=True), Arriving.FORCED),
        (gate(), ask(is_forced=True), Arriving.FORCED),
        (gate(["a"], FULL[:-1]), ask(), Arriving.QUEUE),
        (gate(["a"], FULL[: MOST_WAITING * 3 // 4], ["x"]), ask(), Arriving.QUEUE),
        (gate(["a"], FULL), ask(), Arriving.FULL),
        (gate(["a"], (*FULL, "one more")), ask(), Arriving.FULL),
        (gate(["a"], FULL[:-1], ["x"]), ask(policy=Policy.REPLACE), Arriving.FULL),
        (gate(["a"], FULL), ask(policy=Policy.SKIP), Arriving.SKIP),
        (gate(["a"], FULL), ask(is_forced=True), Arriving.FORCED),
        (gate(AT_MOST[:-1]), ask(is_forced=True), Arriving.FORCED),
        (gate(AT_MOST), ask(is_forced=True), Arriving.FULL),
        (gate((*AT_MOST, "one more")), ask(is_forced=True), Arriving.FULL),
        (gate(AT_MOST[:-2], ["w"], ["x"]), ask(policy=Policy.SKIP), Arriving.FULL),
        (gate(["a"]), Ticket(ME), Arriving.TICKET),
        (gate(["a"]), redriven(), Arriving.REDRIVEN),
        (gate(["a"]), Ended(ME), Arriving.ENDED),
    ],
)
def test_the_column_of_an_arrival(before: Gate, arrival: Ask | Redriven | Ticket | Ended, column: Arriving) -> None:
    assert arriving_of(before, arrival) is column


def ids(after: Gate) -> tuple[list[str], list[str], dict[str, str]]:
    return [*after.holders], [*after.waiting], dict(after.withdrawn)


# Before, what arrives, and then: the step, how the run stands, who holds, who waits, who is withdrawn by whom, whose
# tickets are to be answered, and who is in the way.
CASES: Final[list[tuple[Gate, Arrival, tuple[object, ...]]]] = [
    (gate(), ask(), (Step.HOLD, Standing.HOLDING, [ME], [], {}, (), None)),
    (gate(limit=None), ask(limit=3), (Step.HOLD, Standing.HOLDING, [ME], [], {}, (), None)),
    (gate(["a"]), ask(), (Step.WAIT, Standing.WAITING, ["a"], [ME], {}, (), None)),
    (gate(["a"], ["b"]), ask(), (Step.WAIT, Standing.WAITING, ["a"], ["b", ME], {}, (), None)),
    (
        gate(["a", "b"], limit=2),
        ask(policy=Policy.SKIP),
        (Step.TURN_AWAY, Standing.ABSENT, ["a", "b"], [], {}, (), "a"),
    ),
    (
        gate(["a"], ["b", "c"]),
        ask(policy=Policy.REPLACE),
        (Step.WAIT_ALONE, Standing.WAITING, ["a"], [ME], {"b": ME, "c": ME}, ("b", "c"), None),
    ),
    (
        gate(["a"], ["b"], ["x"]),
        ask(policy=Policy.REPLACE),
        (Step.WAIT_ALONE, Standing.WAITING, ["a"], [ME], {"x": "newer", "b": ME}, ("b",), None),
    ),
    (gate(["a"], FULL), ask(), (Step.REFUSE, Standing.ABSENT, ["a"], [*FULL], {}, (), None)),
    (gate(["a"], ["b"]), ask(is_forced=True), (Step.HOLD_FORCED, Standing.HOLDING, ["a", ME], ["b"], {}, (), None)),
    (gate(["a"], ["b", ME]), ask(is_forced=True), (Step.HOLD_FORCED, Standing.HOLDING, ["a", ME], ["b"], {}, (), None)),
    (gate(["a"], ["b", ME]), ask(), (Step.STAY, Standing.WAITING, ["a"], ["b", ME], {}, (), None)),
    (gate(["a"], [ME]), ask(policy=Policy.SKIP), (Step.STAY, Standing.WAITING, ["a"], [ME], {}, (), None)),
    (gate(["a"], ["b"], [ME]), ask(), (Step.STAY, Standing.WITHDRAWN, ["a"], ["b"], {ME: "newer"}, (), "newer")),
    (gate([], [], [ME]), ask(), (Step.STAY, Standing.WITHDRAWN, [], [], {ME: "newer"}, (), "newer")),
    (gate([ME, "a"]), ask(), (Step.STAY, Standing.HOLDING, [ME, "a"], [], {}, (), None)),
    # A gate that did not promote, as no version of this code leaves it: nobody overtakes.
    (gate([], ["b"]), ask(), (Step.WAIT, Standing.WAITING, ["b"], [ME], {}, ("b",), None)),
    (gate([], [ME, "b"]), ask(), (Step.STAY, Standing.HOLDING, [ME], ["b"], {}, (), None)),
    (gate([], ["b", ME]), ask(), (Step.STAY, Standing.WAITING, ["b"], [ME], {}, ("b",), None)),
    (gate(["a"], [ME]), Ticket(ME), (Step.KEEP, Standing.WAITING, ["a"], [ME], {}, (), None)),
    (gate([ME]), Ticket(ME), (Step.ANSWER, Standing.HOLDING, [ME], [], {}, (ME,), None)),
    (gate([], [ME]), Ticket(ME), (Step.ANSWER, Standing.HOLDING, [ME], [], {}, (ME,), None)),
    # An id that is read anew is the same run: it is answered once, and leaves.
    (gate([ME], ["b"]), Ended(ANEW), (Step.LEAVE, Standing.ABSENT, ["b"], [], {}, ("b",), None)),
    (gate(["a"], [ME]), Ended(ANEW), (Step.LEAVE, Standing.ABSENT, ["a"], [], {}, (), None)),
    (
        gate(["a"], ["b"], ["k", ME, "z"]),
        Ended(ANEW),
        (Step.LEAVE, Standing.ABSENT, ["a"], ["b"], {"k": "newer", "z": "newer"}, (), "newer"),
    ),
    (gate([], [ME]), Ticket(ANEW), (Step.ANSWER, Standing.HOLDING, [ME], [], {}, (ME,), None)),
    (gate(["a"], [], [ME]), Ticket(ME), (Step.ANSWER, Standing.WITHDRAWN, ["a"], [], {ME: "newer"}, (ME,), "newer")),
    (gate(["a"]), Ticket(ME), (Step.ANSWER, Standing.ABSENT, ["a"], [], {}, (ME,), None)),
    (gate([ME], ["b", "c"]), Ended(ME), (Step.LEAVE, Standing.ABSENT, ["b"], ["c"], {}, ("b",), None)),
    (gate([ME, "a"], ["b"]), Ended(ME), (Step.LEAVE, Standing.ABSENT, ["a"], ["b"], {}, (), None)),
    (gate(["a"], [ME, "b"]), Ended(ME), (Step.LEAVE, Standing.ABSENT, ["a"], ["b"], {}, (), None)),
    (gate(["a"], ["b"], [ME]), Ended(ME), (Step.LEAVE, Standing.ABSENT, ["a"], ["b"], {}, (), "newer")),
    (gate(["a"], ["b"]), Ended(ME), (Step.NOTHING, Standing.ABSENT, ["a"], ["b"], {}, (), None)),
    (gate(["a"], ["b"]), redriven(), (Step.HOLD_FORCED, Standing.HOLDING, ["a", ME], ["b"], {}, (), None)),
    (gate(), redriven(), (Step.HOLD_FORCED, Standing.HOLDING, [ME], [], {}, (), None)),
    (gate(["a"], [ME]), redriven(), (Step.STAY, Standing.WAITING, ["a"], [ME], {}, (), None)),
    (gate([ME]), redriven(), (Step.STAY, Standing.HOLDING, [ME], [], {}, (), None)),
    (gate(["a"], ["b", "c", "d"]), Limited(3), (None, Standing.ABSENT, ["a", "b", "c"], ["d"], {}, ("b", "c"), None)),
    (gate(["a", "b"], ["c"], limit=2), Limited(1), (None, Standing.ABSENT, ["a", "b"], ["c"], {}, (), None)),
    (gate(["a"], ["b", "c"]), Limited(None), (None, Standing.ABSENT, ["a", "b", "c"], [], {}, ("b", "c"), None)),
]


@pytest.mark.parametrize(("before", "arrival", "then"), CASES)
def test_an_arrival(before: Gate, arrival: Arrival, then: tuple[object, ...]) -> None:
    found = passage(before, arrival)
    assert (found.step, found.standing, *ids(found.gate), found.to_answer, found.blocker) == then
    assert found.gate.revision == before.revision


def test_every_cell_of_the_table_has_a_case() -> None:
    seen = set()
    for before, arrival, _ in CASES:
        if not isinstance(arrival, Limited) and not before.has_free_slot * bool(before.waiting):
            taken = before if before.limit or not isinstance(arrival, Ask) else replace(before, limit=arrival.limit)
            seen.add((standing_of(taken, arrival.run_id), arriving_of(taken, arrival)))
    columns = {Arriving.FORCED, Arriving.REPLACE, Arriving.FULL, Arriving.SKIP, Arriving.FREE, Arriving.REDRIVEN}
    alike = {(row, column) for row in (Standing.WITHDRAWN, Standing.HOLDING) for column in columns}
    alike |= {(Standing.WAITING, Arriving.REPLACE), (Standing.WAITING, Arriving.FULL)}
    assert STEPS.keys() - alike <= seen


@pytest.mark.parametrize("limit", [1, 4, None])
def test_the_limit_of_a_gate_stands_and_a_gate_without_one_takes_that_of_who_asks(limit: int | None) -> None:
    assert passage(gate(limit=limit), ask(limit=2)).gate.limit == (limit or 2)


def test_a_run_holds_from_when_it_was_let_in_and_a_promoted_one_since_it_came() -> None:
    forced = passage(gate(["a"]), ask(is_forced=True)).gate.holders[ME]
    assert (forced.execution_arn, forced.since, forced.is_forced, forced.replaces) == ("arn:me", NOON, True, False)
    assert not passage(gate(), ask()).gate.holders[ME].is_forced
    waiting = passage(gate(["a"]), ask(policy=Policy.REPLACE)).gate
    assert waiting.waiting[ME] == position(ME, replaces=True)
    assert passage(waiting, Ended("a")).gate.holders == {ME: position(ME, replaces=True)}


@pytest.mark.parametrize(
    ("holders", "limit", "replaces", "in_the_way"),
    [
        (["a"], 1, True, ("a",)),
        (["a", "b", "c"], 3, True, ("a",)),
        (["a", "b", "c"], 1, True, ("a", "b", "c")),
        (["a", "b"], 1, True, ("a", "b")),
        (["a", "b"], 3, True, ()),
        (["a", "b"], 4, True, ()),
        (["a"], 1, False, ()),
        (["a"], None, True, ()),
    ],
)
def test_the_oldest_holders_are_in_the_way_of_a_run_that_replaces(
    holders: list[str], limit: int | None, replaces: bool, in_the_way: tuple[str, ...]
) -> None:
    before = replace(gate(holders, limit=limit), waiting={ME: position(ME, replaces=replaces), "z": position("z")})
    assert before.in_the_way == in_the_way
    assert gate(holders, limit=limit).in_the_way == ()


def test_the_place_of_a_run_that_waits() -> None:
    found = gate(["a"], ["b", "c"], ["d"])
    assert [found.place_of(each) for each in "abcde"] == [None, 1, 2, None, None]
    assert gate().is_empty
    assert not any(each.is_empty for each in (gate(["a"]), gate([], ["a"]), gate([], [], ["a"])))


def test_nobody_is_let_in_by_force_unless_that_is_asked_for() -> None:
    assert passage(gate(), Ask(ME, "arn:me", NOON, 1, Policy.QUEUE)).step is Step.HOLD


def test_the_revision_counts_the_writes_and_says_nothing_of_the_slots() -> None:
    assert Gate("nightly").revision == 0
    assert replace(gate(), revision=8) == gate()


RUNS: Final = tuple(f"r{number}" for number in range(6))


@st.composite
def arrivals(draw: st.DrawFn) -> Arrival:
    run_id = draw(st.sampled_from(RUNS))
    match draw(st.sampled_from(["ask", "ask", "ask", "ticket", "ended", "ended", "redriven", "limit"])):
        case "ask":
            return ask(
                run_id, draw(st.sampled_from(Policy)), limit=2, is_forced=draw(st.sampled_from([False] * 5 + [True]))
            )
        case "ticket":
            return Ticket(run_id)
        case "ended":
            return Ended(run_id)
        case "redriven":
            return redriven(run_id)
    return Limited(draw(st.sampled_from([None, 1, 2, 3])))


def took(found: Passage, before: Gate) -> set[str]:
    return set(found.gate.holders) - set(before.holders)


@given(st.lists(arrivals(), max_size=40))
def test_whatever_arrives(stream: list[Arrival]) -> None:
    now = Gate("nightly", 2)
    came: list[str] = []  # those that wait, in the order in which they came
    for arrival in stream:
        found = passage(now, arrival)
        before, now = now, found.gate
        # Nobody is in two places, and nobody waits beside a free slot.
        here = [*now.holders, *now.waiting, *now.withdrawn]
        assert len(here) == len({*here})
        assert not (now.waiting and now.has_free_slot)
        # Never over the limit, but by force or because the limit was lowered.
        let_in = {each for each in took(found, before) if not now.holders[each].is_forced}
        assert not let_in or now.limit is None or len(now.holders) <= now.limit
        # First come, first served: those that were let in had come before all that still wait.
        came = [each for each in came if each in before.waiting]
        came += [each for each in now.waiting if each not in came]
        assert [*now.waiting] == [each for each in came if each in now.waiting]
        promoted = [each for each in before.waiting if each in let_in]
        assert promoted == [*before.waiting][: len(promoted)]
        # Whoever no longer waits is told, unless it left by its own arrival.
        own = getattr(arrival, "run_id", None)
        left = {each for each in before.waiting if each not in now.waiting and each != own}
        assert left <= set(found.to_answer)
        if isinstance(arrival, Ended):
            assert standing_of(now, arrival.run_id) is found.standing is Standing.ABSENT
        # The same once more changes nothing, but for a run that was turned away beside a slot that is free now.
        if not isinstance(arrival, Ask) or found.standing is not Standing.ABSENT:
            assert passage(now, arrival).gate == now


def test_the_table_of_the_document() -> None:
    document = (Path(__file__).parents[2] / "docs" / "slots.md").read_text()
    lines = document[document.index("| how it stands |") :].split("\n\n")[0].splitlines()
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if "---" not in line]
    assert cells == [
        ["how it stands", *Standing],
        *[[column, *(STEPS.get((row, column), "") for row in Standing)] for column in Arriving],
    ]
    assert f"{MOST_WAITING:,} runs" in document
    assert f"{MOST_AT_THE_GATE:,} runs" in document
