"""Cursors: what they say, and which of them are refused with which sentence."""

import base64
import json

import pytest

from fargate_runs.answers.cursor import cursor_of, place_of
from fargate_runs.errors import InvalidCursorError

SCOPE = "runs of today"
PLACE = {"pk": "RUN#1", "sk": "RÜN"}
NONE_OF_OURS = "is none that this API has given; leave it out to begin anew"
OF_OTHERS = "is of a request with other parameters; repeat that request's, or leave the cursor out"


def encoded(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def decoded(cursor: str) -> list[object]:
    document: list[object] = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    return document


VERSION, DIGEST, _ = decoded(cursor_of(SCOPE, PLACE))


@pytest.mark.parametrize("place", [PLACE, {"a": "?>?>"}, {"a": "x"}, {"a": "xx"}, {"a": "xxx"}])
def test_a_cursor_says_its_place(place: dict[str, str]) -> None:
    cursor = cursor_of(SCOPE, place)
    assert place_of(SCOPE, cursor) == place
    assert cursor.replace("-", "").replace("_", "").isalnum(), "it can stand in a URL as it is"


def test_a_cursor_is_short_and_shows_nothing_of_its_scope() -> None:
    assert decoded(cursor_of(SCOPE, PLACE)) == [1, DIGEST, PLACE]
    text = base64.urlsafe_b64decode(cursor_of("", {"a": "é"}) + "==").decode()
    assert text == '[1,"e3b0c44298fc1c14",{"a":"é"}]'


def test_a_scope_may_be_any_text() -> None:
    assert place_of("\ud800", cursor_of("\ud800", PLACE)) == PLACE


REFUSED = [
    ("no base64", "!" * 8),
    ("other characters in between", cursor_of(SCOPE, PLACE)[:4] + "!!!!" + cursor_of(SCOPE, PLACE)[4:]),
    ("of the other alphabet", "+/+/"),
    ("a length that no base64 has", "abcde"),
    ("no text", base64.urlsafe_b64encode(b"\xff\xff").decode()),
    ("no JSON", base64.urlsafe_b64encode(b"not JSON").decode()),
    ("too deep", encoded("x")[:-1] + base64.urlsafe_b64encode(b"[" * 100_000).decode()),
    ("deep JSON", base64.urlsafe_b64encode(b"[" * 100_000).decode()),
    ("no list", encoded(7)),
    ("too short a list", encoded([VERSION, DIGEST])),
    ("of another version", encoded([2, DIGEST, PLACE])),
    ("of an older version", encoded([0, DIGEST, PLACE])),
    ("a place that is a list", encoded([VERSION, DIGEST, ["pk"]])),
    ("a place that is a text", encoded([VERSION, DIGEST, "pk"])),
    ("an empty place", encoded([VERSION, DIGEST, {}])),
    ("a number in a place", encoded([VERSION, DIGEST, {"pk": 1}])),
    ("an empty text in a place", encoded([VERSION, DIGEST, {"pk": "x", "sk": ""}])),
]


@pytest.mark.parametrize(("_name", "cursor"), REFUSED, ids=[name for name, _ in REFUSED])
def test_what_is_no_cursor(_name: str, cursor: str) -> None:
    with pytest.raises(InvalidCursorError) as refused:
        place_of(SCOPE, cursor)
    assert str(refused.value).endswith(NONE_OF_OURS)


@pytest.mark.parametrize("scope", ["runs of yesterday", "", "runs of today "])
def test_a_cursor_of_another_scope(scope: str) -> None:
    for ours, theirs in ((SCOPE, scope), (scope, SCOPE)):
        with pytest.raises(InvalidCursorError) as refused:
            place_of(ours, cursor_of(theirs, PLACE))
        assert str(refused.value).endswith(OF_OTHERS)
