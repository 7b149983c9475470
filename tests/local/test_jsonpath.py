"""JSONPath as Step Functions has it (fact B49): Jayway's results, and its errors."""

from __future__ import annotations

import pytest

from local.stepfunctions.jsonpath import BadPathError, NoResultError, look_up, parse

DOCUMENT: dict[str, object] = {
    "game": {"date": "2026-01-02", "teams": {"away": {"team": {"id": 1}}, "home": {"team": {"id": 2}}}},
    "items": [0, 1, 2, 3, 4],
    "none": [],
    "books": [
        {"title": "A", "price": 8, "tags": ["x"], "author": {"name": "Ann"}},
        {"title": "B", "price": 12.5, "sold": None},
        {"title": "C", "price": 22, "isbn": "0-553"},
    ],
    "by-name": {"with space": 1, "it's": 2, "a.b": 3},
    "limit": 10,
    "null": None,
    "text": "so",
}
A, B, C = "ABC"


def titles(found: object) -> object:
    """The titles of books, for the sake of short tables."""
    return [book["title"] for book in found] if isinstance(found, list) else found


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$", DOCUMENT),
        ("$.limit", 10),
        ("$['limit']", 10),
        ('$["limit"]', 10),
        ("$.null", None),
        ("$.none", []),
        ("$.by-name", DOCUMENT["by-name"]),
        ("$.by-name['with space']", 1),
        ("$.by-name['it\\'s']", 2),
        ('$.by-name["a.b"]', 3),
        ("$.items[0]", 0),
        ("$.items[-1]", 4),
        ("$.items[ 1 ]", 1),
        ("$.books[0].author.name", "Ann"),
        ("$.books[0]['title','price','absent']", {"title": "A", "price": 8}),
    ],
)
def test_a_definite_path_gives_one_value(path: str, value: object) -> None:
    assert look_up(parse(path), DOCUMENT) == value


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("$.game.teams..team.id", [1, 2]),
        ("$..id", [1, 2]),
        ("$..absent", []),
        ("$..price", [8, 12.5, 22]),
        ("$.books..name", ["Ann"]),
        ("$..tags[0]", ["x"]),
        ("$..['isbn']", ["0-553"]),
        ("$.game.teams..*", [{"team": {"id": 1}}, {"team": {"id": 2}}, {"id": 1}, 1, {"id": 2}, 2]),
        ("$.game.teams.*.team.id", [1, 2]),
        ("$.books[*].price", [8, 12.5, 22]),
        ("$.books.*.isbn", ["0-553"]),
        ("$.text.*", []),
        ("$.items[1:]", [1, 2, 3, 4]),
        ("$.items[:2]", [0, 1]),
        ("$.items[1:3]", [1, 2]),
        ("$.items[-2:]", [3, 4]),
        ("$.items[-9:]", [0, 1, 2, 3, 4]),
        ("$.items[:-1]", [0, 1, 2, 3]),
        ("$.items[3:9]", [3, 4]),
        ("$.items[1:-1]", []),
        ("$.items[-3:-1]", [2, 3]),
        ("$.items[9:]", []),
        ("$.items[-1000000000000:2]", [0, 1, 2, 3, 4, 0, 1]),
        ("$.items[?(@>2)]", [3, 4]),
        ("$.none[1:]", []),
        ("$.items[0,2,9]", [0, 2]),
        ("$.books[0,1].sold", [None]),
        ("$.game.teams['away','home'].team.id", [1, 2]),
    ],
)
def test_an_indefinite_path_gives_a_list_of_what_there_is(path: str, values: list[object]) -> None:
    assert look_up(parse(path), DOCUMENT) == values


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("@.price==8", [A]),
        ("@.price == '8'", [A]),
        ("'8' == @.price", [A]),
        ("@.price!=8", [B, C]),
        ("@.isbn != 'x'", [A, B, C]),
        ("@.price<12.5", [A]),
        ("@.price<=12.5", [A, B]),
        ("@.price>12.5", [C]),
        ("@.price>=1.25e1", [B, C]),
        ("@.price<$.limit", [A]),
        ("@.title>'A'", [B, C]),
        ("@.title>1", []),
        ('@.title=="B"', [B]),
        ("@['title']=='B'", [B]),
        ("@.isbn", [C]),
        ("!@.isbn", [A, B]),
        ("@.sold", [B]),
        ("@.sold==null", [B]),
        ("@.isbn==null", []),
        ("@.tags[0]=='x'", [A]),
        ("@.author.name=='Ann'", [A]),
        ("@.price>8 && @.isbn", [C]),
        ("@.price==8 || @.isbn", [A, C]),
        ("@.price==8 || @.price==22 && @.title=='B'", [A]),
        ("(@.price==8 || @.price==22) && @.isbn", [C]),
        ("!(@.price==8)", [B, C]),
        ("@.title in ['A', 'C']", [A, C]),
        ("@.title nin ['A', 'C']", [B]),
        ("@.price==true", []),
        ("@.title==false", []),
    ],
)
def test_filters(condition: str, found: list[str]) -> None:
    assert titles(look_up(parse(f"$.books[?({condition})]"), DOCUMENT)) == found


