"""docs/facts.md: whoever meets a number such as "fact B24" or "fault F19" can look it up, with its text and source."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs/facts.md"
PLACES: Final = ("cli", "docs", "events", "functions", "local", "statemachines", "tests", "tools", "verify", ".ci")
LOOSE_FILES: Final = ("CHANGELOG.md", "Makefile", "README.md", "pyproject.toml", "samconfig.toml", "template.yaml")
SUFFIXES: Final = {".json", ".md", ".py", ".toml", ".yaml", ""}

_NUMBER: Final = re.compile(r"(?<![\w/#-])([BFIL])(\d{1,2})(?![\w-])")
_RANGE: Final = re.compile(r"(?<![\w/#-])([BFIL])(\d{1,2}) (?:to|and up to) \1(\d{1,2})(?!\w)")
_IN_A_NAME: Final = re.compile(r"def test_\w*?_b(\d{1,2})(?=_|\()")
_ROW: Final = re.compile(r"^\| ([BFIL]\d{1,2}) \| (.*) \|$", re.MULTILINE)
_LEGEND: Final = re.compile(r"^\| (?:\[([^\]]+)\]\([^)]+\)|([a-z]+)) \| [^|]+ \|$", re.MULTILINE)


def files() -> Iterator[Path]:
    """What people read: code, tests, documents."""
    for place in PLACES:
        found = (each for each in (ROOT / place).rglob("*") if each.is_file() and each.suffix in SUFFIXES)
        yield from (each for each in found if "__pycache__" not in each.parts)
    yield from (ROOT / name for name in LOOSE_FILES)


def named_in(text: str) -> set[str]:
    """The numbers that a text names, those inside of a range among them."""
    names = {f"{kind}{int(number)}" for kind, number in _NUMBER.findall(text)}
    for kind, first, last in _RANGE.findall(text):
        names |= {f"{kind}{number}" for number in range(int(first), int(last) + 1)}
    return names | {f"B{int(number)}" for number in _IN_A_NAME.findall(text)}


def rows() -> dict[str, list[str]]:
    """The cells of each number's row, without the number."""
    found: dict[str, list[str]] = {}
    for number, cells in _ROW.findall(PAGE.read_text()):
        name = f"{number[0]}{int(number[1:])}"
        assert name not in found, f"{name} stands twice"
        found[name] = [cell.strip() for cell in cells.split(" | ")]
    return found


def sources() -> set[str]:
    """The words that the page explains under "Sources"."""
    page = PAGE.read_text()
    legend = page[page.index("## Sources") : page.index("## What AWS does")]
    return {link or word for link, word in _LEGEND.findall(legend)} - {"source"}


ROWS: Final = rows()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("see facts B1 to B3 and fault F07", {"B1", "B2", "B3", "F7"}),
        ("def test_the_token_b28_is_new(x):", {"B28"}),
        ('"L1, L2"; (I9)', {"L1", "L2", "I9"}),
        ("F401 aB12 #B1 B1x 0xB1 SHA-B1", set()),
    ],
)
def test_numbers_are_found_in_a_text(text: str, names: set[str]) -> None:
    assert named_in(text) == names


def test_every_number_that_anything_names_can_be_looked_up() -> None:
    missing = {
        str(each.relative_to(ROOT)): sorted(unknown)
        for each in files()
        if (unknown := named_in(each.read_text(errors="replace")) - ROWS.keys()) and each != Path(__file__)
    }
    assert not missing


def test_the_files_that_name_them_are_read() -> None:
    """A page that nothing names, or a search that reads nothing, would let the test above pass."""
    named = set[str]().union(*(named_in(each.read_text(errors="replace")) for each in files() if each != PAGE))
    assert {"B24", "F24", "I9", "L5", "B38"} <= named
    assert len(named) >= 60


@pytest.mark.parametrize("number", ROWS)
def test_each_has_a_text_and_a_source_that_the_page_explains(number: str) -> None:
    *texts, source = ROWS[number]
    assert len(texts) == (2 if number[0] == "F" else 1)
    assert all(len(text) > 20 and text.endswith((".", ")")) for text in texts)
    named = [word.strip() for word in re.sub(r"\([^)]*\)", "", source).split(",")]
    known = {*sources(), "the promise", *ROWS, *(f"{each[0]}{int(each[1:]):02d}" for each in ROWS if each[0] == "F")}
    assert named
    assert set(named) <= known, f"{number} has a source that the page does not explain"


def test_every_source_is_used() -> None:
    given = " ".join(cells[-1] for cells in ROWS.values())
    assert not {each for each in sources() if each not in given}
