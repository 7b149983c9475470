"""Which room of `fargate_runs` may know which: each knows only those below it, and only the outside knows an SDK."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "functions" / "fargate_runs"
#: Of the domain. What a room knows beside `errors`, which everybody may know.
KNOWS = {
    "reading": set[str](),
    "outcomes": {"reading"},
    "runs": {"reading", "outcomes"},
    "ports": {"reading", "runs"},
    "answers": {"reading", "outcomes", "runs", "ports"},
    "usecases": {"reading", "outcomes", "runs", "ports", "answers"},
    "aws": {"reading", "outcomes", "runs", "ports"},
}
#: Only handlers, what puts them together, and adapters know these.
OUTSIDE = {"boto3", "botocore", "aws_lambda_powertools", "urllib3"}


def modules(room: str) -> list[Path]:
    return sorted((PACKAGE / room).glob("**/*.py"))


def imported(path: Path) -> Iterator[str]:
    """The modules that a file imports, also those that only its types need."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "fargate_runs":
            yield from (f"fargate_runs.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("room", KNOWS)
def test_a_room_knows_only_those_below_it(room: str) -> None:
    seen = {name.split(".")[1] for path in modules(room) for name in imported(path) if name.startswith("fargate_runs.")}

    assert seen - {room, "errors"} <= KNOWS[room]


@pytest.mark.parametrize("room", [room for room in KNOWS if room != "aws"])
def test_the_domain_knows_nothing_of_the_outside(room: str) -> None:
    assert modules(room)
    for path in modules(room):
        assert not {name.split(".")[0] for name in imported(path)} & OUTSIDE, path


def test_every_module_of_the_domain_is_in_a_room() -> None:
    loose = {path.stem for path in PACKAGE.glob("*.py")}

    assert loose == {
        *("__init__", "assembly", "clock", "errors", "event_problems", "first_event", "later"),
        *("observability", "settings", "time_left"),
    }
