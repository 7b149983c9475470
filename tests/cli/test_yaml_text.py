"""YAML with places: what scalars are, what is refused, and where it says so."""

import time

import pytest

from cli.yaml_text import DEEPEST, LARGEST_BYTES, MOST_VALUES, Document, Place, read

#: A scalar as it is written, and what it is in YAML 1.2's core schema.
SCALARS: dict[str, object] = {
    "on": "on",
    "off": "off",
    "yes": "yes",
    "No": "No",
    "y": "y",
    "true": True,
    "False": False,
    "null": None,
    "~": None,
    "": None,
    "12:30": "12:30",
    "1:02:03": "1:02:03",
    "1_000": "1_000",
    "012": 12,
    "0o17": 15,
    "0x1F": 31,
    "0b11": "0b11",
    "-3": -3,
    "1.10": 1.1,
    "1e3": 1000.0,
    "1e999": "1e999",
    ".inf": ".inf",
    ".nan": ".nan",
    ".": ".",
    "+": "+",
    "2026-01-31": "2026-01-31",
    "=": "=",
    "1.4.0": "1.4.0",
    "9" * 5000: "9" * 5000,
    "'512'": "512",
    "!!str 512": "512",
    "!!int 512": 512,
    "!!int many": "many",
    "!!float much": "much",
    "!!bool yes": "yes",
}


@pytest.mark.parametrize("written", SCALARS, ids=lambda text: text[:20] or "nothing")
def test_a_scalar_is_what_the_core_schema_says(written: str) -> None:
    found = read(f"key: {written}\n".encode())

    assert found.flaws == ()
    value = found.data["key"]  # type: ignore[index]
    assert (value, type(value)) == (SCALARS[written], type(SCALARS[written]))


def test_below_some_keys_scalars_are_as_they_were_written() -> None:
    text = (
        b"cpu: 256\nenvironment: {VERSION: 1.10, DEBUG: true, SWITCH: on, NONE: , PORT: 0x10}\ncommand: [sleep, 30]\n"
    )

    assert read(text, as_written=frozenset({"environment", "command"})).data == {
        "cpu": 256,
        "environment": {"VERSION": "1.10", "DEBUG": "true", "SWITCH": "on", "NONE": None, "PORT": "0x10"},
        "command": ["sleep", "30"],
    }


def test_everything_has_its_place() -> None:
    found = read(b"jobs:\n  nightly:\n    schedules:\n      - {name: a, cron: b}\n      -\n        name: c\n")

    assert found.place(("jobs",)) == (1, 1)
    assert found.place(("jobs", "nightly")) == (2, 3)
    assert found.place(("jobs", "nightly", "schedules")) == (3, 5)
    assert found.place(("jobs", "nightly", "schedules", 0)) == (4, 9)
    assert found.place(("jobs", "nightly", "schedules", 0, "cron")) == (4, 19)
    assert found.place(("jobs", "nightly", "schedules", 1, "name")) == (6, 9)
    assert found.place(("jobs", "nightly", "schedules", 1, "cron")) == (6, 9), "what is absent would be in the item"
    assert found.place(("nothing",)) == (1, 1)


#: A file that is flawed, and the line, the column and the words of each flaw.
FLAWS: dict[str, tuple[bytes, list[tuple[int, int, str]]]] = {
    "nothing": (b"", [(1, 1, "is empty")]),
    "a comment": (b"# later\n", [(1, 1, "is empty")]),
    "an open bracket": (b"a: [1\nb: 2\n", [(2, 2, "is no YAML")]),
    "a tab": (b"a:\n\tb: 1\n", [(2, 1, "is no YAML")]),
    "two documents": (b"a: 1\n---\nb: 2\n", [(2, 1, "is no YAML")]),
    "an unknown alias": (b"a: *b\n", [(1, 4, "is no YAML")]),
    "no UTF-8": (b"a: 1\nb: \xff\n", [(2, 4, "is no UTF-8 from here on")]),
    "a control character": (b"a: 1\nb: \x07\n", [(2, 4, "the character U+0007 is not allowed in YAML")]),
    "a key twice": (b"a: 1\nb: 2\na: 3\n", [(3, 1, "is there twice, first in line 1")]),
    "keys twice": (b"a: {c: 1, c: 2}\na: 3\n", [(1, 11, "is there twice, first in line 1"), (2, 1, "is there twice")]),
    "an object of Python": (b"a: !!python/object/apply:os.system [ls]\n", [(1, 1, "has the tag")]),
    "a tag of somebody": (b"a: !Ref b\n", [(1, 1, "has the tag !Ref, which means nothing here")]),
    "a set": (b"- !!set {a, b}\n", [(1, 3, "has the tag")]),
    "a key that is a list": (b"a: 1\n? [b]\n: 2\n", [(2, 3, "has a key that is no text")]),
    "too large": (b"a" * (LARGEST_BYTES + 1), [(1, 1, "is larger than 1024 KiB")]),
}


