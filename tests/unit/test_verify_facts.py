"""How what was seen is compared with what should be, and what the suite as a whole must be."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime

import pytest

from verify.facts import Fact, Like, OneOf, Verdict, judged, plain, worded
from verify.scenarios import SCENARIOS

FACTS = [fact for scenario in SCENARIOS for fact in scenario.facts]


@pytest.mark.parametrize(
    ("expected", "seen", "verdict"),
    [
        ("a", "a", Verdict.AS_EXPECTED),
        ("a", "b", Verdict.DIFFERS),
        (None, None, Verdict.AS_EXPECTED),
        (None, "", Verdict.DIFFERS),
        (0, 0, Verdict.AS_EXPECTED),
        (0, False, Verdict.DIFFERS),
        (1, True, Verdict.DIFFERS),
        (True, True, Verdict.AS_EXPECTED),
        (["a", 1], ("a", 1), Verdict.AS_EXPECTED),
        (("a", 1), ["a", 1], Verdict.AS_EXPECTED),
        (["a"], ["a", "b"], Verdict.DIFFERS),
        (["a", "b"], ["b", "a"], Verdict.DIFFERS),
        (["a", "b"], {"b", "a"}, Verdict.AS_EXPECTED),
        (["a"], "a", Verdict.DIFFERS),
        ([], {}, Verdict.DIFFERS),
        ({"a": [1]}, {"a": [1]}, Verdict.AS_EXPECTED),
        ({"a": 1}, {"a": 1, "b": None}, Verdict.DIFFERS),
        ({"a": 1, "b": 2}, {"a": 1}, Verdict.DIFFERS),
        ({"a": 1}, {"a": 2}, Verdict.DIFFERS),
        ({"a": 1}, ["a"], Verdict.DIFFERS),
        (Like("a.*z"), "a\nz", Verdict.AS_EXPECTED),
        (Like("a"), "ab", Verdict.DIFFERS),
        (Like("1"), 1, Verdict.DIFFERS),
        ({"a": Like("x+")}, {"a": "xx"}, Verdict.AS_EXPECTED),
        (OneOf((137, 143)), 143, Verdict.AS_EXPECTED),
        (OneOf((137, 143)), 0, Verdict.DIFFERS),
        ("2026-01-02 03:04:05+00:00", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), Verdict.AS_EXPECTED),
    ],
)
def test_what_is_expected_and_what_is_seen(expected: object, seen: object, verdict: Verdict) -> None:
    assert judged(Fact("k", "", "It holds.", expected), seen).verdict is verdict


def test_what_is_expected_is_written_as_json() -> None:
    assert plain({"a": Like("x"), "b": OneOf((1, Like("y"))), "c": (1, None)}) == {
        "a": {"like": "x"},
        "b": {"oneOf": [1, {"like": "y"}]},
        "c": [1, None],
    }
    assert worded(["é", Like("x")]) == '["é", {"like": "x"}]'


def test_every_scenario_and_every_fact_has_a_name_of_its_own() -> None:
    names = Counter([scenario.name for scenario in SCENARIOS])
    keys = Counter([fact.key for fact in FACTS])
    assert [name for name, count in (names + keys).items() if names[name] > 1 or keys[name] > 1] == []


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.key)
def test_a_fact_is_one_sentence(fact: Fact) -> None:
    assert re.fullmatch(r"[A-Z`].*[A-Za-z0-9`)\"]\.", fact.holds)
    assert re.fullmatch(r"(B\d+)?", fact.number)
    assert [other.key for other in FACTS if other.holds == fact.holds] == [fact.key]
