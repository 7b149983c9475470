"""What is kept of a log's end, and how its task token is masked."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fargate_runs.runs.log import CUT, LARGEST_TAIL, MOST_LINES, LogTail

TOKEN = "AQCEAAAAKgAAAAMAAAAA/canary+token/with=="
FULL = "x" * (LARGEST_TAIL - 1)  # with the end of its line

KEPT: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "few": (("a", "", " ", "b"), ("a", "", " ", "b")),
    "the last of many": (tuple(map(str, range(25))), tuple(map(str, range(5, 25)))),
    "as large as may be": ((FULL,), (FULL,)),
    "a byte more": ((FULL + "x",), ("x" * (LARGEST_TAIL - 1 - len(CUT.encode())) + CUT,)),
    "the oldest go": (("older", "a" * 2_000, "b" * 2_000, "c" * 90), ("a" * 2_000, "b" * 2_000, "c" * 90)),
    "and nothing older stays in a gap": (("older", "a" * 2_100, "b" * 2_000), ("b" * 2_000,)),
    "a line that never fits is cut to the room that is left": (
        ("older", "x" * 9_000, "b" * 1_000),
        ("x" * (LARGEST_TAIL - 1_001 - 1 - len(CUT.encode())) + CUT, "b" * 1_000),
    ),
    "unless next to none is left": (("x" * 9_000, "b" * (LARGEST_TAIL - 101)), ("b" * (LARGEST_TAIL - 101),)),
    "or a little more": (
        ("x" * 9_000, "b" * (LARGEST_TAIL - 102)),
        ("x" * (100 - len(CUT.encode())) + CUT, "b" * (LARGEST_TAIL - 102)),
    ),
    "no sign is cut in two": (("가" * 3_000,), ("가" * ((LARGEST_TAIL - 1 - len(CUT.encode())) // 3) + CUT,)),
    "none": ((), ()),
}


@pytest.mark.parametrize("case", KEPT)
def test_what_is_kept(case: str) -> None:
    lines, kept = KEPT[case]
    assert LogTail(lines).kept().lines == kept


@given(st.lists(st.text(st.characters(codec="utf-8")) | st.integers(0, 9_000).map("가".__mul__)))
def test_never_more_than_that(lines: list[str]) -> None:
    kept = LogTail(tuple(lines)).kept().lines
    assert len(kept) <= MOST_LINES
    assert sum(len(line.encode()) + 1 for line in kept) <= LARGEST_TAIL
    assert not lines or kept, "something is always kept"


def test_why_there_are_no_lines() -> None:
    assert LogTail(("a",), absent="no").note is None
    assert LogTail(problem="throttled").note == LogTail(problem="throttled").kept().note == "throttled"
    assert LogTail(absent="never started").note == "never started"
    assert LogTail().note == "the log is empty"


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    patterns: list[str] = []
    compile_it = re.compile

    def counted(pattern: Any, flags: int = 0) -> Any:
        patterns.append(pattern)
        return compile_it(pattern, flags)

    monkeypatch.setattr("fargate_runs.runs.log.re.compile", counted)
    return patterns


@pytest.mark.parametrize(
    ("secret", "line", "masked", "compiles"),
    [
        (TOKEN, "nothing of it", "nothing of it", 0),
        (TOKEN, TOKEN[:19], TOKEN[:19], 0),
        (TOKEN, f"it is {TOKEN}.", "it is [task token].", 1),
        (TOKEN, "AQCEAAAAKgAAAAMAAAAA and another", "AQCEAAAAKgAAAAMAAAAA and another", 1),
        ("a_long_secret", "a\\u005flong%5Fsecret", "[task token]", 1),
        ("//++==", "x%2f%2F++\\u003d=", "x[task token]", 1),
        ("", "x", "x", 0),
        (None, "x", "x", 0),
    ],
)
def test_a_mask_is_made_only_where_the_secret_may_be(
    secret: str | None, line: str, masked: str, compiles: int, compiled: list[str]
) -> None:
    """The pattern of a token costs more than the rest of a settlement."""
    for before in ((), ("before",)):
        compiled.clear()
        tail = LogTail((*before, line), problem="p", absent="a").without(secret)
        assert tail == LogTail((*before, masked), problem="p", absent="a")
        assert len(compiled) == compiles
