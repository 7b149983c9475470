"""The places at which the parts of a sweep go on."""

import pytest

from fargate_runs.usecases.sweep.places import Places
from fargate_runs.usecases.sweep.turn import OutOfShareError


def test_a_walk_goes_through_everything_from_where_an_earlier_one_was_left() -> None:
    places = Places({"part": "b", "another": "x"})
    things = {each: each.upper() for each in "dcba"}
    assert list(places.walk("part", things, lambda: None)) == ["C", "D", "A", "B"]
    assert places.as_mapping() == {"another": "x"}, "at its end it begins anew"
    assert list(places.walk("part", things, lambda: None)) == ["A", "B", "C", "D"]


def test_a_walk_that_is_left_keeps_its_place() -> None:
    places = Places()
    walk = places.walk("part", {each: each for each in "abc"}, lambda: None)
    assert [next(walk), next(walk)] == ["a", "b"]
    assert places.as_mapping() == {"part": "b"}
    assert next(Places(places.as_mapping()).walk("part", {"c": 1, "a": 2}, lambda: None)) == 1


def test_what_was_not_begun_is_where_the_next_one_begins() -> None:
    def enough() -> None:
        raise OutOfShareError

    places = Places({"part": "a"})
    with pytest.raises(OutOfShareError):
        next(places.walk("part", {"a": 1, "b": 2}, enough))
    assert places.as_mapping() == {"part": "a"}