@pytest.mark.parametrize("name", FLAWS)
def test_a_flaw_has_a_place(name: str) -> None:
    content, expected = FLAWS[name]
    found = read(content).flaws

    assert [(flaw.place.line, flaw.place.column) for flaw in found] == [(line, column) for line, column, _ in expected]
    assert all(flaw.detail.startswith(words) for flaw, (*_, words) in zip(found, expected, strict=True)), found


def test_the_largest_file_is_read() -> None:
    assert read(b"a: " + b"b" * (LARGEST_BYTES - 3)).flaws == ()


def test_the_first_of_two_stays() -> None:
    assert read(b"a: 1\na: 2\n").data == {"a": 1}


def nested(levels: int) -> bytes:
    """A list in a list in a list …, with this many levels."""
    return b"[" * levels + b"]" * levels


def test_what_is_nested_too_deep_is_refused() -> None:
    assert read(nested(DEEPEST)).flaws == ()
    (flaw,) = read(nested(DEEPEST + 1)).flaws
    assert (flaw.place, flaw.detail) == (Place(1, DEEPEST + 1), f"is no YAML: is nested deeper than {DEEPEST} levels")
    assert len(read(nested(400_000)).flaws) == 1


BOMBS = {
    "aliases": b"a0: &a0 [x, x]\n" + b"".join(b"a%d: &a%d [*a%d, *a%d]\n" % (n, n, n - 1, n - 1) for n in range(1, 25)),
    "merges": b"a0: &a0 {x: 1}\n"
    + b"".join(b"a%d: &a%d {<<: [*a%d, *a%d]}\n" % (n, n, n - 1, n - 1) for n in range(1, 25)),
    "a list in itself": b"a: &a [*a]\n",
    "a mapping in itself": b"a: &a {<<: *a}\n",
    "a mapping in itself by another": b"a: &a {<<: &b {<<: *a}}\n",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_of_aliases_goes_off_nowhere(name: str) -> None:
    began = time.monotonic()
    (flaw,) = read(BOMBS[name], merges=True).flaws

    assert flaw.detail == f"holds more than {MOST_VALUES:,} values, aliases written out"
    assert time.monotonic() - began < 60


def test_as_many_values_as_are_allowed_are_read() -> None:
    def of(count: int) -> Document:
        aliases, rest = divmod(count - 1, 1_000)  # the list itself; each alias stands for a list of 999
        return read(b"[&a [" + b"x," * 999 + b"]," + b"*a," * (aliases - 1) + b"x," * rest + b"]")

    assert of(MOST_VALUES).flaws == ()
    assert len(of(MOST_VALUES + 1).flaws) == 1


def test_an_alias_is_what_it_names() -> None:
    assert read(b"a: &a {b: 1}\nc: *a\n").data == {"a": {"b": 1}, "c": {"b": 1}}


MERGES = {
    "one": (b"a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\n", {"x": 1, "y": 3}),
    "the first of several": (b"a: &a {x: 1}\nc: &c {x: 2, y: 2}\nb: {<<: [*a, *c]}\n", {"x": 1, "y": 2}),
    "behind what is its own": (b"a: &a {x: 1}\nb: {x: 2, <<: *a}\n", {"x": 2}),
    "of one that merges": (b"a: &a {x: 1}\nc: &c {<<: *a, y: 2}\nb: {<<: *c}\n", {"x": 1, "y": 2}),
}


@pytest.mark.parametrize("name", MERGES)
def test_a_mapping_brings_in_another_where_that_is_wanted(name: str) -> None:
    content, expected = MERGES[name]

    found = read(content, merges=True)
    assert (found.data["b"], found.flaws) == (expected, ())  # type: ignore[index]


def test_only_a_mapping_is_brought_in() -> None:
    (flaw,) = read(b"a: 1\nb: {<<: 3}\n", merges=True).flaws

    assert (flaw.place, flaw.detail) == ((2, 9), "<< brings in something that is no mapping")


def test_it_is_a_key_like_any_other_elsewhere() -> None:
    assert read(b"a: {<<: 3}\n").data == {"a": {"<<": 3}}
