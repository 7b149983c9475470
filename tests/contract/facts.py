"""Which facts the local runtime holds, by the tests that name them: the source of a table in docs/local-runtime.md.

The facts of `make verify` count as `verify`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from verify.scenarios import SCENARIOS

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[1] / "docs/local-runtime.md"
_TEST = re.compile(r"^def (test_\w+)\(.*?\n(?:    \"\"\"(.*?)\"\"\")?", re.MULTILINE | re.DOTALL)
_IN_NAME = re.compile(r"(?<=_)b(\d+)(?=_|$)")
_IN_TEXT = re.compile(r"\bB(\d+)\b")


def facts() -> dict[int, set[str]]:
    """Numbers of facts, each with the files whose tests name it."""
    found: dict[int, set[str]] = defaultdict(set)
    for path in sorted(HERE.glob("test_*.py")):
        for name, docstring in _TEST.findall(path.read_text()):
            for number in {*_IN_NAME.findall(name), *_IN_TEXT.findall(docstring)}:
                found[int(number)].add(path.name)
    for scenario in SCENARIOS:
        for fact in scenario.facts:
            if fact.number:
                found[int(fact.number.removeprefix("B"))].add("verify")
    return dict(found)


def rows() -> dict[int, set[str]]:
    """The document's table: fact and test files."""
    table = re.findall(r"^\| B(\d+) \|[^|]*\|([^|]*)\|$", DOCUMENT.read_text(), re.MULTILINE)
    return {int(number): set(re.findall(r"test_\w+\.py|\bverify\b", files)) for number, files in table}
