"""docs/development.md names files and names in them that exist."""

import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
SECTION: Final = (ROOT / "docs/development.md").read_text().split("\n## Where do I change …?\n")[1].split("\n## ")[0]
ROWS: Final = [[cell.strip() for cell in line.split("|")[1:-1]] for line in SECTION.splitlines() if "`" in line[:200]]
CHANGES: Final = {row[0]: " ".join(row[1:]) for row in ROWS if len(row) == 3}
PLACE: Final = re.compile(r"`([\w./-]*[/.][\w./-]*|statemachines)`(?: \(((?:`\w+`(?:, )?)+)\))?")


@pytest.mark.parametrize("change", CHANGES)
def test_each_place_of_a_change_exists(change: str) -> None:
    places = PLACE.findall(CHANGES[change])
    assert places
    for path, names in places:
        place = ROOT / path
        assert place.exists(), path
        assert not names or place.is_file()
        text = place.read_text() if place.is_file() else ""
        missing = [name for name in re.findall(r"`(\w+)`", names) if not re.search(rf"\b{name}\b", text)]
        assert not missing, path


def test_every_kind_of_change_is_there() -> None:
    kinds = (
        "a stop route",
        "an outcome name",
        "a field of a task's record",
        "a field of a run's record",
        "a pattern",
        "the sweep's cadence",
        "a list",
        "a route of the API",
        "a CLI command",
        "a local container runtime",
        "a fault kind",
        "a retention",
    )
    assert not [kind for kind in kinds if not any(change.startswith(kind) for change in CHANGES)]
