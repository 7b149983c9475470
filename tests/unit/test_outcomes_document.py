"""docs/outcomes.md says what the code does."""

import re
from pathlib import Path

from fargate_runs.kinds import KINDS, ErrorName
from fargate_runs.record import Delivery

DOCUMENT = (Path(__file__).parents[2] / "docs" / "outcomes.md").read_text()


def test_the_table_of_outcomes_is_the_code_s() -> None:
    rows = re.findall(r"^\| `(\w+\.\w+)` \| (\w+) \| (yes|no) \| \S", DOCUMENT, re.MULTILINE)
    written = {name: (status, transient == "yes") for name, status, transient in rows}
    assert written == {name: (kind.status, kind.transient) for name, kind in KINDS.items()}
    assert [name for name, *_ in rows] == list(ErrorName)


def test_the_table_of_deliveries_is_the_code_s() -> None:
    assert re.findall(r"^\| `([A-Z_]+)` \|", DOCUMENT, re.MULTILINE) == list(Delivery)


def test_every_error_has_a_kind() -> None:
    assert set(KINDS) == set(ErrorName)