def test_a_filter_of_an_object_looks_at_the_object() -> None:
    assert look_up(parse("$.books[0][?(@.price==8)].title"), DOCUMENT) == [A]
    assert look_up(parse("$.books[0][?(@.price==9)].title"), DOCUMENT) == []


def test_a_filter_among_descendants_finds_each_once() -> None:
    assert titles(look_up(parse("$..[?(@.price)]"), DOCUMENT)) == [A, B, C]


def test_a_truth_value_is_no_number() -> None:
    rows = [{"n": True}, {"n": 1}, {"n": "true"}]
    assert look_up(parse("$[?(@.n==1)]"), rows) == [{"n": 1}]
    assert look_up(parse("$[?(@.n==true)]"), rows) == [{"n": True}]
    assert look_up(parse("$[?(@.n<2)]"), rows) == [{"n": 1}]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("$.absent", "No results for path: $['absent']"),
        ("$.game.absent", "No results for path: $['game']['absent']"),
        ("$.absent.x", "Missing property in path $['absent']"),
        ("$.game.absent.x.y", "Missing property in path $['game']['absent']"),
        ("$.items[5]", "No results for path: $['items'][5]"),
        ("$.items[-6]", "No results for path: $['items'][-6]"),
        ("$.absent[0]", "Missing property in path $['absent']"),
        ("$.absent[1:]", "Missing property in path $['absent']"),
        ("$.absent[?(@.a)]", "Missing property in path $['absent']"),
        ("$.absent..x", "Missing property in path $['absent']"),
        ("$.limit[0]", "Filter: [0] can only be applied to arrays. Current context is: 10"),
        ("$.limit[1:]", "Filter: [1:] can only be applied to arrays. Current context is: 10"),
        ("$.null[0]", "The path $['null'] is null"),
        ("$.limit[?(@.a)]", "Filter: [?] can not be applied to primitives. Current context is: 10"),
        ("$.items.x", "Expected to find an object with property ['x'] in path $['items'] but found 'array'."),
        ("$.text.x", "Expected to find an object with property ['x'] in path $['text'] but found 'string'."),
        ("$.null.x", "Expected to find an object with property ['x'] in path $['null'] but found 'null'."),
    ],
)
def test_a_path_that_leads_nowhere_says_where_it_ended(path: str, said: str) -> None:
    with pytest.raises(NoResultError) as error:
        look_up(parse(path), DOCUMENT)
    assert str(error.value).startswith(said)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "limit",
        "$limit",
        "@.limit",
        "$.",
        "$..",
        "$.a.",
        "$.a b",
        "$[",
        "$[]",
        "$[:]",
        "$[::2]",
        "$['a'",
        "$['a",
        "$['a',]",
        "$[a]",
        "$.items.length()",
        "$.a[?@.b]",
        "$.a[?(@.b]",
        "$.a[?(@.b==)]",
        "$.a[?(@.b=~/x/)]",
        "$.a[?(@.b size 2)]",
        "$.a[?(1)]",
        "$.a[?(@.b in 'x')]",
        "$.a[?(@.b in ['x')]",
        "$.a]",
    ],
)
def test_what_is_not_understood_is_refused(path: str) -> None:
    with pytest.raises(BadPathError):
        parse(path)
